"""Secrets of an organization, on v3 and v1: metadata, never a value. There is no update."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, StrictBool

from devinops.emulator import access, models, records
from devinops.emulator.models import Text
from devinops.emulator.records import ApiError, JsonObject
from devinops.emulator.resource import (
    ORGANIZATION,
    V1,
    Create,
    Delete,
    Listing,
    Mount,
    Paging,
    RequestContext,
    Resource,
    SuccessStatus,
    id_of,
    view_of,
)
from devinops.emulator.resources import v1
from devinops.emulator.store import Store

Value = Annotated[Text, Field(json_schema_extra={"writeOnly": True})]
Type = Literal["cookie", "key-value", "totp"]


class SecretWrite(models.RequestBody):
    """Create a secret. The value is in no response."""

    type: Type
    key: Text
    value: Value
    is_sensitive: StrictBool = True
    note: Text | None = None


class Secret(models.Answer):
    secret_id: str
    key: str | None
    note: str | None
    is_sensitive: bool
    secret_type: Type
    access_type: Literal["org", "personal"]
    created_by: str
    created_at: int
    updated_by: str | None
    updated_at: int | None


def _updated_at(_: Store, secret: records.Secret) -> int | None:
    """Return None until somebody edits the secret."""
    edited = secret.updated_by is not None or secret.updated_at != secret.created_at
    return secret.updated_at if edited else None


def _rows(context: RequestContext) -> list[Any]:
    """Return the organization's secrets of the types that v3 knows."""
    secrets = context.store.listing("secret", context.org)
    return [secret for secret in secrets if secret.secret_type in get_args(Type)]


def _create(context: RequestContext, fields: JsonObject) -> Any:
    """Create a secret. The store keeps a salted hash of the value, in memory only."""
    store, org, key = context.store, context.caller.organization, fields["key"]
    keys = {(row.org, row.key) for row in store.table("secret") if row.access_type == "org"}
    if (org, key) in keys and store.quirks.duplicate_secret != "allowed":
        status = int(store.quirks.duplicate_secret)
        raise ApiError(status, "A secret with this key already exists")
    digest = store.digest(org, key, fields.pop("value"))
    return store.insert("secret", org, context.caller.actor, {**fields, "digest": digest})


def _find(status: int, detail: str) -> Callable[[RequestContext], records.Secret]:
    """Return the function that finds a secret; a missing or a personal one raises this error."""

    def find(context: RequestContext) -> records.Secret:
        secret: records.Secret | None = context.store.table("secret").get(context.id)
        if secret is None or secret.org != context.org or secret.access_type != "org":
            raise ApiError(status, detail)
        return secret

    return find


SECRETS = Resource(
    kind="secret",
    nouns=("secret", "secrets"),
    path="/secrets",
    mounts=(Mount(ORGANIZATION, access.SECRETS, access.SECRETS),),
    id_field="secret_id",
    view=view_of(Secret, secret_id=id_of, updated_at=_updated_at),
    answer=Secret,
    names={"type": "secret_type"},
    listing=Listing(rows=_rows),
    readable=False,
    create=Create(body=SecretWrite, make=_create, refusals=(409,)),
    # The real API answers 403 for a secret that does not exist.
    delete=Delete(find=_find(403, "Not allowed to access this secret")),
)


# -- v1


class SecretWriteV1(models.RequestBody):
    """Create a secret on v1; all five fields are required."""

    type: Type
    key: Text
    value: Value
    sensitive: StrictBool
    note: Text


class SecretV1(models.Answer):
    id: str
    type: records.SecretType
    key: str | None
    created_at: str | None


class SecretListV1(models.Answer):
    secrets: list[SecretV1]


class Created(models.Answer):
    id: str


SECRETS_V1 = Resource(
    kind="secret",
    nouns=("secret", "secrets"),
    path="/secrets",
    mounts=(Mount(V1, access.SECRETS, access.SECRETS),),
    id_field="secret_id",
    view=view_of(SecretV1, type=lambda _, secret: secret.secret_type, created_at=v1.created_at),
    answer=SecretV1,
    names={"type": "secret_type", "sensitive": "is_sensitive"},
    listing=Listing(
        paging=Paging.WHOLE,
        rows=v1.rows("secret"),
        unpaged_content=v1.listed_as("secrets"),
        answer=list[SecretV1] | SecretListV1,
    ),
    readable=False,
    create=Create(
        body=SecretWriteV1,
        make=_create,
        status=SuccessStatus(200, "v1_secret_created", (201,)),
        refusals=(409,),
        view=lambda _, secret: {"id": secret.id},
        answer=Created,
    ),
    delete=Delete(
        status=v1.DELETED,
        find=_find(404, "Secret not found"),
        view=lambda *_: {"message": "Secret deleted"},
        answer=models.Message,
    ),
)
