"""What must never be shown or written down: the secrets that this process has in its hands.

One place for the whole process: a server can echo in one answer what was sent to it in another request.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

from devinops.api.words import mask

_SENSITIVE: Final = (
    "DEVIN",
    "KEY",
    "TOKEN",
    "SECRET",
    "PASS",
    "LOGIN",
    "COOKIE",
    "CREDENTIAL",
    "AUTH",
)
"""Parts of the names of environment variables whose values are masked, whether they were read or not."""

_SHORTEST: Final = 6
"""Characters of a value of the environment that was not read: a shorter one would mask half a text."""

_known: set[str] = set()


def remember(values: Iterable[str]) -> None:
    """Note secrets as soon as they are read: from then on `known` has them. Any thread may call it."""
    _known.update(filter(None, values))


def known() -> frozenset[str]:
    """Return all secrets that were noted."""
    return frozenset(_known)


def masked(text: str) -> str:
    """Return a text without the known secrets and without the values of telling variables."""
    telling = {
        value
        for name, value in os.environ.items()
        if len(value) >= _SHORTEST and any(word in name.upper() for word in _SENSITIVE)
    }
    return mask(text, telling | known())
