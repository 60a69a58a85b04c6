"""Who may call what."""

from __future__ import annotations

import pytest

from tests.testing.emulator_api import NOTE, ORG, good

OTHER = "/v3/organizations/org-other"
SEED = {
    "organizations": {"org-other": {}},
    "keys": {
        "cog_reader": {"permissions": ["UseDevinSessions"]},
        "cog_folders": {"permissions": ["ManageKnowledge"]},
        "cog_other": {"org": "org-other"},
        "cog_account": {"org": None, "permissions": ["ManageAccountKnowledge"]},
        "cog_person": {"principal": "pat_user"},
        "apk_reader": {"permissions": ["UseDevinSessions"]},
    },
}


@pytest.mark.parametrize(
    ("key", "path", "status"),
    [
        ("cog_emulator", "/v3/self", 200),
        ("cog_enterprise", "/v3/self", 200),
        ("apk_emulator", "/v3/self", 401),
        ("cog_unknown", "/v3/self", 401),
        ("", "/v3/self", 401),
        ("cog_emulator", f"{ORG}/knowledge/notes", 200),
        ("cog_emulator", f"{OTHER}/knowledge/notes", 403),
        ("cog_emulator", "/v3/organizations/org-nowhere/secrets", 403),
        ("cog_enterprise", f"{ORG}/knowledge/notes", 200),
        ("cog_enterprise", f"{OTHER}/playbooks", 200),
        ("cog_enterprise", "/v3/organizations/org-nowhere/secrets", 404),
        ("cog_other", f"{OTHER}/secrets", 200),
        ("cog_other", f"{ORG}/secrets", 403),
        ("cog_emulator", "/v3/enterprise/knowledge/notes", 403),
        ("cog_emulator", "/v3/enterprise/audit-logs", 403),
        ("cog_enterprise", "/v3/enterprise/knowledge/folders", 200),
        ("cog_enterprise", "/v3/enterprise/playbooks", 200),
        ("cog_account", "/v3/enterprise/knowledge/notes", 200),
        ("cog_account", f"{OTHER}/knowledge/notes", 200),
        ("cog_account", "/v3/enterprise/playbooks", 403),
        ("cog_reader", f"{ORG}/knowledge/notes", 200),
        ("cog_reader", f"{ORG}/playbooks", 200),
        ("cog_reader", f"{ORG}/knowledge/folders", 403),
        ("cog_folders", f"{ORG}/knowledge/folders", 200),
        ("cog_folders", f"{ORG}/knowledge/notes", 403),
        ("cog_reader", f"{ORG}/secrets", 403),
        ("apk_emulator", "/v1/knowledge", 200),
        ("apk_reader", "/v1/knowledge", 200),
        ("apk_reader", "/v1/secrets", 403),
        ("cog_emulator", "/v1/knowledge", 403),
        ("cog_unknown", "/v1/knowledge", 403),
        ("apk_unknown", "/v1/knowledge", 401),
        ("", "/v1/secrets", 401),
        ("cog_emulator", "/v3/nothing/here", 404),
    ],
)
def test_a_key_reaches_what_it_should(start, key, path, status):
    response = start(SEED).with_key(key).get(path)
    assert response.status_code == status
    if status != 200:
        assert list(response.json()) == ["detail"]


def test_a_missing_permission_is_named(start):
    response = start(SEED).with_key("cog_reader").post(f"{ORG}/knowledge/notes", json=NOTE)
    assert response.status_code == 403
    assert "ManageOrgKnowledge" in response.json()["detail"]


def test_a_401_says_that_a_bearer_token_is_wanted(api):
    assert api.with_key("").get("/v3/self").headers["WWW-Authenticate"] == "Bearer"


def test_who_may_not_call_does_not_learn_what_is_wrong_with_the_body(api):
    assert api.with_key("cog_unknown").post(f"{ORG}/knowledge/notes", json={}).status_code == 401


def test_self_names_the_organization_of_a_service_user(start):
    api = start(SEED)
    assert good(api.v3.get("/v3/self")) == {
        "principal_type": "service_user",
        "service_user_id": "service-user-emulator",
        "service_user_name": "Emulator",
        "org_id": "org-emulator",
    }


def test_self_names_no_organization_for_the_enterprise(api):
    assert good(api.enterprise.get("/v3/self"))["org_id"] is None


def test_self_names_the_person_behind_a_personal_access_token(start):
    me = good(start(SEED).with_key("cog_person").get("/v3/self"))
    assert (me["principal_type"], me["user_name"], me["org_id"]) == (
        "pat_user",
        "person",
        "org-emulator",
    )
