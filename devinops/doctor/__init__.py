"""Asks a service that nobody here could reach whether devinops is right about it.

`examine` asks with a client that can send nothing but GET; `trial`, if people want it, writes
objects of its own and deletes them again. What they return holds no text, name, address or id of
the organization, so that people can show it to anybody.
"""
