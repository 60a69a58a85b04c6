"""Three-way merge of texts, line by line. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from devinops.load.placeholders import BETWEEN, FILES, LIVE
from devinops.render.line_diff import BoundedMatcher


class TooManyEqualLines(Exception):
    """Two texts have so many equal lines that comparing them would take too long."""


@dataclass(frozen=True)
class Merged:
    """The lines of a merged text; `conflicts` counts the parts that both sides changed."""

    text: str
    conflicts: int


def merge(base: str, files: str, live: str) -> Merged:
    """Return a text with the changes of both sides; a conflict has markers around both versions.

    Raises TooManyEqualLines.
    """
    rows: list[str] = []
    conflicts = 0
    for original, ours, theirs in _regions(*(text.split("\n") for text in (base, files, live))):
        if ours == theirs or theirs == original:
            rows += ours
        elif ours == original:
            rows += theirs
        else:
            conflicts += 1
            rows += conflict(ours, theirs)
    return Merged("\n".join(rows), conflicts)


def conflict(files: Sequence[str], live: Sequence[str]) -> list[str]:
    """Return both versions of some lines between conflict markers."""
    return [FILES, *files, BETWEEN, *live, LIVE]


_Region = tuple[list[str], list[str], list[str]]


def _regions(base: list[str], ours: list[str], theirs: list[str]) -> Iterator[_Region]:
    """Yield the lines of all sides in parts, alternately changed on some sides and equal on all."""
    in_base = in_ours = in_theirs = 0
    for start, ours_start, theirs_start, length in _common(base, ours, theirs):
        yield base[in_base:start], ours[in_ours:ours_start], theirs[in_theirs:theirs_start]
        equal = base[start : start + length]
        yield equal, equal, equal
        in_base, in_ours, in_theirs = start + length, ours_start + length, theirs_start + length
    yield base[in_base:], ours[in_ours:], theirs[in_theirs:]


def _common(
    base: list[str], ours: list[str], theirs: list[str]
) -> Iterator[tuple[int, int, int, int]]:
    """Yield where lines of the base are on both sides: base, ours, theirs, number of lines."""
    matchers = [BoundedMatcher(base, other, autojunk=False) for other in (ours, theirs)]
    in_ours, in_theirs = (matcher.get_matching_blocks() for matcher in matchers)
    if not all(matcher.work.is_done for matcher in matchers):
        raise TooManyEqualLines
    i = j = 0
    while i < len(in_ours) and j < len(in_theirs):
        mine, other = in_ours[i], in_theirs[j]
        start = max(mine.a, other.a)
        end = min(mine.a + mine.size, other.a + other.size)
        if start < end:
            yield start, mine.b + start - mine.a, other.b + start - other.a, end - start
        if mine.a + mine.size < other.a + other.size:
            i += 1
        else:
            j += 1
