"""What must never be written down: the values that this process has in its hands."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

from devinops.api.words import mask

_SENSITIVE: Final = ("DEVIN", "KEY", "TOKEN", "SECRET", "PASS", "LOGIN", "COOKIE", "CREDENTIAL", "AUTH")
"""Parts of the names of environment variables whose values are masked, whether they were read or not."""

_SHORTEST: Final = 6
"""Characters of a value of the environment that was not read: a shorter one would mask half a text."""

_known: set[str] = set()


def remember(values: Iterable[str]) -> None:
    """Note secret values as soon as they are read: what is written about a bug must not hold them."""
    _known.update(filter(None, values))


def masked(text: str) -> str:
    """Return a text without the remembered values and without those of telling variables."""
    telling = {
        value
        for name, value in os.environ.items()
        if len(value) >= _SHORTEST and any(word in name.upper() for word in _SENSITIVE)
    }
    return mask(text, telling | _known)
