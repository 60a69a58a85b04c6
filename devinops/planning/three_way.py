"""Which side moved: Git, the organization, both or none, field by field. Pure.

A field has a base (what was sent and what the server answered to that), the declared value and the live one.
Git moved when the declared value is not the one that was sent; live moved when the live value is not the one
that was read. So a server that normalises what it is sent makes no difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from devinops.model.changes import FieldChange
from devinops.model.inventory import Base, fingerprint
from devinops.model.kind import Attribute, Kind, Resource
from devinops.model.values import UNSET
from devinops.planning.diff import same


class Verdict(StrEnum):
    NOTHING = "nothing moved"
    RECORD = "equal, but not as remembered"
    UPDATE = "Git moved"
    DRIFT = "live moved"
    CONFLICT = "both moved apart"


def classify(attribute: Attribute, base: Base | None, want: Any, have: Any) -> Verdict:
    """Judge one field. `want` UNSET: not managed. `have` UNSET: the API does not tell.

    Without a base there are two sides only: equal is worth remembering, different is an update.
    """
    if want is UNSET:
        return Verdict.NOTHING if base is None else Verdict.RECORD
    if have is UNSET:
        return _untold(base, want)
    if base is None:
        return Verdict.RECORD if same(attribute, have, want) else Verdict.UPDATE
    wanted = fingerprint(want)
    live = wanted if isinstance(have, str) and have == want else fingerprint(have)
    moved = (wanted != base.sent, live != base.read)
    if moved != (False, False) and same(attribute, have, want):
        return Verdict.RECORD
    return _VERDICTS[moved]


_VERDICTS = {
    (False, False): Verdict.NOTHING,
    (True, False): Verdict.UPDATE,
    (False, True): Verdict.DRIFT,
    (True, True): Verdict.CONFLICT,
}
"""(Git moved, live moved) → what that means if the two are not equal."""


def _untold(base: Base | None, want: Any) -> Verdict:
    if base is None:
        return Verdict.RECORD
    return Verdict.UPDATE if fingerprint(want) != base.sent else Verdict.NOTHING


@dataclass(frozen=True, slots=True)
class Sides:
    """The fields of an object by what moved: `git` to be written, `live` outside edits, `both` apart.

    `record` tells that something is equal but not as the inventory remembers it.
    """

    git: tuple[FieldChange, ...] = ()
    live: tuple[FieldChange, ...] = ()
    both: tuple[FieldChange, ...] = ()
    record: bool = False


def sides(kind: Kind, bases: Mapping[str, Base], want: Resource, have: Resource) -> Sides:
    """Classify all fields of an object, in the order of the kind."""
    found: dict[Verdict, list[FieldChange]] = {verdict: [] for verdict in Verdict}
    for attribute in (attribute for attribute in kind.attributes if attribute.names):
        name = attribute.name
        after, before = getattr(want, name), getattr(have, name)
        verdict = classify(attribute, bases.get(name), after, before)
        found[verdict].append(FieldChange(name, before, after))
    return Sides(
        git=tuple(found[Verdict.UPDATE]),
        live=tuple(found[Verdict.DRIFT]),
        both=tuple(found[Verdict.CONFLICT]),
        record=bool(found[Verdict.RECORD]),
    )


def moved_outside(bases: Mapping[str, Base], have: Resource) -> tuple[str, ...]:
    """Return the names of the remembered fields whose live value is not the one that was read."""
    live = dict(have.items())
    return tuple(
        name
        for name, base in bases.items()
        if base.read is not None and name in live and fingerprint(live[name]) != base.read
    )
