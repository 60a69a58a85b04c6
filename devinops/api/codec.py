"""Wire ↔ model, driven by the kinds' data. Pure.

Every field that is read is checked for its JSON type: a wrong one is a BadAnswer that names the list, the
object and the field. A field that is missing or null reads as None where its schema allows null, else as
UNSET ("the API does not say"); only what a kind requires has to be there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from devinops.api.error_text import clean
from devinops.api.limits import MAX_DEPTH
from devinops.diff import settable
from devinops.errors import BadAnswer
from devinops.model import (
    ROOT,
    UNSET,
    Access,
    ApiVersion,
    Attribute,
    FolderPath,
    Key,
    Kind,
    Live,
    Resource,
    join_folder,
)

VALUE: Final = "value"
"""What both APIs call the value of a secret in a request."""

ABOUT: Final[Mapping[str, frozenset[str]]] = {
    "folder": frozenset({"name", "parent_folder_id"}),
    "knowledge": frozenset({"folder_path"}),
    "": frozenset(
        {
            "access_type",
            "org_id",
            "created_at",
            "updated_at",
            "created_by",
            "created_by_user_name",
            "updated_by",
            "updated_by_user_name",
        }
    ),
}
"""Fields read beside the kinds' own: of every kind (under the empty name) and of some."""

_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "string": str,
    "boolean": bool,
    "object": dict,
    "array": list,
    "null": type(None),
}
_WORDS: Final = {
    str: "text",
    bool: "true or false",
    dict: "an object",
    list: "a list",
    type(None): "null",
}

_OWN_ACCESS: Final = frozenset({"org", "team"})
"""Both mean the organization; v1 speaks of team playbooks."""


# --- reading ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Item:
    """One object of an answer, with what it takes to complain about it."""

    kind: Kind
    api: ApiVersion
    fields: Mapping[str, Any]
    unknown: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        name = self.kind.endpoints[self.api].id
        found = self.fields.get(name)
        if not isinstance(found, str) or not found:
            raise self.bad(name, f"expected a text that is not empty, got {_shown(found)}")
        return found

    def text(self, name: str) -> str:
        """Return a text that has to be there."""
        found = self.fields.get(name)
        if not isinstance(found, str):
            raise self.bad(name, f"expected text, got {_shown(found)}")
        return found

    def maybe_text(self, name: str) -> str | None:
        return None if self.fields.get(name) is None else self.text(name)

    def bad(self, field: str, what: str) -> BadAnswer:
        endpoint = self.kind.endpoints[self.api]
        named = self.fields.get(endpoint.id)
        who = clean(named, 80) if isinstance(named, str) and named else f"a {self.kind.noun}"
        return BadAnswer(f"the API's {endpoint.path} ({self.api}): {who}: {field}: {what}")


def decode(
    kind: Kind,
    api: ApiVersion,
    item: Mapping[str, Any],
    folders: Mapping[str, FolderPath],
    org_id: str | None,
    unknown: frozenset[str] = frozenset(),
) -> Live:
    """Return an object of an answer as Live.

    `folders` maps the ids of all folders to their paths, as `folder_paths` returns them. `org_id` is the
    organization of this run, None where it is not known. `unknown` is what `unknown_fields` said of the list: such
    a field is UNSET if it is missing. Raises BadAnswer.
    """
    found = _Item(kind, api, item, unknown)
    resource = _resource(found, folders)
    named = _named(found)
    access, ours = _access(found, org_id)
    return Live(
        key=kind.key(resource) if named else Key(kind.noun, ROOT, ""),
        id=found.id,
        resource=resource,
        ours=ours and named,
        access=access,
        folder_id=_folder_id(found),
        created_at=_time(found, "created_at"),
        updated_at=_time(found, "updated_at"),
        created_by=_person(found, "created_by") or found.maybe_text("created_by_user_name"),
        updated_by=_person(found, "updated_by") or found.maybe_text("updated_by_user_name"),
    )


def unknown_fields(
    kind: Kind, api: ApiVersion, items: Collection[Mapping[str, Any]]
) -> frozenset[str]:
    """Return the optional fields that no object of a list has, though this API can answer and update them.

    Editions of the API differ. A field that some objects have is null where it is missing.
    """
    if not items:
        return frozenset()
    names = {attribute.name: attribute.wires[api].read for attribute in settable(kind, api)}
    return frozenset(
        name for name, read in names.items() if not any(read in item for item in items)
    )


def folder_paths(
    kind: Kind, api: ApiVersion, items: Iterable[Mapping[str, Any]]
) -> dict[str, FolderPath]:
    """Return id → path of every folder in a list.

    Where folders are flat the path is the own name. v3 names the parent, which tells a `/` inside a name from
    one between names; where the parents do not lead to the top, the path as text has to do.
    """
    found = {item.id: item for item in (_Item(kind, api, fields) for fields in items)}
    return {item.id: _folder_path(item, found) for item in found.values()}


def path_of(text: str | None) -> FolderPath:
    """Return the path that a server wrote as text; `/` and nothing both are the root."""
    return join_folder(filter(None, (text or "").split("/")))


def _folder_path(item: _Item, others: Mapping[str, _Item]) -> FolderPath:
    names = _names(item, others)
    if item.kind.endpoints[item.api].flat:
        return join_folder(names or ())
    text = item.text("path").strip("/")
    if names is None or text.endswith("/" + "/".join(names)):
        return path_of(text)
    return join_folder(names)


def _names(item: _Item, others: Mapping[str, _Item]) -> list[str] | None:
    """Return the names from the top to this folder; None where a parent is missing, a loop, or far too deep."""
    names: list[str] = []
    seen: set[str] = set()
    while True:
        if item.id in seen:
            return None
        seen.add(item.id)
        name = item.text("name")
        if not name:
            raise item.bad("name", "expected a text that is not empty")
        names.insert(0, name)
        if len(names) > MAX_DEPTH:
            return None
        parent = item.maybe_text("parent_folder_id")
        if parent is None:
            return names
        if parent not in others:
            return None
        item = others[parent]


def _resource(item: _Item, folders: Mapping[str, FolderPath]) -> Resource:
    if item.kind.noun == "folder":
        return item.kind.resource(path=folders[item.id])  # type: ignore[call-arg]
    values = {a.name: _value(item, a, folders) for a in item.kind.attributes}
    return item.kind.resource(**values)


def _value(item: _Item, attribute: Attribute, folders: Mapping[str, FolderPath]) -> Any:
    wire = attribute.wires.get(item.api)
    if wire is None or wire.read is None:
        return UNSET
    if attribute.ref == "folder":
        return _folder(item, wire.read, folders)
    if attribute.name in item.unknown and wire.read not in item.fields:
        return UNSET
    found = item.fields.get(wire.read)
    if found is None and attribute.name == item.kind.identity and not _named(item):
        return ""
    allowed = _allowed(attribute)
    if found is None and not attribute.required:
        return None if type(None) in allowed else UNSET
    if type(found) not in allowed:
        expected = " or ".join(_WORDS[way] for way in allowed)
        raise item.bad(wire.read, f"expected {expected}, got {_shown(found)}")
    return found


def _allowed(attribute: Attribute) -> tuple[type, ...]:
    """Return the Python types of the JSON values that a field's schema allows."""
    if "enum" in attribute.schema:
        return tuple({type(value): None for value in attribute.schema["enum"]})
    names = attribute.schema["type"]
    return tuple(_TYPES[name] for name in ([names] if isinstance(names, str) else names))  # type: ignore[misc]


def _named(item: _Item) -> bool:
    """Say whether an object has a name. Only secrets come without: the API allows a null `key`."""
    return item.kind.noun != "secret" or item.fields.get("key") is not None


def _folder_id(item: _Item) -> str | None:
    for attribute in item.kind.attributes:
        wire = attribute.wires.get(item.api)
        if attribute.ref == "folder" and wire is not None and wire.read is not None:
            return item.maybe_text(wire.read)
    return None


def _folder(item: _Item, name: str, folders: Mapping[str, FolderPath]) -> FolderPath:
    place = item.maybe_text(name)
    written = path_of(item.maybe_text("folder_path"))
    if place is None:
        if name not in item.fields and written:
            # taken for the root, the note would be moved there by the next update
            raise item.bad(name, "missing, although the note is in a folder")
        return ROOT
    # a folder that the list does not show: its id is the only name that cannot be mistaken for another's
    return folders.get(place) or written or join_folder([place])


def _access(item: _Item, org_id: str | None) -> tuple[Access, bool]:
    """Return whose an object is, and whether it is this organization's. An unknown word: from above, so not ours."""
    said = item.maybe_text("access_type")
    owner = item.maybe_text("org_id")
    elsewhere = owner is not None and org_id is not None and owner != org_id
    if said is None or said in _OWN_ACCESS:
        return Access.ORG, not elsewhere
    return Access.PERSONAL if said == Access.PERSONAL else Access.ENTERPRISE, False


def _time(item: _Item, name: str) -> int | None:
    """Return a time in epoch seconds: v3 answers those, v1 ISO 8601 (without a zone: UTC)."""
    found = item.fields.get(name)
    if found is None:
        return None
    try:
        if isinstance(found, int | float) and not isinstance(found, bool):
            seconds = int(found)
        else:
            when = datetime.fromisoformat(found)
            seconds = int(when.replace(tzinfo=when.tzinfo or UTC).timestamp())
        datetime.fromtimestamp(seconds, UTC)  # raises for what cannot be shown
        return seconds
    except (TypeError, ValueError, OverflowError, OSError):
        raise item.bad(name, f"expected a time, got {_shown(found)}") from None


def _person(item: _Item, name: str) -> str | None:
    """Return who did something: a text, or on v1 an object with a full name."""
    found = item.fields.get(name)
    if isinstance(found, Mapping):
        full = found.get("full_name") or found.get("id")
        return full if isinstance(full, str) else None
    return item.maybe_text(name)


def _shown(value: Any) -> str:
    """Say what kind of JSON value this is; never the value itself, which could be anything."""
    if value is None:
        return "nothing"
    if value == "":
        return "an empty text"
    return _WORDS.get(type(value), "a number")


# --- writing ----------------------------------------------------------------------------------------------


def encode(
    kind: Kind,
    api: ApiVersion,
    resource: Resource,
    folder_id: str | None,
    value: str | None = None,
    *,
    creating: bool = False,
) -> dict[str, Any]:
    """Return the body of a create or update: every field that this API can write and that is said.

    None is sent as null. A folder is always sent, by id, null for the root: leaving it out would leave open
    where the object ends up. With `creating`, what is not said is sent as the field's default, if it has one.
    `value` is a secret's value.
    """
    body: dict[str, Any] = {}
    for attribute in kind.attributes:
        wire = attribute.wires.get(api)
        if wire is None or wire.write is None:
            continue
        said = folder_id if attribute.ref == "folder" else getattr(resource, attribute.name)
        if creating and (said is UNSET or (said is None and wire.read is None)):
            # nobody can read back whether it is null or empty, and v1 refuses null
            said = attribute.default
        if said is not UNSET:
            body[wire.write] = said
    if value is not None:
        body[VALUE] = value
    return body


def sent(
    kind: Kind,
    api: ApiVersion,
    id: str,
    resource: Resource,
    folder_id: str | None,
    *,
    creating: bool = False,
) -> Live:
    """Return an object made of what was sent, for an API that answers no more than an id or a status.

    It reads as if the API had answered it: what this API cannot answer stays UNSET.
    """
    body = encode(kind, api, resource, folder_id, creating=creating)
    item: dict[str, Any] = {kind.endpoints[api].id: id}
    for attribute in kind.attributes:
        wire = attribute.wires.get(api)
        if wire is not None and wire.read is not None and wire.write in body:
            item[wire.read] = body[wire.write]
    return decode(kind, api, item, known_folder(resource, folder_id), None)


def known_folder(resource: Resource, folder_id: str | None) -> dict[str, FolderPath]:
    """Return id → path of the folder that a resource is written to, as far as it says."""
    path = getattr(resource, "folder", UNSET)
    return {} if folder_id is None or path is UNSET else {folder_id: path}


def is_whole(kind: Kind, api: ApiVersion, answer: Mapping[str, Any]) -> bool:
    """Say whether an answer to a write is the object, and not just an id or a status."""
    wires = (attribute.wires.get(api) for attribute in kind.attributes if attribute.required)
    names = {wire.read for wire in wires if wire is not None and wire.read is not None}
    return names <= answer.keys() and kind.endpoints[api].id in answer
