"""Roles, people, service users and groups, which a seed brings and the API shows."""

from __future__ import annotations

import pytest

from tests.testing.emulator_api import good

E = "/v3/enterprise"
EO = f"{E}/organizations/org-emulator"
SEED = {
    "organizations": {"org-emulator": {}, "org-two": {}},
    "enterprise": {
        "roles": [
            {"id": "role-admin", "name": "Admin", "role_type": "enterprise"},
            {"id": "role-member", "name": "Member", "permissions": ["UseDevinSessions"]},
        ],
        "idp_groups": [
            {"name": "eng", "roles": {"org-emulator": "role-member"}},
            {"name": "idle"},
        ],
        "users": [
            {
                "id": "auth0|ada",
                "name": "Ada",
                "email": "ada@example.com",
                "roles": {"enterprise": "role-admin", "org-emulator": "role-member"},
            },
            {"id": "user-bob", "email": "bob@example.com", "groups": ["eng"]},
        ],
        "service_users": [
            {"id": "service-user-ci", "name": "CI", "roles": {"org-two": "role-member"}},
            {"id": "service-user-old", "name": "Old", "expires_at": "2020-01-01T00:00:00Z"},
            {"id": "service-user-gone", "name": "Gone", "deleted_at": 1600000000},
        ],
    },
}
MEMBER = {"role_id": "role-member", "role_name": "Member", "role_type": "org"}
ADMIN = {"role_id": "role-admin", "role_name": "Admin", "role_type": "enterprise"}


@pytest.fixture
def enterprise(start):
    return start(SEED).enterprise


@pytest.mark.parametrize(
    ("path", "query", "field", "expected"),
    [
        (f"{E}/roles", {}, "role_id", ["role-admin", "role-member"]),
        (f"{E}/idp-groups", {}, "idp_group_name", ["eng", "idle"]),
        (f"{E}/members/users", {}, "user_id", ["auth0|ada", "user-bob"]),
        (f"{E}/members/users", {"email": "bob@example.com"}, "user_id", ["user-bob"]),
        (f"{EO}/members/users", {}, "user_id", ["auth0|ada"]),
        (f"{E}/organizations/org-two/members/users", {}, "user_id", []),
        (f"{E}/members/idp-users", {}, "user_id", ["user-bob"]),
        (f"{EO}/members/idp-users", {}, "user_id", ["user-bob"]),
        (f"{E}/organizations/org-two/members/idp-users", {}, "user_id", []),
        (f"{E}/members/idp-groups", {}, "idp_group_name", ["eng"]),
        (f"{EO}/members/idp-groups", {}, "idp_group_name", ["eng"]),
        (f"{E}/organizations/org-two/members/idp-groups", {}, "idp_group_name", []),
        (f"{E}/members/service-users", {}, "service_user_id", ["service-user-ci"]),
        (
            f"{E}/members/service-users",
            {"include_inactive": "true"},
            "service_user_id",
            ["service-user-ci", "service-user-old", "service-user-gone"],
        ),
        (f"{EO}/members/service-users", {}, "service_user_id", []),
        (
            f"{E}/organizations/org-two/members/service-users",
            {},
            "service_user_id",
            ["service-user-ci"],
        ),
    ],
)
def test_who_is_listed(enterprise, path, query, field, expected):
    page = good(enterprise.get(path, params=query))
    assert [item[field] for item in page["items"]] == expected
    assert page["has_next_page"] is False


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("roles/role-member", {**MEMBER, "permissions": ["UseDevinSessions"]}),
        (
            "members/users/auth0%7Cada",
            {
                "user_id": "auth0|ada",
                "email": "ada@example.com",
                "name": "Ada",
                "role_assignments": [
                    {"org_id": None, "role": ADMIN},
                    {"org_id": "org-emulator", "role": MEMBER},
                ],
                "idp_role_assignments": [],
            },
        ),
        (
            "members/users/user-bob",
            {
                "user_id": "user-bob",
                "email": "bob@example.com",
                "name": None,
                "role_assignments": [],
                "idp_role_assignments": [
                    {"idp_group_name": "eng", "org_id": "org-emulator", "role": MEMBER}
                ],
            },
        ),
        (
            "members/idp-groups/eng",
            {
                "idp_group_name": "eng",
                "role_assignments": [{"org_id": "org-emulator", "role": MEMBER}],
            },
        ),
        (
            "members/service-users/service-user-ci",
            {
                "service_user_id": "service-user-ci",
                "name": "CI",
                "role_assignments": [{"org_id": "org-two", "role": MEMBER}],
                "expires_at": None,
                "deleted_at": None,
            },
        ),
    ],
)
def test_one_is_read(enterprise, path, expected):
    assert good(enterprise.get(f"{E}/{path}")) == expected


@pytest.mark.parametrize(
    "path",
    [
        f"{E}/roles/role-none",
        f"{E}/members/users/user-none",
        f"{E}/members/idp-groups/idle",
        f"{E}/organizations/org-two/members/idp-groups/eng",
        f"{E}/members/service-users/none",
        f"{E}/organizations/org-none/members/users",
    ],
)
def test_who_is_not_there_is_a_404(enterprise, path):
    assert enterprise.get(path).status_code == 404


@pytest.mark.parametrize(
    ("path", "permissions", "status"),
    [
        ("members/users", ["ViewAccountMembership"], 200),
        ("members/users", ["ManageAccountServiceUsers"], 403),
        ("members/service-users", ["ManageAccountServiceUsers"], 200),
        ("roles", ["ViewAccountMembership"], 403),
        ("roles", ["ManageAccountMembership"], 200),
    ],
)
def test_permissions(start, path, permissions, status):
    keys = {"cog_some": {"org": None, "permissions": permissions}}
    assert start({"keys": keys}).with_key("cog_some").get(f"{E}/{path}").status_code == status


def test_members_survive_a_restart_and_are_edited_by_a_person(start, tmp_path):
    state = tmp_path / "state.json"
    api = start(SEED, state=state)
    good(api.person.patch("/users/user-bob", json={"roles": {"org-two": "role-member"}}))
    good(api.person.post("/users", json={"email": "cy@example.com"}))
    before = good(api.enterprise.get(f"{E}/members/users"))
    assert before["items"][1]["role_assignments"] == [{"org_id": "org-two", "role": MEMBER}]
    assert good(start(state=state).enterprise.get(f"{E}/members/users")) == before
    assert api.person.delete("/roles/role-member").status_code == 204
    assert good(api.enterprise.get(f"{E}/members/users/user-bob"))["role_assignments"] == []


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        ({"org-none": "role-admin"}, 'no organization "org-none"'),
        ({"enterprise": "role-none"}, 'no role with the id "role-none"'),
    ],
)
def test_a_role_that_is_not_there_cannot_be_given(start, roles, words):
    response = start(SEED).person.patch("/users/user-bob", json={"roles": roles})
    assert response.status_code == 422
    assert words in response.json()["detail"][0]["msg"]
