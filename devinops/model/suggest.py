"""The known name that an unknown one was probably meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

SIMILARITY: Final = 0.6
"""Share of common characters from which on a name is suggested; difflib's own."""

_LONGEST: Final = 60
"""Characters of a name that are compared: the time that it takes grows with their square."""


def nearest(name: object, known: Iterable[str], similarity: float = SIMILARITY) -> str:
    """Return the known name that is most like `name`, in whatever case; empty if none is."""
    by_lower = {word.lower(): word for word in known}
    text = str(name)[:_LONGEST].lower()
    close = difflib.get_close_matches(text, by_lower, n=1, cutoff=similarity)
    return by_lower[close[0]] if close else ""


def did_you_mean(name: object, known: Iterable[str], otherwise: str = "") -> str:
    """Return ` (did you mean "x"?)` for the middle of a sentence, `otherwise` if no known name is like it."""
    near = nearest(name, known)
    return f' (did you mean "{near}"?)' if near else otherwise
