"""What is to be done: changes, what is blocked, and drift."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from devinops.model.keys import Key, ObjectId
from devinops.model.kind import Kind, Minting, Resource
from devinops.model.objects import Declaration, Live, Source


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    RENAME = "rename"
    ADOPT = "adopt"
    REPLACE = "replace"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after; UNSET where there is no value on that side."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """One planned step. `id` and `live` are None for a create, `declaration` is None for some deletes."""

    action: Action
    key: Key
    reason: str
    id: str | None = None
    declaration: Declaration | None = None
    live: Live | None = None
    fields: tuple[FieldChange, ...] = ()
    references: Mapping[Key, str | None] = dataclasses.field(default_factory=dict)
    """The objects that the values refer to, with their ids; None for one that the same plan creates."""
    kept: frozenset[str] = frozenset()
    """Fields that were changed outside devinops and stay so: the inventory keeps what it knows of them."""
    declared_at: Source | None = None
    """Where a deleted object was declared, as far as the inventory knows."""
    successor: Key | None = None
    """Of a delete: the new entry that probably replaces the object. It is deleted only after that is written."""

    @property
    def source(self) -> Source | None:
        return self.declaration.source if self.declaration else self.declared_at

    @property
    def object_id(self) -> ObjectId:
        """The live object that changes; with an empty id for a create."""
        return ObjectId(self.key.kind, self.id or "")

    @property
    def kind(self) -> Kind:
        resource = (
            self.declaration.resource if self.declaration else self.live and self.live.resource
        )
        assert resource, "a change of an object"
        return resource.kind

    @property
    def moves(self) -> bool:
        """Whether this change decides where the object lives; otherwise it stays where it is."""
        return self.live is None or any(field.name == self.kind.parent for field in self.fields)

    @property
    def mints(self) -> Minting | None:
        """The secret that the API makes when this change is written; None if it makes none."""
        minting = self.kind.minting
        if minting is None or self.action is Action.DELETE:
            return None
        before = self.live.resource if self.live else None
        return minting if minting.expected(before, self.written()) else None

    def written(self) -> Resource:
        """Return what the object will be: the live values with the `after` of each field laid over them.

        Nothing else is sent, so what a reviewer sees is what is written.
        """
        assert self.declaration
        before = self.live.resource if self.live else type(self.declaration.resource)()
        names = {field.name for field in dataclasses.fields(before)}
        return dataclasses.replace(
            before, **{f.name: f.after for f in self.fields if f.name in names}
        )


class Outcome(StrEnum):
    """What became of a change."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    BLOCKED = "blocked"


class Blocker(StrEnum):
    """What a blocked step waits for."""

    CONFLICT = "conflict"
    REQUIREMENT = "requirement"
    PROTECTED = "protected"
    APPROVAL = "approval"


@dataclass(frozen=True, slots=True)
class Blocked:
    """A step that a person has to decide on or make possible, with what waits for it.

    Of a conflict `fields` are the live values as `before` and those of Git as `after`.
    """

    by: Blocker
    key: Key
    reason: str
    source: Source | None = None
    ids: tuple[str, ...] = ()
    needed_by: tuple[Key, ...] = ()
    fields: tuple[FieldChange, ...] = ()


class Moved(StrEnum):
    """What happened to an owned object outside."""

    EDITED = "edited"
    DELETED = "deleted"
    RECREATED = "re-created"
    RENAMED = "renamed"


@dataclass(frozen=True, slots=True)
class Drift:
    """An outside edit. `fields` have the declared value as `before` and the live one as `after`.

    `at` is in epoch seconds; it and `by` are None where the API does not say.
    """

    moved: Moved
    key: Key
    id: str
    reason: str = ""
    fields: tuple[FieldChange, ...] = ()
    source: Source | None = None
    at: int | None = None
    by: str | None = None
