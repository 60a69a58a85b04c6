"""Roles of service users, in an organization or in the enterprise.

Source: the vendor's Terraform provider (`enterprise_service_user_role_resource.go`): DELETE on the
path of the enterprise deletes the service user and its keys, so it is never sent.
"""

from __future__ import annotations

from dataclasses import dataclass

from devinops.kinds._reference import referring
from devinops.kinds._role_of import role, role_kind
from devinops.model.kind import Resource, Scope, Terraform, fixed
from devinops.model.values import Unset


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceUserRole(Resource):
    service_user: str | Unset = referring(
        "Name or id of an active service user.",
        "CI",
        ref="service_user",
        names=fixed("service_user_id"),
    )
    role: str | Unset = role()


KIND = role_kind(
    "service_user_role",
    "role of a service user",
    ServiceUserRole,
    path="members/service-users",
    id="service_user_id",
    permission="ManageAccountServiceUsers or ManageAccountMembership",
    terraform=Terraform("devin_org_service_user_role", "devin_enterprise_service_user_role"),
    forgotten_in=Scope.ENTERPRISE,
)
