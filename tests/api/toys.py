"""Small kinds, each with what few real kinds use. `KINDS` is as in `devinops.kinds`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devinops.model.kind import (
    Api,
    FieldNames,
    Kind,
    Lifecycle,
    Mention,
    Named,
    Omitted,
    Only,
    Paging,
    Part,
    Resource,
    Scope,
    Update,
    attribute,
    everywhere,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Manual(Resource):
    """What others refer to by its title."""

    title: Any = attribute(
        schema={"type": "string"}, required=True, names={"v3": everywhere("title")}
    )


MANUAL = Kind(
    noun="manual",
    section="manuals",
    title="A manual.",
    resource=Manual,
    identity=Named("title"),
    apis={"v3": Api(path="manuals", id="manual_id", paging=Paging.CURSOR)},
)


def _lower(address: str) -> str:
    return address.lower()


def _with_removals(labels: Mapping[str, Any], before: Any) -> dict[str, Any]:
    """Return labels as a merge patch that removes those that are no longer there."""
    return {**dict.fromkeys(before or {}), **labels}


@dataclass(frozen=True, kw_only=True, slots=True)
class Robot(Resource):
    """Fields of every type, with other names in responses, creates and updates."""

    name: Any = attribute(
        schema={"type": "string"}, required=True, names={"v3": everywhere("name")}
    )
    manual: Any = attribute(
        schema={"type": ["string", "null"]},
        ref="manual",
        names={"v3": FieldNames(read="manual_id", create="manual", update="new_manual")},
    )
    task: Any = attribute(
        schema={"type": "object"},
        mention=Mention("manual", "@manual:"),
        names={"v3": everywhere("task")},
    )
    address: Any = attribute(
        schema={"type": "string"}, normalize=_lower, names={"v3": everywhere("address")}
    )
    speed: Any = attribute(
        schema={"type": "integer"}, names={"v3": FieldNames("speed", create="speed")}
    )
    weight: Any = attribute(schema={"type": ["number", "null"]}, names={"v3": everywhere("weight")})
    is_on: Any = attribute(
        schema={"type": "boolean"}, names={"v3": FieldNames("enabled", update="enabled")}
    )
    labels: Any = attribute(
        schema={"type": "object"}, to_api=_with_removals, names={"v3": everywhere("metadata")}
    )


ROBOT = Kind(
    noun="robot",
    section="robots",
    title="A robot.",
    resource=Robot,
    identity=Named("name"),
    label="labels",
    apis={
        "v3": Api(
            path="robots",
            id="robot_id",
            paging=Paging.CURSOR,
            reads_one=True,
            update=Update("PATCH", Omitted.KEPT),
            write_permission="ManageRobots",
        )
    },
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Badge(Resource):
    """What only the enterprise has, and whose API does not say so of each."""

    name: Any = attribute(
        schema={"type": "string"}, required=True, names={"v3": everywhere("name")}
    )


BADGE = Kind(
    noun="badge",
    section="badges",
    title="A badge.",
    resource=Badge,
    identity=Named("name"),
    apis={"v3": Api(path="badges", id="badge_id", scopes=frozenset({Scope.ENTERPRISE}))},
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
    identity=Only(),
    lifecycle=Lifecycle.WHOLE,
    apis={
        "v3": Api(
            path="",
            id="id",
            scopes=frozenset({Scope.ABOUT_ORGANIZATION}),
            creates=False,
            deletes=False,
            read_permission="ViewBudgets",
            write_permission="ManageBudgets",
            parts=(
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
            ),
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
    identity=Only(),
    lifecycle=Lifecycle.WHOLE,
    apis={
        "v3": Api(
            path="",
            id="id",
            scopes=frozenset({Scope.ENTERPRISE}),
            creates=False,
            deletes=False,
            parts=(Part("ranges", "gate", "ip_ranges", empty=[]),),
        )
    },
)

KINDS = {kind.noun: kind for kind in (BADGE, BUDGET, GATE, MANUAL, ROBOT)}
