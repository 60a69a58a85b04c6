"""Turns a plan into a report: backups, then writes through a client. Also reads saved plans."""
