"""Compares the real API with what devinops expects.

`examine` only reads; `Trial` and `clean` write, on objects of their own. No result of them holds a
text, name, address or id of the organization, so that people can show it to anybody.
"""
