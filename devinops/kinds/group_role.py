"""Roles of groups of the identity provider, in an organization or in the enterprise.

Source: the vendor's Terraform provider (`org_idp_group_role_resource.go`): the name of a group,
which can contain a `/`, is its id, and its first role must be one of the enterprise.
"""

from __future__ import annotations

from dataclasses import dataclass

from devinops.kinds._reference import referring
from devinops.kinds._role_of import role, role_kind
from devinops.model.kind import Resource, Terraform, fixed
from devinops.model.values import Unset


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupRole(Resource):
    group: str | Unset = referring(
        "Name of a group of the identity provider.",
        "engineering/platform",
        ref="idp_group",
        names=fixed("idp_group_name"),
    )
    role: str | Unset = role()


KIND = role_kind(
    "group_role",
    "role of a group",
    GroupRole,
    path="members/idp-groups",
    id="idp_group_name",
    terraform=Terraform("devin_org_idp_group_role", "devin_enterprise_idp_group_role"),
    reads_one=True,
    refused="the first role of a group must be one of the enterprise: declare it with enterprise: "
    "true, and apply that target too",
)
