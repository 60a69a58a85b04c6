"""The vocabulary of the kinds: attributes, the calls of each API, and `Kind` itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal

from devinops.model.keys import ROOT, FolderPath, Key, decode_part
from devinops.model.objects import UNSET, Resource

ApiVersion = Literal["v3", "v1"]


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
