"""Secrets: what may be known of them, and what must not."""

from __future__ import annotations

import json

import pytest

from tests.testing.emulator_api import ORG, good

SECRETS = f"{ORG}/secrets"
VALUE = "hunter2-hunter2"
SECRET = {"type": "key-value", "key": "NPM_TOKEN", "value": VALUE}


def test_a_created_secret_is_answered_without_its_value(api):
    response = api.v3.post(SECRETS, json={**SECRET, "note": "read-only"})
    secret = good(response)
    assert VALUE not in response.text
    assert secret.pop("secret_id").startswith("secret-")
    assert isinstance(secret.pop("created_at"), int)
    assert secret == {
        "key": "NPM_TOKEN",
        "note": "read-only",
        "is_sensitive": True,
        "secret_type": "key-value",
        "access_type": "org",
        "created_by": "service-user-emulator",
        "updated_by": None,
        "updated_at": None,
    }


def test_a_test_can_ask_whether_a_value_arrived(api):
    good(api.v3.post(SECRETS, json=SECRET))
    matches = api.emulator.store.secret_matches
    assert matches("org-emulator", "NPM_TOKEN", VALUE)
    assert not matches("org-emulator", "NPM_TOKEN", "another")
    assert not matches("org-emulator", "OTHER", VALUE)
    assert not matches("org-other", "NPM_TOKEN", VALUE)


def test_after_delete_and_create_only_the_new_value_matches(api):
    old = good(api.v3.post(SECRETS, json=SECRET))
    good(api.v3.delete(f"{SECRETS}/{old['secret_id']}"))
    new = good(api.v3.post(SECRETS, json={**SECRET, "value": "new"}))
    matches = api.emulator.store.secret_matches
    assert new["secret_id"] != old["secret_id"]
    assert (
        matches("org-emulator", "NPM_TOKEN", VALUE),
        matches("org-emulator", "NPM_TOKEN", "new"),
    ) == (
        False,
        True,
    )


def test_no_value_is_kept_anywhere(start, tmp_path):
    state = tmp_path / "state.json"
    api = start(state=state)
    good(api.v3.post(SECRETS, json=SECRET))
    good(api.v1.post("/v1/secrets", json={**SECRET, "key": "B", "sensitive": True, "note": ""}))
    seen = [
        api.v3.get(SECRETS).text,
        api.v1.get("/v1/secrets").text,
        api.person.get("/requests").text,
        api.enterprise.get("/v3/enterprise/audit-logs").text,
        state.read_text(),
        repr(list(api.emulator.store.table("secret"))),
        json.dumps(api.emulator.requests),
    ]
    assert [VALUE in text for text in seen] == [False] * len(seen)
    assert "digest" not in state.read_text()


@pytest.mark.parametrize(
    "body",
    [
        {"key": {"value": VALUE}},
        [{"value": VALUE}],
        VALUE,
        {**SECRET, "type": "no type"},
        {"Value": VALUE},
        {"key": "K", "secret_value": VALUE},
        {"type": [VALUE]},
    ],
)
def test_the_request_log_hides_the_value_of_a_refused_request_too(api, body):
    assert api.v3.post(SECRETS, json=body).status_code == 422
    assert VALUE not in json.dumps(api.emulator.requests)


@pytest.mark.parametrize("path", [f"{SECRETS}/secret-1", f"{SECRETS[:-1]}z", "/v1/Secret"])
def test_the_request_log_hides_a_value_at_a_wrong_path(api, path):
    api.v3.post(path, json={"key": "A", "value": VALUE})
    (entry,) = api.emulator.requests
    assert entry["body"] == {"key": "A", "value": "***"}


@pytest.mark.parametrize("query", ["value={}", "first=2&{}", "{}=1", "a=b&Value={}&after=c"])
def test_the_request_log_hides_a_value_in_the_query(api, query):
    api.v3.get(f"{SECRETS}?{query.format(VALUE)}")
    (entry,) = api.emulator.requests
    assert VALUE not in entry["path"]
    shown = [pair for pair in query.split("&") if pair.startswith(("first", "after"))]
    assert [pair for pair in entry["path"].partition("?")[2].split("&") if pair != "***"] == shown


def test_the_request_log_shows_a_value_sent_where_it_does_not_belong(api):
    api.note(body=VALUE)
    assert VALUE in json.dumps(api.emulator.requests)


def test_a_422_echoes_the_input_as_the_real_api_may(api):
    response = api.v3.post(SECRETS, json={"type": "key-value", "value": VALUE})
    assert response.status_code == 422
    assert VALUE in response.text


def test_deleting_a_missing_secret_is_a_403(api):
    secret = good(api.v3.post(SECRETS, json=SECRET))
    path = f"{SECRETS}/{secret['secret_id']}"
    assert good(api.v3.delete(path)) == secret
    assert api.v3.delete(path).status_code == 403


def test_a_personal_secret_is_listed_and_cannot_be_deleted(start):
    mine = {"key": "MINE", "access_type": "personal", "id": "secret-mine"}
    api = start({"organizations": {"org-emulator": {"secrets": [mine]}}})
    assert [secret["access_type"] for secret in good(api.v3.get(SECRETS))["items"]] == ["personal"]
    assert good(api.v1.get("/v1/secrets")) == []
    assert api.v3.delete(f"{SECRETS}/secret-mine").status_code == 403
    good(api.v3.post(SECRETS, json={**SECRET, "key": "MINE"}))


def test_only_people_make_a_dictionary_which_v3_does_not_list(start):
    secrets = [{"key": "D", "type": "dictionary"}, {"key": "K"}]
    api = start({"organizations": {"org-emulator": {"secrets": secrets}}})
    assert [secret["key"] for secret in good(api.v3.get(SECRETS))["items"]] == ["K"]
    listed = good(api.v1.get("/v1/secrets"))
    assert [(secret["key"], secret["type"]) for secret in listed] == [
        ("D", "dictionary"),
        ("K", "key-value"),
    ]


@pytest.mark.parametrize("secret", [{}, {"key": None}, {"type": "totp"}])
def test_a_secret_can_be_without_a_key(start, secret):
    api = start({"organizations": {"org-emulator": {"secrets": [secret]}}})
    assert [secret["key"] for secret in good(api.v3.get(SECRETS))["items"]] == [None]
    assert [secret["key"] for secret in good(api.v1.get("/v1/secrets"))] == [None]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
def test_there_is_no_read_by_id_and_no_update(api, method):
    secret = good(api.v3.post(SECRETS, json=SECRET))
    assert (
        api.v3.request(method, f"{SECRETS}/{secret['secret_id']}", json=SECRET).status_code == 405
    )


@pytest.mark.parametrize("type_", ["dictionary", "", None])
def test_only_the_three_types_can_be_created(api, type_):
    assert api.v3.post(SECRETS, json={**SECRET, "type": type_}).status_code == 422


def test_an_edit_by_a_person_shows_in_the_times(api):
    secret = good(api.v3.post(SECRETS, json=SECRET))
    api.emulator.edit("secret", secret["secret_id"], note="rotated")
    (live,) = api.emulator.secrets()
    assert (live["note"], live["updated_by"]) == ("rotated", "user-emulator-person")
    assert live["updated_at"] > live["created_at"]
    assert live["secret_type"] == "key-value"
