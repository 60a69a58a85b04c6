"""Names of skills and rules: stable, unique, and valid by the Agent Skills specification."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterator
from itertools import count
from typing import Final

from devinops.model.keys import Key, decode_part

LONGEST: Final = 64
"""Maximum length of the name of a skill."""


def slug(text: str) -> str:
    """Return the text in lower-case ASCII letters, digits and `-`; empty if it has none of them."""
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.findall("[a-z0-9]+", letters.replace("'", ""))
    return "-".join(words)[:LONGEST].strip("-")


def free_slug(key: Key, handle: str, taken: Collection[str]) -> str:
    """Return a slug for a new entry that is not among the `taken` ones.

    It comes from the `handle`, else from the name; if that is taken, with the folder in front.
    """
    return next(slug for slug in _candidates(key, handle) if slug not in taken)


def plain_slug(key: Key, handle: str) -> str:
    """Return the slug that an entry has if no other entry has it."""
    return next(_candidates(key, handle))


def _candidates(key: Key, handle: str) -> Iterator[str]:
    digest = hashlib.sha256(str(key).encode("utf-8", "surrogatepass")).hexdigest()
    name = slug(handle) or slug(key.name)
    plain = name or f"{key.kind}-{digest[:8]}"
    yield plain
    folder = slug(" ".join(map(decode_part, key.folder.split("/"))))
    if name and folder and len(folder) + 1 + len(name) <= LONGEST:
        yield f"{folder}-{name}"
    for number in count(2):
        end = f"-{number}"
        yield plain[: LONGEST - len(end)].rstrip("-") + end
