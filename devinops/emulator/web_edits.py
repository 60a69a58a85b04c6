"""What people do in the web app, and how a seed adds objects, by the names that people use.

The API's rules do not apply here: texts are taken as they are, a macro or a secret's key may
repeat, and folders can be created, renamed, moved and deleted. The fields must exist and have the
right type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from pydantic import ValidationError

from devinops.emulator.access import PERSON
from devinops.emulator.fields import GIVEN, TIME, fields_of
from devinops.emulator.parsing import did_you_mean
from devinops.emulator.records import KINDS, ApiError, Folder, InvalidObject, JsonObject, Kind
from devinops.emulator.resources import resource_of
from devinops.emulator.store import Store


def check_fields(kind: Kind, fields: Mapping[str, object], *, new: bool) -> None:
    """Raise InvalidObject unless the fields fit; a new object can also have an id and times."""
    known = {**fields_of(kind), **GIVEN} if new else fields_of(kind)
    for name, value in fields.items():
        if name not in known:
            raise InvalidObject(f'unknown key "{name}"{did_you_mean(str(name), known)}')
        if not known[name].accepts(value):
            raise InvalidObject(f"{name}: expected {known[name].expected}")
    if new and kind != "folder":
        for name, field in known.items():
            if field.required and name not in fields and not field.accepts(None):
                raise InvalidObject(f'"{name}" is missing')


def add(
    store: Store, kind: Kind, org: str | None, fields: Mapping[str, object], *, log: bool = True
) -> str:
    """Add an object and return its id. Raises InvalidObject."""
    _check_fields_of_record(kind, fields, new=True)
    if KINDS[kind].owners == "enterprise":
        org = None
    with store.lock:
        if org is not None and org not in store.table("organization"):
            raise InvalidObject(f'no organization "{org}"')
        if fields.get("id") in store.table(kind):
            raise InvalidObject(f'the id "{fields["id"]}" is used twice')
        ready = _fields_to_add(store, kind, org, fields, log=log)
        if kind == "organization":
            new_id = ready.get("id") or store.new_id(kind)
            return store.create_organization(new_id, PERSON, ready, log=log).id
        return str(store.insert(kind, org, PERSON, ready, log=log).id)


def edit(store: Store, kind: Kind, record_id: str, fields: Mapping[str, object]) -> None:
    """Change an object as a person. Raises UnknownObject and InvalidObject."""
    _check_fields_of_record(kind, fields, new=False)
    with store.lock:
        record = store.get(kind, record_id)
        ready = _fields_to_set(store, kind, record, fields)
        if store.quirks.is_enabled_view == "service_user":
            ready.pop("is_enabled", None)
        store.change(kind, record, PERSON, ready)


def remove(store: Store, kind: Kind, record_id: str) -> None:
    """Delete an object as a person; the content of a folder moves to the folder above.

    Raises KeyError for an unknown id.
    """
    with store.lock:
        record = store.get(kind, record_id)
        if kind == "folder":
            _move_content_up(store, record)
        store.delete(kind, record, PERSON)


def promote(store: Store, kind: Kind, record_id: str) -> str:
    """Move an object from its organization to the enterprise; return its id there.

    Raises UnknownObject, and InvalidObject for what has no such button.
    """
    with store.lock:
        record = store.get(kind, record_id)
        if kind not in ("knowledge", "playbook") or record.org is None:
            raise InvalidObject(f"this {KINDS[kind].noun.lower()} cannot be promoted")
        table, moved = store.table(kind), {"org": None, "access_type": "enterprise"}
        table.remove(record)
        if kind == "knowledge":
            moved["folder_id"] = None
        if store.quirks.promoted_id == "new":
            moved["id"] = store.new_id(kind)
        for name, value in moved.items():
            setattr(record, name, value)
        table.add(record)
        store.change(kind, record, PERSON, {})
        return str(record.id)


def _check_fields_of_record(kind: Kind, fields: Mapping[str, object], *, new: bool) -> None:
    """Check the fields of a kind whose resource does not check all of them itself."""
    resource = resource_of(kind)
    if resource.add_as_person is None:
        check_fields(kind, fields, new=new)
    if resource.check_as_person is not None:
        with _explained():
            resource.check_as_person(fields)


@contextmanager
def _explained() -> Iterator[None]:
    """Raise InvalidObject for what a shape does not allow."""
    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise InvalidObject(f"{name}: {first['msg']}") from None
    except ApiError as error:
        name = ".".join(str(part) for part in error.loc[1:])
        raise InvalidObject(f"{name}: {error.detail}") from None


def _fields_to_add(
    store: Store, kind: Kind, org: str | None, fields: Mapping[str, Any], *, log: bool
) -> JsonObject:
    """Return the store's fields for a new object."""
    add_as_person = resource_of(kind).add_as_person
    if add_as_person is not None:
        with _explained():
            return add_as_person(store, dict(fields))
    if kind == "folder":
        fields = _with_parent(store, org, fields, log=log)
    nulls = {name: None for name, f in fields_of(kind).items() if f.required and f.accepts(None)}
    return _in_store_names(store, kind, org, {**nulls, **fields})


def _fields_to_set(store: Store, kind: Kind, record: Any, fields: Mapping[str, Any]) -> JsonObject:
    """Return the store's fields for a change of an object."""
    edit_as_person = resource_of(kind).edit_as_person
    if edit_as_person is not None:
        with _explained():
            return edit_as_person(store, record, dict(fields))
    ready = _in_store_names(store, kind, record.org, fields)
    if kind == "folder":
        _move(store, record, ready)
    return ready


def _in_store_names(
    store: Store, kind: Kind, org: str | None, fields: Mapping[str, Any]
) -> JsonObject:
    """Return the fields as the store has them: a folder's id for its path, seconds for times."""
    names = KINDS[kind].names
    ready = {names.get(name, name): value for name, value in fields.items()}
    if "folder" in ready:
        ready["folder_id"] = _folder_id(store, org, ready.pop("folder"))
    for name in ready.keys() & {"folder_id", "parent_id"}:
        _check_folder_id(store, org, ready[name])
    if "roles" in ready:
        ready["roles"] = _roles(store, ready["roles"])
    types = {**fields_of(kind), **GIVEN}
    for name in fields:
        if types[name].is_time and ready[name] is not None:
            ready[name] = _seconds(ready[name])
    return ready


def _roles(store: Store, roles: Mapping[str, str]) -> dict[str, str]:
    """Return roles by the store's name for an organization, an empty text for the enterprise."""
    for org, role_id in roles.items():
        if org != "enterprise" and org not in store.organizations:
            raise InvalidObject(f'roles: no organization "{org}"')
        if role_id not in store.table("role"):
            raise InvalidObject(f'roles: there is no role with the id "{role_id}"')
    return {"" if org == "enterprise" else org: role_id for org, role_id in roles.items()}


def _seconds(value: int | str | date) -> int:
    if isinstance(value, int):
        return value
    text = value if isinstance(value, str) else value.isoformat()
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidObject(f'"{text}": expected {TIME.expected}') from None
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())


# -- folders


def folder_at(store: Store, org: str | None, path: str, *, log: bool = True) -> str:
    """Return the id of the first folder at a path; create what is missing of the path."""
    with store.lock:
        existing = store.folders_at(org, path)
        return existing[0].id if existing else add(store, "folder", org, {"path": path}, log=log)


def _with_parent(
    store: Store, org: str | None, fields: Mapping[str, Any], *, log: bool
) -> JsonObject:
    """Return a new folder's fields with a name and a parent; create the missing folders above."""
    if "path" not in fields:
        if "name" not in fields:
            raise InvalidObject('"path" or "name" is missing')
        return dict(fields)
    if {"name", "parent_folder_id"} & fields.keys():
        raise InvalidObject('"path" is enough: remove "name" and "parent_folder_id"')
    parent_path, _, name = fields["path"].rpartition("/")
    if not name:
        raise InvalidObject("path: expected names joined with a slash")
    parent = folder_at(store, org, parent_path, log=log) if parent_path else None
    others = {key: value for key, value in fields.items() if key != "path"}
    return {**others, "name": name, "parent_folder_id": parent}


def _folder_id(store: Store, org: str | None, path: str | None) -> str | None:
    """Return the id of the only folder at a path; None for the root."""
    if not path or path == "/":
        return None
    folders = store.folders_at(org, path)
    if len(folders) == 1:
        return folders[0].id
    if folders:
        raise InvalidObject(
            f'folder: "{path}" names {len(folders)} folders; give folder_id instead'
        )
    paths = [store.folder_path(folder.id) for folder in store.table("folder").of(org)]
    raise InvalidObject(f'folder: there is no folder "{path}"{did_you_mean(path, paths)}')


def _check_folder_id(store: Store, org: str | None, folder_id: str | None) -> None:
    if folder_id is None:
        return
    folder = store.table("folder").get(folder_id)
    if folder is None or folder.org != org:
        raise InvalidObject(f'there is no folder with the id "{folder_id}"')


def _move(store: Store, folder: Folder, ready: JsonObject) -> None:
    """Replace a new path with a name and a parent. Raises InvalidObject for an inner folder."""
    if "path" in ready:
        parent_path, _, ready["name"] = ready.pop("path").rpartition("/")
        ready["parent_id"] = _folder_id(store, folder.org, parent_path)
    if "parent_id" in ready and folder.id in store.folder_line(ready["parent_id"]):
        raise InvalidObject("a folder cannot be inside itself")


def _move_content_up(store: Store, folder: Folder) -> None:
    for note in list(store.table("knowledge")):
        if note.folder_id == folder.id:
            store.change("knowledge", note, PERSON, {"folder_id": folder.parent_id})
    for inner in list(store.table("folder")):
        if inner.parent_id == folder.id:
            store.change("folder", inner, PERSON, {"parent_id": folder.parent_id})
