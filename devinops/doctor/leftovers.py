"""Finds what a trial left after a crash, and deletes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from devinops import waiting
from devinops.doctor.lists import ReadList
from devinops.doctor.samples import Sample
from devinops.doctor.writer import WAITS_S, Made, Writer, delete

_OLD_S: Final = 3600
"""A younger object can be that of a trial which still runs."""


class Leftovers(NamedTuple):
    """What a list holds of earlier runs: `names` by id, which may be deleted, and what may not.

    `young` and `edited` count objects with such a name.
    """

    sample: Sample
    names: Mapping[str, str]
    young: int
    edited: int
    read: ReadList

    def lines(self) -> Iterator[str]:
        """Yield what to tell people."""
        yield from (f"{name} is left of an earlier run" for name in sorted(self.names.values()))
        if self.young:
            yield f"{self.young} of the last hour, whose run may still go on"
        if self.edited:
            yield f"{self.edited} with such a name, but not as a run left it"


def find(writer: Writer, sample: Sample) -> Leftovers:
    """Return what earlier runs left in a list. The clock is that of the API, if it shows it."""
    listed, found = sample.listed(writer)
    response, time = writer.seen[-1]
    now, names, young, edited = response.time or time, {}, 0, 0
    for id, live in listed.items():
        run = sample.run_of(live) if id else ""
        if run and sample.changed(live, run):
            edited += 1
        elif run and _seconds(live.get("created_at"), now) > now - _OLD_S:
            young += 1
        elif run:
            names[id] = str(live[sample.name])
    return Leftovers(sample, names, young, edited, found)


def _seconds(created: Any, default: float) -> float:
    """Return a time of the API in Unix seconds, which can be too large for a float."""
    try:
        time = datetime.fromisoformat(created) if isinstance(created, str) else None
    except ValueError:
        return default
    if time:
        return time.replace(tzinfo=time.tzinfo or UTC).timestamp()
    return created if type(created) is int else default


def clean(writer: Writer, found: Leftovers) -> tuple[int, int]:
    """Delete what was found and is still unchanged; return how many are edited now, or are left.

    Each attempt looks first: somebody may edit an object while the question stands, or after a
    deletion failed.
    """
    made, edited = Made(found.sample, [*found.names]), 0
    for wait in WAITS_S:
        waiting.pause(wait)
        again = find(writer, found.sample)
        if again.read.is_complete:
            there = {found.sample.id_of(live) for live in again.read.objects}
            edited += len(there.intersection(made.ids) - again.names.keys())
            made.ids = [id for id in made.ids if id in again.names]
            delete(writer, made)
        if not made.ids:
            break
    return edited, made.left
