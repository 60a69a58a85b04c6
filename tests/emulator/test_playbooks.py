"""Playbooks on v3."""

from __future__ import annotations

import pytest

from tests.testing.emulator_api import ORG, good

PLAYBOOKS = f"{ORG}/playbooks"
PLAYBOOK = {"title": "Triage", "body": "Look first."}
SCHEMA = {"type": "object", "properties": {"cause": {"type": "string"}}}
FULL = {**PLAYBOOK, "macro": "!triage", "structured_output_schema": SCHEMA}


def test_a_created_playbook_says_who_made_it(api):
    playbook = good(api.v3.post(PLAYBOOKS, json=FULL))
    assert playbook.pop("playbook_id").startswith("playbook-")
    assert playbook.pop("created_at") == playbook.pop("updated_at")
    assert playbook == {
        **FULL,
        "access_type": "org",
        "org_id": "org-emulator",
        "created_by": "service-user-emulator",
        "updated_by": "service-user-emulator",
    }


@pytest.mark.parametrize(
    ("sent", "macro", "schema"),
    [
        ({}, "!triage", SCHEMA),
        ({"macro": None}, None, SCHEMA),
        ({"structured_output_schema": None}, "!triage", None),
        (
            {"macro": "!new", "structured_output_schema": {"type": "array"}},
            "!new",
            {"type": "array"},
        ),
    ],
)
def test_updating_keeps_what_is_left_out_and_null_clears(api, sent, macro, schema):
    path = f"{PLAYBOOKS}/{good(api.v3.post(PLAYBOOKS, json=FULL))['playbook_id']}"
    updated = good(api.v3.put(path, json={**PLAYBOOK, "body": "New.", **sent}))
    assert (updated["body"], updated["macro"], updated["structured_output_schema"]) == (
        "New.",
        macro,
        schema,
    )
    assert good(api.v3.get(path)) == updated


@pytest.mark.parametrize("macro", ["triage", "!", "!a b", "!ä", "!a\n", ""])
def test_a_macro_of_another_form_is_refused(api, macro):
    response = api.v3.post(PLAYBOOKS, json={**PLAYBOOK, "macro": macro})
    assert (response.status_code, response.json()["detail"][0]["loc"]) == (422, ["body", "macro"])


@pytest.mark.parametrize("macro", ["!a", "!A-b_9"])
def test_a_macro_of_letters_digits_hyphens_and_underscores_is_accepted(api, macro):
    assert good(api.v3.post(PLAYBOOKS, json={**PLAYBOOK, "macro": macro}))["macro"] == macro


@pytest.mark.parametrize(
    "schema",
    [
        {"description": "x" * 65536},
        {"properties": {"a": {"$ref": "https://example.com/schema"}}},
        {"allOf": [{"$ref": "other.json#/a"}]},
        {"type": "no such type"},
    ],
)
def test_a_schema_that_is_too_large_or_not_self_contained_or_none_at_all_is_refused(api, schema):
    response = api.v3.post(PLAYBOOKS, json={**PLAYBOOK, "structured_output_schema": schema})
    assert response.status_code == 422


def test_a_schema_may_refer_to_itself(api):
    schema = {"definitions": {"a": {}}, "$ref": "#/definitions/a"}
    body = {**PLAYBOOK, "structured_output_schema": schema}
    assert good(api.v3.post(PLAYBOOKS, json=body))["structured_output_schema"] == schema


def test_a_property_called_ref_is_no_reference(api):
    schema = {"properties": {"$ref": {"type": "string"}}}
    body = {**PLAYBOOK, "structured_output_schema": schema}
    assert good(api.v3.post(PLAYBOOKS, json=body))["structured_output_schema"] == schema


def test_deleting_answers_with_the_playbook_and_then_it_is_gone(api):
    playbook = good(api.v3.post(PLAYBOOKS, json=PLAYBOOK))
    path = f"{PLAYBOOKS}/{playbook['playbook_id']}"
    assert good(api.v3.delete(path)) == playbook
    assert api.v3.get(path).json() == {"detail": "Playbook not found"}
    assert api.v3.put(path, json=PLAYBOOK).status_code == 404


def test_an_update_by_a_person_shows_in_updated_by(api):
    playbook = good(api.v3.post(PLAYBOOKS, json=PLAYBOOK))
    api.emulator.edit("playbook", playbook["playbook_id"], body="Mine.")
    (live,) = api.emulator.playbooks()
    assert live["updated_by"] != live["created_by"]
    assert live["updated_at"] > live["created_at"]
