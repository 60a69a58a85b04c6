"""Roles of people, in an organization or in the enterprise.

Source: the vendor's Terraform provider (`org_user_role_resource.go`): a person must be in the
enterprise first, where everybody has a role. DELETE on the path of the enterprise removes the
person, so it is never sent, and POST there invites people, so a role is given with PATCH.
"""

from __future__ import annotations

from dataclasses import dataclass

from devinops.kinds._reference import referring
from devinops.kinds._role_of import role, role_kind
from devinops.kinds.user import without_case
from devinops.model.kind import Resource, Scope, Terraform, fixed
from devinops.model.values import Unset


@dataclass(frozen=True, kw_only=True, slots=True)
class UserRole(Resource):
    user: str | Unset = referring(
        "E-mail address or id of a person in the enterprise.",
        "ada@example.com",
        ref="user",
        names=fixed("user_id"),
        normalize=without_case,
    )
    role: str | Unset = role()


KIND = role_kind(
    "user_role",
    "role of a user",
    UserRole,
    path="members/users",
    id="user_id",
    terraform=Terraform("devin_org_user_role"),
    forgotten_in=Scope.ENTERPRISE,
    create_verbs={Scope.ENTERPRISE: "PATCH"},
)
