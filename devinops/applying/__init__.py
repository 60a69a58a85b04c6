"""A plan becomes a report: writes through a client, backups first, and saved plans."""
