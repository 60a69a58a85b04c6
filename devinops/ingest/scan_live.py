"""Finds in a live object what no reviewer would see, and what looks like a secret. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from devinops.model.credentials import SECRETS, may_hold_secret
from devinops.model.invisible_characters import hidden
from devinops.model.kind import Resource
from devinops.model.values import texts_in


def findings(resource: Resource) -> list[str]:
    """Return what a person must look at before an object is written to a file, as text.

    A secret is never quoted.
    """
    return findings_in(resource.items())


def findings_in(values: Iterable[tuple[str, Any]]) -> list[str]:
    """Return the same as `findings` for pairs of name and value."""
    pairs = list(values)
    # Almost every object is clean, and one search of all of its texts shows that.
    together = "\n".join(texts_in([value for _, value in pairs]))
    if together.isascii() and not may_hold_secret(together):
        return []
    return [
        f"{name}: {finding}"
        for name, value in pairs
        for finding in dict.fromkeys(_of_texts(texts_in(value)))
    ]


def _of_texts(values: Iterable[str]) -> Iterator[str]:
    for text in values:
        for run in islice(hidden(text), 1):
            yield f"hidden text (U+{ord(run[0][0]):04X})"
        yield from (title for title, pattern in SECRETS.items() if pattern.search(text))
