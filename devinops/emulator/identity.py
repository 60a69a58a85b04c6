"""`GET /v3/self`: who the key belongs to."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from starlette.responses import Response

from devinops.emulator import models
from devinops.emulator.dependencies import V3Principal
from devinops.emulator.openapi import error_responses, operation_id
from devinops.emulator.responses import json_response

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
