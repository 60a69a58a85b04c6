"""Request and response shapes, for checking requests and for the OpenAPI document.

Request models keep fields they do not know, so that the `unknown_fields` quirk can refuse them.
Booleans are strict: a text like "yes" is the client's mistake.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import unquote

from fastapi.routing import APIRoute
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def sendable(text: str) -> str:
    """Raise ValueError for lone surrogates: JSON can contain them, but no response can."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("not valid Unicode") from None
    return text


def _number(value: object) -> object:
    """Raise ValueError for what Python takes for a whole number and JSON does not."""
    if isinstance(value, str | bool):
        raise ValueError("not a whole number")
    return value


# It must be the last annotation, or the number's limits are missing in the OpenAPI document.
NUMBER = BeforeValidator(_number)
Text = Annotated[str, AfterValidator(sendable)]
NonEmpty = Annotated[str, Field(min_length=1), AfterValidator(sendable)]
Segment = Annotated[str, AfterValidator(unquote)]
"""A parameter in a path of the API; a `Call` has it partly encoded."""
Macro = Annotated[str, Field(pattern=r"^![A-Za-z0-9_-]+$")]
AccessType = Literal["enterprise", "org"]


class RequestBody(BaseModel):
    """Base of all request bodies."""

    model_config = ConfigDict(extra="allow")


class Answer(BaseModel):
    """Base of all response bodies; they have no other fields."""

    model_config = ConfigDict(extra="forbid")


class PageInfo(Answer):
    """The envelope of every paged list; `end_cursor` is null on the last page."""

    end_cursor: str | None
    has_next_page: bool
    total: Annotated[int, Field(ge=0)] | None = None


class Message(Answer):
    message: str


class Detail(Answer):
    detail: str


class Status(Answer):
    status: str


class FieldError(Answer):
    """An error in one field of a request, as FastAPI describes it."""

    type: str
    loc: list[str | int]
    msg: str
    input: Any = None
    ctx: dict[str, Any] = Field(default_factory=dict)


class Refusal(Answer):
    """The older error body."""

    detail: str


class RefusalV1(Answer):
    """Another error body of v1."""

    error: dict[str, str]


class Invalid(Answer):
    """The older body of a 422."""

    detail: list[FieldError]


class Problem(Answer):
    """The newer error body, after RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldError] = Field(default_factory=list)


# -- what the OpenAPI document says about every operation


_MEANINGS = {
    400: "Well-formed, but not allowed",
    401: "Key missing or wrong",
    403: "Key valid but not allowed",
    404: "No such object",
    409: "In conflict with another object",
    422: "Body or parameters rejected",
    429: "Rate limited",
}
_RETRY_AFTER = {"description": "Seconds or a date; may be absent", "schema": {"type": "string"}}


def operation_id(route: APIRoute) -> str:
    """Return the name of the handler; the framework's own id would contain the whole path."""
    return route.name


def error_responses(*statuses: int, v1: bool = False) -> dict[int | str, dict[str, Any]]:
    """Return the possible errors in both shapes; 401, 403, 422 and 429 are always among them."""
    return {status: _error(status, v1) for status in sorted({401, 403, 422, 429, *statuses})}


def _error(status: int, v1: bool) -> dict[str, Any]:
    older = Invalid if status == 422 else Refusal
    described: dict[str, Any] = {"description": _MEANINGS[status]}
    if v1:
        described["model"] = older | RefusalV1
    else:
        # Only a model gets a schema in the document, and a model is for `application/json`.
        described["model"] = older | Problem
        schema = {"$ref": "#/components/schemas/Problem"}
        described["content"] = {"application/problem+json": {"schema": schema}}
    if status == 429:
        described["headers"] = {"Retry-After": _RETRY_AFTER}
    return described
