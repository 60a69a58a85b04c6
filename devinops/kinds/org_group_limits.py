"""The ACUs that groups of organizations share in a billing cycle.

Source: the vendor's Terraform provider (`org_group_limits_resource.go`): PUT replaces all groups,
so those that it leaves out are deleted; an organization is in one group at most; a limit of null is
none; 404 means that the feature is switched off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from devinops.kinds._limits import raised
from devinops.kinds._nested import count, record, set_of, short, text
from devinops.model.keys import listed
from devinops.model.kind import (
    FieldPath,
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

_MEMBERS: Final = {"org_ids": "organizations", "max_cycle_acus": "cycle_acu_limit"}
"""What the API calls a member of a group → what files call it."""

_GROUP: Final = record(
    "A group.",
    {
        "organizations": set_of(
            "Their names or ids, in any order. Each is in one group only.",
            text("A name or an id.", minLength=1, example="Payments"),
        ),
        "cycle_acu_limit": count(
            "ACUs for each billing cycle, for all of them together. 0 stops all their work; null: "
            "no limit.",
            0,
            nullable=True,
            example=5000,
        ),
    },
    required=("organizations",),
)


def _as_in_files(groups: Any) -> Any:
    """Return the groups of a file or a response in one form. Raises ValueError."""

    def spelled(group: Any) -> Any:
        is_object = isinstance(group, dict)
        return {_MEMBERS.get(n, n): part for n, part in group.items()} if is_object else group

    return {name: short(_GROUP, spelled(group)) for name, group in sorted(groups.items())}


def _as_api_expects(groups: Any, _: Any) -> Any:
    return {
        name: {member: group.get(field) for member, field in _MEMBERS.items()}
        for name, group in groups.items()
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class OrgGroupLimits(Resource):
    groups: dict[str, Any] | Unset = attribute(
        schema={
            "type": "object",
            "additionalProperties": _GROUP,
            "description": "Name of a group → its organizations and their limit. {}: no groups.",
            "example": {"core": {"organizations": ["Payments"], "cycle_acu_limit": 5000}},
        },
        required=True,
        is_set=True,
        ref="enterprise_organization",
        normalize=_as_in_files,
        to_api=_as_api_expects,
        names={"v3": everywhere("groups")},
    )


def _groups(limits: OrgGroupLimits | None) -> dict[str, Any]:
    return limits.groups if limits and isinstance(limits.groups, dict) else {}


def _from_terraform(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    groups = {each["name"]: {m: each.get(m) for m in _MEMBERS} for each in attributes["groups"]}
    return {"groups": groups} if all(isinstance(name, str) for name in groups) else attributes


def _check(limits: OrgGroupLimits) -> Iterator[tuple[FieldPath, str]]:
    groups = _groups(limits)
    number = Counter(name for group in groups.values() for name in group["organizations"])
    for name, group in groups.items():
        for twice in sorted(each for each in {*group["organizations"]} if number[each] > 1):
            where = ("groups", name, "organizations")
            yield where, f'"{twice}" is in the groups more than once: name it in one place only'


def _limits(limits: OrgGroupLimits | None) -> dict[str, Any]:
    """Return group → its limit."""
    return {name: group.get("cycle_acu_limit") for name, group in _groups(limits).items()}


def _memberships(limits: OrgGroupLimits | None) -> dict[str, str]:
    """Return organization → the group that it is in."""
    groups = _groups(limits).items()
    return {each: name for name, group in groups for each in group["organizations"]}


def _spends(before: OrgGroupLimits | None, after: OrgGroupLimits) -> str:
    old, new, now_in = _limits(before), _limits(after), _memberships(after)
    changes = {f"the limit of {name}": raised(old.get(name), now) for name, now in new.items()}
    for name, group in sorted(_memberships(before).items()):
        if (now := now_in.get(name, "")) != group:
            what = f"the limit of {name}, which leaves {group},"
            changes[what] = raised(old[group], new.get(now))
    said = "; ".join(f"{what} {change}" for what, change in changes.items() if change)
    return f"lets more ACUs be used in a billing cycle: {said}" if said else ""


def _stops(before: OrgGroupLimits | None, after: OrgGroupLimits) -> str:
    old, new, was_in = _limits(before), _limits(after), _memberships(before)
    members = _memberships(after).items()
    stopped = [n for n, group in members if new[group] == 0 != old.get(was_in.get(n, ""))]
    return f"stops all work in {listed(stopped)}: the limit is 0" if stopped else ""


KIND = Kind(
    noun="org_group_limits",
    singular="set of limits of organization groups",
    section="org_group_limits",
    title="The ACUs that groups of organizations share in a billing cycle. One entry, for the "
    "enterprise.",
    resource=OrgGroupLimits,
    identity=OnlyObject(),
    lifecycle=Lifecycle.WHOLE,
    only_named=True,
    terraform=Terraform(enterprise="devin_org_group_limits", shown=_from_terraform),
    check=_check,
    hazards=(Hazard("", _stops), Hazard("spend", _spends)),
    apis={
        "v3": settings_api(
            Scope.ENTERPRISE,
            Part("groups", "org-group-limits", "groups", empty=UNSET),
            read="ManageOrganizations",
        )
    },
)
