"""The words around a place in a text."""

from __future__ import annotations

from typing import Final

_NEAR: Final = 300
"""Characters on each side: the rest of a longer line is about something else."""


def line_around(text: str, at: int, above: int = 0) -> str:
    """Return the line at an offset, and this many lines above it; of long lines, what is near."""
    first = max(at - _NEAR, 0)
    begin = at
    for _ in range(above + 1):
        begin = text.rfind("\n", first, max(begin, first))
        if begin < 0:
            begin = first - 1
            break
    last = min(at + _NEAR, len(text))
    end = text.find("\n", at, last)
    return text[begin + 1 : last if end < 0 else end]
