"""What the roles of people, groups and service users have in common: who has which role where.

Source: the vendor's Terraform provider. Whoever has a role is shown with all roles, those in the
enterprise with no `org_id`. A first role in an organization is created, another one changes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devinops.kinds._reference import ABOUT_MEMBERS, Item, referring
from devinops.model.kind import (
    Api,
    Hazard,
    Kind,
    Named,
    Omitted,
    Paging,
    Resource,
    Scope,
    Terraform,
    Update,
    everywhere,
)


def role() -> Any:
    """Declare the field with the role."""
    return referring(
        "Name or id of a role of the organization; with enterprise: true, of the enterprise.",
        "Member",
        ref="role",
        names=everywhere("role_id"),
    )


def role_kind(
    noun: str,
    singular: str,
    resource: type[Resource],
    *,
    path: str,
    id: str,
    terraform: Terraform,
    permission: str = "ManageAccountMembership",
    reads_one: bool = False,
    forgotten_in: Scope | None = None,
    create_verbs: Mapping[Scope, str] | None = None,
    refused: str = "",
) -> Kind:
    """Return the kind of the roles that one type of subject has; its first field is the subject.

    `id` is the member with the subject's id. `permission` is for reading and writing. `terraform`
    has the types. The other arguments are those of `Api` and `Kind`.
    """

    def reduced(item: Item, org_id: str | None) -> Item | None:
        role_id = _role_in(item, org_id)
        return None if role_id is None else {id: item.get(id), "role_id": role_id}

    def shown(attributes: Item) -> Item:
        assignment = {"org_id": attributes.get("org_id"), "role": attributes}
        return {**attributes, "role_assignments": [assignment]}

    return Kind(
        noun=noun,
        singular=singular,
        section=f"{noun}s",
        title=f"The {singular} in an organization, or in the enterprise.",
        resource=resource,
        identity=Named(noun.removesuffix("_role")),
        only_named=True,
        of_principals=True,
        refused=refused,
        terraform=terraform._replace(shown=shown),
        hazards=(
            Hazard("", _new, scope=Scope.ORGANIZATION),
            Hazard("access", _changed, sees_deletes=True, scope=Scope.ORGANIZATION),
            Hazard("access", _any, sees_deletes=True, scope=Scope.ENTERPRISE),
        ),
        apis={
            "v3": Api(
                path=path,
                id=id,
                scopes=ABOUT_MEMBERS,
                paging=Paging.CURSOR,
                reads_one=reads_one,
                update=Update(verb="PATCH", omitted=Omitted.KEPT),
                has_subject=True,
                reduced=reduced,
                forgotten_in=forgotten_in,
                create_verbs=create_verbs or {},
                read_permission=permission,
                write_permission=permission,
            )
        },
    )


def _role_in(item: Item, org_id: str | None) -> str | None:
    """Return the id of the role in an organization, None for the enterprise; None without one."""
    assignments = item.get("role_assignments")
    if not isinstance(assignments, list):
        raise ValueError("role_assignments is not a list")
    for assignment in assignments:
        if isinstance(assignment, Mapping) and assignment.get("org_id") == org_id:
            role = assignment.get("role")
            role_id = role.get("role_id") if isinstance(role, Mapping) else None
            if isinstance(role_id, str):
                return role_id
            raise ValueError("role_assignments has a role without an id")
    return None


def _new(before: Any, after: Any) -> str:
    return "" if before else _any(before, after)


def _changed(before: Any, after: Any) -> str:
    return _any(before, after) if before else ""


def _any(before: Any, after: Any) -> str:
    if after is None:
        return f"loses the role {before.role}"
    if before is None:
        return f"gets the role {after.role}"
    was = f"gets the role {after.role} instead of {before.role}"
    return "" if before.role == after.role else was
