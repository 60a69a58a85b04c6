"""What this repository owns: the inventory as values. Pure; `devinops/inventory/` stores it."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final, NamedTuple

from devinops.model.changes import Action, Change
from devinops.model.keys import Key, ObjectId
from devinops.model.kind import Resource, Role
from devinops.model.objects import Live, Snapshot, Source

DIGEST_LENGTH = 16

TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
"""How a record writes a time, always in UTC, so that later times are greater."""

RECOVERY_WAITS_S = (1.0, 3.0, 9.0)
"""Waits before listing again to find an object whose create got no response.

The run uses them, and so does the next run.
"""

MAKING = frozenset({Action.CREATE, Action.REPLACE})
"""Actions that create an object."""


def time_of(seconds: int | None) -> str | None:
    """Return a time in epoch seconds as a record writes it."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime(TIME)


_TO_JSON: Final = json.JSONEncoder(sort_keys=True).encode


def fingerprint(value: Any) -> str:
    """Return a short hash of a field's value. Equal values have equal fingerprints.

    The value cannot be recovered from it.
    """
    text = value if isinstance(value, str) else _TO_JSON(value)
    kind = "text" if isinstance(value, str) else "json"
    return hashlib.sha256(f"{kind}:{text}".encode("utf-8", "surrogatepass")).hexdigest()[
        :DIGEST_LENGTH
    ]


def fingerprints(resource: Resource) -> dict[str, str]:
    """Return field → fingerprint, without the field that names the source of a value."""
    source = resource.kind.role(Role.VALUE_SOURCE)
    left_out = source.name if source else None
    return {name: fingerprint(value) for name, value in resource.items() if name != left_out}


def sent_by(change: Change) -> str:
    """Return the fingerprint of all that an apply sends for a change; empty if it deletes."""
    wanted = change.declaration if change.action is not Action.DELETE else None
    return fingerprint(fingerprints(wanted.resource)) if wanted else ""


@dataclass(frozen=True, slots=True)
class Base:
    """One field at the last apply: the fingerprints of the value sent and the value returned.

    They differ if the server normalizes the value. `read` is None if the API does not show the
    field.
    """

    sent: str
    read: str | None


@dataclass(frozen=True, slots=True)
class Record:
    """An owned object.

    `source` and `commit` say where it was declared; `fields` holds the managed fields, and
    `left_out` the fingerprint of each field that the entry leaves out, as the API returned it. `at`
    is the time when what was sent last changed; None if it is not known.

    `unknown` are the names of the object's members that devinops does not know.

    A `memory` records an object that cannot be owned, such as a folder: its path under its id.
    `taken` is access that somebody took away outside devinops, and that no entry declares any more.
    """

    key: Key
    id: str
    source: str | None = None
    commit: str | None = None
    protect: bool = False
    fields: Mapping[str, Base] = field(default_factory=dict)
    memory: bool = False
    at: str | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    taken: bool = False

    @property
    def object_id(self) -> ObjectId:
        return ObjectId(self.key.kind, self.id)

    @property
    def read(self) -> dict[str, str]:
        """Managed field → fingerprint of the value that the API returned, if it shows the field."""
        return {name: base.read for name, base in self.fields.items() if base.read is not None}

    def dated(self, before: Record | None, now: str) -> Record:
        """Return this record with the time when what was sent last changed.

        `before` is the record of the same object until now. If that sent something else, the time
        is `now`, or that of this record if the API says that it is later.
        """
        if self.memory:
            return self
        is_same = before is not None and _sent(before) == _sent(self)
        return replace(self, at=before.at if before and is_same else max(now, self.at or ""))


def _sent(record: Record) -> dict[str, str]:
    return {name: base.sent for name, base in record.fields.items()}


class Deleted(NamedTuple):
    """An object that was owned until an apply deleted it, and the time of that."""

    key: Key
    id: str
    at: str


class Failed(NamedTuple):
    """A change that an apply tried to make and could not, and the time of that.

    `sent` stands for what it sent, as `sent_by` returns it.
    """

    key: Key
    sent: str
    at: str


class MergedEdit(NamedTuple):
    """A live value that pull merged into the files, by its fingerprint; `source` records it.

    `base` is the fingerprint of what the last apply sent, and `commit` that of the apply, empty if
    it is not known: after another apply, this counts no more.
    """

    key: Key
    id: str
    field: str
    live: str
    base: str
    commit: str = ""
    source: Source = Source("")

    @property
    def object_id(self) -> ObjectId:
        return ObjectId(self.key.kind, self.id)


MergedFields = Mapping[tuple[str, str], Source]
"""(Field, fingerprint) of each live value of an object that pull merged → its record."""


def by_object(edits: Iterable[MergedEdit], inventory: Inventory) -> dict[ObjectId, MergedFields]:
    """Return what was merged of each object since the last apply of its field."""
    merged: defaultdict[ObjectId, dict[tuple[str, str], Source]] = defaultdict(dict)
    for edit in edits:
        record = inventory.by_id.get(edit.object_id)
        base = record.fields.get(edit.field) if record else None
        if record and base and (base.sent, record.commit or "") == (edit.base, edit.commit):
            merged[edit.object_id][edit.field, edit.live] = edit.source
    return dict(merged)


@dataclass(frozen=True, slots=True)
class Intent:
    """A write that a run has announced and whose result is not recorded. `id` is None for a create.

    `unclear`: the run has ended without learning whether the object was created. This does not lock
    out other runs; the next run that would create the key looks for the object first.
    """

    run: str
    action: Action
    key: Key
    id: str | None = None
    unclear: bool = False

    @property
    def object_id(self) -> ObjectId:
        """The live object; a create has an empty id."""
        return ObjectId(self.key.kind, self.id or "")


@dataclass(frozen=True)
class Inventory:
    """All records, and the intents of runs that are in progress or died.

    `store` is `none`, `file` or `branch`. `deleted` are the objects that were deleted lately; they
    are not owned. `failed` are changes that could not be made lately. `jobs` names the CI jobs of
    runs, if they are known. `dropped` are the stored keys of kinds that devinops no longer has; the
    next save leaves them out. `unrecorded` are the objects that a run which died may have written
    without a record of it, each with what it was to do; they are known only on the machine of the
    run, and to later attempts of its job. `moves_from` is the old name of the target if the
    inventory is stored under that; the next apply moves it.
    """

    store: str = "none"
    records: tuple[Record, ...] = ()
    intents: tuple[Intent, ...] = ()
    unrecorded: Mapping[ObjectId, Action] = field(default_factory=dict, compare=False)
    deleted: tuple[Deleted, ...] = ()
    failed: tuple[Failed, ...] = ()
    jobs: Mapping[str, str] = field(default_factory=dict, compare=False)
    moves_from: str = field(default="", compare=False)
    dropped: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, store: str, records: Iterable[Record], intents: Iterable[Intent] = ()) -> Inventory:
        return cls(store, tuple(sorted(records, key=lambda r: (r.key, r.id))), tuple(intents))

    @cached_property
    def by_id(self) -> Mapping[ObjectId, Record]:
        """Every record by the id of its object."""
        return {record.object_id: record for record in self.records}

    @cached_property
    def by_key(self) -> Mapping[Key, Record]:
        return {record.key: record for record in self.records}

    @cached_property
    def unclear(self) -> frozenset[Key]:
        """The keys that an earlier run may have created."""
        return frozenset(intent.key for intent in self.intents if intent.unclear)

    @cached_property
    def owned(self) -> tuple[Record, ...]:
        """The records of owned objects, without memories and what was taken away."""
        return tuple(record for record in self.records if not (record.memory or record.taken))

    def object_of(self, key: Key, snapshot: Snapshot) -> Live | None:
        """Return the live object of the record with a key."""
        record = self.by_key.get(key)
        return snapshot.by_id.get(record.object_id) if record else None

    def without_returned(self, snapshot: Snapshot) -> Inventory:
        """Return this inventory without what was taken away, and is live again."""
        live = (record.object_id for record in self.records if record.taken)
        return self.changed(removals=[id for id in live if id in snapshot.by_id])

    def changed(
        self, upserts: Iterable[Record] = (), removals: Iterable[ObjectId] = ()
    ) -> Inventory:
        """Return this inventory with some records removed and others added.

        An added record replaces those with its id or its key.
        """
        new = {record.object_id: record for record in upserts}
        keys = {record.key for record in new.values()}
        gone = {*removals, *(id for id, record in self.by_id.items() if record.key in keys)}
        records = {id: record for id, record in self.by_id.items() if id not in gone} | new
        return replace(self, records=Inventory.of(self.store, records.values()).records)


def base(sent: Resource, read: Resource) -> dict[str, Base]:
    """Return field → `Base` of a written object: the values as sent and as returned."""
    returned = fingerprints(read)
    return {name: Base(digest, returned.get(name)) for name, digest in fingerprints(sent).items()}
