"""The organizations of an enterprise: what its settings name. devinops creates and deletes none.

Source: the vendor's Terraform provider (`organizations_data_source.go`).
"""

from __future__ import annotations

from dataclasses import dataclass

from devinops.kinds._nested import text
from devinops.kinds._reference import reference
from devinops.model.kind import FieldNames, Resource, attribute
from devinops.model.values import Unset


@dataclass(frozen=True, kw_only=True, slots=True)
class EnterpriseOrganization(Resource):
    name: str | Unset = attribute(
        schema=text("Name."), required=True, names={"v3": FieldNames(read="name")}
    )


KIND = reference(
    "enterprise_organization",
    "organization",
    "An organization of the enterprise.",
    EnterpriseOrganization,
    path="organizations",
    id="org_id",
    named_by=("devin_organizations", "devin_organization"),
    permission="ManageOrganizations",
    remedy="create it in the web app, or correct the name",
)
