"""People of the enterprise. A person is invited and removed in the web app, never by an entry.

Source: the vendor's Terraform provider (`users_data_source.go`): e-mail addresses are compared
without case, and may be null.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from devinops.kinds._nested import text
from devinops.kinds._reference import Item, reference
from devinops.model.kind import FieldNames, Resource, attribute
from devinops.model.values import Unset


def without_case(user: Any) -> Any:
    """Return an e-mail address in lower case; an id stays."""
    return user.lower() if isinstance(user, str) and "@" in user else user


@dataclass(frozen=True, kw_only=True, slots=True)
class User(Resource):
    name: str | Unset = attribute(
        schema=text("E-mail address, or the id if there is none."),
        required=True,
        names={"v3": FieldNames(read="email")},
    )


def _reduced(item: Item, _: str | None) -> Item:
    email = item.get("email")
    return {**item, "email": without_case(email) if email else item.get("user_id")}


KIND = reference(
    "user",
    "user",
    "A person in the enterprise.",
    User,
    path="members/users",
    permission="ManageAccountMembership or ViewAccountMembership",
    remedy="invite the person in the web app, or correct the e-mail address",
    reduced=_reduced,
)
