"""Bring into files what exists elsewhere: live objects, and the files of other tools.

Modules: `file_names` chooses file names; `yaml_text` writes values as YAML; `new_files` turns
entries into new files. For import, `import_sources` finds and reads files, `forms` has one module
for each form of file, `import_form` what they share, and `importing` turns what they found into
files and a report.
"""
