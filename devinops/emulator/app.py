"""The FastAPI application: authentication, error bodies, and the parts put together."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, cast

from fastapi import Depends, FastAPI, Path, Request, Security
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException
from starlette.responses import Response

from devinops.emulator import models
from devinops.emulator.access import Principal
from devinops.emulator.gate import Call, Gate, Layer, RateLimit, Reply, RequestLog, latency
from devinops.emulator.records import Rejected
from devinops.emulator.store import Store
from devinops.emulator.wire import phrase
from devinops.errors import ConfigError

if TYPE_CHECKING:
    from devinops.emulator.faults import Faults

_bearer = HTTPBearer(auto_error=False, scheme_name="bearerAuth")


def store_of(request: Request) -> Store:
    return cast("Store", request.app.state.store)


async def _store(request: Request) -> Store:
    return store_of(request)


StoreDep = Annotated[Store, Depends(_store)]


# -- answers


def render(content: object) -> bytes:
    """Encode JSON; what UTF-8 or JSON cannot say (lone surrogates, NaN) is escaped or becomes null."""
    try:
        return json.dumps(
            content, ensure_ascii=False, allow_nan=False, separators=(",", ":")
        ).encode()
    except ValueError:
        finite = json.loads(json.dumps(content), parse_constant=lambda _: None)
        return json.dumps(finite, separators=(",", ":")).encode()


def answer(content: object, status: int = 200) -> Response:
    return Response(render(content), status, media_type="application/json")


def error(
    store: Store, path: str, status: int, detail: object, headers: Mapping[str, str] | None = None
) -> Response:
    """Build an error of the shape that the quirks ask for; `detail` is a text, for 422 a list."""
    on_v1 = path.startswith("/v1/")
    if on_v1 and store.quirks.v1_error_body == "error":
        message = detail if isinstance(detail, str) else "Request validation failed"
        body = {"error": {"message": message, "type": phrase(status)}}
        return Response(render(body), status, headers, "application/json")
    if on_v1 or store.quirks.error_body == "detail":
        return Response(render({"detail": detail}), status, headers, "application/json")
    problem: dict[str, object] = {
        "type": "about:blank",
        "title": phrase(status),
        "status": status,
        "detail": detail if isinstance(detail, str) else "Request validation failed",
        "instance": path,
    }
    if not isinstance(detail, str):
        problem["errors"] = detail
    return Response(render(problem), status, headers, "application/problem+json")


def _complaint(problem: Rejected) -> list[dict[str, object]]:
    return [
        {"type": "value_error", "loc": problem.loc, "msg": problem.detail, "input": problem.given}
    ]


def _readable(value: bytes) -> str:
    return value.decode(errors="replace")


async def _on_rejected(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Rejected)
    detail = _complaint(problem) if problem.status == 422 else problem.detail
    headers = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else None
    return error(store_of(request), request.url.path, problem.status, detail, headers)


async def _on_config_error(request: Request, problem: Exception) -> Response:
    """The state file cannot be written."""
    return error(store_of(request), request.url.path, 500, str(problem))


async def _on_http_error(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    headers = dict(problem.headers or {})
    if problem.status_code == 405:
        headers["Allow"] = _allowed(request)
    return error(store_of(request), request.url.path, problem.status_code, problem.detail, headers)


def _allowed(request: Request) -> str:
    """Return every method of a path; the framework's own header names those of one route only."""
    path = request.url.path
    routes = [route for route in request.app.state.routes if route.path_regex.match(path)]
    # The first is the one that is meant: a fixed word may also fit where another route has an id.
    methods = {
        method for route in routes if route.path == routes[0].path for method in route.methods
    }
    return ", ".join(sorted(methods))


async def _on_invalid(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, RequestValidationError)
    detail = jsonable_encoder(problem.errors(), custom_encoder={bytes: _readable, float: float})
    return error(store_of(request), request.url.path, 422, detail)


def refuse_unknown_fields(store: Store, body: models.Request) -> None:
    """Refuse a body with fields outside its schema, where the `unknown_fields` quirk says so."""
    if store.quirks.unknown_fields == "422" and body.model_extra:
        name, value = next(iter(body.model_extra.items()))
        raise Rejected(422, "Extra inputs are not permitted", ("body", name), value)


_ERROR_MODELS = {422: models.Invalid}
_MEANINGS = {
    400: "Refused for its meaning",
    401: "Key missing or wrong",
    403: "Key valid but not allowed",
    404: "No such object",
    409: "In conflict with another object",
    422: "Body or parameters rejected",
    429: "Rate limited",
}


def errors(*statuses: int, v1: bool = False) -> dict[int | str, dict[str, Any]]:
    """Describe the error answers for the OpenAPI document, in both shapes; 401, 403, 422, 429 always."""
    return {status: _describe(status, v1) for status in sorted({401, 403, 422, 429, *statuses})}


def _describe(status: int, v1: bool) -> dict[str, Any]:
    model = _ERROR_MODELS.get(status, models.Refusal)
    described: dict[str, Any] = {"description": _MEANINGS[status]}
    if v1:
        described["model"] = model | models.RefusalV1
    else:
        described["model"] = model
        schema = {"$ref": "#/components/schemas/Problem"}
        described["content"] = {"application/problem+json": {"schema": schema}}
    if status == 429:
        described["headers"] = {
            "Retry-After": {
                "description": "Seconds or a date; may be absent",
                "schema": {"type": "string"},
            }
        }
    return described


def name_of(route: APIRoute) -> str:
    """Return the operation's id in the OpenAPI document; the framework's own would hold its whole path."""
    return route.name


# -- who may call


class Caller:
    """Who calls, and the organization the path leads to; None on the enterprise paths."""

    def __init__(self, principal: Principal, org: str | None) -> None:
        self.principal, self.org, self.actor = principal, org, principal.actor

    @property
    def organization(self) -> str:
        assert self.org is not None, "an organization's path"
        return self.org


Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


def _identify(
    store: Store, credentials: HTTPAuthorizationCredentials | None, api: str
) -> Principal:
    """Return the key's holder: 401 for an unknown key; on v1, 403 for one of v3."""
    key = credentials.credentials if credentials else ""
    if api == "v1" and key.startswith("cog_"):
        raise Rejected(403, "This key cannot be used with the v1 API")
    principal = store.keys.get(key)
    if principal is None or principal.api != api:
        raise Rejected(401, "Invalid or missing API key")
    return principal


def _check(principal: Principal, any_of: tuple[str, ...]) -> None:
    if not principal.may(any_of):
        raise Rejected(403, f"Missing permission: {' or '.join(any_of)}")


async def identify_v3(store: StoreDep, credentials: Credentials) -> Principal:
    return _identify(store, credentials, "v3")


async def identify_by_header(request: Request) -> Principal:
    """Return the holder of the key in a request that FastAPI does not read."""
    return _identify(store_of(request), await _bearer(request), "v3")


V3Principal = Annotated[Principal, Depends(identify_v3)]
OrgId = Annotated[str, Path(examples=["org-abc123def456"])]
Dependency = Callable[..., Awaitable[Caller]]


def in_organization(*any_of: str) -> Any:
    """Return a dependency for the paths of an organization."""

    async def dependency(store: StoreDep, principal: V3Principal, org_id: OrgId) -> Caller:
        if principal.org not in (None, org_id):
            raise Rejected(403, "This key has no access to this organization")
        _check(principal, any_of)
        store.check_organization(org_id)
        return Caller(principal, org_id)

    return Depends(dependency)


def in_enterprise(*any_of: str) -> Any:
    """Return a dependency for the paths of the enterprise."""

    async def dependency(principal: V3Principal) -> Caller:
        _check_enterprise(principal, any_of)
        return Caller(principal, None)

    return Depends(dependency)


def in_enterprise_about_organization(*any_of: str) -> Any:
    """Return a dependency for enterprise paths that name an organization."""

    async def dependency(store: StoreDep, principal: V3Principal, org_id: OrgId) -> Caller:
        _check_enterprise(principal, any_of)
        store.check_organization(org_id)
        return Caller(principal, org_id)

    return Depends(dependency)


def _check_enterprise(principal: Principal, any_of: tuple[str, ...]) -> None:
    if principal.org is not None:
        raise Rejected(403, "This key has no access to the enterprise")
    _check(principal, any_of)


def on_v1(*any_of: str) -> Any:
    """Return a dependency for v1, where the key alone says which organization is meant."""

    async def dependency(store: StoreDep, credentials: Credentials) -> Caller:
        principal = _identify(store, credentials, "v1")
        _check(principal, any_of)
        return Caller(principal, principal.org)

    return Depends(dependency)


# -- the whole


def create_app(
    store: Store,
    *,
    log: RequestLog | None = None,
    latency_ms: float = 0,
    rate_limit: float | None = None,
    faults: Faults | None = None,
    layers: Sequence[Layer] = (),
    reset: Callable[[], None] | None = None,
    save: Callable[[], None] = lambda: None,
) -> FastAPI:
    """Return the application over a store.

    `rate_limit` is in requests a second over all keys. `layers` come innermost, right before the handlers;
    `faults` come before them. `reset` is what `POST /_emulator/reset` does; without it the store is emptied.
    `save` is called after each change that a person makes.
    """
    from devinops.emulator import audit, resources, unserved, v1, v3, webapp
    from devinops.emulator.faults import Faults

    # The routes as they stand in the routers: `include_router` would analyse all of them again for each emulator.
    routes = [
        route for module in (v3, resources, audit, v1, webapp) for route in module.router.routes
    ]
    app = FastAPI(
        title="Devin API emulator",
        version="3",
        summary="Stands in for the Devin API",
        routes=[*routes, *unserved.ROUTES],
        docs_url=None,
        redoc_url=None,
    )
    app.state.store = store
    app.state.log = log = log or RequestLog()
    app.state.faults = faults = faults or Faults(store)
    app.state.reset = reset or store.clear
    app.state.save = save
    app.state.routes = routes
    app.add_exception_handler(Rejected, _on_rejected)
    app.add_exception_handler(ConfigError, _on_config_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_middleware(Gate, layers=_layers(store, log, latency_ms, rate_limit, [faults, *layers]))
    return app


def _layers(
    store: Store,
    log: RequestLog,
    latency_ms: float,
    rate_limit: float | None,
    inner: Sequence[Layer],
) -> list[Layer]:
    outer: list[Layer] = [log]
    if latency_ms:
        outer.append(latency(latency_ms))
    if rate_limit is not None:
        outer.append(_rate_limit(store, rate_limit))
    return [*outer, *inner]


def _rate_limit(store: Store, rate: float) -> RateLimit:
    def refuse(call: Call, headers: dict[str, str]) -> Reply:
        response = error(store, call.path, 429, "Rate limit exceeded", headers)
        return Reply(response.status_code, response.raw_headers, bytes(response.body))

    return RateLimit(rate, refuse, lambda: store.quirks.retry_after)
