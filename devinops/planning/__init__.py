"""Declarations and a snapshot become a plan. Pure: no file, no clock, no client."""
