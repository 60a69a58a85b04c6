"""Sends what a trial writes, and deletes what it created. Nothing else of doctor writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from devinops import waiting
from devinops.api.single_request import Call
from devinops.doctor.observer import Observation, Observer, with_ids
from devinops.doctor.samples import Sample, Shown

WAITS_S: Final = (0.0, 2.0, 4.0)
"""Pauses before each look for an object whose creation or deletion had no response."""


class Writer(Observer):
    """An observer that also writes; whoever uses it limits the number of its requests."""

    most_requests = 10**9

    def write(
        self, method: str, path: str, ids: Mapping[str, str], body: Shown | None = None
    ) -> Observation:
        """Return what a POST, PUT or DELETE leads to; only after a 429 it is sent again."""
        return self._ask(Call(method, with_ids(path, ids), body=body), path)


@dataclass
class Made:
    """The ids of what a run has created of a sample and not deleted.

    `before` are the ids that were listed before the run. `is_lost`: a POST had no response, or one
    about another object, so there may be an object whose id is not known. `statuses` are those of
    DELETEs that succeeded.
    """

    sample: Sample
    ids: list[str] = field(default_factory=list)
    is_lost: bool = False
    statuses: set[int | None] = field(default_factory=set)
    before: frozenset[str] = frozenset()

    @property
    def left(self) -> int:
        """How many objects are, or may be, still there."""
        return len(self.ids) + self.is_lost


def remove(writer: Writer, made: Made, run: str) -> None:
    """Delete what was created; what is left then is still in `made`.

    If a POST or a DELETE had no response, the list tells what became of it: an object of the `run`
    has its name and its texts.
    """
    delete(writer, made)
    for wait in WAITS_S:
        if not made.left:
            return
        waiting.pause(wait)
        listed, found = made.sample.listed(writer)
        if found.is_complete:
            made.ids = [*filter(listed.__contains__, made.ids)]
        if made.is_lost:
            sample, others = made.sample, listed.keys() - {"", *made.ids}
            own = [id for id in others if sample.run_of(listed[id]) == run]
            new = [id for id in own if not sample.changed(listed[id], run)]
            made.ids, made.is_lost = made.ids + new, not new
        delete(writer, made)


def delete(writer: Writer, made: Made) -> None:
    """Delete each object whose id is known; what succeeds is no longer in `made`."""
    for id in list(made.ids):
        response = writer.write("DELETE", *made.sample.path(id))
        if response.succeeded:
            made.statuses.add(response.status)
            made.ids.remove(id)
