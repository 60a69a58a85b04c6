"""Roles of people, groups and service users: which one an answer shows, and what a change of one risks."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.kinds import KINDS
from devinops.kinds.user_role import UserRole
from devinops.model.kind import Scope

NOUNS = ("group_role", "service_user_role", "user_role")
MEMBER = {"role_id": "org_member", "role_name": "Member", "role_type": "org"}
ADMIN = {"role_id": "account_admin", "role_name": "Admin", "role_type": "enterprise"}


def shown(*assignments: Any) -> dict[str, Any]:
    return {"user_id": "user-1", "email": "a@example.com", "role_assignments": [*assignments]}


HERE = {"org_id": "org-1", "role": MEMBER}
ABOVE = {"org_id": None, "role": ADMIN}
ELSEWHERE = {"org_id": "org-2", "role": {**MEMBER, "role_id": "org_admin"}}


@pytest.mark.parametrize(
    ("assignments", "org_id", "role"),
    [
        ([HERE, ABOVE, ELSEWHERE], "org-1", "org_member"),
        ([ABOVE, ELSEWHERE, HERE], "org-2", "org_admin"),
        ([ELSEWHERE, HERE, ABOVE], None, "account_admin"),
        ([{"role": ADMIN}], None, "account_admin"),
        ([ABOVE, ELSEWHERE], "org-1", None),
        ([HERE], None, None),
        ([], "org-1", None),
        (["odd"], "org-1", None),
    ],
)
def test_an_answer_is_reduced_to_the_role_in_one_scope(
    assignments: list[Any], org_id: str | None, role: str | None
) -> None:
    reduced = KINDS["user_role"].apis["v3"].reduced(shown(*assignments), org_id)
    assert reduced == (role and {"user_id": "user-1", "role_id": role})


@pytest.mark.parametrize(
    "item",
    [
        {"user_id": "user-1"},
        {"user_id": "user-1", "role_assignments": None},
        shown({"org_id": "org-1"}),
        shown({"org_id": "org-1", "role": {"role_id": 1}}),
    ],
)
def test_an_answer_without_roles_is_never_taken_for_nobody(item: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="role_assignments"):
        KINDS["user_role"].apis["v3"].reduced(item, "org-1")


@pytest.mark.parametrize("org_id", ["org-1", None])
def test_a_terraform_state_says_one_role(org_id: str | None) -> None:
    api, shows = KINDS["user_role"].apis["v3"], KINDS["user_role"].terraform.shown
    attributes = {"user_id": "user-1", "role_id": "org_member", "org_id": org_id}
    assert api.reduced(shows(attributes), org_id) == {"user_id": "user-1", "role_id": "org_member"}


MEMBER_ROLE = UserRole(user="a@example.com", role="Member")
ADMIN_ROLE = UserRole(user="a@example.com", role="Admin")


@pytest.mark.parametrize(
    ("before", "after", "named", "organization", "enterprise"),
    [
        (None, MEMBER_ROLE, "gets the role Member", "", "gets the role Member"),
        (MEMBER_ROLE, MEMBER_ROLE, "", "", ""),
        (MEMBER_ROLE, ADMIN_ROLE, "", *["gets the role Admin instead of Member"] * 2),
        (MEMBER_ROLE, None, "", *["loses the role Member"] * 2),
    ],
)
@pytest.mark.parametrize("noun", NOUNS)
def test_only_a_first_role_in_an_organization_needs_no_approval(
    noun: str, before: Any, after: Any, named: str, organization: str, enterprise: str
) -> None:
    note, there, above = KINDS[noun].hazards
    assert [(h.approval, h.scope, h.sees_deletes) for h in (note, there, above)] == [
        ("", Scope.ORGANIZATION, False),
        ("access", Scope.ORGANIZATION, True),
        ("access", Scope.ENTERPRISE, True),
    ]
    risks = [hazard.risk(before, after) for hazard in (note, there, above)]
    assert risks == [named, organization, enterprise]


def test_what_would_remove_a_person_or_a_service_user_is_only_forgotten() -> None:
    kept = {noun: KINDS[noun].apis["v3"].forgotten_in for noun in NOUNS}
    assert kept == {
        "group_role": None,
        "service_user_role": Scope.ENTERPRISE,
        "user_role": Scope.ENTERPRISE,
    }
