"""Bring into files what exists elsewhere: live objects, and the files of other tools.

`unmanaged` and `drift` are the two parts of pull; `renamed_folders` says how files follow a folder.
For import, `import_sources` finds and reads files, `forms` has one module for each form of file,
`import_form` what they share, and `importing` turns what they found into files and a report.
"""
