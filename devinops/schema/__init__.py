"""JSON Schemas of every document that a user writes or reads, derived from the classes."""
