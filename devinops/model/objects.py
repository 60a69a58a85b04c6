"""Declarations as written, live objects as the API returns them, and snapshots of these."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from devinops.model.keys import FolderPath, Key, ObjectId
from devinops.model.kind import FieldPath, Kind, Lifecycle, Resource, Revealed, Role
from devinops.model.values import UNSET


class Source(NamedTuple):
    """A position in a file: path relative to the root, with `/`; line and column count from 1."""

    path: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class Severity(StrEnum):
    # The worst comes first.
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    def reaches(self, lowest: Severity) -> bool:
        """Return whether this is at least as bad."""
        order = list(Severity)
        return order.index(self) <= order.index(lowest)


class Problem(NamedTuple):
    """A finding in a file. `code` is stable; the message says what was expected and what to do."""

    source: Source
    code: str
    message: str
    severity: Severity = Severity.ERROR

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR


class Ensure(StrEnum):
    PRESENT = "present"
    ABSENT = "absent"
    UNMANAGED = "unmanaged"


class Layering(NamedTuple):
    """What an entry says about entries of other layers, and about which targets get it.

    It replaces one of an earlier layer (`overrides`), or single fields of it (`extends`). No later
    layer may change one that is `final`. It is for targets with the labels of `where`, and for an
    `enterprise` instead of its organizations.
    """

    overrides: bool = False
    extends: bool = False
    final: bool = False
    enterprise: bool = False
    where: Mapping[str, Any] = MappingProxyType({})


NOT_LAYERED = Layering()


class Overridden(NamedTuple):
    """What an entry does to one of an earlier layer: `how`, where that is, and which fields."""

    how: Literal["overrides", "extends"]
    source: Source
    fields: tuple[str, ...]

    def __str__(self) -> str:
        fields = f" ({', '.join(self.fields)})" if self.fields else ""
        return f"{self.how} {self.source.path}:{self.source.line}{fields}"


class Declaration(NamedTuple):
    """An object as written. `previously` holds its earlier keys, in the order of the file.

    `lint` holds its exceptions from lint rules. `text_file` is the path of the file with its prose;
    empty if that is in the entry itself. `rank` is the number of its layer, 0 for the root.
    `audience` are the names of the targets that get it, None if `targets` tells them. `chain` are
    the entries of several layers that it was made from, the first layer first.
    """

    key: Key
    resource: Resource
    source: Source
    ensure: Ensure = Ensure.PRESENT
    previously: tuple[Key, ...] = ()
    protect: bool = False
    targets: tuple[str, ...] | None = None
    meta: Mapping[str, Any] = MappingProxyType({})
    lint: Mapping[str, Any] = MappingProxyType({})
    text_file: str = ""
    sources: Mapping[FieldPath, Source] = MappingProxyType({})
    """Where each field, and each part of a nested one, is written."""
    layering: Layering = NOT_LAYERED
    rank: int = 0
    audience: frozenset[str] | None = None
    chain: tuple[Declaration, ...] = ()
    warnings: tuple[Problem, ...] = ()
    """What may be wrong with a value, and does not stop anything."""

    @property
    def kind(self) -> Kind:
        return self.resource.kind

    @property
    def names(self) -> Collection[str] | None:
        """The names of the targets that get it; None for all."""
        return self.targets if self.audience is None else self.audience

    @property
    def parts(self) -> tuple[Declaration, ...]:
        """The entries as written that it was made from, the first layer first."""
        return self.chain or (self,)

    def giver(self, field: str) -> Declaration:
        """Return the entry as written that gave a field its value."""
        return _giver(self.parts, field)

    @property
    def overridden(self) -> tuple[Overridden, ...]:
        """What it does to the entries of earlier layers, the last layer first."""
        steps = range(len(self.chain) - 1, 0, -1)
        return tuple(_overridden(self.chain[: step + 1]) for step in steps)

    def source_of(self, path: FieldPath) -> Source:
        """Return where a field or a part of one is written, or else what it is in."""
        while path not in self.sources and isinstance(path, tuple):
            path = path[:-1] if len(path) > 2 else str(path[0])
        return self.sources.get(path, self.source)

    @property
    def value_variable(self) -> str | None:
        """The environment variable with the value of a secret; None if the entry names none."""
        source = self.kind.role(Role.VALUE_SOURCE)
        value = getattr(self.resource, source.name) if source else None
        return value.get("env") if isinstance(value, Mapping) else None

    def concerns(self, target: str) -> bool:
        names = self.names
        return names is None or target in names


def _giver(parts: Sequence[Declaration], field: str) -> Declaration:
    """Return the last entry that has a field, or that replaces all before it."""
    part: Declaration
    for part in reversed(parts):
        if getattr(part.resource, field) is not UNSET or not part.layering.extends:
            return part
    return part


def _overridden(parts: Sequence[Declaration]) -> Overridden:
    """Return what the last entry does to the one before it."""
    *below, entry = parts
    source = below[-1].source
    if entry.ensure is not Ensure.PRESENT:
        return Overridden("overrides", source, ("ensure",))
    fields = (
        attribute.name
        for attribute in entry.kind.attributes
        if getattr(_giver(parts, attribute.name).resource, attribute.name)
        != getattr(_giver(below, attribute.name).resource, attribute.name)
    )
    how: Literal["overrides", "extends"] = "extends" if entry.layering.extends else "overrides"
    return Overridden(how, source, tuple(fields))


MemberPath = tuple[str | int | tuple[str, str], ...]
"""The path to a member of an object; see `api/unknown_members.py`."""


def places(value: Any, path: MemberPath) -> list[Any]:
    """Return everything that a path leads to in a value."""
    found = [value]
    for part in path:
        if isinstance(part, tuple):
            name, word = part
            elements = (each for v in found if isinstance(v, list) for each in v)
            found = [e for e in elements if isinstance(e, dict) and e.get(name) == word]
        elif isinstance(part, int):
            found = [v[part] for v in found if isinstance(v, list) and part < len(v)]
        else:
            found = [v[part] for v in found if isinstance(v, dict) and part in v]
    return found


def member_names(members: Iterable[MemberPath]) -> tuple[str, ...]:
    """Return the sorted names of members, such as `actions[].session.priority`, each once."""
    return tuple(sorted({*map(member_name, members)}))


def member_name(path: MemberPath) -> str:
    parts = (f".{part[:40]}" if isinstance(part, str) else "[]" for part in path)
    return "".join(parts).removeprefix(".")


class Access(StrEnum):
    ORG = "org"
    ENTERPRISE = "enterprise"
    PERSONAL = "personal"


@dataclass(frozen=True)
class Live:
    """An object as the API returns it. Times are in epoch seconds.

    `ours` is False if the object belongs to others. `ids` holds, for each field that refers to
    another object, the id from the API. `owner` is the value of the label that says who manages the
    object, None without such a label. `revealed` is the secret in the response to a write, if any.
    `unknown` has what the API shows and devinops does not know.
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
    unknown: Mapping[MemberPath, Any] = dataclasses.field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def holder(self) -> str:
        """Who an object that is not ours belongs to, as text for people."""
        return f"{self.owner}, by its label" if self.owner else str(self.access)

    @cached_property
    def key(self) -> Key:
        """The key of the object, from its values."""
        return self.kind.key(self.resource)

    @property
    def kind(self) -> Kind:
        return self.resource.kind

    @cached_property
    def object_id(self) -> ObjectId:
        return ObjectId(self.kind.noun, self.id)

    @property
    def folder_id(self) -> ObjectId | None:
        """The object that contains this one; None if there is none."""
        noun, id = self.kind.lives_in, self.ids.get(self.kind.parent or "")
        return ObjectId(noun, id) if noun and id else None

    def put_into(self, folder: FolderPath) -> Live:
        """Return this object with its folder's path replaced."""
        assert self.kind.parent, "the kind has no parent"
        values: Any = {self.kind.parent: folder}
        return dataclasses.replace(self, resource=dataclasses.replace(self.resource, **values))


@dataclass(frozen=True)
class Snapshot:
    """All live objects of one read, sorted by key and id.

    `unverified` holds the kinds whose lists may lack an object: they have several pages and were
    read once. `unknown_fields` holds each (kind, field) that no listed object had although other
    editions of the API have it. `of_enterprise` holds what may have been promoted: the objects of
    the enterprise that were read because an object of the organization is missing. `own` holds the
    ids of the principals of the run's keys and of the groups that give them roles, if the snapshot
    has kinds `of_principals`; None if they are not known.
    """

    objects: tuple[Live, ...]
    unverified: frozenset[str] = frozenset()
    unknown_fields: frozenset[tuple[str, str]] = frozenset()
    of_enterprise: tuple[Live, ...] = ()
    own: frozenset[str] | None = frozenset()

    @classmethod
    def of(cls, objects: Iterable[Live]) -> Snapshot:
        return cls(tuple(sorted(objects, key=lambda live: (live.key, live.id))))

    @cached_property
    def by_key(self) -> Mapping[Key, tuple[Live, ...]]:
        """The organization's own objects with each key; several if they share it."""
        by_key: defaultdict[Key, list[Live]] = defaultdict(list)
        for live in self.objects:
            if live.ours:
                by_key[live.key].append(live)
        return {key: tuple(lives) for key, lives in by_key.items()}

    @cached_property
    def by_id(self) -> Mapping[ObjectId, Live]:
        """Every object by its id, including those that belong to others."""
        return {live.object_id: live for live in self.objects}

    def unmanaged(self, managed: Collection[ObjectId]) -> list[Live]:
        """Return the organization's own objects that are not `managed`.

        An object that must exist and that no API creates, such as a folder, never is unmanaged.
        """
        return [
            live
            for live in self.objects
            if live.ours
            and live.kind.lifecycle is not Lifecycle.REQUIRED
            and live.object_id not in managed
        ]

    def with_more(self, more: Snapshot) -> Snapshot:
        """Return this snapshot with the objects of other kinds from a later read."""
        return dataclasses.replace(
            Snapshot.of([*self.objects, *more.objects]),
            unverified=self.unverified | more.unverified,
            unknown_fields=self.unknown_fields | more.unknown_fields,
            of_enterprise=self.of_enterprise,
            own=None if self.own is None or more.own is None else self.own | more.own,
        )

    def under(self, key: Key) -> tuple[Live, ...]:
        """Return the organization's own objects with this key."""
        return self.by_key.get(key, ())
