"""How a path becomes a route: encoded characters, trailing slashes, and what does not exist."""

from __future__ import annotations

import pytest

from tests.testing.emulator_api import ORG, good

ODD = "a/b|c é%2F"
ENCODED = "a%2Fb%7Cc%20%C3%A9%252F"
SEED = {
    "organizations": {
        "org-emulator": {
            "playbooks": [{"id": ODD, "title": "t", "body": "b"}],
            "tags": [ODD, "other"],
        },
        ODD: {"secrets": [{"key": "K"}]},
    },
    "enterprise": {
        "roles": [{"id": "role-1", "name": "Member"}],
        "idp_groups": [{"name": ODD, "roles": {"enterprise": "role-1"}}],
    },
}


@pytest.mark.parametrize("encoded", [ENCODED, ENCODED.replace("%2Fb", "%2fb")])
def test_an_encoded_slash_is_part_of_an_id(start, encoded):
    api = start(SEED)
    assert good(api.v3.get(f"{ORG}/playbooks/{encoded}"))["playbook_id"] == ODD
    group = good(api.enterprise.get(f"/v3/enterprise/members/idp-groups/{encoded}"))
    assert group["idp_group_name"] == ODD
    secrets = good(api.enterprise.get(f"/v3/organizations/{encoded}/secrets"))
    assert [secret["key"] for secret in secrets["items"]] == ["K"]
    tags = "/v3/enterprise/organizations/org-emulator/tags"
    assert good(api.enterprise.delete(f"{tags}/{encoded}")) == {"tags": ["other"]}


def test_a_person_can_edit_an_object_with_such_an_id(start):
    api = start(SEED)
    edited = good(api.person.patch(f"/playbooks/{ENCODED}", json={"title": "New"}))
    assert (edited["playbook_id"], edited["title"]) == (ODD, "New")
    assert api.person.delete(f"/playbooks/{ENCODED}").status_code == 204


def test_a_fault_finds_an_object_with_such_an_id(start):
    fault = {"path": "/v3/*/*/playbooks/*", "fault": "edit", "set": {"title": "Mine"}}
    api = start(SEED, faults=[fault])
    assert good(api.v3.get(f"{ORG}/playbooks/{ENCODED}"))["title"] == "Mine"


def test_a_slash_that_is_not_encoded_is_none_of_an_id(start):
    api = start(SEED)
    assert api.v3.get(f"{ORG}/playbooks/a/b").status_code == 404
    assert api.v3.get(f"{ORG}%2Fplaybooks").status_code == 404


def test_other_encoded_characters_may_be_anywhere(api):
    good(api.v3.get("/v3/organizations/%6Frg-emulator/play%62ooks"))


@pytest.mark.parametrize("encoded", ["%00", "%FF", "%2E%2E", "%25", "%zz", "%", "%E2%82%AC"])
def test_an_id_that_nothing_has_is_a_404_of_the_object(api, encoded):
    response = api.v3.get(f"{ORG}/playbooks/{encoded}")
    assert (response.status_code, response.json()["detail"]) == (404, "Playbook not found")


def test_a_branch_with_a_slash_is_unserved_as_any_other(api):
    repository = "/v3beta1/organizations/org-emulator/repositories/acme%2Fshop"
    response = api.v3.delete(f"{repository}/indexing/branches/feature%2Fcart")
    assert response.status_code == 501


@pytest.mark.parametrize(
    "path", ["/v3", "/v3/nope", "/v1/nope", "/v2/enterprise", "/v3beta1/enterprise/self"]
)
def test_a_path_that_does_not_exist_is_named(api, path):
    response = api.v3.get(path)
    assert (response.status_code, response.json()) == (404, {"detail": f"There is no path {path}"})


def test_a_trailing_slash_leads_to_the_path_without_it(start):
    api = start(SEED)
    response = api.v3.get(f"{ORG}/playbooks/{ENCODED}/", follow_redirects=True)
    assert [one.status_code for one in response.history] == [307]
    assert good(response)["playbook_id"] == ODD


def test_a_path_besides_the_api_says_which_methods_it_has(api):
    response = api.with_key("").options("/openapi.json")
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD")
