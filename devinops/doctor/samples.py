"""What a trial creates: `trial.json` says it. Tells these objects from all others.

An object is a trial's if it has a name that only a trial gives, and still has the texts that the
trial gave it: what a person renamed or edited is that person's.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from typing import Any, Final

from devinops.api.contract import Reading, contract
from devinops.doctor.lists import ReadList, ids_in, read_all
from devinops.doctor.observer import Observer
from devinops.model.kind import ApiVersion

PADDING: Final = "."
"""What a trial lengthens a text with."""

_NAME: Final = re.compile(r"(DEVINOPS_DOCTOR_[0-9A-F]{16})(_2)?")

Shown = Mapping[str, Any]
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

    def changed(self, live: Shown, run: str) -> list[str]:
        """Return the fields of an object that are not as the run left them."""
        marks = with_texts(self.marks, {"run": run})
        edited = [name for name, mark in marks.items() if not _fits(mark, live.get(name))]
        return edited + [a for a, b in self.same if live.get(a) not in (None, live.get(b))]

    def run_of(self, live: Shown) -> str:
        """Return the run whose name an object has; empty if it has none."""
        match = _NAME.fullmatch(str(live.get(self.name)))
        return match[1] if match else ""

    def id_of(self, live: Any) -> str:
        """Return the id of an object; empty if it has none that can be part of a path."""
        return next(iter(ids_in([live], self.reading.id)), "")

    def path(self, id: str) -> tuple[str, Mapping[str, str]]:
        """Return the path of an object, and the ids in it."""
        return f"{self.reading.path}/{{id}}", {**self.place, "id": id}

    def listed(self, observer: Observer) -> tuple[Mapping[str, Shown], ReadList]:
        """Return the objects of the list by id, and what else was found."""
        found = read_all(observer, self.reading, self.place)
        return {self.id_of(live): live for live in found.objects}, found


def samples(api: ApiVersion, org_id: str | None, *, enterprise: bool) -> tuple[Sample, ...]:
    """Return what a trial creates in an organization, or at the enterprise."""
    text = files("devinops.doctor").joinpath("trial.json").read_text(encoding="utf-8")
    data, expected = json.loads(text), contract(api)
    where, place = "enterprise" if enterprise else api, {"org_id": org_id} if org_id else {}
    readings = {reading.name: reading for reading in expected.readings}
    texts = {name: with_texts(text, data["texts"]) for name, text in data["texts"].items()}
    found: list[Sample] = []
    for facts in data["objects"]:
        if where in facts["lists"]:
            facts["reading"] = readings[facts.pop("lists")[where]]
            facts["permission"] = facts["permission"].get(where, "")
            facts["probes"] = [p for p in facts.get("probes", ()) if p.get("only", where) == where]
            found.append(Sample(shapes=expected.shapes, place=place, **with_texts(facts, texts)))
    return tuple(found)


def with_texts(value: Any, texts: Mapping[str, str]) -> Any:
    """Return a JSON value with texts in place of their names."""
    if isinstance(value, dict):
        return {name: with_texts(part, texts) for name, part in value.items()}
    if isinstance(value, list):
        return [with_texts(part, texts) for part in value]
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
