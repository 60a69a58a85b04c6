"""Playbooks: of an organization and of the enterprise on v3, and on v1."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator

from devinops.emulator import access, models, records
from devinops.emulator.models import Macro, NonEmpty, Text
from devinops.emulator.records import JsonObject
from devinops.emulator.resource import (
    ENTERPRISE,
    ORGANIZATION,
    V1,
    Create,
    Delete,
    Listing,
    Mount,
    Omitted,
    Paging,
    Resource,
    Update,
    id_of,
    view_of,
)
from devinops.emulator.resources import v1
from devinops.emulator.store import Store

SCHEMA_BYTES = 64 * 1024


def _check_output_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Raise ValueError unless it is of draft 7, at most 64 KB and without an outside reference."""
    from jsonschema import Draft7Validator, SchemaError

    if len(json.dumps(schema, allow_nan=False, ensure_ascii=False).encode()) > SCHEMA_BYTES:
        raise ValueError("the schema is larger than 64 KB")
    if not all(reference.startswith("#") for reference in _references(schema)):
        raise ValueError("the schema has an external reference")
    try:
        Draft7Validator.check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"not a draft 7 schema: {error.message}") from None
    return schema


def _references(schema: object) -> Iterator[str]:
    """Yield every reference in a schema, at any depth."""
    if isinstance(schema, dict):
        reference = schema.get("$ref")
        if isinstance(reference, str):
            yield reference
        schema = list(schema.values())
    if isinstance(schema, list):
        for item in schema:
            yield from _references(item)


OutputSchema = Annotated[dict[str, Any], AfterValidator(_check_output_schema)]


class PlaybookWrite(models.RequestBody):
    """Create or update a playbook. An update keeps `macro` and the schema if they are left out."""

    title: Text
    body: Text
    macro: Macro | None = None
    structured_output_schema: OutputSchema | None = None


class Playbook(models.Answer):
    playbook_id: str
    title: str
    body: str
    macro: str | None
    structured_output_schema: dict[str, Any] | None
    created_by: str
    updated_by: str
    created_at: int
    updated_at: int
    access_type: models.AccessType
    org_id: str | None


def _updated_by(_: Store, playbook: records.Playbook) -> str:
    return playbook.updated_by or playbook.created_by


PLAYBOOKS = Resource(
    kind="playbook",
    nouns=("playbook", "playbooks"),
    path="/playbooks",
    mounts=(
        Mount(ORGANIZATION, access.READ_PLAYBOOKS, access.WRITE_PLAYBOOKS),
        Mount(ENTERPRISE, access.ENTERPRISE_PLAYBOOKS, access.ENTERPRISE_PLAYBOOKS),
    ),
    id_field="playbook_id",
    view=view_of(Playbook, playbook_id=id_of, updated_by=_updated_by),
    answer=Playbook,
    create=Create(body=PlaybookWrite, refusals=(409,)),
    update=Update(method="PUT", body=PlaybookWrite, omitted=Omitted.KEEPS, refusals=(409,)),
    delete=Delete(),
)


# -- v1


class PlaybookWriteV1(models.RequestBody):
    """Create or update a playbook on v1."""

    title: NonEmpty
    body: NonEmpty
    macro: Macro | None = None


class PlaybookV1(models.Answer):
    playbook_id: str
    title: str
    body: str
    macro: str | None
    access_type: str | None
    org_id: str | None
    created_at: str | None
    updated_at: str | None
    created_by_user_id: str | None
    created_by_user_name: str | None
    status: str = "published"
    updated_by_user_id: str | None = None
    updated_by_user_name: str | None = None


class PlaybookListV1(models.Answer):
    playbooks: list[PlaybookV1]


def _name(store: Store, actor_id: str) -> str:
    return store.actor(actor_id).name


_view_all_v1 = view_of(
    PlaybookV1,
    playbook_id=v1.shown_id,
    created_at=v1.created_at,
    updated_at=lambda _, playbook: v1.iso(playbook.updated_at),
    created_by_user_id=lambda _, playbook: playbook.created_by,
    created_by_user_name=lambda store, playbook: _name(store, playbook.created_by),
    status=lambda *_: "published",
    updated_by_user_id=_updated_by,
    updated_by_user_name=lambda store, playbook: _name(store, _updated_by(store, playbook)),
)
_ABSENT = {
    "none": ("status", "updated_by_user_id", "updated_by_user_name"),
    "status": ("updated_by_user_id", "updated_by_user_name"),
    "all": (),
}


def _view_v1(store: Store, playbook: records.Playbook) -> JsonObject:
    shown = _view_all_v1(store, playbook)
    for name in _ABSENT[store.quirks.v1_playbook_fields]:
        del shown[name]
    return shown


def _success(store: Store, playbook: records.Playbook) -> JsonObject:
    return {"status": "success"}


PLAYBOOKS_V1 = Resource(
    kind="playbook",
    nouns=("playbook", "playbooks"),
    path="/playbooks",
    mounts=(Mount(V1, access.READ_PLAYBOOKS, access.WRITE_PLAYBOOKS),),
    id_field="playbook_id",
    view=_view_v1,
    answer=PlaybookV1,
    listing=Listing(
        paging=Paging.WHOLE,
        rows=v1.rows("playbook"),
        unpaged_content=v1.listed_as("playbooks"),
        answer=list[PlaybookV1] | PlaybookListV1,
    ),
    stored_id=v1.stored_id,
    find=lambda context: context.store.find_to_write("playbook", context.org, context.id),
    create=Create(body=PlaybookWriteV1, refusals=(409,)),
    update=Update(
        method="PUT",
        body=PlaybookWriteV1,
        omitted=Omitted.CLEARS,
        clean=v1.replaced,
        refusals=(409,),
        view=_success,
        answer=models.Status,
    ),
    delete=Delete(view=_success, answer=models.Status),
)
