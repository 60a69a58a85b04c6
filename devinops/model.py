"""What exists: keys, kinds, declarations, live objects, snapshots and changes. Pure."""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cached_property
from typing import Any, Final, Literal, NewType

ApiVersion = Literal["v3", "v1"]

BeforeAgain = Callable[[int | None], None]
"""Called before a write is sent again, with the status that was answered, None for none; may raise to end it."""

FolderPath = NewType("FolderPath", str)
"""Names from the top joined with `/`; inside a name `%` and `/` stand as `%25` and `%2F`. Root: empty."""

ROOT: Final = FolderPath("")


class Unset(Enum):
    """The type of UNSET, so that "not said" differs from None ("cleared") and from empty text."""

    UNSET = "UNSET"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET
"""In a declaration: not managed, the live value is kept. In a live object: the API does not say."""


# --- names and places -------------------------------------------------------------------------------------


def encode_part(name: str) -> str:
    """Return a name as one part of a key or folder path."""
    return name.replace("%", "%25").replace("/", "%2F")


def decode_part(part: str) -> str:
    """Undo `encode_part`. A `%` that begins neither `%2F` nor `%25` stands for itself."""
    return re.sub(
        "%2F|%25", lambda found: "%" if found[0] == "%25" else "/", part, flags=re.IGNORECASE
    )


def folder_path(text: str) -> FolderPath:
    """Return a path as people write it (`Backend/100%`) in its one spelling (`Backend/100%25`)."""
    parts = (part.strip() for part in text.split("/"))
    return FolderPath("/".join(encode_part(decode_part(part)) for part in parts if part))


def join_folder(names: Iterable[str]) -> FolderPath:
    """Return the path of a folder from the plain names above and of it, top first."""
    return FolderPath("/".join(map(encode_part, names)))


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What an object is called: kind, folder and plain name (a playbook's title, a secret's key)."""

    kind: str
    folder: FolderPath
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.place}"

    @property
    def place(self) -> str:
        """The key without its kind: `Backend/APIs/Error envelope`."""
        name = encode_part(self.name)
        return f"{self.folder}/{name}" if self.folder else name

    @classmethod
    def parse(cls, text: str) -> Key:
        """Read `kind:folder/name` as `str()` prints it. Raises ValueError without a kind or a name."""
        kind, colon, place = text.partition(":")
        folder, _, name = place.rpartition("/")
        if not (kind and colon and name):
            raise ValueError(f"{text!r} is not KIND:[FOLDER/]NAME")
        return cls(kind, folder_path(folder), decode_part(name))


def canonical_text(text: str) -> str:
    """Return a text as it is sent: LF, no leading blank lines, no white space at the end.

    Unicode is never rewritten, and the indentation of the first line stays.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"\A(?:[^\S\n]*\n)+", "", lines).rstrip()


# --- kinds ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wire:
    """What one API calls a field in its answers (`read`) and in requests (`write`). None: not there."""

    read: str | None = None
    write: str | None = None


def both(name: str) -> Wire:
    return Wire(read=name, write=name)


@dataclass(frozen=True, slots=True)
class Attribute:
    """One field of a kind.

    `schema` is the JSON Schema of the value as written; `wires` maps an API version to its names, and an
    API that is missing there knows no such field. `ref` names the kind a value refers to: in files a name
    or path, on the wire an id. `text` marks prose, sent in its canonical form. `default` is sent on create
    where a declaration does not say. `rewrites` returns what some servers answer instead of a value, or None.
    """

    schema: Mapping[str, Any]
    wires: Mapping[ApiVersion, Wire] = dataclasses.field(default_factory=dict)
    required: bool = False
    ref: str | None = None
    text: bool = False
    name: str = ""
    default: Any = UNSET
    rewrites: Callable[[Any], Any] = lambda _: None


def attribute(**facts: Any) -> Any:
    """Declare a dataclass field with its `Attribute`; the value is UNSET where nothing is said."""
    return dataclasses.field(default=UNSET, metadata={"attribute": Attribute(**facts)})


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """The values of one object, declared or live. Subclasses are the kinds' dataclasses."""

    def items(self) -> Iterator[tuple[str, Any]]:
        """Yield name and value of each field that is said, in the order of the class."""
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is not UNSET:
                yield field.name, value

    def overlaid(self, declared: Resource) -> Resource:
        """Return these values with those of `declared` laid over: what a full replacement has to send."""
        return dataclasses.replace(self, **dict(declared.items()))


class Updates(StrEnum):
    """What an API's update does with a field that the request leaves out."""

    REPLACE = "clears it"
    KEEP = "keeps it"
    NONE = "there is no update"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one API keeps a kind, and what it can do there.

    `path` is relative to the organization (v3) or to /v1. `items` names the list in an answer; if the list is not
    paged and no other kind shares it, the answer may also be the list itself. `gone` are the answers to DELETE that
    can mean "no longer there". `flat`: there are no folders in folders, and the path of one is its own name.
    """

    path: str
    items: str
    id: str
    paged: bool = False
    reads_one: bool = False
    creates: bool = True
    updates: Updates = Updates.REPLACE
    deletes: bool = True
    gone: frozenset[int] = frozenset({404})
    flat: bool = False
    read_permission: str = ""
    write_permission: str = ""


@dataclass(frozen=True)
class Kind:
    """A kind of object: its dataclass, its place in files and in each API.

    `section` is its list in YAML files and, with `markdown`, its directory. `identity` is the field that
    holds its name, `foldered` whether it lives in a folder. `confidential`: no problem of an entry repeats what
    is written in it, since people write a value where only its name belongs. `check` yields (field, message)
    for what a JSON Schema cannot say.
    """

    noun: str
    section: str
    resource: type[Resource]
    identity: str
    endpoints: Mapping[ApiVersion, Endpoint]
    title: str
    markdown: bool = False
    foldered: bool = False
    renames: bool = True
    tombstones: bool = True
    confidential: bool = False
    check: Callable[[Any], Iterable[tuple[str, str]]] = lambda _: ()

    @cached_property
    def attributes(self) -> tuple[Attribute, ...]:
        return tuple(
            dataclasses.replace(field.metadata["attribute"], name=field.name)
            for field in dataclasses.fields(self.resource)
        )

    @cached_property
    def references(self) -> frozenset[str]:
        """The kinds that objects of this one refer to, and that must be there first."""
        return frozenset(a.ref for a in self.attributes if a.ref)

    def key(self, resource: Resource) -> Key:
        """Return the key of an object from its values."""
        name = getattr(resource, self.identity)
        if self.noun == "folder":
            above, _, last = name.rpartition("/")
            return Key(self.noun, FolderPath(above), decode_part(last))
        return Key(self.noun, resource.folder if self.foldered else ROOT, name)  # type: ignore[attr-defined]


# --- what is written --------------------------------------------------------------------------------------


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

    def place(self, field: str) -> Source:
        return self.places.get(field, self.source)

    def concerns(self, target: str) -> bool:
        return self.targets is None or target in self.targets


# --- what the API answers ---------------------------------------------------------------------------------


class Access(StrEnum):
    ORG = "org"
    ENTERPRISE = "enterprise"
    PERSONAL = "personal"


@dataclass(frozen=True, slots=True)
class Live:
    """An object as the API answers it. Times in epoch seconds; `ours` is False for objects of others."""

    key: Key
    id: str
    resource: Resource
    ours: bool = True
    access: Access = Access.ORG
    folder_id: str | None = None
    created_at: int | None = None
    updated_at: int | None = None
    created_by: str | None = None
    updated_by: str | None = None


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
    def by_id(self) -> Mapping[tuple[str, str], Live]:
        """(kind, id) → object, those of others included."""
        return {(live.key.kind, live.id): live for live in self.objects}

    def under(self, key: Key) -> tuple[Live, ...]:
        """Return the organization's own objects with this key."""
        return self.by_key.get(key, ())


# --- what is to be done -----------------------------------------------------------------------------------


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
    folder_id: str | None = None
    """The id of the folder that the object will be in; None is the root."""
    was_declared: Source | None = None
    """Where a pruned object was declared, as the inventory remembers."""
    successor: Key | None = None
    """Of a delete: the new entry that probably replaces the object. It is deleted only after that is written."""

    @property
    def source(self) -> Source | None:
        return self.declaration.source if self.declaration else self.was_declared

    @property
    def moves(self) -> bool:
        """Whether the object gets its folder from this change; otherwise it stays in the folder it is in."""
        return self.live is None or any(change.name == "folder" for change in self.fields)

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


class Hold(StrEnum):
    """Why a step is held back."""

    CONFLICT = "conflict"
    REQUIREMENT = "requirement"
    PROTECTED = "protected"
    APPROVAL = "approval"


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A step that a person has to decide on or make possible, with what waits for it.

    Of a conflict `fields` are the live values as `before` and those of Git as `after`.
    """

    hold: Hold
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
