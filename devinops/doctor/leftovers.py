"""Tells the objects that a trial created from all others, and finds those that a trial left.

`trial.json` says what a trial creates. An object is a leftover if it has a name that only a trial
gives, and still has the texts and settings that the trial gave it: what a person renamed or edited
is that person's.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from string import Template
from typing import Any, Final, NamedTuple

from devinops import waiting
from devinops.api.single_request import Call, can_be_segment
from devinops.doctor.contract import Reading, contract
from devinops.doctor.lists import List, read_all
from devinops.doctor.observer import Observation, Observer, fill
from devinops.model.kind import ApiVersion

PADDING: Final = "."
"""What a trial lengthens a text with."""

_NAME: Final = re.compile(r"(DEVINOPS_DOCTOR_[0-9A-F]{16})(_2)?")
_OLD_S: Final = 3600
"""A younger object can be that of a trial which still runs."""

_WAITS_S: Final = (0.0, 2.0, 4.0)
"""Pauses before each look for an object whose creation or deletion had no response."""

Live = Mapping[str, Any]
"""An object as the API shows it."""


@dataclass(frozen=True)
class Sample:
    """What a trial creates in one list: `says` tells people, and `sent` is the body of the POST.

    `place` has the id of the organization, for paths. `name` is the field with the name. `marks`
    are the values of an object that nobody edited, and `same` are pairs of fields of which the
    first is then null, or equal to the second. `seen` is what else others see of it, `off` the
    field that switches it off, `text` the one that shows what the API does to texts, and `deleted`
    the quirk that the status of a DELETE answers. `probes` are the questions to ask.
    """

    says: str
    reading: Reading
    shapes: Mapping[str, Any]
    place: Mapping[str, str]
    permission: str
    sent: Mapping[str, Any]
    name: str
    marks: Mapping[str, Any]
    same: Sequence[Sequence[str]] = ()
    seen: str = ""
    off: str = ""
    text: str = ""
    deleted: str = ""
    probes: Sequence[Mapping[str, Any]] = ()

    def changed(self, live: Live, run: str) -> list[str]:
        """Return the fields of an object that are not as the run left them."""
        marks = filled(self.marks, {"run": run})
        edited = [name for name, mark in marks.items() if not _fits(mark, live.get(name))]
        return edited + [a for a, b in self.same if live.get(a) not in (None, live.get(b))]

    def run_of(self, live: Live) -> str:
        """Return the run whose name an object has; empty if it has none."""
        match = _NAME.fullmatch(str(live.get(self.name)))
        return match[1] if match else ""

    def id_of(self, live: Any) -> str:
        """Return the id of an object; empty if it has none that can be part of a path."""
        id = live.get(self.reading.id) if isinstance(live, dict) else None
        return id if can_be_segment(id) else ""

    def path(self, id: str) -> tuple[str, Mapping[str, str]]:
        """Return the path of an object, and the ids in it."""
        return f"{self.reading.path}/{{id}}", {**self.place, "id": id}

    def listed(self, observer: Observer) -> tuple[Mapping[str, Live], List]:
        """Return the objects of the list by id, and what else was found."""
        found = read_all(observer, self.reading, self.place)
        return {self.id_of(live): live for live in found.objects}, found


def samples(api: ApiVersion, org_id: str | None, *, enterprise: bool) -> tuple[Sample, ...]:
    """Return what a trial creates in an organization, or at the enterprise."""
    text = files("devinops.doctor").joinpath("trial.json").read_text(encoding="utf-8")
    data, expected = json.loads(text), contract(api)
    where, place = "enterprise" if enterprise else api, {"org_id": org_id} if org_id else {}
    readings = {reading.name: reading for reading in expected.readings}
    objects = [facts for facts in data["objects"] if where in facts["lists"]]
    for facts in objects:
        facts["reading"] = readings[facts.pop("lists")[where]]
        facts["permission"] = facts["permission"].get(where, "")
        facts["probes"] = [p for p in facts.get("probes", ()) if p.get("only", where) == where]
    texts = {name: filled(text, data["texts"]) for name, text in data["texts"].items()}
    return tuple(
        Sample(shapes=expected.shapes, place=place, **filled(facts, texts)) for facts in objects
    )


def filled(value: Any, texts: Mapping[str, str]) -> Any:
    """Return a JSON value with texts in place of their names."""
    if isinstance(value, dict):
        return {name: filled(part, texts) for name, part in value.items()}
    if isinstance(value, list):
        return [filled(part, texts) for part in value]
    return Template(value).safe_substitute(texts) if isinstance(value, str) else value


def _fits(mark: Any, shown: Any) -> bool:
    """Return whether a live value has what it is marked with; the API may have added to it."""
    if isinstance(mark, dict) and isinstance(shown, dict):
        return all(_fits(part, shown.get(name)) for name, part in mark.items())
    if isinstance(mark, list) and isinstance(shown, list):
        return len(mark) == len(shown) and all(map(_fits, mark, shown))
    if isinstance(mark, str) and isinstance(shown, str):
        return plain(mark) == plain(shown)
    return type(mark) is type(shown) and bool(mark == shown)


def plain(text: str) -> str:
    """Return a text without what an API may change in it, and without what a trial adds to it."""
    return " ".join(unicodedata.normalize("NFC", text).split()).rstrip(f" {PADDING}")


# --- writing ----------------------------------------------------------------------------------


class Writer(Observer):
    """An observer that also writes; whoever uses it limits the number of its requests."""

    most_requests = 10**9

    def write(
        self, method: str, path: str, ids: Mapping[str, str], body: Live | None = None
    ) -> Observation:
        """Return what a POST, PUT or DELETE leads to; only after a 429 it is sent again."""
        return self._ask(Call(method, fill(path, ids), body=body), path)


@dataclass
class Made:
    """The ids of what a run has created of a sample and not deleted.

    `is_lost`: a POST had no response, so there may be an object whose id is not known. `statuses`
    are those of DELETEs that succeeded.
    """

    sample: Sample
    ids: list[str] = field(default_factory=list)
    is_lost: bool = False
    statuses: set[int | None] = field(default_factory=set)

    @property
    def left(self) -> int:
        """How many objects are, or may be, still there."""
        return len(self.ids) + self.is_lost


def remove(writer: Writer, made: Made, is_own: Callable[[Live], bool]) -> None:
    """Delete what was created; what is left then is still in `made`.

    If a POST or a DELETE had no response, the list tells what became of it. `is_own` recognizes an
    object in it by more than its id.
    """
    _delete(writer, made)
    for wait in _WAITS_S:
        if not made.left:
            return
        waiting.pause(wait)
        listed, found = made.sample.listed(writer)
        if found.is_complete:
            made.ids = [id for id in made.ids if id in listed]
        if made.is_lost:
            own = [id for id, live in listed.items() if id and is_own(live)]
            new = [id for id in own if id not in made.ids]
            made.ids, made.is_lost = made.ids + new, not new
        _delete(writer, made)


def _delete(writer: Writer, made: Made) -> None:
    for id in list(made.ids):
        response = writer.write("DELETE", *made.sample.path(id))
        if response.succeeded:
            made.statuses.add(response.status)
            made.ids.remove(id)


# --- what an earlier run left -----------------------------------------------------------------


class Leftovers(NamedTuple):
    """What a list holds of earlier runs: `names` by id, which may be deleted, and what may not.

    `young` and `edited` count objects with such a name.
    """

    sample: Sample
    names: Mapping[str, str]
    young: int
    edited: int
    read: List

    def said(self) -> Iterator[str]:
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
        elif run and now - _seconds(live.get("created_at"), now) < _OLD_S:
            young += 1
        elif run:
            names[id] = str(live[sample.name])
    return Leftovers(sample, names, young, edited, found)


def _seconds(created: Any, default: float) -> float:
    """Return a time of the API in Unix seconds."""
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
    for wait in _WAITS_S:
        waiting.pause(wait)
        again = find(writer, found.sample)
        if again.read.is_complete:
            there = {found.sample.id_of(live) for live in again.read.objects}
            edited += len(there.intersection(made.ids) - again.names.keys())
            made.ids = [id for id in made.ids if id in again.names]
            _delete(writer, made)
        if not made.ids:
            break
    return edited, made.left
