"""Asks a service that nobody here could reach whether devinops is right about it; only reads.

`examination` does all of it with a client that can send nothing but GET. What it returns holds no
text, name, address or id of the organization, so that people can show it to anybody.
"""
