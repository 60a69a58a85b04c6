"""What the OpenAPI document says about every operation: its id and its errors."""

from __future__ import annotations

from typing import Any

from fastapi.routing import APIRoute

from devinops.emulator import models

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
    older = models.Invalid if status == 422 else models.Refusal
    described: dict[str, Any] = {"description": _MEANINGS[status]}
    if v1:
        described["model"] = older | models.RefusalV1
    else:
        # Only a model gets a schema in the document, and a model is for `application/json`.
        described["model"] = older | models.Problem
        schema = {"$ref": "#/components/schemas/Problem"}
        described["content"] = {"application/problem+json": {"schema": schema}}
    if status == 429:
        described["headers"] = {"Retry-After": _RETRY_AFTER}
    return described
