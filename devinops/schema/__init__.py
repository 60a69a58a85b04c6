"""JSON Schemas of every document that a user writes or reads, made from the classes."""
