"""The old API, over the same objects."""

from __future__ import annotations

import re

import pytest

from tests.testing.emulator_api import NOTE, ORG, good

KNOWLEDGE = {"name": "Deploys", "body": "Use blue-green.", "trigger_description": "deploying"}
PLAYBOOK = {"title": "Triage", "body": "Look first."}
SECRET = {"type": "totp", "key": "OTP", "value": "v", "sensitive": True, "note": ""}


def create(api, **fields):
    return good(api.v1.post("/v1/knowledge", json={**KNOWLEDGE, **fields}))


def test_created_knowledge_has_v1s_names_and_an_author(api):
    made = create(api, macro="!deploy", pinned_repo="all")
    assert made.pop("id").startswith("note-")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", made.pop("created_at"))
    assert made == {
        **KNOWLEDGE,
        "parent_folder_id": None,
        "pinned_repo": "all",
        "macro": "!deploy",
        "created_by": {
            "full_name": "Emulator (v1)",
            "id": "service-user-emulator-v1",
            "image_url": None,
        },
    }


def test_both_versions_show_the_same_note_under_the_same_id(api):
    made = create(api, macro="!deploy")
    on_v3 = good(api.v3.get(f"{ORG}/knowledge/notes/{made['id']}"))
    assert (on_v3["trigger"], on_v3["macro"]) == ("deploying", "!deploy")
    api.v3.put(f"{ORG}/knowledge/notes/{made['id']}", json={**NOTE, "body": "new"})
    (on_v1,) = good(api.v1.get("/v1/knowledge"))["knowledge"]
    assert (on_v1["id"], on_v1["body"]) == (made["id"], "new")


def test_nested_folders_appear_flat_by_their_last_name(start):
    api = start(
        {"organizations": {"org-emulator": {"folders": [{"path": "A/B", "id": "folder-b"}]}}}
    )
    listed = good(api.v1.get("/v1/knowledge"))
    assert [folder["name"] for folder in listed["folders"]] == ["A", "B"]
    assert set(listed["folders"][0]) == {"id", "name", "description", "created_at"}
    assert create(api, parent_folder_id="folder-b")["parent_folder_id"] == "folder-b"


def test_knowledge_is_not_paged(start):
    notes = [{**NOTE, "name": str(n)} for n in range(250)]
    api = start({"organizations": {"org-emulator": {"knowledge": notes}}})
    assert len(good(api.v1.get("/v1/knowledge?limit=10"))["knowledge"]) == 250


def test_there_is_no_read_of_one_note(api):
    assert api.v1.get(f"/v1/knowledge/{create(api)['id']}").status_code == 405


def test_replacing_sets_every_field(api):
    folder = api.emulator.add_folder("A")
    made = create(api, macro="!a")
    body = {
        **KNOWLEDGE,
        "name": "New",
        "macro": None,
        "pinned_repo": "a/b",
        "parent_folder_id": folder,
    }
    replaced = good(api.v1.put(f"/v1/knowledge/{made['id']}", json=body))
    assert {name: replaced[name] for name in body} == body


def test_what_is_missing_is_a_404(api):
    assert api.v1.put("/v1/knowledge/note-x", json=KNOWLEDGE).status_code == 404
    assert api.v1.delete("/v1/knowledge/note-x").status_code == 404
    assert api.v1.get("/v1/playbooks/playbook-x").status_code == 404
    assert api.v1.put("/v1/playbooks/playbook-x", json=PLAYBOOK).status_code == 404
    assert api.v1.delete("/v1/playbooks/playbook-x").status_code == 404
    assert api.v1.delete("/v1/secrets/secret-x").status_code == 404


@pytest.mark.parametrize("missing", ["name", "body", "trigger_description"])
def test_name_body_and_trigger_are_required_on_create_and_replace(api, missing):
    body = {name: text for name, text in KNOWLEDGE.items() if name != missing}
    made = create(api)
    assert api.v1.post("/v1/knowledge", json=body).status_code == 422
    assert api.v1.put(f"/v1/knowledge/{made['id']}", json=body).status_code == 422


def test_a_note_macro_begins_with_an_exclamation_mark(api):
    assert api.v1.post("/v1/knowledge", json={**KNOWLEDGE, "macro": "deploy"}).status_code == 422


def test_secrets_are_listed_bare_and_without_a_value(api):
    made = good(api.v1.post("/v1/secrets", json=SECRET))
    assert list(made) == ["id"]
    (listed,) = good(api.v1.get("/v1/secrets"))
    assert (set(listed), listed["type"]) == ({"id", "type", "key", "created_at"}, "totp")
    assert api.emulator.store.secret_matches("org-emulator", "OTP", "v")
    assert list(good(api.v1.delete(f"/v1/secrets/{made['id']}"))) == ["message"]
    assert good(api.v1.get("/v1/secrets")) == []


@pytest.mark.parametrize("missing", sorted(SECRET))
def test_all_fields_of_a_secret_are_required(api, missing):
    body = {name: value for name, value in SECRET.items() if name != missing}
    assert api.v1.post("/v1/secrets", json=body).status_code == 422


def test_a_playbook_is_listed_read_updated_and_deleted(api):
    made = good(api.v1.post("/v1/playbooks", json={**PLAYBOOK, "macro": "!t"}))
    path = f"/v1/playbooks/{made['playbook_id']}"
    assert good(api.v1.get("/v1/playbooks")) == [made] == [good(api.v1.get(path))]
    assert made["status"] == "published"
    assert good(api.v1.put(path, json={**PLAYBOOK, "title": "New"})) == {"status": "success"}
    assert good(api.v1.get(path))["title"] == "New"
    good(api.v1.delete(path))
    assert good(api.v1.get("/v1/playbooks")) == []


def test_a_v1_update_of_a_playbook_leaves_its_schema(api):
    body = {**PLAYBOOK, "structured_output_schema": {"type": "object"}}
    made = good(api.v3.post(f"{ORG}/playbooks", json=body))
    good(api.v1.put(f"/v1/playbooks/{made['playbook_id']}", json=PLAYBOOK))
    assert api.emulator.playbooks()[0]["structured_output_schema"] == {"type": "object"}


@pytest.mark.parametrize("field", ["title", "body"])
def test_title_and_body_of_a_playbook_are_not_empty(api, field):
    assert api.v1.post("/v1/playbooks", json={**PLAYBOOK, field: ""}).status_code == 422


def test_enterprise_objects_do_not_appear(start):
    seed = {
        "organizations": {
            "org-emulator": {"knowledge": [{**NOTE, "access_type": "enterprise", "id": "note-e"}]}
        },
        "enterprise": {"knowledge": [NOTE], "playbooks": [PLAYBOOK]},
        "quirks": {"enterprise_notes_in_org_list": True, "enterprise_playbooks_in_org_list": True},
    }
    api = start(seed)
    assert good(api.v1.get("/v1/knowledge"))["knowledge"] == good(api.v1.get("/v1/playbooks")) == []
    assert api.v1.delete("/v1/knowledge/note-e").status_code == 403
