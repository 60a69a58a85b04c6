"""The most ACUs (agent compute units) that an organization may use in a billing cycle.

Source: the vendor's Terraform provider; PUT and DELETE return 204, and the list also has the limits
of the enterprise and of people. It is probably the `max_cycle_acu_limit` of the organization: set
it in one place only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from devinops.kinds._nested import count
from devinops.model.kind import (
    Hazard,
    Kind,
    Lifecycle,
    OnlyObject,
    Part,
    Resource,
    Scope,
    attribute,
    everywhere,
    settings_api,
)
from devinops.model.values import Unset


def _as_integer(limit: Any) -> Any:
    """Return 100 for 100.0, which JSON Schema accepts as a whole number."""
    return int(limit) if isinstance(limit, float) else limit


@dataclass(frozen=True, kw_only=True, slots=True)
class AcuLimit(Resource):
    cycle_acu_limit: int | None | Unset = attribute(
        schema=count(
            "ACUs for each billing cycle. 0 stops all work; null: no limit.",
            0,
            nullable=True,
            example=500,
        ),
        required=True,
        normalize=_as_integer,
        names={"v3": everywhere("cycle_acu_limit")},
    )


def _spends(before: AcuLimit | None, after: AcuLimit) -> str:
    old, new = before.cycle_acu_limit if before else None, after.cycle_acu_limit
    if not isinstance(old, int) or (isinstance(new, int) and new <= old):
        return ""
    to = f"is raised from {old} to {new}" if isinstance(new, int) else f"is removed; it was {old}"
    return f"{to} (ACUs in a billing cycle)"


def _stops(before: AcuLimit | None, after: AcuLimit) -> str:
    if after.cycle_acu_limit != 0 or (before is not None and before.cycle_acu_limit == 0):
        return ""
    return "is set to 0, which stops all work in the organization"


KIND = Kind(
    noun="acu_limit",
    singular="ACU limit",
    section="acu_limits",
    title="The maximum ACUs of an organization in a billing cycle. One entry for each target.",
    resource=AcuLimit,
    identity=OnlyObject(),
    lifecycle=Lifecycle.WHOLE,
    renames=False,
    tombstones=False,
    hazards=(
        Hazard(approval="", risk=_stops),
        Hazard("spend", _spends),
    ),
    apis={
        "v3": settings_api(
            Scope.ABOUT_ORGANIZATION,
            Part(
                "cycle_acu_limit",
                "consumption/acu-limits/devin",
                "cycle_acu_limit",
                write="consumption/acu-limits/devin/organizations/{org_id}",
                items="items",
                where={"scope": "org", "org_id": "{org_id}"},
            ),
            read="ManageBilling or ViewAccountConsumption",
            write="ManageBilling",
        )
    },
)
