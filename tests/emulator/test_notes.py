"""Notes and folders of an organization on v3."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.testing.emulator_api import NOTE, ORG, good

NOTES = f"{ORG}/knowledge/notes"


def test_a_created_note_is_answered_with_200_and_all_its_fields(api):
    before = int(time.time())
    note = api.note(pinned_repo="acme/api")
    assert before <= note.pop("created_at") == note.pop("updated_at")
    assert note.pop("note_id").startswith("note-")
    assert note == {
        **NOTE,
        "folder_id": None,
        "folder_path": "",
        "is_enabled": True,
        "access_type": "org",
        "org_id": "org-emulator",
        "macro": None,
        "pinned_repo": "acme/api",
    }


def test_a_note_is_read_as_it_was_answered(api):
    note = api.note()
    assert good(api.v3.get(f"{NOTES}/{note['note_id']}")) == note


def test_two_notes_may_have_the_same_name(api):
    assert api.note()["note_id"] != api.note()["note_id"]


def test_a_note_filed_in_a_folder_shows_its_path(api):
    folder = api.emulator.add_folder("Backend/APIs")
    assert api.note(folder_id=folder)["folder_path"] == "Backend/APIs"


def test_replacing_clears_the_folder_and_the_pin_that_the_body_leaves_out(api):
    note = api.note(folder_id=api.emulator.add_folder("Backend"), pinned_repo="acme/api")
    replaced = good(api.v3.put(f"{NOTES}/{note['note_id']}", json=NOTE))
    assert (replaced["folder_id"], replaced["pinned_repo"]) == (None, None)


@pytest.mark.parametrize("body", [NOTE, {**NOTE, "is_enabled": None}])
def test_replacing_keeps_is_enabled_unless_it_is_given(api, body):
    note = api.note(is_enabled=False)
    assert good(api.v3.put(f"{NOTES}/{note['note_id']}", json=body))["is_enabled"] is False


def test_a_note_created_with_is_enabled_null_is_enabled(api):
    assert api.note(is_enabled=None)["is_enabled"] is True


def test_a_macro_cannot_be_written(api):
    note = api.note(macro="!deploy")
    assert note["macro"] is None
    assert (
        good(api.v3.put(f"{NOTES}/{note['note_id']}", json={**NOTE, "macro": "!x"}))["macro"]
        is None
    )


def test_replacing_moves_the_time_of_the_change_on_and_leaves_that_of_the_creation(api):
    note = api.note()
    replaced = good(api.v3.put(f"{NOTES}/{note['note_id']}", json=NOTE))
    assert replaced["created_at"] == note["created_at"]
    assert replaced["updated_at"] > note["updated_at"]


def test_deleting_answers_with_the_note_and_then_it_is_gone(api):
    note = api.note()
    path = f"{NOTES}/{note['note_id']}"
    assert good(api.v3.delete(path)) == note
    assert [api.v3.request(method, path).status_code for method in ("GET", "DELETE")] == [404, 404]
    missing = api.v3.put(path, json=NOTE)
    assert (missing.status_code, missing.json()) == (404, {"detail": "Note not found"})


def test_a_note_of_another_organization_is_not_found(start):
    seed = {"organizations": {"org-other": {"knowledge": [{**NOTE, "id": "note-other"}]}}}
    api = start(seed)
    assert api.enterprise.get(f"{NOTES}/note-other").status_code == 404
    assert (
        api.enterprise.get("/v3/organizations/org-other/knowledge/notes/note-other").status_code
        == 200
    )


def test_a_folder_of_another_organization_is_as_good_as_unknown(start):
    api = start(
        {"organizations": {"org-other": {"folders": [{"path": "A", "id": "folder-other"}]}}}
    )
    assert api.v3.post(NOTES, json={**NOTE, "folder_id": "folder-other"}).status_code == 404


@pytest.mark.parametrize(
    ("body", "loc", "type_"),
    [
        ({"body": "b", "trigger": "t"}, ["body", "name"], "missing"),
        ({**NOTE, "name": 1}, ["body", "name"], "string_type"),
        ({**NOTE, "body": None}, ["body", "body"], "string_type"),
        ({**NOTE, "is_enabled": "yes"}, ["body", "is_enabled"], "bool_type"),
        ({**NOTE, "pinned_repo": ""}, ["body", "pinned_repo"], "string_too_short"),
        ([], ["body"], "model_attributes_type"),
    ],
)
def test_a_body_that_does_not_fit_is_a_422_that_says_where_and_echoes_the_input(
    api, body, loc, type_
):
    response = api.v3.post(NOTES, json=body)
    assert response.status_code == 422
    problem = response.json()["detail"][0]
    assert (problem["loc"], problem["type"]) == (loc, type_)
    assert {"msg", "input"} <= problem.keys()


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 422),
        (b"\xff\xff", 400),
        (b'{"name": "\\ud800", "body": "b", "trigger": "t"}', 422),
        (b'{"name": NaN, "body": "b", "trigger": "t"}', 422),
        (b"", 422),
    ],
)
def test_bytes_that_are_no_sensible_json_are_refused(api, content, status):
    response = api.v3.post(NOTES, content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == status, response.text
    assert "detail" in response.json()


def test_the_folder_list_is_whole_and_counts_the_notes_right_inside(start):
    api = start(
        {"organizations": {"org-emulator": {"folders": [{"path": "A/B", "id": "folder-b"}]}}}
    )
    api.note()
    api.note(folder_id="folder-b")
    tree = good(api.v3.get(f"{ORG}/knowledge/folders"))
    assert tree["root_note_count"] == 1
    above, inner = tree["folders"]
    assert (above["name"], above["path"], above["parent_folder_id"], above["note_count"]) == (
        "A",
        "A",
        None,
        0,
    )
    assert inner == {
        "folder_id": "folder-b",
        "name": "B",
        "path": "A/B",
        "parent_folder_id": above["folder_id"],
        "note_count": 1,
    }


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_no_api_makes_or_changes_folders(api, method):
    response = api.v3.request(method, f"{ORG}/knowledge/folders", json={"name": "x"})
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"search": "BLUE"}, ["a"]),
        ({"search": "when c"}, ["c"]),
        ({"folder_path": "X"}, ["b"]),
        ({"folder_path": "X/Y"}, ["c"]),
        ({"folder_path": ""}, ["a"]),
        ({"folder_path": "nowhere"}, []),
        ({"pinned_repo": "acme/api"}, ["b", "c"]),
        ({"pinned_repo": "acme"}, []),
        ({"pinned_repo": "acme/api", "search": "three"}, ["c"]),
    ],
)
def test_the_list_is_filtered(start, query, names):
    notes = [
        {"name": "a", "trigger": "when 1", "body": "blue-green"},
        {"name": "b", "trigger": "other", "body": "2", "folder": "X", "pinned_repo": "acme/api"},
        {
            "name": "c",
            "trigger": "when c",
            "body": "three",
            "folder": "X/Y",
            "pinned_repo": "acme/api",
        },
    ]
    api = start(
        {"organizations": {"org-emulator": {"folders": [{"path": "X/Y"}], "knowledge": notes}}}
    )
    page = good(api.v3.get(NOTES, params=query))
    assert ([note["name"] for note in page["items"]], page["total"]) == (names, len(names))


@pytest.mark.matrix
def test_many_threads_at_once_lose_and_double_nothing(api):
    with ThreadPoolExecutor(32) as pool:
        made = list(pool.map(lambda number: api.note(name=f"note {number}")["note_id"], range(320)))
    assert len(set(made)) == 320
    assert {note["name"] for note in api.emulator.knowledge()} == {f"note {n}" for n in range(320)}
    assert good(api.v3.get(NOTES, params={"first": 1}))["total"] == 320
