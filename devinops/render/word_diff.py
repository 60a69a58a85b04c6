"""Finds the words that differ between two versions of a text, line by line. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

CONTEXT_LINES: Final = 3
MAX_WORDS: Final = 400
"""Longer lines are not compared word by word, which takes quadratic time."""
MIN_LIKENESS: Final = 0.4
"""Lines that are less alike are shown as other lines and not as changed ones."""

_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


class Part(NamedTuple):
    """A piece of a line, and whether it differs from the other version of the line."""

    text: str
    changed: bool = False


class Row(NamedTuple):
    """One row of a unified diff: `@`, a space, `-` or `+`, and the parts of its line."""

    symbol: str
    parts: tuple[Part, ...]


def unified(
    before: Sequence[str], after: Sequence[str], shown: Callable[[str, str], str]
) -> Iterator[Row]:
    """Yield the rows of a unified diff of two lists of lines.

    `shown` turns a symbol and a line into what the row shows, before words are compared: so an
    escape is never cut in two.
    """
    rows = list(difflib.unified_diff(before, after, lineterm="", n=CONTEXT_LINES))[2:]
    for is_change, group in groupby(rows, key=lambda row: row[0] in "+-"):
        pairs = [(row[0], row if row[0] == "@" else shown(row[0], row[1:])) for row in group]
        if is_change:
            sides = ([text for symbol, text in pairs if symbol == side] for side in "-+")
            yield from changed(*sides)
        else:
            yield from (Row(symbol, (Part(text),)) for symbol, text in pairs)


def changed(removed: Sequence[str], added: Sequence[str]) -> Iterator[Row]:
    """Yield removed and added lines, with the words marked that differ between similar lines."""
    pairs = [compared(old, new) for old, new in zip(removed, added, strict=False)]
    old = [before for before, _ in pairs] + [(Part(text),) for text in removed[len(pairs) :]]
    new = [after for _, after in pairs] + [(Part(text),) for text in added[len(pairs) :]]
    yield from (Row("-", parts) for parts in old)
    yield from (Row("+", parts) for parts in new)


def compared(before: str, after: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Return the parts of two lines; none is marked if the lines have little in common."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if max(len(old), len(new)) > MAX_WORDS:
        return (Part(before),), (Part(after),)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < MIN_LIKENESS:
        return (Part(before),), (Part(after),)
    steps = matcher.get_opcodes()
    return (
        _parts((tag != "equal", old[start:end]) for tag, start, end, _, _ in steps),
        _parts((tag != "equal", new[start:end]) for tag, _, _, start, end in steps),
    )


def _parts(pieces: Iterable[tuple[bool, Sequence[str]]]) -> tuple[Part, ...]:
    return tuple(Part("".join(words), changed) for changed, words in pieces if words)
