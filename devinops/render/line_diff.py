"""Compares two lists as difflib does, but never works for long, and writes patches. Pure."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import Match, SequenceMatcher
from typing import Final, TypeAlias

from devinops.render.escape import line

MAX_COMPARED: Final = 2_000_000
"""How many elements and pairs of equal elements are looked at; this takes about a second."""

UNCOMPARED: Final = (
    "too many lines changed to compare all of them: equal lines may be shown as replaced"
)

Step: TypeAlias = tuple[str, int, int, int, int]
"""A step from one list to another, as difflib writes it."""


@dataclass
class Work:
    """How much may still be compared; comparisons can share it. Below 0, something was not."""

    left: int = field(default_factory=lambda: MAX_COMPARED)

    @property
    def is_done(self) -> bool:
        return self.left >= 0


class BoundedMatcher(SequenceMatcher[str]):
    """Finds what two lists share; once no work is left, the rest counts as different."""

    b2j: dict[str, list[int]]
    """Element → where it is in the second list, set by `SequenceMatcher`."""

    def __init__(
        self,
        before: Sequence[str],
        after: Sequence[str],
        work: Work | None = None,
        *,
        autojunk: bool = True,
    ) -> None:
        super().__init__(None, before, after, autojunk)
        self.before, self.work = before, work or Work()

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> Match:
        if self.work.is_done:
            occurrences = (self.b2j.get(item, ()) for item in self.before[alo:ahi])
            self.work.left -= sum(1 + len(places) for places in occurrences)
        if self.work.is_done:
            return super().find_longest_match(alo, ahi, blo, bhi)
        return Match(alo, blo, 0)

    def hunks(self, context: int = 3) -> Iterator[tuple[str, list[Step]]]:
        """Yield the first line of each hunk of a unified diff, and its steps."""
        groups = list(self.get_grouped_opcodes(context))
        note = "" if self.work.is_done else f" {UNCOMPARED}"
        for steps in groups:
            (_, old, _, new, _), (_, _, old_end, _, new_end) = steps[0], steps[-1]
            yield f"@@ -{_range(old, old_end)} +{_range(new, new_end)} @@{note}", steps
            note = ""


def _range(start: int, end: int) -> str:
    """Return the lines of a hunk as a patch has them."""
    if end - start == 1:
        return str(end)
    return f"{start + (end > start)},{end - start}"


# --- patches ------------------------------------------------------------------------------------

_MUST_QUOTE = re.compile('[\0-\x1f\x7f"\\\\\udc80-\udcff]')
_NO_LINE_END = "\\ No newline at end of file"


def patch(path: str, before: str, after: str) -> Iterator[str]:
    """Yield the lines of a patch that `git apply` accepts, each without its final LF.

    Every character is written as it is, even the CR of a line that ends with CRLF.
    """
    old, new = _lines(before), _lines(after)
    yield f"--- {_name('a', path)}"
    yield f"+++ {_name('b', path)}"
    for first, steps in BoundedMatcher(old, new).hunks():
        yield first
        for step, start, end, new_start, new_end in steps:
            is_equal = step == "equal"
            rows = [f"{' ' if is_equal else '-'}{row}" for row in old[start:end]]
            rows += [f"+{row}" for row in new[new_start:new_end] if not is_equal]
            for row in rows:
                yield row.removesuffix("\n")
                if not row.endswith("\n"):
                    yield _NO_LINE_END


def shown(path: str, before: str, after: str) -> Iterator[str]:
    """Yield the lines of a patch for people: what they cannot see in it is an escape.

    The line ends of a file in which all are CRLF are not shown.
    """
    if all(t.count("\r") == t.count("\r\n") == t.count("\n") for t in (before, after)):
        before, after = before.replace("\r", ""), after.replace("\r", "")
    old, new, *rows = patch(path, before, after)
    yield from (line(row, len(row)) for row in (old.rstrip("\t"), new.rstrip("\t"), *rows))


def _lines(text: str) -> list[str]:
    """Return lines with their ends. Only LF ends a line, as in a patch."""
    return io.StringIO(text, newline="\n").readlines()


def _name(side: str, path: str) -> str:
    """Return a path as Git writes it above a patch."""
    name = f"{side}/{path}"
    if _MUST_QUOTE.search(name):
        return f'"{_MUST_QUOTE.sub(_octal, name)}"'
    # The tab says that the space is a part of the name.
    return f"{name}\t" if " " in name else name


def _octal(match: re.Match[str]) -> str:
    if match[0] in '"\\':
        return f"\\{match[0]}"
    return "".join(f"\\{byte:03o}" for byte in os.fsencode(match[0]))
