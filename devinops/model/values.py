"""Values of fields: what is left open, and the one form of a text."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final


class Unset(Enum):
    """The type of UNSET, so that "not said" differs from None ("cleared") and from empty text."""

    UNSET = "UNSET"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET
"""In a declaration: not managed, the live value is kept. In a live object: the API does not say."""


def canonical_text(text: str) -> str:
    """Return a text as it is sent: LF, no leading blank lines, no white space at the end.

    Unicode is never rewritten, and the indentation of the first line stays.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"\A(?:[^\S\n]*\n)+", "", lines).rstrip()
