"""Records as the two API versions answer them: plain dictionaries, built afresh each time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

from devinops.emulator.records import Event, Folder, JsonObject, Kind, Note, Playbook, Secret
from devinops.emulator.store import Store


def note_v3(store: Store, note: Note) -> JsonObject:
    return {
        "note_id": note.id,
        "folder_id": note.folder_id,
        "folder_path": store.folder_path(note.folder_id),
        "name": note.name,
        "body": note.body,
        "trigger": note.trigger,
        "is_enabled": note.is_enabled,
        "created_at": note.created_at,
        "updated_at": note.updated_at,
        "access_type": note.access_type,
        "org_id": _org_id(note),
        "macro": note.macro,
        "pinned_repo": note.pinned_repo,
    }


def playbook_v3(store: Store, playbook: Playbook) -> JsonObject:
    return {
        "playbook_id": playbook.id,
        "title": playbook.title,
        "body": playbook.body,
        "macro": playbook.macro,
        "structured_output_schema": playbook.structured_output_schema,
        "created_by": playbook.created_by,
        "updated_by": playbook.updated_by or playbook.created_by,
        "created_at": playbook.created_at,
        "updated_at": playbook.updated_at,
        "access_type": playbook.access_type,
        "org_id": _org_id(playbook),
    }


def secret_v3(store: Store, secret: Secret) -> JsonObject:
    """Metadata only. Until somebody edits the secret its `updated_…` are null."""
    edited = secret.updated_by is not None or secret.updated_at != secret.created_at
    return {
        "secret_id": secret.id,
        "key": secret.key,
        "note": secret.note,
        "is_sensitive": secret.is_sensitive,
        "secret_type": secret.secret_type,
        "access_type": secret.access_type,
        "created_by": secret.created_by,
        "created_at": secret.created_at,
        "updated_by": secret.updated_by,
        "updated_at": secret.updated_at if edited else None,
    }


def folder_v3(store: Store, folder: Folder, note_count: int) -> JsonObject:
    """`note_count` counts the notes right inside, not those of folders below."""
    return {
        "folder_id": folder.id,
        "name": folder.name,
        "path": store.folder_path(folder.id),
        "parent_folder_id": folder.parent_id,
        "note_count": note_count,
    }


def folder_tree(store: Store, org: str | None) -> JsonObject:
    """The whole answer to a folder list. None: the enterprise's own folders and notes."""
    with store.lock:
        counts: dict[str | None, int] = {}
        for note in store.notes:
            if note.org == org:
                counts[note.folder_id] = counts.get(note.folder_id, 0) + 1
        mine = [folder for folder in store.folders if folder.org == org]
        folders = [folder_v3(store, folder, counts.get(folder.id, 0)) for folder in mine]
        return {"folders": folders, "root_note_count": counts.get(None, 0)}


def event_v3(store: Store, event: Event) -> JsonObject:
    service_user = None if event.email else store.actor(event.created_by)
    return {
        "audit_log_id": event.id,
        "action": event.action,
        "created_at": event.created_at,
        "data": event.data,
        "org_id": event.org,
        "service_user_id": service_user.id if service_user else None,
        "service_user_name": service_user.name if service_user else None,
        "user_id": event.created_by if event.email else None,
        "user_email": event.email,
    }


def note_v1(store: Store, note: Note) -> JsonObject:
    author = store.actor(note.created_by)
    shown = {
        "id": id_v1(store, note.id),
        "name": note.name,
        "body": note.body,
        "trigger_description": note.trigger,
        "parent_folder_id": note.folder_id,
        "pinned_repo": note.pinned_repo,
        "macro": note.macro,
        "created_at": iso(note.created_at),
        "created_by": {"full_name": author.name, "id": author.id, "image_url": None},
    }
    if store.quirks.v1_macro == "absent":
        del shown["macro"]
    return shown


def folder_v1(folder: Folder) -> JsonObject:
    """By its last name alone: v1 does not show what a folder is in."""
    return {
        "id": folder.id,
        "name": folder.name,
        "description": folder.description,
        "created_at": iso(folder.created_at),
    }


def playbook_v1(store: Store, playbook: Playbook) -> JsonObject:
    shown = {
        "playbook_id": id_v1(store, playbook.id),
        "title": playbook.title,
        "body": playbook.body,
        "macro": playbook.macro,
        "access_type": playbook.access_type,
        "org_id": _org_id(playbook),
        "created_at": iso(playbook.created_at),
        "updated_at": iso(playbook.updated_at),
        "created_by_user_id": playbook.created_by,
        "created_by_user_name": store.actor(playbook.created_by).name,
    }
    if store.quirks.v1_playbook_fields != "none":
        shown["status"] = "published"
    if store.quirks.v1_playbook_fields == "all":
        updated_by = playbook.updated_by or playbook.created_by
        shown |= {
            "updated_by_user_id": updated_by,
            "updated_by_user_name": store.actor(updated_by).name,
        }
    return shown


def list_v1(store: Store, name: str, items: list[JsonObject]) -> object:
    """A list of v1 as the `v1_lists` quirk wants it."""
    return items if store.quirks.v1_lists == "bare" else {name: items}


def secret_v1(secret: Secret) -> JsonObject:
    created_at = iso(secret.created_at)
    return {
        "id": secret.id,
        "type": secret.secret_type,
        "key": secret.key,
        "created_at": created_at,
    }


def id_v1(store: Store, record_id: str) -> str:
    """The id that v1 shows for a note or a playbook; `id_from_v1` turns it back."""
    return f"{record_id}-v1" if store.quirks.v1_ids == "separate" else record_id


def id_from_v1(store: Store, shown: str) -> str:
    """The store's id for one that came by v1; where ids are separate, a v3 id leads nowhere."""
    if store.quirks.v1_ids == "shared":
        return shown
    return shown.removesuffix("-v1") if shown.endswith("-v1") else ""


def iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _org_id(record: Note | Playbook) -> str | None:
    return None if record.access_type == "enterprise" else record.org


def show(store: Store, kind: Kind, record_id: str) -> JsonObject:
    """Return an object as v3 shows it."""
    record = store.get(kind, record_id)
    if kind == "folder":
        tree = folder_tree(store, record.org)
        folders = cast("list[JsonObject]", tree["folders"])
        return next(folder for folder in folders if folder["folder_id"] == record_id)
    if kind == "knowledge":
        return note_v3(store, record)
    return playbook_v3(store, record) if kind == "playbook" else secret_v3(store, record)
