"""The organizations of an enterprise: what its settings name. devinops creates and deletes none.

Source: the vendor's Terraform provider (`organizations_data_source.go`).
"""

from __future__ import annotations

from devinops.kinds._reference import reference

KIND = reference(
    "enterprise_organization",
    "An organization of the enterprise.",
    singular="organization",
    path="organizations",
    id="org_id",
    named_by=("devin_organizations", "devin_organization"),
    permission="ManageOrganizations",
    remedy="create it in the web app, or correct the name",
)
