"""What Devin's sessions say about notes: which help, which mislead, what is missing, the cost.

Pure: the caller reads sessions, notes, entries and the inventory.
"""
