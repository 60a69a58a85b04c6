"""Who calls: the holder of the key, with the permissions that a path needs; `GET /v3/self`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.responses import Response

from devinops.emulator import models
from devinops.emulator.access import Actor, Principal
from devinops.emulator.models import error_responses, operation_id
from devinops.emulator.records import ApiError
from devinops.emulator.responses import json_response, store_of
from devinops.emulator.store import Store

INVALID_KEY = "Invalid or missing API key"

_bearer = HTTPBearer(auto_error=False, scheme_name="bearerAuth")

OrgId = Annotated[models.Segment, Path(examples=["org-abc123def456"])]
Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


async def _store(request: Request) -> Store:
    return store_of(request)


StoreDep = Annotated[Store, Depends(_store)]


@dataclass(frozen=True)
class Caller:
    """Who calls, and the organization that the path leads to; None on the enterprise paths."""

    principal: Principal
    org: str | None

    @property
    def actor(self) -> Actor:
        return self.principal.actor

    @property
    def organization(self) -> str:
        """The organization, for what is served only below one."""
        assert self.org is not None, "an organization's path"
        return self.org


def _identify(request: Request, credentials: Credentials, api: str) -> Principal:
    """Return the holder of the key: 401 for an unknown key; on v1, 403 for a key of v3."""
    store = store_of(request)
    if request.client is not None and not store.admits(request.client.host):
        raise ApiError(int(store.quirks.outside_ip_list), "Not allowed from this IP address")
    key = credentials.credentials if credentials else ""
    if api == "v1" and key.startswith("cog_"):
        raise ApiError(403, "This key cannot be used with the v1 API")
    principal = store.keys.get(key)
    if principal is None or principal.api != api:
        raise ApiError(401, INVALID_KEY)
    service_user = store.table("service_user").get(principal.actor.id)
    if service_user is not None and not service_user.is_active(store.now()):
        raise ApiError(401, INVALID_KEY)
    return principal


async def identify_v3(request: Request, credentials: Credentials) -> Principal:
    return _identify(request, credentials, "v3")


async def identify_by_header(request: Request, api: str) -> Principal:
    """Return the holder of the key in a request that FastAPI does not read."""
    return _identify(request, await _bearer(request), api)


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

    async def caller(request: Request, store: StoreDep, credentials: Credentials) -> Caller:
        principal = _identify(request, credentials, "v1")
        _require(principal, any_of)
        if principal.org and store.table("organization").get(principal.org) is None:
            raise ApiError(401, INVALID_KEY)  # nothing is left of a deleted organization
        return Caller(principal, principal.org)

    return Depends(caller)


# -- `GET /v3/self`


router = APIRouter(prefix="/v3", generate_unique_id_function=operation_id)


class ServiceUser(models.Answer):
    """The holder of a service user's key; `org_id` is null for one of the enterprise."""

    principal_type: Literal["service_user"]
    service_user_id: str
    service_user_name: str
    org_id: str | None


class PatUser(models.Answer):
    """The holder of a personal access token."""

    principal_type: Literal["pat_user"]
    api_key_id: str
    api_key_name: str
    user_id: str
    user_name: str
    org_id: str | None


@router.get("/self", response_model=ServiceUser | PatUser, responses=error_responses())
async def get_self(principal: V3Principal) -> Response:
    """Return who the key belongs to."""
    actor = principal.actor
    if actor.is_person:
        holder = {
            "principal_type": "pat_user",
            "api_key_id": f"key-{actor.id}",
            "api_key_name": f"Key of {actor.name}",
            "user_id": actor.id,
            "user_name": actor.name,
        }
    else:
        holder = {
            "principal_type": "service_user",
            "service_user_id": actor.id,
            "service_user_name": actor.name,
        }
    return json_response({**holder, "org_id": principal.org})
