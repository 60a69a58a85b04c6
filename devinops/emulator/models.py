"""Request and response shapes, for checking requests and for the OpenAPI document.

Request models keep fields they do not know, so that the `unknown_fields` quirk can refuse them. Booleans are
strict: a text like "yes" is a mistake of the client.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool

SCHEMA_BYTES = 64 * 1024


def _references(schema: object) -> Iterator[str]:
    """Every reference in a schema, wherever it stands."""
    if isinstance(schema, dict):
        reference = schema.get("$ref")
        if isinstance(reference, str):
            yield reference
        schema = list(schema.values())
    if isinstance(schema, list):
        for item in schema:
            yield from _references(item)


def _output_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Check what is said of a structured output schema: draft 7, at most 64 KB, no outside reference."""
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


def _sendable(text: str) -> str:
    """Refuse lone surrogates: JSON can write them, but no answer could carry them back."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("not valid Unicode") from None
    return text


def _number(value: object) -> object:
    """Refuse what Python would take for a whole number and JSON does not."""
    if isinstance(value, str | bool):
        raise ValueError("not a whole number")
    return value


# Last among what is said of a whole number, or its limits would not be in the OpenAPI document.
NUMBER = BeforeValidator(_number)
Text = Annotated[str, AfterValidator(_sendable)]
NonEmpty = Annotated[str, Field(min_length=1), AfterValidator(_sendable)]
Macro = Annotated[str, Field(pattern=r"^![A-Za-z0-9_-]+$")]
OutputSchema = Annotated[dict[str, Any], AfterValidator(_output_schema)]
SecretType = Literal["cookie", "key-value", "totp"]
Scope = Literal["enterprise", "org"]


class Request(BaseModel):
    """Base of all request bodies."""

    model_config = ConfigDict(extra="allow")


class Answer(BaseModel):
    """Base of all answers: nothing beyond the fields."""

    model_config = ConfigDict(extra="forbid")


class NoteWrite(Request):
    """Create or replace a note. On a replacement, what is left out is cleared, but for `is_enabled`."""

    name: Text
    body: Text
    trigger: Text
    folder_id: Text | None = None
    pinned_repo: NonEmpty | None = None
    is_enabled: StrictBool | None = None


class PlaybookWrite(Request):
    """Create or update a playbook. On an update, `macro` and the schema are kept when left out."""

    title: Text
    body: Text
    macro: Macro | None = None
    structured_output_schema: OutputSchema | None = None


class SecretWrite(Request):
    """Create a secret. The value is never answered."""

    type: SecretType
    key: Text
    value: Annotated[Text, Field(json_schema_extra={"writeOnly": True})]
    is_sensitive: StrictBool = True
    note: Text | None = None


class KnowledgeWriteV1(Request):
    """Create or replace knowledge on v1."""

    name: Text
    body: Text
    trigger_description: Text
    parent_folder_id: Text | None = None
    pinned_repo: Text | None = None
    macro: Annotated[str, Field(pattern="^!"), AfterValidator(_sendable)] | None = None


class PlaybookWriteV1(Request):
    """Create or update a playbook on v1."""

    title: NonEmpty
    body: NonEmpty
    macro: Macro | None = None


class SecretWriteV1(Request):
    """Create a secret on v1; all five fields are required."""

    type: SecretType
    key: Text
    value: Annotated[Text, Field(json_schema_extra={"writeOnly": True})]
    sensitive: StrictBool
    note: Text


class ServiceUser(Answer):
    """The holder of a service user's key; `org_id` is null for one of the enterprise."""

    principal_type: Literal["service_user"]
    service_user_id: str
    service_user_name: str
    org_id: str | None


class PatUser(Answer):
    """The holder of a personal access token."""

    principal_type: Literal["pat_user"]
    api_key_id: str
    api_key_name: str
    user_id: str
    user_name: str
    org_id: str | None


class Note(Answer):
    note_id: str
    folder_id: str | None
    folder_path: str
    name: str
    body: str
    trigger: str
    is_enabled: bool
    created_at: int
    updated_at: int
    access_type: Scope
    org_id: str | None
    macro: str | None
    pinned_repo: str | None


class Folder(Answer):
    folder_id: str
    name: str
    path: str
    parent_folder_id: str | None
    note_count: Annotated[int, Field(ge=0)]


class FolderTree(Answer):
    folders: list[Folder]
    root_note_count: Annotated[int, Field(ge=0)]


class Playbook(Answer):
    playbook_id: str
    title: str
    body: str
    macro: str | None
    structured_output_schema: dict[str, Any] | None
    created_by: str
    updated_by: str
    created_at: int
    updated_at: int
    access_type: Scope
    org_id: str | None


class Secret(Answer):
    secret_id: str
    key: str | None
    note: str | None
    is_sensitive: bool
    secret_type: SecretType
    access_type: Literal["org", "personal"]
    created_by: str
    created_at: int
    updated_by: str | None
    updated_at: int | None


class AuditLog(Answer):
    audit_log_id: str
    action: str
    created_at: int
    data: dict[str, Any] | None
    org_id: str | None
    service_user_id: str | None
    service_user_name: str | None
    user_id: str | None
    user_email: str | None


class PageInfo(Answer):
    """The envelope of every paged list; `end_cursor` is null on the last page."""

    end_cursor: str | None
    has_next_page: bool
    total: Annotated[int, Field(ge=0)] = 0


class NotePage(PageInfo):
    items: list[Note]


class SecretPage(PageInfo):
    items: list[Secret]


class AuditPage(PageInfo):
    items: list[AuditLog]


class AuthorV1(Answer):
    full_name: str
    id: str | None
    image_url: str | None


class KnowledgeV1(Answer):
    id: str
    name: str
    body: str
    trigger_description: str
    parent_folder_id: str | None
    pinned_repo: str | None
    macro: str | None = None
    created_at: str
    created_by: AuthorV1 | None


class FolderV1(Answer):
    id: str
    name: str
    description: str
    created_at: str


class KnowledgeListV1(Answer):
    knowledge: list[KnowledgeV1]
    folders: list[FolderV1]


class PlaybookV1(Answer):
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


class PlaybookListV1(Answer):
    playbooks: list[PlaybookV1]


class SecretV1(Answer):
    id: str
    type: Literal["cookie", "key-value", "dictionary", "totp"]
    key: str | None
    created_at: str | None


class SecretListV1(Answer):
    secrets: list[SecretV1]


class Created(Answer):
    id: str


class Message(Answer):
    message: str


class Detail(Answer):
    detail: str


class Status(Answer):
    status: str


class FieldError(BaseModel):
    """One complaint about a request, as FastAPI words it."""

    model_config = ConfigDict(extra="forbid")

    type: str
    loc: list[str | int]
    msg: str
    input: Any = None
    ctx: dict[str, Any] = Field(default_factory=dict)


class Refusal(BaseModel):
    """The older error body."""

    model_config = ConfigDict(extra="forbid")

    detail: str


class RefusalV1(BaseModel):
    """An error body that a client of v1 was met with."""

    model_config = ConfigDict(extra="forbid")

    error: dict[str, str]


class Invalid(BaseModel):
    """The older body of a 422."""

    model_config = ConfigDict(extra="forbid")

    detail: list[FieldError]


class Problem(BaseModel):
    """The newer error body, after RFC 9457."""

    model_config = ConfigDict(extra="forbid")

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldError] = Field(default_factory=list)
