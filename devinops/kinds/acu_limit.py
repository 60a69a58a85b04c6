"""The most ACUs (agent compute units) that an organization may use: in a billing cycle, a session.

Source: the vendor's Terraform provider; PUT and DELETE return 204, and the list also has the limits
of the enterprise and of people. The limit of a cycle is probably the `max_cycle_acu_limit` of the
organization: set it in one place only. The limit of a session is a field of the organization, which
the provider never sets to null: the server may fill in a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from devinops.kinds._limits import raised
from devinops.kinds._nested import count
from devinops.model.kind import (
    Hazard,
    Kind,
    Lifecycle,
    OnlyObject,
    Part,
    Resource,
    Scope,
    Terraform,
    attribute,
    everywhere,
    settings_api,
)
from devinops.model.values import UNSET, Unset


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
    session_acu_limit: int | Unset = attribute(
        schema=count("ACUs for each session. 0 stops every session.", 0, example=20),
        only_read_as_null=True,
        normalize=_as_integer,
        names={"v3": everywhere("session_acu_limit")},
    )


_LIMITS: Final = {
    "cycle_acu_limit": ("ACUs in a billing cycle", "all work in the organization"),
    "session_acu_limit": ("ACUs in a session", "every session of the organization"),
}
"""Field → its unit, and what a limit of 0 stops."""


def _spends(before: AcuLimit | None, after: AcuLimit) -> str:
    changes = ((raised(getattr(before, n, None), getattr(after, n)), n) for n in _LIMITS)
    return "; ".join(f"{change} ({_LIMITS[name][0]})" for change, name in changes if change)


def _stops(before: AcuLimit | None, after: AcuLimit) -> str:
    zero = [n for n in _LIMITS if getattr(after, n) == 0 != getattr(before, n, None)]
    return f"is set to 0, which stops {_LIMITS[zero[0]][1]}" if zero else ""


_IN_TERRAFORM: Final = {name: f"max_{name}" for name in _LIMITS}


def _from_terraform(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**attributes, **{name: attributes.get(other) for name, other in _IN_TERRAFORM.items()}}


KIND = Kind(
    noun="acu_limit",
    singular="ACU limit",
    section="acu_limits",
    title="The maximum ACUs of an organization, in a billing cycle and in a session. One entry for "
    "each target.",
    resource=AcuLimit,
    identity=OnlyObject(),
    lifecycle=Lifecycle.WHOLE,
    terraform=Terraform("devin_organization", shown=_from_terraform, shared=_IN_TERRAFORM),
    hazards=(Hazard("", _stops), Hazard("spend", _spends)),
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
            Part(
                "session_acu_limit",
                "organizations/{org_id}",
                "max_session_acu_limit",
                empty=UNSET,
                verb="PATCH",
                permission="ManageOrganizations",
            ),
            read="ManageBilling or ViewAccountConsumption",
            write="ManageBilling",
        )
    },
)
