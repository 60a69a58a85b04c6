"""The words around an offset in a text."""

from __future__ import annotations

from typing import Final

_NEAR: Final = 300
"""Characters on each side: the rest of a longer line is about something else."""


def line_around(text: str, at: int) -> str:
    """Return the line at an offset; of a long line, what is near."""
    first, last = max(at - _NEAR, 0), min(at + _NEAR, len(text))
    begin, end = text.rfind("\n", first, at), text.find("\n", at, last)
    return text[first if begin < 0 else begin + 1 : last if end < 0 else end]
