"""Plans, reports and problems as text and JSON. Returns strings; prints nothing."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return such as `1 entry` or `2 entries`; the plural of most nouns needs not be given."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"
