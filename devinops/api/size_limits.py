"""How much of a response the client reads."""

from __future__ import annotations

from typing import Any, Final

LARGEST_LIST: Final = 128 * 1024 * 1024
"""Bytes of one list, all its pages together, decompressed.

10,000 notes of 4 KB are 40 MiB, and 80 MiB if JSON escapes every character of a non-Latin script.
"""

LARGEST_RESPONSE: Final = 32 * 1024 * 1024
"""Bytes of any other response, decompressed: one object, or a page of the audit log."""

LARGEST_ERROR: Final = 64 * 1024
"""Bytes to read of an error response, decompressed. More would not explain it better."""

MAX_OBJECTS: Final = 100_000
"""Objects in one list."""

MAX_PAGES: Final = 10_000
"""Pages in one list. Full pages hold 200 objects."""

LONGEST_CURSOR: Final = 4096
"""Characters of a cursor. Each cursor is remembered and becomes part of a URL."""

MAX_DEPTH: Final = 200
"""Levels of lists and objects in a response. Python could parse more, but not compare them."""


class BudgetExceeded(Exception):
    """A response is larger or deeper than the client reads; the text says which."""


class ResponseBudget:
    """The bytes left for one response, or for all pages of one list. Belongs to one thread."""

    def __init__(self, limit: int, subject: str = "response") -> None:
        self._limit = self._left = limit
        self._subject = subject

    def check(self, size: int) -> None:
        """Raise BudgetExceeded if a response of `size` bytes does not fit."""
        if size > self._left:
            limit = self._limit
            most = f"{limit >> 20} MiB" if limit >> 20 else f"{limit} bytes"
            raise BudgetExceeded(f"{self._subject} larger than {most}")

    def spend(self, size: int) -> None:
        """Count a response that was read to its end."""
        self._left -= size


def check_depth(value: Any) -> None:
    """Raise BudgetExceeded if parsed JSON has more than `MAX_DEPTH` levels of lists and objects."""
    level = [value] if isinstance(value, _NESTED) else []
    for _ in range(MAX_DEPTH):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, _NESTED)
        ]
        if not level:
            return
    raise BudgetExceeded(f"response nested deeper than {MAX_DEPTH} levels")


_NESTED: Final = (dict, list)
