"""People of the enterprise. A person is invited and removed in the web app, never by an entry.

Source: the vendor's Terraform provider (`users_data_source.go`): e-mail addresses are compared
without case, and may be null.
"""

from __future__ import annotations

from typing import Any

from devinops.kinds._reference import Item, reference


def without_case(user: Any) -> Any:
    """Return an e-mail address in lower case; an id stays."""
    return user.lower() if isinstance(user, str) and "@" in user else user


def _reduced(item: Item, _: str | None) -> Item:
    email = item.get("email")
    return {**item, "email": without_case(email) if email else item.get("user_id")}


KIND = reference(
    "user",
    "A person in the enterprise.",
    member="email",
    path="members/users",
    permission="ManageAccountMembership or ViewAccountMembership",
    remedy="invite the person in the web app, or correct the e-mail address",
    reduced=_reduced,
)
