"""Roles of the enterprise and of its organizations. People make their own in the web app.

Source: the vendor's Terraform provider (`service_user_role_acc_test.go`): a role is found by its
type and its name or id; both types have the roles Member and Admin.
"""

from __future__ import annotations

from devinops.kinds._reference import Item, reference


def _reduced(item: Item, org_id: str | None) -> Item | None:
    return item if item.get("role_type") == ("org" if org_id else "enterprise") else None


KIND = reference(
    "role",
    "A role that people, groups and service users can have.",
    member="role_name",
    path="roles",
    permission="ManageAccountMembership",
    remedy="write the name of another role: an organization and the enterprise have their own",
    reduced=_reduced,
)
