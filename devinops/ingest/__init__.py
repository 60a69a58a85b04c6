"""Bring into files what exists elsewhere: live objects, and the files of other tools.

Modules: `names` chooses file names; `emit` writes values as YAML; `files` turns entries into new
files. For import, `sources` finds and reads files, `forms` has one module for each form of file,
`form` what they share, and `importing` turns what they found into files and a report.
"""
