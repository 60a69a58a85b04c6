"""Names of skills and rules: stable, unique, and valid by the Agent Skills specification."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection
from itertools import count
from typing import Final

from devinops.model.keys import Key

LONGEST: Final = 64
"""Maximum length of the name of a skill."""


def slug(text: str) -> str:
    """Return the text in lower-case ASCII letters, digits and `-`; empty if it has none of them."""
    letters = unicodedata.normalize("NFKD", text).casefold().encode("ascii", "ignore").decode()
    words = re.findall("[a-z0-9]+", letters.replace("'", ""))
    return "-".join(words)[:LONGEST].strip("-")


def is_slug(name: str) -> bool:
    """Return whether a name is a valid one of a skill."""
    return bool(name) and slug(name) == name


def plain_slug(key: Key, handle: str) -> str:
    """Return the slug that an entry has if nobody else wants it: from the handle, else the name."""
    return slug(handle) or slug(key.name) or f"{key.kind}-{_digest(key, 0)}"


def own_slug(key: Key, plain: str, taken: Collection[str]) -> str:
    """Return a slug that is not `taken`: the plain one, with a digest of the key at its end.

    Unlike a number, the digest does not depend on which entry came first.
    """
    ends = (f"-{_digest(key, attempt)}" for attempt in count())
    slugs = (plain[: LONGEST - len(end)].rstrip("-") + end for end in ends)
    return next(slug for slug in slugs if slug not in taken)


def _digest(key: Key, attempt: int) -> str:
    text = f"{key}{attempt or ''}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
