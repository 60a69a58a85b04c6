"""Organizations, their allowed session tags, their ACU limits and the groups that share one."""

from __future__ import annotations

import pytest

from tests.testing.emulator_api import NOTE, ORG, good

PATH = "/v3/enterprise/organizations"
TAGS = f"{PATH}/org-emulator/tags"
LIMITS = "/v3/enterprise/consumption/acu-limits/devin"


def make(api, **fields):
    return good(api.enterprise.post(PATH, json={"name": "New", **fields}))


def test_an_organization_is_created_listed_and_read(api):
    made = make(api, max_cycle_acu_limit=100)
    assert made["org_id"].startswith("org-")
    assert made["max_cycle_acu_limit"] == 100
    assert isinstance(made["max_session_acu_limit"], int), "the server fills in a default"
    page = good(api.enterprise.get(PATH))
    assert [one["name"] for one in page["items"]] == ["org-emulator", "New"]
    assert good(api.enterprise.get(f"{PATH}/{made['org_id']}")) == made
    notes = f"/v3/organizations/{made['org_id']}/knowledge/notes"
    assert good(api.enterprise.post(notes, json=NOTE))["org_id"] == made["org_id"]


@pytest.mark.parametrize(
    ("sent", "changed"),
    [
        ({"name": "Other"}, {"name": "Other"}),
        ({"name": None}, {}),
        ({"max_cycle_acu_limit": 5}, {"max_cycle_acu_limit": 5}),
        ({"max_cycle_acu_limit": None}, {"max_cycle_acu_limit": None}),
        ({"max_session_acu_limit": 7}, {"max_session_acu_limit": 7}),
        ({"max_session_acu_limit": None}, {}),
        ({}, {}),
    ],
)
def test_what_an_update_leaves_out_is_kept_and_null_clears_the_cycle_limit_only(api, sent, changed):
    before = make(api, max_cycle_acu_limit=1, max_session_acu_limit=2)
    after = good(api.enterprise.patch(f"{PATH}/{before['org_id']}", json=sent))
    assert after == {**before, **changed, "updated_at": after["updated_at"]}


def test_deleting_an_organization_takes_its_objects_along(start):
    objects = {"knowledge": [{**NOTE, "id": "note-1"}], "secrets": [{"key": "K"}]}
    api = start({"organizations": {"org-two": objects}})
    api.note()
    good(api.enterprise.delete(f"{PATH}/org-two"))
    assert api.enterprise.get(f"{PATH}/org-two").status_code == 404
    response = api.enterprise.get("/v3/organizations/org-two/knowledge/notes")
    assert response.status_code == 404
    assert good(api.enterprise.get("/v3/enterprise/knowledge/notes"))["total"] == 1
    assert api.emulator.secrets("org-two") == []
    events = good(api.enterprise.get("/v3/enterprise/audit-logs"))["items"]
    assert events[0]["action"] == "delete_org"


def test_nobody_has_a_role_in_a_deleted_organization(start):
    roles = {"org-two": "role-1", "org-emulator": "role-1"}
    enterprise = {
        "roles": [{"id": "role-1", "name": "Member"}],
        "users": [{"id": "user-1", "roles": roles}],
        "idp_groups": [{"name": "eng", "roles": roles}],
    }
    api = start({"organizations": {"org-two": {}}, "enterprise": enterprise})
    good(api.enterprise.delete(f"{PATH}/org-two"))
    for path in ("users/user-1", "idp-groups/eng"):
        member = good(api.enterprise.get(f"/v3/enterprise/members/{path}"))
        assert [role["org_id"] for role in member["role_assignments"]] == ["org-emulator"]


def test_the_keys_of_a_deleted_organization_reach_nothing(api):
    good(api.enterprise.delete(f"{PATH}/org-emulator"))
    assert api.v3.get(f"{ORG}/secrets").status_code == 404
    assert api.v1.get("/v1/secrets").status_code == 401


@pytest.mark.parametrize("path", [PATH, f"{PATH}/org-emulator", TAGS, LIMITS])
def test_only_an_enterprise_key_with_the_permission_may_look(start, path):
    api = start({"keys": {"cog_few": {"org": None, "permissions": ["ManageAccountKnowledge"]}}})
    assert api.v3.get(path).status_code == 403
    assert api.with_key("cog_few").get(path).status_code == 403
    good(api.enterprise.get(path))


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_organization_that_is_not_there_is_a_404(api, method):
    body = {"json": {}} if method == "PATCH" else {}
    assert api.enterprise.request(method, f"{PATH}/org-none", **body).status_code == 404


# -- tags

OWN = {"tags": ["b", "a"], "default_tag": "b"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "tags", "default"),
    [
        ("GET", "", None, 200, ["a", "b"], "b"),
        ("PUT", "", {"tags": ["c", "b", "c"]}, 200, ["b", "c"], "b"),
        ("PUT", "", {"tags": ["c"]}, 200, ["c"], None),
        ("PUT", "", {"tags": []}, 200, [], None),
        ("PUT", "", {"tags": ["security-code-scan"]}, 400, ["a", "b"], "b"),
        ("POST", "", {"tags": ["a", "0"]}, 200, ["0", "a", "b"], "b"),
        ("DELETE", "", None, 200, [], None),
        ("DELETE", "/a", None, 200, ["b"], "b"),
        ("DELETE", "/b", None, 200, ["a"], None),
        ("DELETE", "/z", None, 404, ["a", "b"], "b"),
        ("GET", "/default", None, 200, ["a", "b"], "b"),
        ("PUT", "/default", {"tag": "a"}, 200, ["a", "b"], "a"),
        ("PUT", "/default", {"tag": "z"}, 400, ["a", "b"], "b"),
        ("DELETE", "/default", None, 200, ["a", "b"], None),
    ],
)
def test_tags_and_their_default(start, method, path, body, status, tags, default):
    api = start({"organizations": {"org-emulator": OWN}})
    sent = {"json": body} if body is not None else {}
    response = api.enterprise.request(method, TAGS + path, **sent)
    assert response.status_code == status
    if status == 200:
        shown = {"default_tag": default} if path == "/default" else {"tags": tags}
        assert response.json() == shown
    assert good(api.enterprise.get(TAGS)) == {"tags": tags}
    assert good(api.enterprise.get(f"{TAGS}/default")) == {"default_tag": default}


@pytest.mark.parametrize("path", ["", "/default"], ids=["the tags", "the default"])
def test_tags_of_an_organization_that_is_not_there_are_a_404(api, path):
    assert api.enterprise.get(f"{PATH}/org-none/tags{path}").status_code == 404


# -- ACU limits


def limits(api):
    return good(api.enterprise.get(LIMITS))["items"]


def test_an_acu_limit_is_set_and_removed_without_a_content(api):
    path = f"{LIMITS}/organizations/org-emulator"
    response = api.enterprise.put(path, json={"cycle_acu_limit": 0})
    assert (response.status_code, response.content) == (204, b"")
    limit = {"scope": "org", "cycle_acu_limit": 0, "org_id": "org-emulator", "user_id": None}
    assert limits(api) == [limit]
    assert good(api.enterprise.get(f"{PATH}/org-emulator"))["max_cycle_acu_limit"] == 0
    assert api.enterprise.delete(path).status_code == 204
    assert limits(api) == []


@pytest.mark.parametrize(
    ("org", "body", "status"),
    [
        ("org-none", {"cycle_acu_limit": 1}, 404),
        ("org-emulator", {"cycle_acu_limit": -1}, 422),
        ("org-emulator", {"cycle_acu_limit": None}, 422),
        ("org-emulator", {"cycle_acu_limit": "1"}, 422),
        ("org-emulator", {}, 422),
    ],
)
def test_an_acu_limit_that_cannot_be(api, org, body, status):
    assert api.enterprise.put(f"{LIMITS}/organizations/{org}", json=body).status_code == status


def test_limits_of_the_enterprise_and_of_people_are_listed_too(start):
    seed = [
        {"scope": "enterprise", "cycle_acu_limit": 9},
        {"scope": "user", "user_id": "user-1", "cycle_acu_limit": 2},
    ]
    organizations = {"org-emulator": {"max_cycle_acu_limit": 5}}
    api = start({"enterprise": {"acu_limits": seed}, "organizations": organizations})
    shown = [(one["scope"], one["cycle_acu_limit"]) for one in limits(api)]
    assert sorted(shown) == [("enterprise", 9), ("org", 5), ("user", 2)]


def test_a_person_changes_an_organization(start, tmp_path):
    state = tmp_path / "state.json"
    api = start(state=state)
    fields = {"name": "Mine", "tags": ["b", "a"], "default_tag": "a"}
    shown = good(api.person.patch("/organizations/org-emulator", json=fields))
    assert (shown["name"], shown["tags"], shown["default_tag"]) == ("Mine", ["a", "b"], "a")
    made = good(api.person.post("/organizations", json={"id": "org-x", "name": "X"}))
    assert made["org_id"] == "org-x"
    again = start(state=state)
    assert good(again.enterprise.get(PATH)) == good(api.enterprise.get(PATH))
    assert good(again.enterprise.get(TAGS)) == {"tags": ["a", "b"]}
    assert api.person.delete("/organizations/org-emulator").status_code == 204
    assert api.v3.get(f"{ORG}/knowledge/notes").status_code == 404


def test_settings_are_logged(api):
    good(api.enterprise.put(TAGS, json={"tags": ["a"]}))
    good(api.enterprise.patch(f"{PATH}/org-emulator", json={"name": "x"}))
    make(api)
    events = good(api.enterprise.get("/v3/enterprise/audit-logs", params={"order": "asc"}))["items"]
    assert [event["action"] for event in events] == [
        "update_org_settings",
        "update_org",
        "create_org",
    ]


# -- groups with one limit


GROUPS = "/v3/enterprise/org-group-limits"
TWO = {"organizations": {"org-emulator": {}, "org-two": {}}}


def group(*org_ids, limit=None):
    return {"org_ids": list(org_ids), "max_cycle_acus": limit}


def test_groups_are_replaced_as_a_whole(start):
    api = start(TWO)
    assert good(api.enterprise.get(GROUPS)) == {"groups": {}}
    first = {"groups": {"core": group("org-emulator", limit=0), "none": group()}}
    assert good(api.enterprise.put(GROUPS, json=first)) == first
    second = {"groups": {"all": group("org-two", "org-emulator")}}
    assert good(api.enterprise.put(GROUPS, json=second)) == second
    assert good(api.enterprise.get(GROUPS)) == second, "what is left out is deleted"
    assert good(api.enterprise.put(GROUPS, json={"groups": {}})) == {"groups": {}}


@pytest.mark.parametrize(
    ("groups", "status"),
    [
        ({"a": group("org-emulator"), "b": group("org-emulator")}, 400),
        ({"a": group("org-emulator", "org-emulator")}, 400),
        ({"a": group("org-none")}, 400),
        ({"a": group(limit=-1)}, 422),
        ({"a": {"max_cycle_acus": 1}}, 422),
        ({"": group()}, 422),
    ],
)
def test_an_organization_is_in_one_group_at_most(start, groups, status):
    api = start(TWO)
    before = {"groups": {"core": group("org-two", limit=5)}}
    good(api.enterprise.put(GROUPS, json=before))
    assert api.enterprise.put(GROUPS, json={"groups": groups}).status_code == status
    assert good(api.enterprise.get(GROUPS)) == before


def test_a_deleted_organization_leaves_its_group(start):
    api = start(TWO)
    good(api.enterprise.put(GROUPS, json={"groups": {"core": group("org-two", "org-emulator")}}))
    good(api.enterprise.delete(f"{PATH}/org-two"))
    assert good(api.enterprise.get(GROUPS)) == {"groups": {"core": group("org-emulator")}}


def test_a_seed_has_groups_and_a_person_changes_one(start):
    core = {"name": "core", "org_ids": ["org-emulator"], "max_cycle_acus": 5}
    api = start({"enterprise": {"org_groups": [core]}})
    good(api.person.patch("/org_groups/core", json={"max_cycle_acus": 9}))
    groups = {"core": group("org-emulator", limit=9)}
    assert good(api.enterprise.get(GROUPS)) == {"groups": groups}


def test_groups_need_a_permission(start):
    keys = {"cog_some": {"org": None, "permissions": ["ManageBilling"]}}
    assert start({"keys": keys}).with_key("cog_some").get(GROUPS).status_code == 403
