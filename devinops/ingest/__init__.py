"""Bring into files what exists elsewhere: live objects, and the files of other tools.

Modules: `names` chooses file names; `emit` writes values as YAML; `files` turns entries into new
files.
"""
