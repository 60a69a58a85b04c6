"""The servers that the measured commands talk to, each in a process of its own."""
