"""The enterprise's notes and playbooks, and how its lists mix."""

from __future__ import annotations

import pytest

from tests.testing.emulator_api import NOTE, ORG, good

NOTES = "/v3/enterprise/knowledge/notes"
PLAYBOOKS = "/v3/enterprise/playbooks"
PLAYBOOK = {"title": "Triage", "body": "Look first."}
SEED = {
    "organizations": {
        "org-emulator": {
            "knowledge": [{**NOTE, "name": "ours", "id": "note-ours"}],
            "playbooks": [PLAYBOOK],
        },
        "org-other": {"knowledge": [{**NOTE, "name": "theirs"}]},
    },
    "enterprise": {
        "folders": [{"path": "Shared"}],
        "knowledge": [{**NOTE, "name": "all's", "id": "note-all", "folder": "Shared"}],
        "playbooks": [{**PLAYBOOK, "id": "playbook-all"}],
    },
}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, {"ours", "theirs", "all's"}),
        ({"access_type": "enterprise"}, {"all's"}),
        ({"access_type": "org"}, {"ours", "theirs"}),
        ({"search": "THEIRS"}, {"theirs"}),
    ],
)
def test_the_enterprise_list_mixes_in_the_organizations_notes(start, query, names):
    page = good(start(SEED).enterprise.get(NOTES, params=query))
    assert {note["name"] for note in page["items"]} == names


def test_the_enterprise_list_of_playbooks_mixes_in_those_of_organizations(start):
    items = good(start(SEED).enterprise.get(PLAYBOOKS))["items"]
    assert {(item["access_type"], item["org_id"]) for item in items} == {
        ("enterprise", None),
        ("org", "org-emulator"),
    }


def test_an_unknown_access_type_is_a_422(api):
    assert api.enterprise.get(NOTES, params={"access_type": "personal"}).status_code == 422


def test_an_enterprise_note_belongs_to_no_organization(api):
    note = good(api.enterprise.post(NOTES, json=NOTE))
    assert (note["access_type"], note["org_id"], note["folder_id"]) == ("enterprise", None, None)
    assert good(api.v3.get(f"{ORG}/knowledge/notes"))["items"] == []
    assert good(api.v1.get("/v1/knowledge"))["knowledge"] == []
    assert api.emulator.knowledge(None) == [note]


def test_an_enterprise_note_cannot_be_filed(start):
    api = start(SEED)
    body = {**NOTE, "folder_id": api.emulator.folders(None)[0]["folder_id"]}
    assert api.enterprise.post(NOTES, json=body).status_code == 400
    assert api.enterprise.put(f"{NOTES}/note-all", json=body).status_code == 400


def test_the_enterprise_has_folders_of_its_own(start):
    api = start(SEED)
    tree = good(api.enterprise.get("/v3/enterprise/knowledge/folders"))
    assert [(folder["path"], folder["note_count"]) for folder in tree["folders"]] == [("Shared", 1)]
    assert good(api.v3.get(f"{ORG}/knowledge/folders"))["folders"] == []


def test_an_enterprise_note_is_read_replaced_and_deleted(start):
    api = start(SEED)
    path = f"{NOTES}/note-all"
    assert good(api.enterprise.get(path))["folder_path"] == "Shared"
    replaced = good(api.enterprise.put(path, json={**NOTE, "body": "new"}))
    assert (replaced["body"], replaced["folder_path"]) == ("new", "")
    assert good(api.enterprise.delete(path)) == replaced
    assert api.enterprise.get(path).status_code == 404


def test_an_organizations_note_is_not_found_on_the_enterprise_path(start):
    api = start(SEED)
    assert api.enterprise.get(f"{NOTES}/note-ours").status_code == 404
    assert api.enterprise.delete(f"{NOTES}/note-ours").status_code == 404


def test_an_enterprise_playbook_is_read_updated_and_deleted(start):
    api = start(SEED)
    path = f"{PLAYBOOKS}/playbook-all"
    assert good(api.enterprise.put(path, json={**PLAYBOOK, "macro": "!all"}))["macro"] == "!all"
    assert good(api.enterprise.put(path, json=PLAYBOOK))["macro"] == "!all"
    assert good(api.enterprise.get(path))["access_type"] == "enterprise"
    good(api.enterprise.delete(path))
    assert api.enterprise.get(path).status_code == 404
    assert good(api.enterprise.post(PLAYBOOKS, json=PLAYBOOK))["org_id"] is None


def test_the_301st_enterprise_note_is_refused(start):
    api = start({"enterprise": {"knowledge": [{**NOTE, "name": str(n)} for n in range(300)]}})
    assert api.enterprise.post(NOTES, json=NOTE).status_code == 400
    api.note()


def test_the_list_of_playbooks_has_no_filter_for_the_scope(start):
    page = good(start(SEED).enterprise.get(PLAYBOOKS, params={"access_type": "enterprise"}))
    assert {item["access_type"] for item in page["items"]} == {"enterprise", "org"}


def test_where_300_enterprise_notes_are_one_can_be_replaced_and_another_takes_a_deleted_ones_place(
    start,
):
    notes = [{**NOTE, "id": f"note-{number}"} for number in range(300)]
    api = start({"enterprise": {"knowledge": notes}})
    good(api.enterprise.put(f"{NOTES}/note-0", json={**NOTE, "name": "new"}))
    good(api.enterprise.delete(f"{NOTES}/note-1"))
    good(api.enterprise.post(NOTES, json=NOTE))
    assert api.enterprise.post(NOTES, json=NOTE).status_code == 400


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        (NOTES, "ManageAccountKnowledge"),
        ("/v3/enterprise/knowledge/folders", "ManageAccountKnowledge"),
        (PLAYBOOKS, "ManageAccountPlaybooks"),
    ],
)
def test_each_list_needs_its_permission(start, path, permission):
    others = ["ManageOrgKnowledge", "ManageOrgPlaybooks", "ManageEnterpriseSettings"]
    keys = {
        "cog_right": {"org": None, "permissions": [permission]},
        "cog_wrong": {"org": None, "permissions": others},
    }
    api = start({"keys": keys})
    good(api.with_key("cog_right").get(path))
    assert api.with_key("cog_wrong").get(path).status_code == 403
    assert api.v3.get(path).status_code == 403, "the key of an organization"
