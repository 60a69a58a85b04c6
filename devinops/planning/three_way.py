"""Which side moved: Git, the organization, both or none, field by field. Pure.

A field has a base (the value sent at the last apply, and the value returned), a declared value and
a live value. Git moved if the declared value differs from the one sent; live moved if the live
value differs from the one returned. A server that normalizes values therefore causes no drift.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from devinops.model.changes import FieldChange
from devinops.model.inventory import Base, MergedFields, fingerprint
from devinops.model.kind import Attribute, Kind, Resource
from devinops.model.values import UNSET
from devinops.planning.diff import same


class Verdict(StrEnum):
    NOTHING = "nothing moved"
    RECORD = "equal, but not as recorded"
    UPDATE = "Git moved"
    DRIFT = "live moved"
    CONFLICT = "both sides changed, and differ"
    MERGED = "both sides changed, and pull merged them in Git"
    LEFT_OUT = "live moved, and the entry leaves the field out"


def classify(
    attribute: Attribute, base: Base | None, declared: Any, live: Any, left_out: str | None = None
) -> Verdict:
    """Return which side of a field moved.

    `declared` is UNSET if the field is not managed, `live` if the API does not show it. Without a
    base, equal values are recorded and different values are an update. `left_out` is the
    fingerprint of a field that the entry left out at the last apply.
    """
    if declared is UNSET:
        if base is not None:
            return Verdict.RECORD
        is_unmoved = left_out is None or live is UNSET or fingerprint(live) == left_out
        return Verdict.NOTHING if is_unmoved else Verdict.LEFT_OUT
    completed = attribute.completed(declared, live)
    if base is None:
        is_equal = live is UNSET or same(attribute, live, completed)
        return Verdict.RECORD if is_equal else Verdict.UPDATE
    declared_hash = fingerprint(declared)
    if live is UNSET:
        return Verdict.UPDATE if declared_hash != base.sent else Verdict.NOTHING
    # Equal texts are hashed once.
    live_hash = declared_hash if isinstance(live, str) and live == declared else fingerprint(live)
    moved = (declared_hash != base.sent, live_hash != base.read)
    if moved != (False, False) and same(attribute, live, completed):
        # Only the live side can change what the declaration leaves out.
        return Verdict.DRIFT if moved[1] and completed != declared else Verdict.RECORD
    return _VERDICTS[moved]


_VERDICTS = {
    (False, False): Verdict.NOTHING,
    (True, False): Verdict.UPDATE,
    (False, True): Verdict.DRIFT,
    (True, True): Verdict.CONFLICT,
}
"""(Git moved, live moved) → verdict if the two values differ."""


class Moved(NamedTuple):
    """The fields of an object by the side that moved.

    `git` holds the fields to write, `live` those changed outside devinops, `both` the conflicts,
    and `merged` the fields to write because Git has both changes. `left_out` holds those changed
    outside devinops for which the entry has no value, so there is nothing to write.
    `record` is True if a field is equal on both sides but not as recorded in the inventory.
    """

    git: tuple[FieldChange, ...] = ()
    live: tuple[FieldChange, ...] = ()
    both: tuple[FieldChange, ...] = ()
    merged: tuple[FieldChange, ...] = ()
    record: bool = False
    left_out: tuple[FieldChange, ...] = ()


def sides(
    kind: Kind,
    bases: Mapping[str, Base],
    declared: Resource,
    live: Resource,
    merged: MergedFields = MappingProxyType({}),
    left_out: Mapping[str, str] = MappingProxyType({}),
) -> Moved:
    """Return the fields of an object by the side that moved, in the order of the kind.

    `merged` holds the live values that pull merged. A conflict with another value stays a conflict.
    """
    by_verdict: defaultdict[Verdict, list[FieldChange]] = defaultdict(list)
    for attribute in (attribute for attribute in kind.attributes if attribute.names):
        name = attribute.name
        after, before = getattr(declared, name), getattr(live, name)
        verdict = classify(attribute, bases.get(name), after, before, left_out.get(name))
        if verdict is Verdict.CONFLICT and (name, fingerprint(before)) in merged:
            verdict = Verdict.MERGED
        if verdict not in (Verdict.DRIFT, Verdict.LEFT_OUT):
            after = attribute.completed(after, before)
        if verdict is not Verdict.NOTHING:
            by_verdict[verdict].append(FieldChange(name, before, after))
    return Moved(
        git=tuple(by_verdict[Verdict.UPDATE]),
        live=tuple(by_verdict[Verdict.DRIFT]),
        both=tuple(by_verdict[Verdict.CONFLICT]),
        merged=tuple(by_verdict[Verdict.MERGED]),
        record=bool(by_verdict[Verdict.RECORD]),
        left_out=tuple(by_verdict[Verdict.LEFT_OUT]),
    )


def moved_outside(read: Mapping[str, str], live: Resource) -> tuple[str, ...]:
    """Return the names of the fields whose live value is not the one that was returned.

    `read` holds the fingerprints of the values that were returned.
    """
    values = dict(live.items())
    return tuple(
        name
        for name, digest in read.items()
        if name in values and fingerprint(values[name]) != digest
    )
