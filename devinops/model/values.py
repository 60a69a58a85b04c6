"""Values of fields: UNSET, the canonical form of a text, and what is in a value."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from enum import Enum
from typing import Any, Final


class Unset(Enum):
    """The type of UNSET, which differs from None ("cleared") and from an empty text."""

    UNSET = "UNSET"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET
"""In a declaration: not managed, so the live value stays.

In a live object: not shown by the API.
"""


def canonical_text(text: str) -> str:
    """Return the text as it is sent: LF line ends, no blank lines first, no white space last.

    Unicode is never rewritten, and the first line keeps its indentation.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    blank = _BLANK_LINES.match(text)
    return (text[blank.end() :] if blank else text).rstrip()


_BLANK_LINES: Final = re.compile(r"(?:[^\S\n]*\n)+")


def parts_of(value: Any) -> Collection[Any]:
    """Return the values of a mapping or the items of a list; empty for any other value."""
    if isinstance(value, str):  # most are, and to tell a mapping takes longer
        return ()
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text in a value at any depth, keys of mappings included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield key
            yield from texts_in(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts_in(part)
