"""HTTP responses: JSON, and errors in the shape that the quirks choose."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, cast

from fastapi import Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from devinops.emulator.records import ApiError, InvalidObject, JsonObject
from devinops.emulator.response_sending import reason_phrase
from devinops.emulator.store import Store, UnknownObject
from devinops.model.errors import ConfigError


def encode(content: object) -> bytes:
    """Return JSON in UTF-8; lone surrogates are escaped, NaN and infinity become null."""
    try:
        return json.dumps(
            content, ensure_ascii=False, allow_nan=False, separators=(",", ":")
        ).encode()
    except ValueError:
        finite = json.loads(json.dumps(content), parse_constant=lambda _: None)
        return json.dumps(finite, separators=(",", ":")).encode()


def json_response(content: object, status: int = 200) -> Response:
    return Response(encode(content), status, media_type="application/json")


def error_response(
    store: Store, path: str, status: int, detail: object, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an error in the shape that the quirks choose.

    `detail` is a text; for a 422 it is the list of field errors.
    """
    on_v1 = path.startswith("/v1/")
    message = detail if isinstance(detail, str) else "Request validation failed"
    media_type = "application/json"
    content: JsonObject = {"detail": detail}
    if on_v1 and store.quirks.v1_error_body == "error":
        content = {"error": {"message": message, "type": reason_phrase(status)}}
    elif not on_v1 and store.quirks.error_body == "problem":
        media_type = "application/problem+json"
        content = {
            "type": "about:blank",
            "title": reason_phrase(status),
            "status": status,
            "detail": message,
            "instance": path,
            **({} if isinstance(detail, str) else {"errors": detail}),
        }
    return Response(encode(content), status, headers, media_type)


# -- exceptions that become responses


def store_of(request: Request) -> Store:
    return cast("Store", request.app.state.store)


async def _on_api_error(request: Request, error: ApiError) -> Response:
    field = {"type": "value_error", "loc": error.loc, "msg": error.detail, "input": error.given}
    detail = [field] if error.status == 422 else error.detail
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
    return error_response(store_of(request), request.url.path, error.status, detail, headers)


async def _on_invalid_object(request: Request, error: InvalidObject) -> Response:
    return await _on_api_error(request, ApiError(422, str(error)))


async def _on_unknown_object(request: Request, error: UnknownObject) -> Response:
    return await _on_api_error(request, ApiError(404, f"There is no {error.args[0]}"))


async def _on_config_error(request: Request, error: ConfigError) -> Response:
    """Answer 500: the state file cannot be written."""
    return error_response(store_of(request), request.url.path, 500, str(error))


async def _on_http_error(request: Request, error: HTTPException) -> Response:
    """Answer an error of the framework, such as an unknown path."""
    path, status, detail = request.url.path, error.status_code, error.detail
    headers = dict(error.headers or {})
    if status == 404:
        detail = f"There is no path {path}"
    if status == 405:
        headers["Allow"] = _allowed_methods(request)
    return error_response(store_of(request), path, status, detail, headers)


def _allowed_methods(request: Request) -> str:
    """Return every method of a path; the framework's own header lists only one route's."""
    path = request.url.path
    routes = [route for route in request.app.routes if route.path_regex.match(path)]
    # The first route decides: `/automations/templates` also matches `/automations/{id}`.
    same = [route for route in routes if route.path == routes[0].path]
    return ", ".join(sorted({method for route in same for method in route.methods}))


async def _on_invalid_request(request: Request, error: RequestValidationError) -> Response:
    detail = jsonable_encoder(error.errors(), custom_encoder={bytes: _decode, float: float})
    return error_response(store_of(request), request.url.path, 422, detail)


def _decode(value: bytes) -> str:
    return value.decode(errors="replace")


EXCEPTION_HANDLERS: dict[
    int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]
] = {
    ApiError: _on_api_error,
    InvalidObject: _on_invalid_object,
    UnknownObject: _on_unknown_object,
    ConfigError: _on_config_error,
    HTTPException: _on_http_error,
    RequestValidationError: _on_invalid_request,
}
