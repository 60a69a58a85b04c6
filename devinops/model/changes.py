"""The parts of a plan: changes, blocked steps and drift."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from devinops.model.keys import Key, ObjectId
from devinops.model.kind import GeneratedSecret, Kind, Resource
from devinops.model.objects import Declaration, Live, Overridden, Source
from devinops.model.policy import Approval


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    RENAME = "rename"
    ADOPT = "adopt"
    REPLACE = "replace"
    DELETE = "delete"
    RELEASE = "release"
    FORGET = "forget"


DELETING = frozenset({Action.DELETE, Action.REPLACE})
"""Actions after which the object with the id of the change is gone."""

DROPPING = frozenset({Action.RELEASE, Action.FORGET})
"""Actions that only remove a record from the inventory.

An object that is released stays and is no longer owned; one that is forgotten is gone already.
"""

ENDING = DROPPING | {Action.DELETE}
"""Actions after which an object is not owned."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after a change; a side without a value is UNSET."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """One planned step.

    `id` and `live` are None for a create. `declaration` is None for the delete of an undeclared
    object. What only removes a record has neither a `declaration` nor a `live`.
    """

    action: Action
    key: Key
    reason: str
    id: str | None = None
    declaration: Declaration | None = None
    live: Live | None = None
    fields: tuple[FieldChange, ...] = ()
    references: Mapping[Key, str | None] = dataclasses.field(default_factory=dict)
    """Key → id of each object that the values refer to; None if the same plan creates the object.
    """
    kept: frozenset[str] = frozenset()
    """Fields that were changed outside devinops and are not overwritten.

    The inventory keeps its fingerprints of them, so the change stays visible.
    """
    overwrites: tuple[str, ...] = ()
    """Fields that were changed outside devinops, and whose live values are lost."""
    declared_at: Source | None = None
    """Where a deleted object was declared; None if the inventory does not know it."""
    successor: Key | None = None
    """The new entry that probably replaces a deleted object.

    The object is deleted only after that entry is written.
    """
    freed_by: tuple[Key, ...] = ()
    """The changes that remove the mentions of a deleted object.

    The object is deleted only after all of them are written.
    """

    doubt: str = ""
    """Why the object that this creates again may still exist, as a clause; empty if it cannot."""

    again: bool = False
    """It creates an object that was deleted outside devinops."""

    arrives: bool = False
    """It moves the object out of the root, where that waited for its folder."""

    declared_over: tuple[Overridden, ...] = ()
    """What the entry does to those of earlier layers, if the entry itself is not known."""

    @property
    def source(self) -> Source | None:
        return self.declaration.source if self.declaration else self.declared_at

    @property
    def overridden(self) -> tuple[Overridden, ...]:
        """What the entry does to those of earlier layers."""
        return self.declaration.overridden if self.declaration else self.declared_over

    @property
    def object_id(self) -> ObjectId:
        """The live object that changes; a create has an empty id."""
        return ObjectId(self.key.kind, self.id or "")

    @property
    def kind(self) -> Kind:
        resource = (
            self.declaration.resource if self.declaration else self.live and self.live.resource
        )
        assert resource, "a change has a declaration or a live object"
        return resource.kind

    @property
    def is_record_only(self) -> bool:
        """Whether this changes only the inventory."""
        is_equal = self.action is Action.ADOPT and not self.fields
        return is_equal or self.action in DROPPING

    @property
    def moves(self) -> bool:
        """Whether this change decides in which folder the object is: it creates or moves it."""
        return self.live is None or any(field.name == self.kind.parent for field in self.fields)

    @property
    def generated_secret(self) -> GeneratedSecret | None:
        """The secret that the API generates with this change; None if it generates none."""
        secret = None if self.action in ENDING else self.kind.generated_secret
        if secret is None:
            return None
        before = self.live.resource if self.live else None
        return secret if secret.expected(before, self.written()) else None

    def written(self) -> Resource:
        """Return the object after the change: the live values with each field's `after`.

        Nothing else is sent, so a reviewer sees exactly what is written.
        """
        assert self.declaration
        before = self.live.resource if self.live else type(self.declaration.resource)()
        names = {field.name for field in dataclasses.fields(before)}
        return dataclasses.replace(
            before, **{f.name: f.after for f in self.fields if f.name in names}
        )


class Outcome(StrEnum):
    """The result of a change."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    BLOCKED = "blocked"


class Blocker(StrEnum):
    """What a blocked step waits for; one that is made ALONE, for a run of its own."""

    CONFLICT = "conflict"
    REQUIREMENT = "requirement"
    PROTECTED = "protected"
    APPROVAL = "approval"
    ALONE = "alone"


@dataclass(frozen=True, slots=True)
class Blocked:
    """A step that waits for a person, with the keys of the entries that need it.

    In a conflict, `fields` hold the live values as `before` and the values in Git as `after`.
    `approval` lets the step go on; None if no option does. `overridden` is that of a change. In a
    conflict, `changed_at` and `changed_by` are `at` and `by` of `Drift`.
    """

    by: Blocker
    key: Key
    reason: str
    source: Source | None = None
    ids: tuple[str, ...] = ()
    needed_by: tuple[Key, ...] = ()
    fields: tuple[FieldChange, ...] = ()
    approval: Approval | None = None
    overridden: tuple[Overridden, ...] = ()
    changed_at: int | None = None
    changed_by: str | None = None


class Missing(NamedTuple):
    """An object that must exist and that only a person can create, such as a folder.

    `entries` is the number of entries that need it; `in_root` of them are in the root until then.
    """

    kind: str
    path: str
    entries: int
    in_root: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing of a plan may be applied. `approval` accepts it; None if no option does."""

    reason: str
    approval: Approval | None = None


class Risk(NamedTuple):
    """What a change may cost or stop, as text; `approval` accepts it, empty if none is needed."""

    key: Key
    approval: str
    text: str


class DriftEvent(StrEnum):
    """What happened to an owned object outside devinops."""

    EDITED = "edited"
    DELETED = "deleted"
    RECREATED = "re-created"
    RENAMED = "renamed"


@dataclass(frozen=True, slots=True)
class Drift:
    """A change made outside devinops.

    `fields` hold the declared or the applied value as `before`, UNSET if it is not known, and the
    live value as `after`. `at` is in epoch seconds; it and `by` are None if the API does not say.
    `again` are the ids of objects that have the place of one that was re-created.
    """

    moved: DriftEvent
    key: Key
    id: str
    reason: str = ""
    fields: tuple[FieldChange, ...] = ()
    source: Source | None = None
    at: int | None = None
    by: str | None = None
    again: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one change.

    `unclear`: it failed, but the API wrote something or may have. `lost`: it is done, but a secret
    that the API shows only once was not shown, so a person must replace it.
    """

    change: Change
    outcome: Outcome
    message: str = ""
    id: str | None = None
    unclear: bool = False
    live: Live | None = None
    """The object after the change, if the API returned it."""
    lost: bool = False

    @property
    def wrote(self) -> bool:
        """Whether the change wrote something, or may have."""
        return self.outcome is Outcome.DONE or self.unclear
