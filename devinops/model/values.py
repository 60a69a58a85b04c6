"""Values of fields: UNSET, and the canonical form of a text."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final


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
    """Return a text as it is sent: LF line ends, no blank lines first, no white space last.

    Unicode is never rewritten, and the first line keeps its indentation.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    blank = _BLANK_LINES.match(text)
    return (text[blank.end() :] if blank else text).rstrip()


_BLANK_LINES: Final = re.compile(r"(?:[^\S\n]*\n)+")
