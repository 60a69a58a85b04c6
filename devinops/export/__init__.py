"""Write declarations for other uses: as a Devin plugin, and as JSON for a backup.

Modules: `slugs` chooses the names of skills and rules; `page` writes one such file, and recognizes
it later; `plugin` turns entries into the files of a plugin; `objects` into what the API lists.
"""
