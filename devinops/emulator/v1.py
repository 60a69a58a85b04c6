"""The v1 API: knowledge with its folders, playbooks and secrets. No paging; the key says whose they are.

It shows the objects that v3 shows, without the enterprise's: another spelling of the same state.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter
from starlette.responses import Response

from devinops.emulator import access, models, openapi, views
from devinops.emulator.dependencies import Caller, StoreDep, on_v1, refuse_unknown_fields
from devinops.emulator.openapi import operation_id
from devinops.emulator.records import ApiError, JsonObject, Kind
from devinops.emulator.responses import json_response
from devinops.emulator.store import Store

router = APIRouter(prefix="/v1", generate_unique_id_function=operation_id)
error_responses = partial(openapi.error_responses, v1=True)

KnowledgeReader = Annotated[Caller, on_v1(*access.READ_NOTES)]
KnowledgeWriter = Annotated[Caller, on_v1(*access.WRITE_NOTES)]
PlaybookReader = Annotated[Caller, on_v1(*access.READ_PLAYBOOKS)]
PlaybookWriter = Annotated[Caller, on_v1(*access.WRITE_PLAYBOOKS)]
SecretManager = Annotated[Caller, on_v1(*access.SECRETS)]

_DELETED = {"description": "Deleted, if the v1_delete quirk says so"}

# The field of the store for each field that v1 spells differently.
_NAMES = {"trigger_description": "trigger", "parent_folder_id": "folder_id"}


def _own(store: Store, kind: Kind, caller: Caller) -> list[Any]:
    """The organization's objects in list order: neither the enterprise's nor a person's own."""
    listing = store.listing(kind, caller.org)
    return [row for row in listing if row.org == caller.org and row.access_type == "org"]


def _find(store: Store, kind: Kind, caller: Caller, shown_id: str) -> Any:
    return store.find_to_write(kind, caller.org, views.id_from_v1(store, shown_id))


def _sent(store: Store, body: models.Request, *, replace: bool) -> JsonObject:
    """Return what a body sets, by the store's names.

    On a replacement, the nullable fields it leaves out are cleared or kept, as `v1_put_nullable` says.
    """
    refuse_unknown_fields(store, body)
    names = set(type(body).model_fields) - _absent(store, body)
    if replace and store.quirks.v1_put_nullable == "kept":
        names &= body.model_fields_set
    return {_NAMES.get(name, name): value for name, value in body.model_dump(include=names).items()}


def _deleted(store: Store, content: JsonObject) -> Response:
    return Response(status_code=204) if store.quirks.v1_delete == "204" else json_response(content)


def _absent(store: Store, body: models.Request) -> set[str]:
    """Return the fields of a body that the `v1_macro` quirk takes out of its schema."""
    absent = (
        {"macro"}
        if isinstance(body, models.KnowledgeWriteV1) and store.quirks.v1_macro == "absent"
        else set()
    )
    if store.quirks.unknown_fields == "422" and (sent := absent & body.model_fields_set):
        name = sent.pop()
        raise ApiError(422, "Extra inputs are not permitted", ("body", name), getattr(body, name))
    return absent


# -- knowledge


@router.get("/knowledge", response_model=models.KnowledgeListV1, responses=error_responses())
async def v1_list_knowledge(store: StoreDep, caller: KnowledgeReader) -> Response:
    """List all knowledge and all folders."""
    with store.lock:
        notes = [views.note_v1(store, note) for note in _own(store, "knowledge", caller)]
        folders = [views.folder_v1(folder) for folder in store.folders if folder.org == caller.org]
        return json_response({"knowledge": notes, "folders": folders})


@router.post(
    "/knowledge", response_model=models.KnowledgeV1, responses=error_responses(400, 404, 409)
)
async def v1_create_knowledge(
    store: StoreDep, caller: KnowledgeWriter, body: models.KnowledgeWriteV1
) -> Response:
    """Create knowledge."""
    fields = _sent(store, body, replace=False)
    with store.lock:
        return json_response(
            views.note_v1(store, store.create_note(caller.org, caller.actor, fields))
        )


@router.put(
    "/knowledge/{note_id}",
    response_model=models.KnowledgeV1,
    responses=error_responses(400, 404, 409),
)
async def v1_replace_knowledge(
    store: StoreDep, caller: KnowledgeWriter, note_id: str, body: models.KnowledgeWriteV1
) -> Response:
    """Replace knowledge."""
    with store.lock:
        note = _find(store, "knowledge", caller, note_id)
        fields = _sent(store, body, replace=True)
        return json_response(
            views.note_v1(store, store.write("knowledge", note, caller.actor, fields))
        )


@router.delete(
    "/knowledge/{note_id}",
    response_model=models.Detail,
    responses={**error_responses(404), 204: _DELETED},
)
async def v1_delete_knowledge(store: StoreDep, caller: KnowledgeWriter, note_id: str) -> Response:
    """Delete knowledge."""
    with store.lock:
        store.delete("knowledge", _find(store, "knowledge", caller, note_id), caller.actor)
    return _deleted(store, {"detail": "Knowledge deleted"})


# -- playbooks


@router.get(
    "/playbooks",
    response_model=list[models.PlaybookV1] | models.PlaybookListV1,
    responses=error_responses(),
)
async def v1_list_playbooks(store: StoreDep, caller: PlaybookReader) -> Response:
    """List all playbooks."""
    with store.lock:
        shown = [views.playbook_v1(store, row) for row in _own(store, "playbook", caller)]
    return json_response(views.list_v1(store, "playbooks", shown))


@router.post("/playbooks", response_model=models.PlaybookV1, responses=error_responses(400, 409))
async def v1_create_playbook(
    store: StoreDep, caller: PlaybookWriter, body: models.PlaybookWriteV1
) -> Response:
    """Create a playbook."""
    fields = _sent(store, body, replace=False)
    with store.lock:
        return json_response(
            views.playbook_v1(store, store.create_playbook(caller.org, caller.actor, fields))
        )


@router.get(
    "/playbooks/{playbook_id}", response_model=models.PlaybookV1, responses=error_responses(404)
)
async def v1_get_playbook(store: StoreDep, caller: PlaybookReader, playbook_id: str) -> Response:
    """Read a playbook."""
    with store.lock:
        return json_response(
            views.playbook_v1(store, _find(store, "playbook", caller, playbook_id))
        )


@router.put(
    "/playbooks/{playbook_id}",
    response_model=models.Status,
    responses=error_responses(400, 404, 409),
)
async def v1_update_playbook(
    store: StoreDep, caller: PlaybookWriter, playbook_id: str, body: models.PlaybookWriteV1
) -> Response:
    """Update a playbook; the answer does not show it."""
    with store.lock:
        playbook = _find(store, "playbook", caller, playbook_id)
        store.write("playbook", playbook, caller.actor, _sent(store, body, replace=True))
    return json_response({"status": "success"})


@router.delete(
    "/playbooks/{playbook_id}", response_model=models.Status, responses=error_responses(404)
)
async def v1_delete_playbook(store: StoreDep, caller: PlaybookWriter, playbook_id: str) -> Response:
    """Delete a playbook."""
    with store.lock:
        store.delete("playbook", _find(store, "playbook", caller, playbook_id), caller.actor)
    return json_response({"status": "success"})


# -- secrets


@router.get(
    "/secrets",
    response_model=list[models.SecretV1] | models.SecretListV1,
    responses=error_responses(),
)
async def v1_list_secrets(store: StoreDep, caller: SecretManager) -> Response:
    """List what is known of the secrets, never a value."""
    with store.lock:
        shown = [views.secret_v1(row) for row in _own(store, "secret", caller)]
    return json_response(views.list_v1(store, "secrets", shown))


@router.post(
    "/secrets",
    response_model=models.Created,
    responses={
        **error_responses(400, 409),
        201: {
            "model": models.Created,
            "description": "Created, if the v1_secret_created quirk says so",
        },
    },
)
async def v1_create_secret(
    store: StoreDep, caller: SecretManager, body: models.SecretWriteV1
) -> Response:
    """Create a secret."""
    refuse_unknown_fields(store, body)
    fields = {
        "key": body.key,
        "secret_type": body.type,
        "note": body.note,
        "is_sensitive": body.sensitive,
    }
    secret = store.create_secret(caller.organization, caller.actor, body.value, fields)
    return json_response({"id": secret.id}, int(store.quirks.v1_secret_created))


@router.delete(
    "/secrets/{secret_id}",
    response_model=models.Message,
    responses={**error_responses(404), 204: _DELETED},
)
async def v1_delete_secret(store: StoreDep, caller: SecretManager, secret_id: str) -> Response:
    """Delete a secret. v1 answers 404 for one that does not exist, unlike v3."""
    with store.lock:
        secret = store.find_secret(caller.organization, secret_id, missing=404)
        store.delete("secret", secret, caller.actor)
    return _deleted(store, {"message": "Secret deleted"})
