"""Plans, reports and problems as text and JSON. Returns strings; prints nothing."""
