"""Write declarations for other uses: as a plugin, and as JSON for a backup.

Modules: `slugs` makes the names of skills and rules, and `lock` keeps them; `page` writes one such
file, and recognizes it later; `plugin` turns entries into the files of a plugin; `status` compares
skills with entries; `objects` turns entries into what the API lists.
"""
