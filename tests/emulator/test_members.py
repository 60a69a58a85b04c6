"""Roles, and the people, service users and groups that have them."""

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
            {"name": "corp/it", "roles": {"enterprise": "role-admin"}},
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
BUILT_IN = ["org_member", "org_admin", "account_member", "account_admin"]
MEMBER = {"role_id": "role-member", "role_name": "Member", "role_type": "org"}
ADMIN = {"role_id": "role-admin", "role_name": "Admin", "role_type": "enterprise"}


@pytest.fixture
def enterprise(start):
    return start(SEED).enterprise


@pytest.mark.parametrize(
    ("path", "query", "field", "expected"),
    [
        (f"{E}/roles", {}, "role_id", [*BUILT_IN, "role-admin", "role-member"]),
        (f"{E}/idp-groups", {}, "idp_group_name", ["eng", "idle", "corp/it"]),
        (f"{E}/members/users", {}, "user_id", ["auth0|ada", "user-bob"]),
        (f"{E}/members/users", {"email": "bob@example.com"}, "user_id", ["user-bob"]),
        (f"{E}/members/users", {"email": "BOB@Example.com"}, "user_id", ["user-bob"]),
        (f"{E}/members/users", {"email": "bob"}, "user_id", []),
        (f"{EO}/members/users", {}, "user_id", ["auth0|ada"]),
        (f"{E}/organizations/org-two/members/users", {}, "user_id", []),
        (f"{E}/members/idp-users", {}, "user_id", ["user-bob"]),
        (f"{EO}/members/idp-users", {}, "user_id", ["user-bob"]),
        (f"{E}/organizations/org-two/members/idp-users", {}, "user_id", []),
        (f"{E}/members/idp-groups", {}, "idp_group_name", ["eng", "corp/it"]),
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


# -- writes


ORG, TWO = f"{EO}/members", f"{E}/organizations/org-two/members"
ENTERPRISE = f"{E}/members"


def roles_of(answer):
    """Return the roles of an answer by organization, None for the enterprise."""
    return {one["org_id"]: one["role"]["role_id"] for one in answer["role_assignments"]}


@pytest.mark.parametrize(
    ("path", "role", "before", "other"),
    [
        (f"{ORG}/users/user-bob", "role-member", {}, "org_admin"),
        (
            f"{TWO}/users/auth0%7Cada",
            "org_member",
            {None: "role-admin", "org-emulator": "role-member"},
            "org_admin",
        ),
        (
            f"{ORG}/service-users/service-user-ci",
            "org_member",
            {"org-two": "role-member"},
            "org_admin",
        ),
        (f"{TWO}/idp-groups/eng", "org_member", {"org-emulator": "role-member"}, "org_admin"),
        (f"{TWO}/idp-groups/corp%2Fit", "org_member", {None: "role-admin"}, "org_admin"),
        (f"{ENTERPRISE}/idp-groups/idle", "account_member", {}, "account_admin"),
    ],
)
def test_a_role_is_given_once_then_changed_and_taken(enterprise, path, role, before, other):
    org = None if path.startswith(ENTERPRISE) else path.split("/")[4]
    body = {"role_id": other}
    assert enterprise.patch(path, json=body).status_code == 404, "there is none to change"
    assert enterprise.delete(path).status_code == 404
    assert roles_of(good(enterprise.post(path, json={"role_id": role}))) == {**before, org: role}
    assert enterprise.post(path, json=body).status_code == 409
    assert roles_of(good(enterprise.patch(path, json=body))) == {**before, org: other}
    assert roles_of(good(enterprise.delete(path))) == before


def test_a_service_user_has_an_enterprise_role_that_is_only_changed(enterprise):
    path = f"{ENTERPRISE}/service-users/service-user-ci"
    assert enterprise.patch(path, json={"role_id": "account_admin"}).status_code == 404
    given = good(enterprise.post(path, json={"role_id": "account_member"}))
    assert roles_of(given) == {"org-two": "role-member", None: "account_member"}
    changed = good(enterprise.patch(path, json={"role_id": "account_admin"}))
    assert roles_of(changed)[None] == "account_admin"


@pytest.mark.parametrize("person", ["auth0%7Cada", "user-bob"])
def test_a_person_has_an_enterprise_role_that_is_only_changed(enterprise, person):
    path = f"{ENTERPRISE}/users/{person}"
    body = {"role_id": "account_member"}
    assert roles_of(good(enterprise.patch(path, json=body)))[None] == "account_member"
    assert enterprise.post(path, json=body).status_code == 405


@pytest.mark.parametrize(
    ("path", "role", "status"),
    [
        (f"{ORG}/users/user-none", "org_member", 404),
        (f"{ORG}/service-users/none", "org_member", 404),
        (f"{ORG}/service-users/service-user-gone", "org_member", 404),
        (f"{ORG}/idp-groups/none", "org_member", 404),
        (f"{ENTERPRISE}/idp-groups/none", "account_member", 404),
        (f"{ORG}/idp-groups/idle", "org_member", 400),
        (f"{ORG}/users/user-bob", "role-none", 404),
        (f"{ORG}/users/user-bob", "account_member", 400),
        (f"{ENTERPRISE}/idp-groups/idle", "org_member", 400),
        (f"{ORG}/users/user-bob", "", 422),
    ],
)
def test_what_gives_no_role(enterprise, path, role, status):
    assert enterprise.post(path, json={"role_id": role}).status_code == status


def test_a_first_role_of_a_group_is_one_of_the_enterprise(enterprise):
    body = {"role_id": "org_member"}
    refused = enterprise.post(f"{ORG}/idp-groups/idle", json=body)
    assert "first role must be of the enterprise" in refused.json()["detail"]
    good(enterprise.post(f"{ENTERPRISE}/idp-groups/idle", json={"role_id": "account_member"}))
    assert roles_of(good(enterprise.post(f"{ORG}/idp-groups/idle", json=body))) == {
        None: "account_member",
        "org-emulator": "org_member",
    }


def test_removing_a_person_from_the_enterprise_removes_the_person(enterprise):
    removed = good(enterprise.delete(f"{ENTERPRISE}/users/auth0%7Cada"))
    assert removed["email"] == "ada@example.com"
    assert enterprise.get(f"{ENTERPRISE}/users/auth0%7Cada").status_code == 404
    assert good(enterprise.get(f"{ORG}/users"))["items"] == []


def test_deleting_a_service_user_ends_its_keys(start):
    seed = {"enterprise": {"service_users": [{"id": "service-user-emulator", "name": "CI"}]}}
    api = start(seed)
    good(api.v3.get("/v3/self"))
    path = f"{ENTERPRISE}/service-users/service-user-emulator"
    assert good(api.enterprise.delete(path))["deleted_at"] is not None
    assert api.v3.get("/v3/self").status_code == 401
    assert good(api.enterprise.get(f"{ENTERPRISE}/service-users"))["items"] == []
    assert good(api.enterprise.get(path))["name"] == "CI"


def test_the_keys_of_an_expired_service_user_end(start):
    expired = {"id": "service-user-emulator", "name": "CI", "expires_at": "2020-01-01T00:00:00Z"}
    assert start({"enterprise": {"service_users": [expired]}}).v3.get("/v3/self").status_code == 401


def test_people_are_invited_once(enterprise):
    emails = ["new@example.com", "BOB@example.com", "new@example.com"]
    body = {"emails": emails, "enterprise_role_id": "account_member"}
    new, bob = good(enterprise.post(f"{ENTERPRISE}/users", json=body))
    assert (new["email"], new["name"], roles_of(new)) == (
        "new@example.com",
        None,
        {None: "account_member"},
    )
    assert (bob["user_id"], roles_of(bob)) == ("user-bob", {})
    assert len(good(enterprise.get(f"{ENTERPRISE}/users"))["items"]) == 3
    many = {**body, "emails": [f"p{number}@example.com" for number in range(101)]}
    assert enterprise.post(f"{ENTERPRISE}/users", json=many).status_code == 422
    assert (
        enterprise.post(
            f"{ENTERPRISE}/users", json={**body, "enterprise_role_id": "org_member"}
        ).status_code
        == 400
    )


def test_groups_are_registered_by_name_and_unregistered(enterprise):
    path = f"{E}/idp-groups"
    body = {"idp_group_names": ["eng", "a/b", "a/b"]}
    for _ in "ab":
        assert good(enterprise.post(path, json=body)) == [
            {"idp_group_name": "eng"},
            {"idp_group_name": "a/b"},
        ]
    assert len(good(enterprise.get(path))["items"]) == 4
    assert good(enterprise.delete(f"{path}/a%2Fb")) == {"idp_group_name": "a/b"}
    assert enterprise.delete(f"{path}/a%2Fb").status_code == 404
    for names in ([], [f"g{number}" for number in range(101)]):
        assert enterprise.post(path, json={"idp_group_names": names}).status_code == 422


@pytest.mark.parametrize("roles", [{"org-two": "role-member"}, {}])
def test_a_group_with_roles_or_members_stays(start, roles):
    api = start(SEED)
    good(api.person.patch("/idp_groups/eng", json={"roles": roles}))
    response = api.enterprise.delete(f"{E}/idp-groups/eng")
    assert (response.status_code, response.json()["detail"]) == (
        409,
        "The group has roles or members",
    )


@pytest.mark.parametrize(
    ("permissions", "path", "status"),
    [
        (["ViewAccountMembership"], f"{ORG}/users/user-bob", 403),
        (["ManageAccountMembership"], f"{ORG}/users/user-bob", 200),
        (["ManageAccountServiceUsers"], f"{ORG}/service-users/service-user-ci", 200),
        (["ManageAccountServiceUsers"], f"{TWO}/idp-groups/eng", 403),
    ],
)
def test_permissions_to_give_a_role(start, permissions, path, status):
    keys = {"cog_some": {"org": None, "permissions": permissions}}
    api = start({**SEED, "keys": keys}).with_key("cog_some")
    assert api.post(path, json={"role_id": "org_member"}).status_code == status


def test_every_enterprise_has_the_built_in_roles_and_a_person(api):
    roles = good(api.enterprise.get(f"{E}/roles"))["items"]
    assert [(one["role_id"], one["role_type"], one["role_name"]) for one in roles] == [
        ("org_member", "org", "Member"),
        ("org_admin", "org", "Admin"),
        ("account_member", "enterprise", "Member"),
        ("account_admin", "enterprise", "Admin"),
    ]
    (person,) = good(api.enterprise.get(f"{ENTERPRISE}/users"))["items"]
    assert roles_of(person) == {None: "account_admin"}
    api.person.post("/reset")
    assert len(good(api.enterprise.get(f"{E}/roles"))["items"]) == 4
