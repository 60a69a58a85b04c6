"""Finds the words that differ between two versions of a text, line by line. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, takewhile
from typing import Final, NamedTuple

CONTEXT_LINES: Final = 3
MAX_WORDS: Final = 400
"""Lines that differ in more words are not compared word by word, which takes quadratic time."""
AROUND: Final = 200
"""How many characters at both ends of a long equal part are shown."""
MAX_PART: Final = 20_000
"""How many characters of a part that differs are shown."""
LOOKS_ALIKE: Final = " (differs in a character that is shown alike)"
"""A hidden character and the same text as its escape, for example."""
MIN_LIKENESS: Final = 0.4
"""Lines that are less alike are shown as other lines and not as changed ones."""

_WORDS = re.compile(r"\w{1,60}|\s+|[^\w\s]")
"""A longer word, such as a key, is compared in pieces."""


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
    pairs = [_pair(old, new) for old, new in zip(removed, added, strict=False)]
    old = [before for before, _ in pairs] + [(Part(text),) for text in removed[len(pairs) :]]
    new = [after for _, after in pairs] + [(Part(text),) for text in added[len(pairs) :]]
    yield from (Row("-", parts) for parts in old)
    yield from (Row("+", parts) for parts in new)


def _pair(before: str, after: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Return the parts of two lines; if they are shown alike, with the remark that they differ."""
    if before == after:
        return (Part(before),), (Part(after), Part(LOOKS_ALIKE, changed=True))
    return compared(before, after)


def compared(before: str, after: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Return the parts of two lines; none is marked if the lines have little in common."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    head = _equal(old, new)
    tail = _equal(reversed(old[head:]), reversed(new[head:]))
    steps = list(_steps(old, new, head, tail))
    equal = sum(end - start for is_changed, start, end, _, _ in steps if not is_changed)
    is_other = 2 * equal < MIN_LIKENESS * (len(old) + len(new))
    if is_other and len("".join(old[:head])) <= AROUND:
        return (Part(before),), (Part(after),)
    return (
        _parts((is_changed, old[start:end]) for is_changed, start, end, _, _ in steps),
        _parts((is_changed, new[start:end]) for is_changed, _, _, start, end in steps),
    )


def _equal(old: Iterable[str], new: Iterable[str]) -> int:
    """Return the number of words at the start that are equal."""
    pairs = zip(old, new, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _steps(
    old: Sequence[str], new: Sequence[str], head: int, tail: int
) -> Iterator[tuple[bool, int, int, int, int]]:
    """Yield stretches of words: whether they differ, and their start and end on both sides."""
    end, new_end = len(old) - tail, len(new) - tail
    yield False, 0, head, 0, head
    if max(end, new_end) - head > MAX_WORDS:
        yield True, head, end, head, new_end
    else:
        matcher = difflib.SequenceMatcher(None, old[head:end], new[head:new_end], autojunk=False)
        for tag, start, stop, new_start, new_stop in matcher.get_opcodes():
            yield tag != "equal", head + start, head + stop, head + new_start, head + new_stop
    yield False, end, len(old), new_end, len(new)


def elided(row: Row, most: int) -> Row:
    """Return a row without the middle of what is equal in it, if it is longer than `most`.

    All that differs stays, so nobody approves what is not shown; if that is very long, its start.
    """
    if sum(len(part.text) for part in row.parts) <= most:
        return row
    is_other = row.symbol in "+-" and not any(part.changed for part in row.parts)
    shown = _start if is_other else _ends
    return Row(
        row.symbol,
        tuple(
            Part((_start if part.changed else shown)(part.text), part.changed) for part in row.parts
        ),
    )


def _start(text: str) -> str:
    left_out = len(text) - MAX_PART
    return f"{text[:MAX_PART]}… ({left_out} more)" if left_out > 0 else text


def _ends(text: str) -> str:
    left_out = len(text) - 2 * AROUND
    if left_out <= AROUND:
        return text
    return f"{text[:AROUND]} … ({left_out} equal characters) … {text[-AROUND:]}"


def _parts(pieces: Iterable[tuple[bool, Sequence[str]]]) -> tuple[Part, ...]:
    return tuple(Part("".join(words), changed) for changed, words in pieces if words)
