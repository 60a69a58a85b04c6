"""The words of triggers: which are generic, which say when, and in which language they are."""

from __future__ import annotations

import re
from typing import Final

from devinops.model.patterns import LazyPattern

_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+")

GENERIC: Final = frozenset(
    _WORD.findall(
        """a all always an and any anything applicable applies apply appropriate are as at be case
        cases code codebase codebases coding devin do does doing every everything everywhere
        for general generally global globally if in is it job jobs knowledge make matter
        must necessary need needed needs no note of on or organisation organization our
        program programming project projects relevant repo repos repositories repository
        request requests runs session sessions should situation situations something starts
        task tasks the thing things this time times to use used useful using what whatever
        when whenever while work working works write writing you
        immer siempre toujours sempre всегда 常に いつも 总是 總是"""
    )
)
"""Words that fit every task."""

STOP: Final = frozenset(
    _WORD.findall(
        """a about all an and any are as at be by can do does during for how if
        in into is it its need needed of on or our should that the this to use used using we when
        whenever while with work working you your"""
    )
)
"""Words that do not tell one trigger from another."""

_BEGINNING: Final = LazyPattern(
    r"\b(?:start|beginning) of\b|\bnew(?=\s+(?:task|session)s?\b)"
    r"|\b(?:start|begin)(?=\s+(?:an?|any|every)\s+(?:new\s+)?(?:task|session)\b)",
    re.IGNORECASE,
    hints=("start", "begin", "new"),
)
"""What says nothing in front of `every session`."""

_WIDE: Final = LazyPattern("[\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff]")


def words(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return [word.lower() for word in _WORD.findall(text)]


def is_generic(text: str) -> bool:
    """Return whether every word of a text fits every task."""
    found = words(_BEGINNING.sub("", text))
    return bool(found) and GENERIC.issuperset(found)


SHORTEST: Final = 10
"""Letters and digits of a trigger."""


def is_too_short(text: str) -> bool:
    """Return whether a trigger is one word, or hardly more."""
    return (len(words(text)) < 2 and text.isascii()) or weight(text) < SHORTEST


def weight(text: str) -> int:
    """Return the number of letters and digits; a character of Chinese or Japanese counts as 3."""
    if text.isascii():
        return sum(map(str.isalnum, text))
    return sum(3 if _WIDE.match(char) else char.isalnum() for char in text)
