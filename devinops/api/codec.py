"""Translates between the API's JSON and the model. The kinds' data drives it; no I/O.

Every field is checked for its JSON type as it is read: a wrong type raises a BadResponse that names
the list, the object and the field. A field that is missing or null reads as None if its schema
allows null, else as UNSET ("the API does not say"). Only the fields that a kind requires must be
there.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, NamedTuple

from devinops.api.error_messages import clean
from devinops.api.size_limits import MAX_DEPTH
from devinops.api.unknown_members import unknown_members
from devinops.kinds import KINDS
from devinops.model.errors import BadResponse
from devinops.model.keys import ROOT, FolderPath, Key, join_folder
from devinops.model.kind import (
    ApiVersion,
    Attribute,
    Kind,
    Lifecycle,
    Resource,
    Scope,
    Tree,
    with_texts,
)
from devinops.model.objects import Access, Live
from devinops.model.values import UNSET
from devinops.planning.diff import settable

Names = Mapping[str, Mapping[str, str]]
"""Noun → id → how files spell a reference to that object.

A folder is spelled as its path, anything else as its name.
"""

_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
_TYPE_NAMES: Final = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    dict: "an object",
    list: "a list",
    type(None): "null",
}

_OWN_ACCESS: Final = frozenset({"org", "team"})
"""Both mean the organization; v1 speaks of team playbooks."""


# --- reading ----------------------------------------------------------------------------------


class _Item(NamedTuple):
    """One object of a response, with the context that an error message needs."""

    kind: Kind
    api: ApiVersion
    fields: Mapping[str, Any]
    unknown: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        name = self.kind.apis[self.api].id
        id = self.fields.get(name)
        if not isinstance(id, str) or not id:
            raise self.bad(name, f"expected text that is not empty, got {_type_name(id)}")
        return id

    def text(self, name: str) -> str:
        """Return the text of a field. Raises BadResponse if it is missing or not a text."""
        text = self.fields.get(name)
        if not isinstance(text, str):
            raise self.bad(name, f"expected text, got {_type_name(text)}")
        return text

    def maybe_text(self, name: str) -> str | None:
        text = self.fields.get(name)
        return text if text is None or isinstance(text, str) else self.text(name)

    def bad(self, field: str, what: str) -> BadResponse:
        api = self.kind.apis[self.api]
        id = self.fields.get(api.id)
        label = clean(id, 80) if isinstance(id, str) and id else self.kind.with_article
        return BadResponse(f"the API's {api.path} ({self.api}): {label}: {field}: {what}")


class _Field(NamedTuple):
    """A field that an API shows under the name `read`.

    Its values have one of the types `allowed`. Those of the types `as_is` need no change.
    """

    attribute: Attribute
    read: str
    allowed: tuple[type, ...]
    as_is: frozenset[type]


@cache
def _fields(kind: Kind, api: ApiVersion, unknown: frozenset[str]) -> tuple[_Field, ...]:
    """Return the fields of a kind that an API shows. Kept, because every object needs them."""
    fields = []
    for attribute in kind.attributes:
        if read := attribute.reads(api):
            allowed = _allowed(attribute)
            changes = attribute.ref or attribute.mention or attribute in kind.normalizing
            as_is = frozenset(() if changes else allowed)
            if attribute.required or attribute.name in unknown:
                as_is -= {type(None)}
            fields.append(_Field(attribute, read, allowed, as_is))
    return tuple(fields)


class Viewpoint(NamedTuple):
    """Which objects count as ours.

    They belong to one organization or to the enterprise, and their label names `owner` or they
    have none. `org_id` is None if it is not known.
    """

    org_id: str | None = None
    enterprise: bool = False
    owner: str = ""


def decode(
    kind: Kind,
    api: ApiVersion,
    item: Mapping[str, Any],
    names: Names,
    viewpoint: Viewpoint,
    unknown: frozenset[str] = frozenset(),
) -> Live:
    """Return an object of a response as Live. Raises BadResponse.

    `names` tells how files spell the references of an object. `unknown` is the result of
    `unknown_fields` for the list: if such a field is missing, it is UNSET.
    """
    fields = _Item(kind, api, item, unknown)
    resource = _resource(fields, names)
    access, ours = _access(fields, viewpoint)
    owner, resource = _owner(kind, resource)
    foreign = owner is not None and owner != viewpoint.owner
    return Live(
        id=fields.id,
        resource=resource,
        ours=ours and _is_named(fields) and not foreign,
        access=access,
        ids=_ids(fields),
        owner=owner,
        unknown=unknown_members(kind, api, item, resource),
        created_at=_time(fields, "created_at"),
        updated_at=_time(fields, "updated_at"),
        created_by=_person(fields, "created_by") or fields.maybe_text("created_by_user_name"),
        updated_by=_person(fields, "updated_by")
        or _person(fields, "last_edited_by")
        or fields.maybe_text("updated_by_user_name"),
    )


def _owner(kind: Kind, resource: Resource) -> tuple[str | None, Resource]:
    """Return the owner that an object's label names, and the values without that label."""
    if kind.label is None:
        return None, resource
    labels = dict(getattr(resource, kind.label) or {})
    owner = labels.pop(LABEL, None)
    if owner is None:
        return None, resource
    rest: Any = {kind.label: labels}
    return str(owner), dataclasses.replace(resource, **rest)


LABEL: Final = "devinops"
"""The label that marks an object as managed; its value is the owner."""


def unknown_fields(
    kind: Kind, api: ApiVersion, items: Collection[Mapping[str, Any]]
) -> frozenset[str]:
    """Return the optional fields that no object of a list has, although this API supports them.

    Editions of the API differ. If some objects have a field, it counts as null in the others.
    """
    if not items:
        return frozenset()
    names = {attribute.name: attribute.reads(api) for attribute in settable(kind, api)}
    return frozenset(
        name for name, read in names.items() if not any(read in item for item in items)
    )


def spellings(kind: Kind, api: ApiVersion, items: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return id → how files spell a reference, for every object in a list.

    An object in a tree is spelled as its path. The parents tell a `/` inside a name from one
    between names; if they do not lead to the top, the path that the API sent is used. In a tree
    without parents the path is the object's name. Any other object is spelled as its name, and
    objects that share a name are left out, because a reference must be unambiguous.
    """
    by_id = {item.id: item for item in (_Item(kind, api, fields) for fields in items)}
    if kind.apis[api].tree:
        return {id: _folder_path(item, by_id) for id, item in by_id.items()}
    names = {id: _name(item) for id, item in by_id.items()}
    counts = Counter(names.values())
    return {id: name for id, name in names.items() if counts[name] == 1}


def path_of(text: str | None) -> FolderPath:
    """Return the path that a server sent as text; `/` and an empty text both mean the root."""
    return join_folder(filter(None, (text or "").split("/")))


def _name(item: _Item) -> str:
    """Return how a reference spells an object that is not in a tree."""
    kind = item.kind
    reads = {field: kind.by_name[field].reads(item.api) or field for field in kind.identity.fields}
    values = {field: item.fields.get(name) for field, name in reads.items()}
    return str(kind.identity.key(kind.noun, ROOT, kind.resource(**values)).name)


def _folder_path(item: _Item, others: Mapping[str, _Item]) -> FolderPath:
    tree = item.kind.apis[item.api].tree
    assert tree, "only objects in a tree have a path"
    names = _path_names(item, others, tree)
    if tree.parent is None:
        return join_folder(names or ())
    (field,) = item.kind.identity.fields
    text = item.text(item.kind.by_name[field].reads(item.api) or field).strip("/")
    if names is None or text.endswith("/" + "/".join(names)):
        return path_of(text)
    return join_folder(names)


def _path_names(item: _Item, others: Mapping[str, _Item], tree: Tree) -> list[str] | None:
    """Return the names from the top to this object.

    None if a parent is missing, in a loop, or nested too deeply.
    """
    names: list[str] = []
    seen: set[str] = set()
    while item.id not in seen and len(names) < MAX_DEPTH:
        seen.add(item.id)
        name = item.text(tree.name)
        if not name:
            raise item.bad(tree.name, "expected text that is not empty")
        names.insert(0, name)
        parent = item.maybe_text(tree.parent) if tree.parent else None
        if parent is None:
            return names
        if parent not in others:
            return None
        item = others[parent]
    return None


def _resource(item: _Item, names: Names) -> Resource:
    kind = item.kind
    if kind.apis[item.api].tree:
        (name,) = kind.identity.fields
        return kind.resource(**{name: FolderPath(names[kind.noun][item.id])})
    values = {}
    for field in _fields(kind, item.api, item.unknown):
        value = item.fields.get(field.read)
        is_done = type(value) in field.as_is
        values[field.attribute.name] = value if is_done else _value(item, field, value, names)
    return kind.resource(**values)


def _value(item: _Item, field: _Field, value: Any, names: Names) -> Any:
    attribute = field.attribute
    if attribute.ref:
        return _reference(item, field, names)
    if attribute.name in item.unknown and field.read not in item.fields:
        return UNSET
    if value is None and attribute.name in item.kind.identity.fields and not _is_named(item):
        return ""
    if value is None and not attribute.required:
        return attribute.normalized(None) if type(None) in field.allowed else UNSET
    return _as_files_spell(attribute, _checked(item, field, value), names)


def _checked(item: _Item, field: _Field, value: Any) -> Any:
    """Return a value in the form for comparing. Raises BadResponse if its type is not allowed."""
    if type(value) not in field.allowed:
        raise item.bad(field.read, f"expected {_expected(field.allowed)}, got {_type_name(value)}")
    try:
        return field.attribute.normalized(value)
    except ValueError as error:
        raise item.bad(field.read, str(error)) from None


def _as_files_spell(attribute: Attribute, value: Any, names: Names) -> Any:
    """Return a value with the ids inside its texts replaced by names."""
    mention = attribute.mention
    if mention is None:
        return value
    known = names.get(mention.kind, {})
    return with_texts(value, lambda text: mention.to_names(text, known))


def _allowed(attribute: Attribute) -> tuple[type, ...]:
    """Return the Python types of the JSON values that a field's schema allows."""
    schema = attribute.live_schema
    if "enum" in schema:
        return tuple({type(value): None for value in schema["enum"]})
    return tuple(type_ for name in schema["type"] for type_ in _TYPES[name])


def _expected(allowed: tuple[type, ...]) -> str:
    """Return the JSON names of these types, for a message."""
    types = [type_ for type_ in allowed if not (type_ is int and float in allowed)]
    return " or ".join(_TYPE_NAMES[type_] for type_ in types)


def _is_named(item: _Item) -> bool:
    """Return whether an object has a name; some APIs allow null."""
    if not item.kind.apis[item.api].nameless:
        return True
    fields = (item.kind.by_name[field].reads(item.api) for field in item.kind.identity.fields)
    return all(item.fields.get(name or "") is not None for name in fields)


def _ids(item: _Item) -> dict[str, str]:
    """Return field → id of the object that the field refers to."""
    ids = {}
    for field in _fields(item.kind, item.api, item.unknown):
        id = item.fields.get(field.read)
        if field.attribute.ref and isinstance(id, str):
            ids[field.attribute.name] = id
    return ids


def _reference(item: _Item, field: _Field, names: Names) -> Any:
    """Return how files spell the reference in a field, or those inside a mapping.

    A parent that is the root is `ROOT`; any other reference to nothing is None.
    """
    attribute, name, value = field.attribute, field.read, item.fields.get(field.read)
    known = names.get(attribute.ref or "", {})
    if isinstance(value, dict):
        value = _checked(item, field, value)
        return attribute.normalized(with_texts(value, lambda id: known.get(id, id)))
    id = item.maybe_text(name)
    if attribute.name != item.kind.parent:
        return None if id is None else known.get(id, id)
    written = item.maybe_text(f"{attribute.name}_path")
    if id is None:
        if name not in item.fields and path_of(written):
            # If this meant the root, the next update would move the object there.
            raise item.bad(name, "missing, although the object is in a folder")
        return ROOT
    # The list may not show the folder; then its id is the only name that cannot also mean another
    # folder.
    return known.get(id) or path_of(written) or join_folder([id])


def _access(item: _Item, viewpoint: Viewpoint) -> tuple[Access, bool]:
    """Return who owns an object, and whether it is ours.

    An unknown `access_type` counts as the enterprise's, so not ours.
    """
    access = item.maybe_text("access_type")
    if viewpoint.enterprise and Scope.ORGANIZATION not in item.kind.apis[item.api].scopes:
        return Access.ENTERPRISE, access in (None, Access.ENTERPRISE)
    org_id = item.maybe_text("org_id")
    elsewhere = org_id is not None and viewpoint.org_id is not None and org_id != viewpoint.org_id
    if access is None or access in _OWN_ACCESS:
        return Access.ORG, not elsewhere and not viewpoint.enterprise
    if access == Access.PERSONAL:
        return Access.PERSONAL, False
    return Access.ENTERPRISE, viewpoint.enterprise and access == Access.ENTERPRISE


def _time(item: _Item, name: str) -> int | None:
    """Return a time in epoch seconds: v3 returns those, v1 ISO 8601 (UTC if without a zone)."""
    value = item.fields.get(name)
    if value is None or (type(value) is int and 0 <= value < _YEAR_6000):
        return value
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            seconds = int(value)
        else:
            when = datetime.fromisoformat(value)
            seconds = int(when.replace(tzinfo=when.tzinfo or UTC).timestamp())
        datetime.fromtimestamp(seconds, UTC)  # raises if it cannot be displayed
        return seconds
    except (TypeError, ValueError, OverflowError, OSError):
        raise item.bad(name, f"expected a time, got {_type_name(value)}") from None


_YEAR_6000: Final = 127_174_492_800
"""In epoch seconds. Every earlier time since 1970 can be displayed."""


def _person(item: _Item, name: str) -> str | None:
    """Return the name of a person, which the API sends as a text or as an object."""
    person = item.fields.get(name)
    if isinstance(person, dict):
        full = person.get("full_name") or person.get("name") or person.get("id")
        return full if isinstance(full, str) else None
    return item.maybe_text(name)


def _type_name(value: Any) -> str:
    """Return what kind of JSON value this is, never the value itself: it could be a secret."""
    if value is None:
        return "nothing"
    if value == "":
        return "empty text"
    return "a number" if type(value) is int else _TYPE_NAMES[type(value)]


# --- writing ----------------------------------------------------------------------------------


class Encoding(NamedTuple):
    """How values are written: for which API, and with the `ids` of all objects they refer to.

    The fields `left_out` are not sent. `owner` is the value of our label.
    """

    api: ApiVersion
    ids: Mapping[Key, str]
    left_out: Collection[str] = ()
    owner: str = ""


def encode(
    resource: Resource,
    encoding: Encoding,
    *,
    before: Live | None = None,
    changes_only: bool = False,
    value: str | None = None,
) -> dict[str, Any]:
    """Return the request body that updates `before`, or creates an object if there is no `before`.

    It has every field that the API can set. None is sent as null. The parent is always sent, null
    for the root: otherwise the API would decide where the object ends up. `changes_only` leaves out
    the values that `before` already has. On create, a field without a value is sent with its
    default, if it has one. `value` is the value of a secret.
    """
    kind, api = resource.kind, encoding.api
    body: dict[str, Any] = {}
    for attribute in kind.attributes:
        name = attribute.sent_as(api, creating=before is None)
        if not name or attribute.name in encoding.left_out:
            continue
        new = _to_send(attribute, resource, api, creating=before is None)
        new = _labeled(kind, attribute, new, encoding.owner)
        old: Any = UNSET
        if before:
            old = _labeled(kind, attribute, getattr(before.resource, attribute.name), before.owner)
        if (new is UNSET and attribute.name != kind.parent) or (changes_only and new == old):
            continue
        body[name] = as_api_expects(kind, attribute, new, old, encoding.ids)
    if value is not None:
        body[kind.apis[api].value] = value
    return body


def _to_send(attribute: Attribute, resource: Resource, api: ApiVersion, *, creating: bool) -> Any:
    """Return the value of a field; on create, its default if it has no value."""
    value = getattr(resource, attribute.name)
    if creating and (value is UNSET or (value is None and not attribute.reads(api))):
        # It cannot be read back, so null and empty are the same, and v1 refuses null.
        return attribute.default
    return value


def _labeled(kind: Kind, attribute: Attribute, value: Any, owner: str | None) -> Any:
    """Return a value, with our label if the field holds labels and there is an owner."""
    if attribute.name != kind.label or not owner:
        return value
    return {**(value or {}), LABEL: owner}


def as_api_expects(
    kind: Kind, attribute: Attribute, value: Any, before: Any, ids: Mapping[Key, str]
) -> Any:
    """Return a value with ids in place of names, in the form that the API accepts.

    `ids` has what the value refers to; `before` is the live value.
    """
    if attribute.ref:
        is_root = value in (UNSET, ROOT)
        value = None if is_root else with_texts(value, lambda n: ids[kind.referred(attribute, n)])
    if attribute.mention:
        mention = attribute.mention
        value = with_texts(value, lambda text: mention.to_ids(text, ids))
    return attribute.to_api(value, before)


def live_from_request(
    kind: Kind,
    api: ApiVersion,
    id: str,
    body: Mapping[str, Any],
    names: Names,
    viewpoint: Viewpoint,
    *,
    creating: bool = False,
) -> Live:
    """Return an object built from a request, for an API that returns only an id or a status.

    It reads as if the API had returned it: what this API cannot show stays UNSET.
    """
    item: dict[str, Any] = {kind.apis[api].id: id}
    for attribute in kind.attributes:
        read, name = attribute.reads(api), attribute.sent_as(api, creating=creating)
        if read and name and name in body:
            item[read] = body[name]
    return decode(kind, api, item, names, viewpoint)


def with_references(names: Names, ids: Mapping[Key, str]) -> Names:
    """Return `names` extended by the objects that a request referred to."""
    extended = {noun: dict(spelled) for noun, spelled in names.items()}
    for key, id in ids.items():
        has_path = key.folder or KINDS[key.kind].lifecycle is Lifecycle.REQUIRED
        extended.setdefault(key.kind, {})[id] = key.path if has_path else key.name
    return extended


def is_whole(kind: Kind, api: ApiVersion, response: Mapping[str, Any]) -> bool:
    """Return whether the response to a write is the object, and not only an id or a status."""
    names = {a.reads(api) for a in kind.attributes if a.required and a.reads(api)}
    return names <= response.keys() and kind.apis[api].id in response
