"""The skills of a managed plugin, to which the vendor has announced to move knowledge.

Release notes of September 2026 name the path and nothing else, so the list is always empty and
cannot be written: no field is guessed.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from starlette.responses import Response

from devinops.emulator import access, models
from devinops.emulator.callers import Caller, StoreDep, in_organization
from devinops.emulator.models import error_responses, operation_id
from devinops.emulator.records import ApiError
from devinops.emulator.responses import json_response

router = APIRouter(prefix="/v3beta1", generate_unique_id_function=operation_id)


class ManagedPluginSkills(models.Answer):
    """What is known of the list."""

    items: list[Any]


@router.get(
    "/organizations/{org_id}/managed-plugins/bundles/knowledge/skills",
    response_model=ManagedPluginSkills,
    responses=error_responses(404),
)
async def list_managed_plugin_skills(
    store: StoreDep, caller: Annotated[Caller, in_organization(*access.READ_NOTES)]
) -> Response:
    """List nothing, or return a 404: the `managed_plugin_skills` quirk says which."""
    if store.quirks.managed_plugin_skills == "absent":
        raise ApiError(404, "Not found")
    return json_response({"items": []})
