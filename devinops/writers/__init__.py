"""Write entries into files: new ones, and new values of fields that files have.

`file_names` chooses names of files, `yaml_text` writes values as YAML, `new_files` and
`append_entries` write new entries, and `edit_fields` replaces the values of fields. `rewrite_file`
puts all changes of one file together, and `merge_texts` joins two edits of one text.
"""

from __future__ import annotations

from dataclasses import dataclass

from devinops.model.keys import Key


@dataclass(frozen=True, order=True)
class FileChange:
    """A file to write, with the keys of what changes in it. `text` None: the file is deleted.

    `fields` are the names of the fields that change; empty for a new file.
    """

    path: str
    text: str | None
    keys: tuple[Key, ...]
    fields: tuple[str, ...] = ()
    is_new: bool = False
