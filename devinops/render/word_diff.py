"""Finds the words that differ between two versions of a text, line by line. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from devinops.render.escape import exact
from devinops.render.line_diff import BoundedMatcher, Step, Work

CONTEXT_LINES: Final = 3
MAX_WORDS: Final = 400
"""If more words differ between the first and the last one, they are not compared with each other.

That takes quadratic time.
"""
MAX_COMPARED_WORDS: Final = 10_000_000
"""The work for the words of all lines of a text. Once it is done, whole lines are shown."""
MIN_LIKENESS: Final = 0.4
"""Lines that are less alike are shown as other lines and not as changed ones, unless they are long.

Of long lines, only what differs is shown.
"""
LONG: Final = 2_000
"""The number of characters of a long line."""
AROUND: Final = 100
"""How many characters around what differs are shown of a long line."""

_WORDS = re.compile(r"\w{1,64}|\s{1,64}|[^\w\s]")
"""Words, and parts of those that are longer than any word of a language."""


class Part(NamedTuple):
    """A piece of a line, and whether it differs from the other version of the line."""

    text: str
    changed: bool = False


class Row(NamedTuple):
    """One row of a unified diff: `@`, a space, `-` or `+`, and the parts of its line."""

    symbol: str
    parts: tuple[Part, ...]


def unified(
    before: Sequence[str], after: Sequence[str], show: Callable[[str, str], str]
) -> Iterator[Row]:
    """Yield the rows of a unified diff of two lists of lines.

    `show` turns a symbol and a line into what the row shows, before words are compared: so an
    escape is never cut in two. It must not cut off a line that has changed.
    """
    work = Work(MAX_COMPARED_WORDS)
    for first, steps in BoundedMatcher(before, after).hunks(CONTEXT_LINES):
        yield Row("@", (Part(first),))
        for step, start, end, new_start, new_end in steps:
            old, new = before[start:end], after[new_start:new_end]
            if step == "equal":
                yield from (Row(" ", (Part(show(" ", text)),)) for text in old)
            else:
                yield from changed(*_distinguished(old, new, show), work)


def _distinguished(
    removed: Sequence[str], added: Sequence[str], show: Callable[[str, str], str]
) -> tuple[list[str], list[str]]:
    """Return what rows show of lines, as code points if two different lines would look equal.

    They look equal if one has a hidden character, and the other the text that stands for it.
    """
    old, new = [show("-", text) for text in removed], [show("+", text) for text in added]
    for number, (before, after) in enumerate(zip(old, new, strict=False)):
        if before == after:
            old[number], new[number] = exact(removed[number]), exact(added[number])
    return old, new


def changed(removed: Sequence[str], added: Sequence[str], work: Work) -> Iterator[Row]:
    """Yield removed and added lines, with the words marked that differ between similar lines."""
    pairs = [compared(old, new, work) for old, new in zip(removed, added, strict=False)]
    old = [before for before, _ in pairs] + [(Part(text),) for text in removed[len(pairs) :]]
    new = [after for _, after in pairs] + [(Part(text),) for text in added[len(pairs) :]]
    yield from (Row("-", parts) for parts in old)
    yield from (Row("+", parts) for parts in new)


def compared(
    before: str, after: str, work: Work | None = None
) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Return the parts of two lines; none is marked if the lines have little in common."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    steps = _steps(old, new, work)
    equal_words = sum(end - start for tag, start, end, _, _ in steps if tag == "equal")
    is_long = max(len(before), len(after)) > LONG
    if 2 * equal_words < MIN_LIKENESS * (len(old) + len(new)) and not is_long:
        return (Part(before),), (Part(after),)
    return (
        _parts((tag != "equal", old[start:end]) for tag, start, end, _, _ in steps),
        _parts((tag != "equal", new[start:end]) for tag, _, _, start, end in steps),
    )


def _steps(old: Sequence[str], new: Sequence[str], work: Work | None) -> list[Step]:
    """Return the steps from one list of words to another, as difflib writes them."""
    start = _equal_at_start(old, new)
    end = _equal_at_start(old[start:][::-1], new[start:][::-1])
    old_end, new_end = len(old) - end, len(new) - end
    between = old[start:old_end], new[start:new_end]
    steps: list[Step] = [("equal", 0, start, 0, start)] if start else []
    if max(map(len, between)) > MAX_WORDS:
        steps.append(("replace", start, old_end, start, new_end))
    else:
        matcher = BoundedMatcher(*between, work, autojunk=False)
        steps += (
            (tag, start + a, start + b, start + c, start + d)
            for tag, a, b, c, d in matcher.get_opcodes()
        )
    return [*steps, ("equal", old_end, len(old), new_end, len(new))] if end else steps


def _equal_at_start(old: Sequence[str], new: Sequence[str]) -> int:
    """Return how many words at the start are equal."""
    pairs = enumerate(zip(old, new, strict=False))
    differing = (number for number, (before, after) in pairs if before != after)
    return next(differing, min(len(old), len(new)))


def _parts(pieces: Iterable[tuple[bool, Sequence[str]]]) -> tuple[Part, ...]:
    return tuple(Part("".join(words), changed) for changed, words in pieces if words)


def around_changes(parts: Sequence[Part], most: int = LONG) -> tuple[Part, ...]:
    """Return the parts of a line; if it is longer than `most`, only what is around the changes."""
    if sum(len(part.text) for part in parts) <= most or not any(part.changed for part in parts):
        return tuple(parts)
    last = len(parts) - 1
    return tuple(
        part if part.changed else Part(_ends(part.text, AROUND * (n > 0), AROUND * (n < last)))
        for n, part in enumerate(parts)
    )


def _ends(text: str, head: int, tail: int) -> str:
    """Return the start and the end of an unchanged text, and the length of what is left out."""
    left_out = len(text) - head - tail
    if left_out <= AROUND:
        return text
    return f"{text[:head]}… ({left_out} unchanged) …{text[len(text) - tail :]}"


def cut(parts: Iterable[Part], most: int) -> Iterator[Part]:
    """Yield the parts of a line, cut to at most `most` characters."""
    left_out = 0
    for part in parts:
        if part.text[:most]:
            yield part._replace(text=part.text[:most])
        left_out += max(len(part.text) - most, 0)
        most = max(most - len(part.text), 0)
    if left_out:
        yield Part(f"… ({left_out} more)")
