"""Compares two lists as difflib does, but never works for long. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import Match, SequenceMatcher
from typing import Final, TypeAlias

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


class Matcher(SequenceMatcher[str]):
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
            found = (self.b2j.get(item, ()) for item in self.before[alo:ahi])
            self.work.left -= sum(1 + len(places) for places in found)
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
