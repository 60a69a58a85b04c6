"""Turn entries and live objects into what the lists of API v3 return. Pure.

Texts mention other objects by name, as they do in files, so that they mean the same elsewhere. A
value of a secret is nowhere: the files and the API do not have it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from devinops.export.page import OTHER_TARGET, Remark
from devinops.ingest.forms.api_json import KIND
from devinops.kinds import KINDS
from devinops.model.keys import ROOT, FolderPath, Key, decode_part
from devinops.model.kind import ApiVersion, Kind, Resource, references_of
from devinops.model.objects import Declaration, Ensure, Live
from devinops.model.values import UNSET

API: Final[ApiVersion] = "v3"
"""The API whose names the objects have."""

Item = dict[str, Any]


def listed_entries(declarations: Iterable[Declaration]) -> tuple[list[Item], list[Remark]]:
    """Return the objects that entries ask for, sorted by key, and what is lost.

    An id is made from the key. An entry that asks for no object is left out.
    """
    present: dict[Key, Declaration] = {}
    losses: list[Remark] = []
    for declaration in sorted(declarations, key=lambda declaration: declaration.key):
        if declaration.ensure is not Ensure.PRESENT:
            text = f"left out: its entry has ensure: {declaration.ensure}"
            losses.append(Remark(text, declaration.key))
        elif declaration.key in present:
            losses.append(Remark(f"left out: {OTHER_TARGET}", declaration.key))
        else:
            present[declaration.key] = declaration
            losses += (Remark(text, declaration.key) for text in _lost_fields(declaration.resource))
    needed = {key for d in present.values() for key in _parents(d.kind, d.resource)}
    items = [
        _item(d.kind, made_id(key), d.resource, _made_ids(d.kind, d.resource))
        for key, d in present.items()
    ]
    items += (_parent(key) for key in sorted(needed - present.keys()))
    return items, sorted(losses)


def listed_objects(lives: Iterable[Live]) -> list[Item]:
    """Return the organization's own live objects, in their order, with their ids."""
    lives = list(lives)
    ids = {live.key: live.id for live in lives}
    return [_live_item(live, ids) for live in lives if live.ours]


def made_id(key: Key) -> str:
    """Return an id for an object if only its key is known."""
    return f"{key.kind}-{hashlib.sha256(str(key).encode()).hexdigest()[:12]}"


def _live_item(live: Live, ids: Mapping[Key, str]) -> Item:
    above = {parent: ids[parent] for parent in _above(live.key) if parent in ids}
    times = {"created_at": live.created_at, "updated_at": live.updated_at}
    item = _item(live.kind, live.id, live.resource, live.ids, above)
    return item | {name: time for name, time in times.items() if time is not None}


def _item(
    kind: Kind,
    id: str,
    resource: Resource,
    ids: Mapping[str, str],
    above: Mapping[Key, str] | None = None,
) -> Item:
    """Return an object as a list has it; `ids` are field → id of the object it refers to.

    `above` are the ids of the objects that a tree has above it, if they are known.
    """
    api = kind.apis[API]
    item: Item = {KIND: kind.noun}
    if api.id and not api.parts:
        item[api.id] = id
    for attribute in kind.attributes:
        value, name = getattr(resource, attribute.name), _name(kind, attribute.name)
        if value is UNSET or name is None:
            continue
        if attribute.ref:
            item[name] = ids.get(attribute.name) if value else None
            if attribute.name == kind.parent:
                item[f"{attribute.name}_path"] = _plain(value)
        else:
            item[name] = value
    if api.tree:
        item |= _tree_fields(kind, resource, above)
    return item


def _tree_fields(kind: Kind, resource: Resource, above: Mapping[Key, str] | None) -> Item:
    tree, key = kind.apis[API].tree, kind.key(resource)
    assert tree, "only an object in a tree has them"
    (field,) = kind.identity.fields
    fields: Item = {_name(kind, field) or field: f"/{_plain(key.path)}", tree.name: key.name}
    if tree.parent:
        parent = next(_above(key), None)
        made = made_id(parent) if parent else None
        fields[tree.parent] = above.get(parent) if above and parent else made
    return fields


def _above(key: Key) -> Iterator[Key]:
    """Yield the keys above an object of a tree, nearest first."""
    folder = key.folder
    while folder:
        above, _, last = folder.rpartition("/")
        folder = FolderPath(above)
        yield Key(key.kind, folder, decode_part(last))


def _parents(kind: Kind, resource: Resource) -> Iterator[Key]:
    """Yield the keys of the tree that an object is in, up to the top."""
    if kind.apis[API].tree:
        yield from _above(kind.key(resource))
    value = getattr(resource, kind.parent) if kind.parent else UNSET
    if kind.parent and value and isinstance(value, str):
        key = kind.referred(kind.by_name[kind.parent], value)
        yield key
        yield from _above(key)


def _parent(key: Key) -> Item:
    kind = KINDS[key.kind]
    resource = kind.resource(**kind.identity.values(key))
    return _item(kind, made_id(key), resource, {})


def _made_ids(kind: Kind, resource: Resource) -> dict[str, str]:
    return {a.name: made_id(key) for a, key in references_of(kind, resource) if a.ref}


def _name(kind: Kind, field: str) -> str | None:
    return kind.by_name[field].reads(API)


def _plain(path: str) -> str:
    """Return a path as the API writes it, in which a name with `/` looks like two names."""
    return "/".join(map(decode_part, path.split("/"))) if path != ROOT else ""


def _lost_fields(resource: Resource) -> Iterator[str]:
    """Yield what no list of the API has."""
    kind = resource.kind
    for attribute in kind.attributes:
        name, value = attribute.name, getattr(resource, attribute.name)
        if value is not UNSET and _name(kind, name) is None and not kind.apis[API].parts:
            yield f"not carried over: {name}, which no list of the API has"
