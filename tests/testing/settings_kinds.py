"""Kinds with one object, put together from several resources. They are in no registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from devinops.model.kind import (
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget(Resource):
    """The only object of its kind, kept in three resources."""

    limit: Any = attribute(schema={"type": ["integer", "null"]}, names={"v3": everywhere("limit")})
    plan: Any = attribute(schema={"type": ["string", "null"]}, names={"v3": everywhere("plan")})
    tags: Any = attribute(schema={"type": "array"}, names={"v3": everywhere("tags")})


BUDGET = Kind(
    noun="budget",
    section="budget",
    title="What an organization may spend.",
    resource=Budget,
    identity=OnlyObject(),
    lifecycle=Lifecycle.WHOLE,
    apis={
        "v3": settings_api(
            Scope.ABOUT_ORGANIZATION,
            Part(
                "limit",
                "limits",
                "cycle_limit",
                write="limits/organizations/{org_id}",
                items="items",
                where={"scope": "org", "org_id": "{org_id}"},
            ),
            Part(
                "plan",
                "plans",
                "plan_name",
                write="plans/organizations/{org_id}",
                items="items",
                where={"org_id": "{org_id}"},
            ),
            Part("tags", "organizations/{org_id}/tags", "tags", empty=[]),
            read="ViewBudgets",
            write="ManageBudgets",
        )
    },
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate(Resource):
    """The only object of its kind in the enterprise."""

    ranges: Any = attribute(schema={"type": "array"}, names={"v3": everywhere("ranges")})


GATE = Kind(
    noun="gate",
    section="gate",
    title="Who may come in.",
    resource=Gate,
    identity=OnlyObject(),
    lifecycle=Lifecycle.WHOLE,
    apis={"v3": settings_api(Scope.ENTERPRISE, Part("ranges", "gate", "ip_ranges", empty=[]))},
)
