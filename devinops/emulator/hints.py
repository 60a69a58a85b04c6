"""The "did you mean" at the end of an error."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean "x"?` for the known word nearest to `word`, empty text when none is near."""
    near = get_close_matches(word, [name for name in known if name], n=1)
    return f'; did you mean "{near[0]}"?' if near else ""
