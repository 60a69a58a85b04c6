"""What objects are called: folder paths and keys."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple, NewType

FolderPath = NewType("FolderPath", str)
"""Names from the top joined with `/`; inside a name `%` and `/` stand as `%25` and `%2F`. Root: empty."""

ROOT: Final = FolderPath("")


def encode_part(name: str) -> str:
    """Return a name as one part of a key or folder path."""
    return name.replace("%", "%25").replace("/", "%2F")


def decode_part(part: str) -> str:
    """Undo `encode_part`. A `%` that begins neither `%2F` nor `%25` stands for itself."""
    return re.sub(
        "%2F|%25", lambda found: "%" if found[0] == "%25" else "/", part, flags=re.IGNORECASE
    )


def folder_path(text: str) -> FolderPath:
    """Return a path as people write it (`Backend/100%`) in its one spelling (`Backend/100%25`)."""
    parts = (part.strip() for part in text.split("/"))
    return FolderPath("/".join(encode_part(decode_part(part)) for part in parts if part))


def join_folder(names: Iterable[str]) -> FolderPath:
    """Return the path of a folder from the plain names above and of it, top first."""
    return FolderPath("/".join(map(encode_part, names)))


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What an object is called: kind, folder and plain name; the name is empty if there is only one object."""

    kind: str
    folder: FolderPath
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.place}" if self.place else self.kind

    @property
    def place(self) -> str:
        """The key without its kind: `Backend/APIs/Error envelope`."""
        name = encode_part(self.name)
        return f"{self.folder}/{name}" if self.folder else name

    @classmethod
    def parse(cls, text: str) -> Key:
        """Read `kind:folder/name` as `str()` prints it. Raises ValueError without a kind or a name."""
        kind, colon, place = text.partition(":")
        folder, _, name = place.rpartition("/")
        if not (kind and colon and name):
            raise ValueError(f"{text!r} is not KIND:[FOLDER/]NAME")
        return cls(kind, folder_path(folder), decode_part(name))


class ObjectId(NamedTuple):
    """Which live object: its kind and the id that the API gave it."""

    kind: str
    id: str
