"""The canonical form of files: the same meaning, written in one way.

Modules: `printer` writes a tree of YAML as lines; `file_text` formats the text of a file, and
proves that it still means the same.
"""
