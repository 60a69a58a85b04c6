"""Request and response shapes, for checking requests and for the OpenAPI document.

Request models keep fields they do not know, so that the `unknown_fields` quirk can refuse them.
Booleans are strict: a text like "yes" is a mistake of the client.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def sendable(text: str) -> str:
    """Refuse lone surrogates: JSON can write them, but no answer could carry them back."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("not valid Unicode") from None
    return text


def _number(value: object) -> object:
    """Refuse what Python takes for a whole number and JSON does not."""
    if isinstance(value, str | bool):
        raise ValueError("not a whole number")
    return value


# It must be the last annotation, or the number's limits are missing in the OpenAPI document.
NUMBER = BeforeValidator(_number)
Text = Annotated[str, AfterValidator(sendable)]
NonEmpty = Annotated[str, Field(min_length=1), AfterValidator(sendable)]
Macro = Annotated[str, Field(pattern=r"^![A-Za-z0-9_-]+$")]
Scope = Literal["enterprise", "org"]


class Request(BaseModel):
    """Base of all request bodies."""

    model_config = ConfigDict(extra="allow")


class Answer(BaseModel):
    """Base of all answers: nothing beyond the fields."""

    model_config = ConfigDict(extra="forbid")


class PageInfo(Answer):
    """The envelope of every paged list; `end_cursor` is null on the last page."""

    end_cursor: str | None
    has_next_page: bool
    total: Annotated[int, Field(ge=0)] = 0


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
