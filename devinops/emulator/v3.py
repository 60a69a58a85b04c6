"""The v3 API: who the caller is, folders, notes, playbooks and secrets.

An organization's path and the enterprise's do the same with another scope, so each pair of handlers shares
its work. Every handler holds the store's lock from finding an object until its answer is built.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from devinops.emulator import access, models, views
from devinops.emulator.dependencies import (
    Caller,
    StoreDep,
    V3Principal,
    in_enterprise,
    in_organization,
    refuse_unknown_fields,
)
from devinops.emulator.openapi import error_responses, operation_id
from devinops.emulator.records import ApiError, JsonObject, Note, Page, R, Secret
from devinops.emulator.responses import json_response
from devinops.emulator.router import page_content
from devinops.emulator.store import Store

router = APIRouter(prefix="/v3", generate_unique_id_function=operation_id)

First = Annotated[int, Query(ge=1, le=200)]
After = Annotated[str | None, Query(description="The end_cursor of the page before")]
Filter = Annotated[str | None, Query()]

_ORG = "/organizations/{org_id}"
_NOTES = "/knowledge/notes"


def page_response(store: Store, page: Page[R], view: Callable[[Store, R], JsonObject]) -> Response:
    return json_response(page_content(store, page, view))


@router.get(
    "/self", response_model=models.ServiceUser | models.PatUser, responses=error_responses()
)
async def get_self(principal: V3Principal) -> Response:
    """Say who the key belongs to."""
    actor = principal.actor
    if actor.is_person:
        user = {"user_id": actor.id, "user_name": actor.name}
        key = {"api_key_id": f"key-{actor.id}", "api_key_name": f"Key of {actor.name}"}
        return json_response({"principal_type": "pat_user", **key, **user, "org_id": principal.org})
    service_user = {"service_user_id": actor.id, "service_user_name": actor.name}
    return json_response(
        {"principal_type": "service_user", **service_user, "org_id": principal.org}
    )


# -- folders


@router.get(
    f"{_ORG}/knowledge/folders", response_model=models.FolderTree, responses=error_responses(404)
)
async def list_folders(
    store: StoreDep, caller: Annotated[Caller, in_organization(*access.READ_FOLDERS)]
) -> Response:
    """List all folders of an organization."""
    return json_response(views.folder_tree(store, caller.org))


@router.get(
    "/enterprise/knowledge/folders", response_model=models.FolderTree, responses=error_responses()
)
async def list_enterprise_folders(
    store: StoreDep, caller: Annotated[Caller, in_enterprise(*access.ENTERPRISE_NOTES)]
) -> Response:
    """List all folders of the enterprise."""
    return json_response(views.folder_tree(store, None))


# -- notes

NoteReader = Annotated[Caller, in_organization(*access.READ_NOTES)]
NoteWriter = Annotated[Caller, in_organization(*access.WRITE_NOTES)]
EnterpriseNotes = Annotated[Caller, in_enterprise(*access.ENTERPRISE_NOTES)]


@router.get(f"{_ORG}{_NOTES}", response_model=models.NotePage, responses=error_responses(404))
async def list_notes(
    store: StoreDep,
    caller: NoteReader,
    first: First = 100,
    after: After = None,
    search: Filter = None,
    folder_path: Filter = None,
    pinned_repo: Filter = None,
) -> Response:
    """List an organization's notes, a page at a time."""
    wanted = {"search": search, "folder_path": folder_path, "pinned_repo": pinned_repo}
    return _list_notes(store, caller, first, after, wanted)


@router.get(f"/enterprise{_NOTES}", response_model=models.NotePage, responses=error_responses())
async def list_enterprise_notes(
    store: StoreDep,
    caller: EnterpriseNotes,
    first: First = 100,
    after: After = None,
    search: Filter = None,
    folder_path: Filter = None,
    pinned_repo: Filter = None,
    access_type: Annotated[Literal["org", "enterprise"] | None, Query()] = None,
) -> Response:
    """List the notes of the enterprise and of its organizations, a page at a time."""
    wanted = {"search": search, "folder_path": folder_path, "pinned_repo": pinned_repo}
    return _list_notes(store, caller, first, after, {**wanted, "access_type": access_type})


def _list_notes(
    store: Store, caller: Caller, first: int, after: str | None, wanted: dict[str, str | None]
) -> Response:
    with store.lock:
        rows: list[Note] = store.listing("knowledge", caller.org)
        asked = {name: text for name, text in wanted.items() if text is not None}
        if asked:
            rows = [note for note in rows if _shows(store, note, asked)]
        page = store.page(f"notes {caller.org}", rows, first, after)
        return page_response(store, page, views.note_v3)


def _shows(store: Store, note: Note, asked: dict[str, str]) -> bool:
    tests: dict[str, Callable[[str], bool]] = {
        "search": lambda text: (
            text.lower() in "\n".join((note.name, note.trigger, note.body)).lower()
        ),
        "folder_path": lambda path: _in_folder(store, note, path),
        "pinned_repo": lambda repo: note.pinned_repo == repo,
        "access_type": lambda scope: note.access_type == scope,
    }
    return all(tests[name](text) for name, text in asked.items())


def _in_folder(store: Store, note: Note, path: str) -> bool:
    root = store.quirks.root_folder_path
    have = store.folder_path(note.folder_id)
    if have == path or store.quirks.folder_filter == "exact":
        return have == path
    return path == root or have.startswith(f"{path}/")


@router.post(
    f"{_ORG}{_NOTES}", response_model=models.Note, responses=error_responses(400, 404, 409)
)
async def create_note(store: StoreDep, caller: NoteWriter, body: models.NoteWrite) -> Response:
    """Create a note in an organization."""
    return _create_note(store, caller, body)


@router.post(
    f"/enterprise{_NOTES}", response_model=models.Note, responses=error_responses(400, 409)
)
async def create_enterprise_note(
    store: StoreDep, caller: EnterpriseNotes, body: models.NoteWrite
) -> Response:
    """Create a note for the whole enterprise."""
    return _create_note(store, caller, body)


def _create_note(store: Store, caller: Caller, body: models.NoteWrite) -> Response:
    fields = _note_fields(store, caller, body)
    with store.lock:
        return json_response(
            views.note_v3(store, store.create_note(caller.org, caller.actor, fields))
        )


def _note_fields(store: Store, caller: Caller, body: models.NoteWrite) -> JsonObject:
    """What a note is given by a body: everything but a missing `is_enabled`, which keeps its value."""
    refuse_unknown_fields(store, body)
    if caller.org is None and body.folder_id is not None:
        raise ApiError(400, "folder_id is not supported for enterprise notes")
    if body.pinned_repo == "all" and store.quirks.pinned_all == "422":
        raise ApiError(
            422, "Value should be a repository", ("body", "pinned_repo"), body.pinned_repo
        )
    fields = body.model_dump(include={"name", "body", "trigger", "folder_id", "pinned_repo"})
    return fields if body.is_enabled is None else {**fields, "is_enabled": body.is_enabled}


@router.get(
    f"{_ORG}{_NOTES}/{{note_id}}", response_model=models.Note, responses=error_responses(404)
)
async def get_note(store: StoreDep, caller: NoteReader, note_id: str) -> Response:
    """Read a note of an organization."""
    return _get(store, caller, note_id)


@router.get(
    f"/enterprise{_NOTES}/{{note_id}}", response_model=models.Note, responses=error_responses(404)
)
async def get_enterprise_note(store: StoreDep, caller: EnterpriseNotes, note_id: str) -> Response:
    """Read a note of the enterprise."""
    return _get(store, caller, note_id)


@router.put(
    f"{_ORG}{_NOTES}/{{note_id}}",
    response_model=models.Note,
    responses=error_responses(400, 404, 409),
)
async def replace_note(
    store: StoreDep, caller: NoteWriter, note_id: str, body: models.NoteWrite
) -> Response:
    """Replace a note: what the body leaves out is cleared, but for `is_enabled`."""
    return _replace_note(store, caller, note_id, body)


@router.put(
    f"/enterprise{_NOTES}/{{note_id}}",
    response_model=models.Note,
    responses=error_responses(400, 404, 409),
)
async def replace_enterprise_note(
    store: StoreDep, caller: EnterpriseNotes, note_id: str, body: models.NoteWrite
) -> Response:
    """Replace a note of the enterprise."""
    return _replace_note(store, caller, note_id, body)


def _replace_note(store: Store, caller: Caller, note_id: str, body: models.NoteWrite) -> Response:
    with store.lock:
        note = store.find_to_write("knowledge", caller.org, note_id)
        fields = _note_fields(store, caller, body)
        if store.quirks.macro == "dropped":
            fields["macro"] = None
        return json_response(
            views.note_v3(store, store.write("knowledge", note, caller.actor, fields))
        )


@router.delete(
    f"{_ORG}{_NOTES}/{{note_id}}", response_model=models.Note, responses=error_responses(404)
)
async def delete_note(store: StoreDep, caller: NoteWriter, note_id: str) -> Response:
    """Delete a note and answer with it."""
    return _delete(store, caller, note_id)


@router.delete(
    f"/enterprise{_NOTES}/{{note_id}}", response_model=models.Note, responses=error_responses(404)
)
async def delete_enterprise_note(
    store: StoreDep, caller: EnterpriseNotes, note_id: str
) -> Response:
    """Delete a note of the enterprise and answer with it."""
    return _delete(store, caller, note_id)


def _get(store: Store, caller: Caller, note_id: str) -> Response:
    with store.lock:
        return json_response(views.note_v3(store, store.find("knowledge", caller.org, note_id)))


def _delete(store: Store, caller: Caller, note_id: str) -> Response:
    with store.lock:
        note = store.find_to_write("knowledge", caller.org, note_id)
        content = views.note_v3(store, note)
        store.delete("knowledge", note, caller.actor)
        return json_response(content)


# -- secrets

SecretManager = Annotated[Caller, in_organization(*access.SECRETS)]


@router.get(f"{_ORG}/secrets", response_model=models.SecretPage, responses=error_responses(404))
async def list_secrets(
    store: StoreDep, caller: SecretManager, first: First = 100, after: After = None
) -> Response:
    """List what is known of an organization's secrets, never a value."""
    with store.lock:
        rows: list[Secret] = store.listing("secret", caller.org)
        page = store.page(f"secrets {caller.org}", rows, first, after)
        return page_response(store, page, views.secret_v3)


@router.post(
    f"{_ORG}/secrets", response_model=models.Secret, responses=error_responses(400, 404, 409)
)
async def create_secret(
    store: StoreDep, caller: SecretManager, body: models.SecretWrite
) -> Response:
    """Create a secret. There is no update."""
    refuse_unknown_fields(store, body)
    fields = {
        "key": body.key,
        "secret_type": body.type,
        "note": body.note,
        "is_sensitive": body.is_sensitive,
    }
    with store.lock:
        secret = store.create_secret(caller.organization, caller.actor, body.value, fields)
        return json_response(views.secret_v3(store, secret))


@router.delete(
    f"{_ORG}/secrets/{{secret_id}}", response_model=models.Secret, responses=error_responses(404)
)
async def delete_secret(store: StoreDep, caller: SecretManager, secret_id: str) -> Response:
    """Delete a secret. One that does not exist answers 403, as the real API does, not 404."""
    with store.lock:
        secret = store.find_secret(caller.organization, secret_id, missing=403)
        content = views.secret_v3(store, secret)
        store.delete("secret", secret, caller.actor)
        return json_response(content)
