"""The forms of all objects, sent as a browser without JavaScript sends them."""

from __future__ import annotations

import json

import pytest

from tests.testing.hostile_names import BODIES
from tests.testing.html_forms import Html

ORG = "/organizations/org-emulator"
OBJECTS = {
    "/knowledge/note-1": ("knowledge", "name", "Deployments"),
    "/knowledge/note-house": ("knowledge", "trigger", "When at home"),
    "/folders/folder-b": ("folder", "name", "C"),
    "/playbooks/playbook-1": ("playbook", "title", "Triage an incident"),
    "/secrets/secret-1": ("secret", "note", "rotated"),
    "/automations/automation-1": ("automation", "name", "Pushed"),
    "/schedules/schedule-1": ("schedule", "frequency", "0 3 * * *"),
    "/organizations/org-emulator": ("organization", "name", "Billing"),
}
NEW = {
    f"{ORG}/knowledge": {"name": "n", "trigger": "t", "body": "a\r\nb"},
    f"{ORG}/folders": {"name": "f"},
    f"{ORG}/playbooks": {"title": "p", "body": "b"},
    f"{ORG}/secrets": {"key": "K"},
    f"{ORG}/automations": {
        "name": "a",
        "actions": '[{"type": "start_session", "prompt": "Look."}]',
    },
    f"{ORG}/schedules": {"name": "s", "prompt": "p"},
    "/enterprise/knowledge": {"name": "n", "trigger": "t", "body": "b"},
    "/enterprise/folders": {"name": "f"},
    "/enterprise/playbooks": {"title": "p", "body": "b"},
    "/enterprise/organizations": {"name": "o", "tags": "b\r\n\r\n a \r\n"},
    "/enterprise/acu_limits": {"cycle_acu_limit": "5"},
}


def form(client, path):
    """Return what the form of a page would send: the first one, or the one after the search."""
    return next(fields for fields in Html.of(client.get(path).text).forms if "search" not in fields)


def save(client, path, **typed):
    return client.post(path, data={**form(client, path), **typed})


def stored(api, kind, record_id):
    return api.emulator.store.get(kind, record_id)


@pytest.mark.parametrize("path", OBJECTS)
def test_a_form_that_nobody_touched_changes_nothing(filled, visitor, path):
    kind, record_id = OBJECTS[path][0], path.rpartition("/")[2]
    before = repr(stored(filled, kind, record_id))
    assert save(visitor, path).headers["location"] == f"{path}?done=unchanged"
    assert repr(stored(filled, kind, record_id)) == before
    assert "Nothing was changed." in Html.of(visitor.get(f"{path}?done=unchanged").text).alerts


@pytest.mark.parametrize("path", OBJECTS)
def test_a_person_changes_one_field_and_the_others_stay(filled, visitor, path):
    kind, name, value = OBJECTS[path]
    record = stored(filled, kind, path.rpartition("/")[2])
    before = {field: getattr(record, field) for field in type(record).__dataclass_fields__}
    assert save(visitor, path, **{name: value}).headers["location"] == f"{path}?done=saved"
    after = {field: getattr(record, field) for field in type(record).__dataclass_fields__}
    moved = {field for field in before if before[field] != after[field]}
    assert moved == {name, "updated_at", "updated_by"}
    assert after[name] == value
    assert after["updated_by"] == "user-emulator-person"


@pytest.mark.parametrize("path", NEW)
def test_a_person_creates_an_object(filled, visitor, path):
    response = save(visitor, f"{path}/new", **NEW[path])
    assert response.status_code == 303, response.text
    page = Html.of(visitor.get(response.headers["location"]).text)
    assert "Created." in page.alerts
    sent = {name: value for name, value in NEW[path].items() if name not in ("tags", "actions")}
    assert sent.items() <= page.forms[0].items()


def test_a_new_note_is_as_typed(filled, visitor):
    typed = {"name": "n", "trigger": "t", "body": "a\r\n\r\nb", "folder_id": "folder-b"}
    location = save(visitor, f"{ORG}/knowledge/new", **typed).headers["location"]
    note_id = location.partition("?")[0].rpartition("/")[2]
    note = filled.v3.get(f"/v3/organizations/org-emulator/knowledge/notes/{note_id}").json()
    assert (note["body"], note["folder_path"]) == ("a\n\nb", "A/B")
    assert (note["pinned_repo"], note["macro"], note["is_enabled"]) == (None, None, True)


def test_tags_are_lines(filled, visitor):
    save(visitor, "/organizations/org-emulator", tags="b\r\n\r\n a \r\n")
    assert stored(filled, "organization", "org-emulator").tags == ["b", "a"]


def test_a_link_can_choose_the_folder_of_a_new_note(visitor):
    assert form(visitor, f"{ORG}/knowledge/new?folder_id=folder-b")["folder_id"] == "folder-b"
    assert form(visitor, f"{ORG}/folders/new?parent_folder_id=folder-a")["parent_folder_id"] == (
        "folder-a"
    )


def test_a_folder_is_renamed_and_moved(filled, visitor):
    save(visitor, "/folders/folder-b", name="New", parent_folder_id="")
    assert filled.emulator.knowledge()[0]["folder_path"] == "New"


def test_a_folder_cannot_be_moved_into_itself(filled, visitor):
    assert "folder-b" not in visitor.get("/folders/folder-a").text.partition("</select>")[0]
    response = save(visitor, "/folders/folder-a", parent_folder_id="folder-b")
    assert response.status_code == 422
    assert "A folder cannot be inside itself" in Html.of(response.text).alerts


@pytest.mark.parametrize("path", [*OBJECTS, "/acu_limits/limit-1"])
def test_a_person_deletes_an_object(filled, visitor, path):
    response = visitor.post(path, data={"action": "delete"})
    assert response.status_code == 303
    assert "Deleted." in Html.of(visitor.get(response.headers["location"]).text).alerts
    assert visitor.get(path).status_code == 404
    assert visitor.post(path, data={"action": "delete"}).status_code == 404


def test_what_is_in_a_deleted_folder_moves_up(filled, visitor):
    assert "What is in it moves to the folder above." in visitor.get("/folders/folder-b").text
    visitor.post("/folders/folder-b", data={"action": "delete"})
    assert filled.emulator.knowledge()[0]["folder_path"] == "A"


def test_an_automation_is_turned_off_and_on_in_the_list(filled, visitor):
    path = "/automations/automation-1"
    for state in (False, True):
        (switch,) = Html.of(visitor.get(f"{ORG}/automations").text).forms
        assert switch == {"back": "list"}
        sent = {**switch, "enabled": json.dumps(state)}
        assert visitor.post(path, data=sent).headers["location"] == f"{ORG}/automations?done=saved"
        assert filled.emulator.automations()[0]["enabled"] is state


def test_an_edit_is_saved_and_shown_as_a_persons(start, tmp_path):
    state = tmp_path / "state.json"
    api = start({"organizations": {"org-emulator": {"knowledge": []}}}, state=state)
    location = save(api.with_key(""), f"{ORG}/knowledge/new", name="n").headers["location"]
    assert start(state=state).emulator.knowledge()[0]["name"] == "n"
    page = api.with_key("").get(location).text
    assert "Pat Person" in page
    events = api.enterprise.get("/v3/enterprise/audit-logs").json()["items"]
    assert (events[0]["action"], events[0]["user_email"]) == ("create_knowledge", "pat@example.com")


# -- bad input


@pytest.mark.parametrize(
    ("path", "typed", "message"),
    [
        ("/knowledge/note-1", {"name": " "}, "Name: Enter a name"),
        ("/playbooks/playbook-1", {"title": ""}, "Title: Enter a title"),
        (f"{ORG}/secrets/new", {"key": ""}, "Key: Enter a key"),
        (
            "/playbooks/playbook-1",
            {"structured_output_schema": '{\r\n  "type": }'},
            "Structured output schema: Not JSON: Expecting value, line 2, column 11",
        ),
        (
            "/playbooks/playbook-1",
            {"structured_output_schema": "[1]"},
            "Structured output schema: Expected a mapping or null",
        ),
        ("/automations/automation-1", {"triggers": "NaN"}, "Triggers: Not JSON that can be stored"),
        ("/automations/automation-1", {"actions": ""}, "Actions: Not JSON: Expecting value"),
        ("/automations/automation-1", {"actions": "[" * 100_000}, "Actions: Not JSON that can be"),
        (
            "/automations/automation-1",
            {"triggers": '[{"event_type": 1}]'},
            "Triggers: 0.event_type: Input should be",
        ),
        ("/organizations/org-emulator", {"max_cycle_acu_limit": "many"}, "Enter a whole number"),
        ("/acu_limits/limit-1", {"cycle_acu_limit": ""}, "Enter a whole number"),
        ("/acu_limits/limit-1", {"cycle_acu_limit": "9" * 5000}, "Enter a whole number"),
        ("/acu_limits/limit-1", {"scope": "nobody"}, "Scope: Expected one of"),
        ("/knowledge/note-1", {"folder_id": "gone"}, 'There is no folder with the id "gone"'),
    ],
)
def test_bad_input_comes_back_with_what_was_typed(filled, visitor, path, typed, message):
    log = len(filled.emulator.store.table("event"))
    sent = {**form(visitor, path), **typed}
    if "body" in sent:
        sent["body"] = "typed by me\r\nin two lines"
    response = visitor.post(path, data=sent)
    page = Html.of(response.text)
    assert response.status_code == 422
    assert page.title.startswith("Error: ")
    assert any(message in alert for alert in page.alerts), page.alerts
    back = {**page.forms[0], "folder_id": sent.get("folder_id"), "scope": sent.get("scope")}
    assert {name: back[name] for name in typed} == typed
    assert back.get("body") == sent.get("body")
    assert len(filled.emulator.store.table("event")) == log


def test_an_edit_does_not_overwrite_one_that_was_made_meanwhile(filled, visitor):
    sent = {**form(visitor, "/knowledge/note-1"), "body": "Mine."}
    filled.emulator.edit("knowledge", "note-1", body="Theirs.")
    refused = visitor.post("/knowledge/note-1", data=sent)
    page = Html.of(refused.text)
    assert refused.status_code == 422
    assert "Pat Person (person) changed this while you were editing" in " ".join(page.alerts)
    assert stored(filled, "knowledge", "note-1").body == "Theirs."
    assert page.forms[0]["body"] == "Mine."
    assert visitor.post("/knowledge/note-1", data=page.forms[0]).status_code == 303
    assert stored(filled, "knowledge", "note-1").body == "Mine."


@pytest.mark.parametrize("body", [b"", b"\xff=\xfe&%ff=%zz", b"=&&=", b"{}", b"version=x" * 1000])
def test_a_form_of_anything_breaks_nothing(filled, visitor, body):
    for path in [*OBJECTS, *(f"{path}/new" for path in NEW), "/requests"]:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        response = visitor.post(path, content=body, headers=headers)
        assert response.status_code in (303, 422), path


@pytest.mark.parametrize("body", [*BODIES, "a\rb", "a\x00b", "\n\n", "x\u2028y", "\ud800"])
def test_a_body_that_nobody_touched_stays_as_it_is(start, body):
    note = {"id": "note-1", "name": "n", "trigger": "t\nu", "body": body, "macro": ""}
    api = start({"organizations": {"org-emulator": {"knowledge": [note]}}})
    assert save(api.with_key(""), "/knowledge/note-1", name="m").status_code == 303
    record = stored(api, "knowledge", "note-1")
    assert (record.name, record.body, record.macro) == ("m", body, "")


def test_a_state_file_that_cannot_be_written_is_a_page_that_says_so(start, tmp_path):
    api = start(state=tmp_path / "state.json")
    client = api.with_key("")
    sent = {**form(client, f"{ORG}/folders/new"), "name": "f"}
    (tmp_path / "state.json").unlink()
    tmp_path.rename(tmp_path.with_name("gone"))
    response = client.post(f"{ORG}/folders/new", data=sent)
    assert response.status_code == 500
    assert "cannot write the state" in response.text
