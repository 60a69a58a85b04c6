"""How objects are identified: folder paths, keys and ids."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple, NewType

FolderPath = NewType("FolderPath", str)
"""Names from the top joined with `/`; empty for the root.

Inside a name `%` is written as `%25` and `/` as `%2F`.
"""

ROOT: Final = FolderPath("")

SHOWN: Final = 5
"""How many names `listed` shows."""


def encode_part(name: str) -> str:
    """Return a name as one part of a key or folder path."""
    return name.replace("%", "%25").replace("/", "%2F")


def decode_part(part: str) -> str:
    """Return the name that `encode_part` encoded. Any other `%` stays as it is."""
    if "%" not in part:
        return part
    return re.sub(
        "%2F|%25", lambda match: "%" if match[0] == "%25" else "/", part, flags=re.IGNORECASE
    )


@lru_cache(10_000)  # of thousands of entries, most are in the same folders
def folder_path(text: str) -> FolderPath:
    """Return the canonical form (`Backend/100%25`) of a path in a file (`Backend/100%`)."""
    parts = (part.strip() for part in text.split("/"))
    return FolderPath("/".join(encode_part(decode_part(part)) for part in parts if part))


def join_folder(names: Iterable[str]) -> FolderPath:
    """Return the path of a folder from plain names: those above it, top first, and its own."""
    return FolderPath("/".join(map(encode_part, names)))


def in_sentence(path: str) -> str:
    """Return a path as a part of a sentence: in quotation marks if it has spaces."""
    return f'"{path}"' if " " in path else path


class Key(NamedTuple):
    """Identifies an object by kind, folder and plain name.

    The name is empty if an organization has only one object of the kind.
    """

    kind: str
    folder: FolderPath
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.path}" if self.path else self.kind

    @property
    def path(self) -> str:
        """The key without its kind: `Backend/APIs/Error envelope`."""
        name = encode_part(self.name)
        return f"{self.folder}/{name}" if self.folder else name

    @classmethod
    def parse(cls, text: str) -> Key:
        """Parse `kind:folder/name` as `str()` prints it.

        Raises ValueError without a kind or a name.
        """
        kind, colon, path = text.partition(":")
        folder, _, name = path.rpartition("/")
        if not (kind and colon and name):
            raise ValueError(f"{text!r} is not KIND:[FOLDER/]NAME")
        return cls(kind, folder_path(folder), decode_part(name))


class ObjectId(NamedTuple):
    """Identifies a live object: its kind and the id that the API gave it."""

    kind: str
    id: str


def listed(names: Iterable[str]) -> str:
    """Return names in order and the number of the others, such as `a, b, c, d, e and 2 more`."""
    names = sorted(names)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
