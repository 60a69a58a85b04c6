"""What exists: declarations as written, live objects as the API answers them, and snapshots of them."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from devinops.model.keys import FolderPath, Key, ObjectId
from devinops.model.kind import Kind, Resource, Revealed


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A place in a file: path relative to the root with `/`, line and column from 1."""

    path: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A finding in a file. `code` is stable; the message says what was expected and what to do."""

    source: Source
    code: str
    message: str
    severity: Severity = Severity.ERROR


class Ensure(StrEnum):
    PRESENT = "present"
    ABSENT = "absent"
    UNMANAGED = "unmanaged"


@dataclass(frozen=True, slots=True)
class Declaration:
    """An object as written. `previously` holds the keys it had before, newest first as written."""

    key: Key
    resource: Resource
    source: Source
    ensure: Ensure = Ensure.PRESENT
    previously: tuple[Key, ...] = ()
    protect: bool = False
    targets: tuple[str, ...] | None = None
    meta: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    places: Mapping[str, Source] = dataclasses.field(default_factory=dict)
    """Where each field is written."""

    @property
    def kind(self) -> Kind:
        return self.resource.kind

    def place(self, field: str) -> Source:
        """Return where a field is written, or else where the entry begins."""
        return self.places.get(field, self.source)

    def concerns(self, target: str) -> bool:
        return self.targets is None or target in self.targets


class Access(StrEnum):
    ORG = "org"
    ENTERPRISE = "enterprise"
    PERSONAL = "personal"


@dataclass(frozen=True)
class Live:
    """An object as the API answers it. Times are in epoch seconds.

    `ours` is False for objects of others. `ids` holds, for each field that refers to another object, the id that
    the API gave. `owner` is the value of the label that says who manages the object, None without such a label.
    `revealed` is a secret that the response to a write showed, for the one who asked for the write.
    """

    id: str
    resource: Resource
    ours: bool = True
    access: Access = Access.ORG
    ids: Mapping[str, str] = dataclasses.field(default_factory=dict)
    owner: str | None = None
    created_at: int | None = None
    updated_at: int | None = None
    created_by: str | None = None
    updated_by: str | None = None
    revealed: Revealed | None = dataclasses.field(default=None, repr=False, compare=False)

    @property
    def holder(self) -> str:
        """Who has an object that is not ours, in words."""
        return f"{self.owner}, by its label" if self.owner else str(self.access)

    @cached_property
    def key(self) -> Key:
        """What the object is called, from its values."""
        return self.kind.key(self.resource)

    @property
    def kind(self) -> Kind:
        return self.resource.kind

    @property
    def object_id(self) -> ObjectId:
        return ObjectId(self.kind.noun, self.id)

    def put_into(self, folder: FolderPath) -> Live:
        """Return this object with another path of the folder that it lives in."""
        assert self.kind.parent, "only what lives in a folder"
        values: Any = {self.kind.parent: folder}
        return dataclasses.replace(self, resource=dataclasses.replace(self.resource, **values))


@dataclass(frozen=True)
class Snapshot:
    """All live objects of one read, in the order of key and id whatever order the API answered in.

    `unproved` are the kinds of which an object may be missing: their lists had several pages and were read once.
    `unknown_fields` are (kind, field) that no object of a list had, though other editions of the API have them.
    """

    objects: tuple[Live, ...]
    unproved: frozenset[str] = frozenset()
    unknown_fields: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, objects: Iterable[Live]) -> Snapshot:
        return cls(tuple(sorted(objects, key=lambda live: (live.key, live.id))))

    @cached_property
    def by_key(self) -> Mapping[Key, tuple[Live, ...]]:
        """The organization's own objects under each key; namesakes together."""
        found: defaultdict[Key, list[Live]] = defaultdict(list)
        for live in self.objects:
            if live.ours:
                found[live.key].append(live)
        return {key: tuple(lives) for key, lives in found.items()}

    @cached_property
    def by_id(self) -> Mapping[ObjectId, Live]:
        """Every object by its id, those of others included."""
        return {live.object_id: live for live in self.objects}

    def under(self, key: Key) -> tuple[Live, ...]:
        """Return the organization's own objects with this key."""
        return self.by_key.get(key, ())
