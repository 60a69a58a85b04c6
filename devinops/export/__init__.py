"""Write declarations as a plugin.

Modules: `slugs` makes the names of skills and rules, and `lock` keeps them; `page` writes one such
file, and recognizes it later; `plugin` turns entries into the files of a plugin.
"""
