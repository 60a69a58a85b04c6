"""How a plan differs from the one that was reviewed, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from devinops.model.changes import Change
from devinops.planning.saved import ShownPlan
from devinops.render.escape import line
from devinops.render.text import SYMBOLS, Text


@dataclass(frozen=True)
class Differences:
    """Changes that are new, that are gone, and that differ (as reviewed, as they would be now)."""

    new: tuple[Change, ...]
    gone: tuple[Change, ...]
    differing: tuple[tuple[Change, Change], ...]

    @classmethod
    def between(cls, reviewed: ShownPlan, now: ShownPlan) -> Differences:
        """Compare two plans, change by change: the same object is known by its kind, key and id."""
        before = {_who(change): change for change in reviewed.changes}
        after = {_who(change): change for change in now.changes}
        return cls(
            new=tuple(change for who, change in after.items() if who not in before),
            gone=tuple(change for who, change in before.items() if who not in after),
            differing=tuple(
                (before[who], change)
                for who, change in after.items()
                if who in before and _what(before[who]) != _what(change)
            ),
        )

    def __str__(self) -> str:
        counts = (
            (len(self.new), "new"),
            (len(self.gone), "gone"),
            (len(self.differing), "different"),
        )
        said = ", ".join(f"{count} {word}" for count, word in counts if count)
        return said or "a live value that no entry mentions has changed"

    def lines(self, text: Text) -> Iterator[str]:
        """Yield what differs: whole changes where they are new, their fields twice where they differ."""
        yield from _section(text, "new: not in the reviewed plan", self.new)
        if self.gone:
            yield text.bold("gone: in the reviewed plan, and no longer asked for")
            yield from (f"  {text.paint(SYMBOLS[c.action])} {line(str(c.key))}" for c in self.gone)
        for before, after in self.differing:
            yield text.bold(f"different: {line(str(after.key))}")
            yield "    as reviewed"
            yield from (f"  {one}" for one in text.change(before))
            yield "    now"
            yield from (f"  {one}" for one in text.change(after))


def _section(text: Text, title: str, changes: Sequence[Change]) -> Iterator[str]:
    if changes:
        yield text.bold(title)
    for change in changes:
        yield from text.change(change)


def _who(change: Change) -> tuple[object, ...]:
    return change.key, change.id


def _what(change: Change) -> tuple[object, ...]:
    return change.action, {field.name: (field.before, field.after) for field in change.fields}
