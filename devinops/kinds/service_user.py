"""Service users of the enterprise. They are created and deleted with their keys in the web app.

Source: the vendor's Terraform provider: the list leaves out those that are deleted or expired, and
several can share a name.
"""

from __future__ import annotations

from devinops.kinds._reference import Item, reference


def _reduced(item: Item, _: str | None) -> Item | None:
    return None if item.get("deleted_at") else item


KIND = reference(
    "service_user",
    "A service user of the enterprise.",
    path="members/service-users",
    permission="ManageAccountServiceUsers or ManageAccountMembership",
    remedy="create the service user in the web app, or correct the name",
    reduced=_reduced,
)
