"""A run: its targets, planned and applied."""
