"""Roles: an organization and the enterprise have different ones of the same name."""

from __future__ import annotations

import pytest

from devinops.kinds import KINDS


@pytest.mark.parametrize(
    ("role_type", "org_id", "is_shown"),
    [
        ("org", "org-1", True),
        ("org", None, False),
        ("enterprise", None, True),
        ("enterprise", "org-1", False),
        ("new", "org-1", False),
    ],
)
def test_a_scope_has_the_roles_of_its_type(
    role_type: str, org_id: str | None, is_shown: bool
) -> None:
    role = {"role_id": "r", "role_name": "Member", "role_type": role_type}
    assert KINDS["role"].apis["v3"].reduced(role, org_id) == (role if is_shown else None)
