"""What people do in the web app, and what a seed plants: objects by the names that people use.

The API's rules do not apply here: texts are taken as they are, a macro or a secret's key may repeat, a folder
can be made, renamed, moved and deleted. What is checked is that the fields exist and have the right type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from pydantic import ValidationError

from devinops.emulator.access import PERSON
from devinops.emulator.hints import did_you_mean
from devinops.emulator.records import KINDS, Folder, JsonObject, Kind, Rejected
from devinops.emulator.resources import automations
from devinops.emulator.store import Store


class Malformed(ValueError):
    """A field that does not exist, is missing or has the wrong type; the text says which and why."""


def _text(value: object) -> bool:
    return isinstance(value, str)


def _text_or_null(value: object) -> bool:
    return value is None or isinstance(value, str)


def _boolean(value: object) -> bool:
    return isinstance(value, bool)


def _object_or_null(value: object) -> bool:
    return value is None or isinstance(value, dict)


def _one_of(*values: str) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        return value in values

    check.__doc__ = f"one of {', '.join(values)}"
    return check


def _moment(value: object) -> bool:
    return isinstance(value, int | str | date) and not isinstance(value, bool)


def _moment_or_null(value: object) -> bool:
    return value is None or _moment(value)


_moment_or_null.__doc__ = "Unix seconds, an ISO 8601 time or null"


def _limit(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _names(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


_limit.__doc__ = "a whole number or null"
_texts.__doc__ = "a list of texts"
_names.__doc__ = "a mapping of texts"
_text.__doc__ = "a text"
_text_or_null.__doc__ = "a text or null"
_boolean.__doc__ = "true or false"
_object_or_null.__doc__ = "a mapping or null"
_moment.__doc__ = "Unix seconds or an ISO 8601 time"

Check = Callable[[object], bool]
_SCOPE = _one_of("org", "enterprise")
_TYPE = _one_of("cookie", "key-value", "totp")

# Per kind: the fields, with a check whose docstring names what is expected. A star marks a required one.
_FIELDS: dict[Kind, dict[str, Check]] = {
    "organization": {
        "name": _text,
        "max_cycle_acu_limit": _limit,
        "max_session_acu_limit": _limit,
        "tags": _texts,
        "default_tag": _text_or_null,
        "security_profiles": _names,
    },
    "role": {
        "name*": _text,
        "role_type": _SCOPE,
        "permissions": _texts,
    },
    "idp_group": {"name*": _text, "roles": _names},
    "user": {
        "name": _text_or_null,
        "email": _text_or_null,
        "roles": _names,
        "groups": _texts,
    },
    "service_user": {
        "name*": _text,
        "roles": _names,
        "expires_at": _moment_or_null,
        "deleted_at": _moment_or_null,
    },
    "acu_limit": {
        "scope*": _one_of("enterprise", "user"),
        "cycle_acu_limit*": _limit,
        "user_id": _text_or_null,
    },
    "schedule": {
        "name*": _text,
        "prompt*": _text,
        "enabled": _boolean,
        "schedule_type": _one_of("recurring", "one_time"),
        "frequency": _text_or_null,
        "scheduled_at": _text_or_null,
        "interval_count": _limit,
        "agent": _one_of("devin", "data_analyst"),
        "playbook_id": _text_or_null,
        "notify_on": _one_of("always", "failure", "never"),
        "bypass_approval": _boolean,
        "tags": _texts,
        "platform": _text_or_null,
        "slack_team_id": _text_or_null,
        "slack_channel_id": _text_or_null,
        "target_devin_id": _text_or_null,
        "last_executed_at": _text_or_null,
        "last_error_at": _text_or_null,
        "last_error_message": _text_or_null,
        "consecutive_failures": _limit,
    },
    "folder": {
        "path": _text,
        "name": _text,
        "parent_folder_id": _text_or_null,
        "description": _text,
    },
    "knowledge": {
        "name*": _text,
        "trigger*": _text,
        "body*": _text,
        "folder": _text_or_null,
        "folder_id": _text_or_null,
        "pinned_repo": _text_or_null,
        "macro": _text_or_null,
        "is_enabled": _boolean,
        "access_type": _SCOPE,
    },
    "playbook": {
        "title*": _text,
        "body*": _text,
        "macro": _text_or_null,
        "structured_output_schema": _object_or_null,
        "access_type": _SCOPE,
    },
    "secret": {
        "key*": _text,
        "type": _TYPE,
        "note": _text_or_null,
        "is_sensitive": _boolean,
        "access_type": _one_of("org", "personal"),
    },
}
_GIVEN: dict[str, Check] = {"id": _text, "created_at": _moment, "updated_at": _moment}
FIELDS: Mapping[Kind, Mapping[str, Check]] = {
    kind: {name.rstrip("*"): check for name, check in fields.items()}
    for kind, fields in _FIELDS.items()
}
_REQUIRED = {
    kind: [name.rstrip("*") for name in fields if name.endswith("*")]
    for kind, fields in _FIELDS.items()
}


# Kinds whose fields are the API's own, with what turns them into the store's: for a new object, for a change.
_PLANTED = {"automation": automations.planted}
_EDITED = {"automation": automations.edited}
_SECONDS = ("created_at", "updated_at", "expires_at", "deleted_at")
# What a seed calls the enterprise where it names organizations.
_ENTERPRISE = "enterprise"


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what a shape does not allow into Malformed."""
    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Malformed(f"{place}: {first['msg']}") from None
    except Rejected as problem:
        raise Malformed(f"{'.'.join(map(str, problem.loc[1:]))}: {problem.detail}") from None


def check_fields(kind: Kind, fields: Mapping[str, object], *, whole: bool) -> None:
    """Raise Malformed unless the fields fit the kind. `whole`: a new object, which may give ids and times."""
    known = {**FIELDS[kind], **_GIVEN} if whole else FIELDS[kind]
    for name, value in fields.items():
        if name not in known:
            raise Malformed(f'unknown key "{name}"{did_you_mean(str(name), known)}')
        if not known[name](value):
            raise Malformed(f"{name}: expected {known[name].__doc__}")
    missing = [name for name in _REQUIRED[kind] if whole and name not in fields]
    if missing:
        raise Malformed(f'"{missing[0]}" is missing')


def plant(
    store: Store, kind: Kind, org: str | None, fields: Mapping[str, object], *, log: bool = True
) -> str:
    """Add an object and return its id. Raises Malformed for fields that do not fit, or for an id in use."""
    if kind not in _PLANTED:
        check_fields(kind, fields, whole=True)
    if KINDS[kind].enterprise:
        org = None
    with store.lock:
        if org is not None and org not in store.organizations:
            raise Malformed(f'no organization "{org}"')
        if fields.get("id") in store.table(kind):
            raise Malformed(f'the id "{fields["id"]}" is used twice')
        if kind == "folder" and "path" in fields:
            return _plant_path(store, org, dict(fields), log=log)
        if kind in _PLANTED:
            with _explained():
                ready = _PLANTED[kind](store, dict(fields))
        else:
            ready = _ready(store, org, fields)
        if kind == "folder" and "name" not in ready:
            raise Malformed('"path" or "name" is missing')
        if kind == "organization":
            new_id = ready.pop("id", None) or store.new_id(kind)
            return store.create_organization(new_id, PERSON, ready, log=log).id
        if kind == "idp_group":
            ready["id"] = ready.pop("name")
        return str(store.insert(kind, org, PERSON, ready, log=log).id)


def _plant_path(store: Store, org: str | None, fields: JsonObject, *, log: bool) -> str:
    """Add a folder at a path, and those above it that are missing."""
    if {"name", "parent_folder_id"} & fields.keys():
        raise Malformed('"path" says it all: no "name" and no "parent_folder_id" beside it')
    above, _, name = fields.pop("path").rpartition("/")
    if not name:
        raise Malformed("path: expected names joined with a slash")
    parent = folder_at(store, org, above, log=log) if above else None
    ready = _ready(store, org, {**fields, "name": name, "parent_folder_id": parent})
    return str(store.insert("folder", org, PERSON, ready, log=log).id)


def folder_at(store: Store, org: str | None, path: str, *, log: bool = True) -> str:
    """Return the id of the first folder at a path, making it and those above where they are missing."""
    with store.lock:
        there = store.folders_at(org, path)
        return there[0].id if there else plant(store, "folder", org, {"path": path}, log=log)


def _ready(store: Store, org: str | None, fields: Mapping[str, Any]) -> JsonObject:
    """Turn people's names into the store's: a folder's path into its id, times into seconds."""
    ready = dict(fields)
    if "folder" in ready:
        ready["folder_id"] = _one_folder(store, org, ready.pop("folder"))
    if "type" in ready:
        ready["secret_type"] = ready.pop("type")
    if "parent_folder_id" in ready:
        ready["parent_id"] = ready.pop("parent_folder_id")
    for name in {"folder_id", "parent_id"} & ready.keys():
        _check_folder_id(store, org, ready[name])
    if "roles" in ready:
        ready["roles"] = _roles(store, ready["roles"])
    for name in ready.keys() & _SECONDS:
        ready[name] = None if ready[name] is None else _seconds(ready[name])
    return ready


def _roles(store: Store, roles: Mapping[str, str]) -> dict[str, str]:
    """Return roles by the store's name for an organization. Raises Malformed for what does not exist."""
    for org, role_id in roles.items():
        if org != _ENTERPRISE and org not in store.organizations:
            raise Malformed(f'roles: no organization "{org}"')
        if role_id not in store.table("role"):
            raise Malformed(f'roles: there is no role with the id "{role_id}"')
    return {"" if org == _ENTERPRISE else org: role_id for org, role_id in roles.items()}


def _one_folder(store: Store, org: str | None, path: str | None) -> str | None:
    if not path or path == "/":
        return None
    there = store.folders_at(org, path)
    if len(there) == 1:
        return there[0].id
    if there:
        raise Malformed(f'folder: "{path}" names {len(there)} folders; give folder_id instead')
    paths = [store.folder_path(folder.id) for folder in store.folders if folder.org == org]
    raise Malformed(f'folder: there is no folder "{path}"{did_you_mean(path, paths)}')


def _check_folder_id(store: Store, org: str | None, folder_id: str | None) -> None:
    folder = store.folders.get(folder_id) if folder_id is not None else None
    if folder_id is not None and (folder is None or folder.org != org):
        raise Malformed(f'there is no folder with the id "{folder_id}"')


def _seconds(value: int | str | date) -> int:
    if isinstance(value, int):
        return value
    text = value if isinstance(value, str) else value.isoformat()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Malformed(f'"{text}": expected {_moment.__doc__}') from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def edit(store: Store, kind: Kind, record_id: str, fields: Mapping[str, object]) -> None:
    """Change an object as a person. Raises KeyError for an unknown id, Malformed for fields that do not fit."""
    if kind not in _EDITED:
        check_fields(kind, fields, whole=False)
    with store.lock:
        record = store.get(kind, record_id)
        if kind in _EDITED:
            with _explained():
                ready = _EDITED[kind](store, record, dict(fields))
        else:
            ready = _ready(store, record.org, fields)
        if kind == "folder":
            _check_move(store, record, ready)
        if store.quirks.is_enabled_view == "service_user":
            ready.pop("is_enabled", None)
        store.change(kind, record, PERSON, ready)


def _check_move(store: Store, folder: Folder, ready: JsonObject) -> None:
    """Turn a new path into a name and a place, and refuse to put a folder into itself."""
    if "path" in ready:
        above, _, ready["name"] = ready.pop("path").rpartition("/")
        ready["parent_id"] = _one_folder(store, folder.org, above)
    above_id = ready.get("parent_id")
    while above_id is not None:
        if above_id == folder.id:
            raise Malformed("a folder cannot be inside itself")
        above_id = store.folders.get(above_id).parent_id  # type: ignore[union-attr]


def remove(store: Store, kind: Kind, record_id: str) -> None:
    """Delete an object as a person; what was in a folder moves to where the folder was. KeyError: unknown id."""
    with store.lock:
        record = store.get(kind, record_id)
        if kind == "folder":
            _empty(store, record)
        if kind == "organization":
            store.delete_organization(record, PERSON)
        else:
            store.delete(kind, record, PERSON)


def _empty(store: Store, folder: Folder) -> None:
    for note in [note for note in store.notes if note.folder_id == folder.id]:
        store.change("knowledge", note, PERSON, {"folder_id": folder.parent_id})
    for inner in [inner for inner in store.folders if inner.parent_id == folder.id]:
        store.change("folder", inner, PERSON, {"parent_id": folder.parent_id})


def as_rejected(problem: Exception) -> Rejected:
    """Turn what `plant`, `edit` and `remove` raise into an answer."""
    if isinstance(problem, Malformed):
        return Rejected(422, str(problem))
    return Rejected(404, f"There is no {problem.args[0]!s}")
