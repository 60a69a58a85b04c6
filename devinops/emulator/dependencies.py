"""What handlers need from a request: the store, the caller and a list's page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from devinops.emulator import models
from devinops.emulator.access import Actor, Principal
from devinops.emulator.records import ApiError
from devinops.emulator.responses import store_of
from devinops.emulator.store import Store

INVALID_KEY = "Invalid or missing API key"

_bearer = HTTPBearer(auto_error=False, scheme_name="bearerAuth")

First = Annotated[int, Query(ge=1, le=200)]
After = Annotated[str | None, Query(description="The end_cursor of the previous page")]
OrgId = Annotated[models.Segment, Path(examples=["org-abc123def456"])]
Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


async def _store(request: Request) -> Store:
    return store_of(request)


StoreDep = Annotated[Store, Depends(_store)]


@dataclass(frozen=True)
class Caller:
    """Who calls, and the organization the path leads to; None on the enterprise paths."""

    principal: Principal
    org: str | None

    @property
    def actor(self) -> Actor:
        return self.principal.actor

    @property
    def organization(self) -> str:
        assert self.org is not None, "an organization's path"
        return self.org


def _identify(store: Store, credentials: Credentials, api: str) -> Principal:
    """Return the holder of the key: 401 for an unknown key; on v1, 403 for a key of v3."""
    key = credentials.credentials if credentials else ""
    if api == "v1" and key.startswith("cog_"):
        raise ApiError(403, "This key cannot be used with the v1 API")
    principal = store.keys.get(key)
    if principal is None or principal.api != api:
        raise ApiError(401, INVALID_KEY)
    return principal


async def identify_v3(store: StoreDep, credentials: Credentials) -> Principal:
    return _identify(store, credentials, "v3")


async def identify_by_header(request: Request, api: str) -> Principal:
    """Return the holder of the key in a request that FastAPI does not read."""
    return _identify(store_of(request), await _bearer(request), api)


V3Principal = Annotated[Principal, Depends(identify_v3)]


def _require(principal: Principal, any_of: tuple[str, ...]) -> None:
    if not principal.may(any_of):
        raise ApiError(403, f"Missing permission: {' or '.join(any_of)}")


def _require_in_enterprise(principal: Principal, any_of: tuple[str, ...]) -> None:
    if principal.org is not None:
        raise ApiError(403, "This key has no access to the enterprise")
    _require(principal, any_of)


def in_organization(*any_of: str) -> Any:
    """Return a dependency for an organization's paths; any one of the permissions is enough."""

    async def caller(store: StoreDep, principal: V3Principal, org_id: OrgId) -> Caller:
        if principal.org not in (None, org_id):
            raise ApiError(403, "This key has no access to this organization")
        _require(principal, any_of)
        store.check_organization(org_id)
        return Caller(principal, org_id)

    return Depends(caller)


def in_enterprise(*any_of: str) -> Any:
    """Return a dependency for the paths of the enterprise."""

    async def caller(principal: V3Principal) -> Caller:
        _require_in_enterprise(principal, any_of)
        return Caller(principal, None)

    return Depends(caller)


def in_enterprise_about_organization(*any_of: str) -> Any:
    """Return a dependency for enterprise paths that name an organization."""

    async def caller(store: StoreDep, principal: V3Principal, org_id: OrgId) -> Caller:
        _require_in_enterprise(principal, any_of)
        store.check_organization(org_id)
        return Caller(principal, org_id)

    return Depends(caller)


def on_v1(*any_of: str) -> Any:
    """Return a dependency for v1, where the key alone decides the organization."""

    async def caller(store: StoreDep, credentials: Credentials) -> Caller:
        principal = _identify(store, credentials, "v1")
        _require(principal, any_of)
        if principal.org and store.table("organization").get(principal.org) is None:
            raise ApiError(401, INVALID_KEY)  # nothing is left of a deleted organization
        return Caller(principal, principal.org)

    return Depends(caller)


def refuse_unknown_fields(store: Store, body: models.Request) -> None:
    """Raise a 422 for a field outside the body's schema if the `unknown_fields` quirk says so."""
    if store.quirks.unknown_fields == "422" and body.model_extra:
        name, value = next(iter(body.model_extra.items()))
        raise ApiError(422, "Extra inputs are not permitted", ("body", name), value)
