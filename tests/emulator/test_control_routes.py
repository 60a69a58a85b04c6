"""`/_emulator`: what a person does in the web app, and the log of requests."""

from __future__ import annotations

import pytest

from tests.testing.emulator_api import NOTE, ORG, good

NOTES = f"{ORG}/knowledge/notes"


def test_a_person_makes_a_folder_and_those_above_it(api):
    folder = good(api.person.post("/folders", json={"org": "org-emulator", "path": "A/B"}))
    assert (folder["name"], folder["path"]) == ("B", "A/B")
    assert [
        folder["path"] for folder in good(api.v3.get(f"{ORG}/knowledge/folders"))["folders"]
    ] == [
        "A",
        "A/B",
    ]


def test_a_person_may_make_a_namesake(api):
    for _ in "ab":
        good(api.person.post("/folders", json={"path": "A"}))
    assert len(api.emulator.folders()) == 2


def test_add_folder_makes_only_what_is_missing(api):
    first = api.emulator.add_folder("A/B")
    assert api.emulator.add_folder("A/B") == first
    api.emulator.add_folder("A/C")
    assert len(api.emulator.folders()) == 3


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({"name": "New"}, {"A", "New", "New/C"}),
        ({"path": "A/New"}, {"A", "A/New", "A/New/C"}),
        ({"path": "B"}, {"A", "B", "B/C"}),
        ({"parent_folder_id": "folder-a"}, {"A", "A/B", "A/B/C"}),
    ],
)
def test_a_person_renames_and_moves_a_folder(start, fields, paths):
    folders = [{"path": "A", "id": "folder-a"}, {"path": "B", "id": "folder-b"}, {"path": "B/C"}]
    api = start({"organizations": {"org-emulator": {"folders": folders}}})
    api.note(folder_id="folder-b")
    moved = good(api.person.patch("/folders/folder-b", json=fields))
    assert {folder["path"] for folder in api.emulator.folders()} == paths
    assert api.emulator.knowledge()[0]["folder_path"] == moved["path"]


def test_a_folder_cannot_be_moved_into_itself(start):
    folders = [{"path": "A", "id": "folder-a"}, {"path": "A/B", "id": "folder-b"}]
    api = start({"organizations": {"org-emulator": {"folders": folders}}})
    for place in ("folder-a", "folder-b"):
        assert (
            api.person.patch("/folders/folder-a", json={"parent_folder_id": place}).status_code
            == 422
        )


def test_what_is_in_a_deleted_folder_moves_to_where_the_folder_was(api):
    inner, outer = api.emulator.add_folder("A/B"), api.emulator.add_folder("A")
    api.emulator.add_folder("A/B/C")
    api.note(folder_id=inner)
    assert api.person.delete(f"/folders/{inner}").status_code == 204
    assert api.emulator.knowledge()[0]["folder_id"] == outer
    assert {folder["path"] for folder in api.emulator.folders()} == {"A", "A/C"}
    api.emulator.remove("folder", outer)
    assert api.emulator.knowledge()[0]["folder_path"] == ""


def test_a_person_edits_what_the_api_cannot(api):
    note = api.note()
    fields = {"macro": "!m", "is_enabled": False, "access_type": "enterprise", "body": "new"}
    edited = good(api.person.patch(f"/knowledge/{note['note_id']}", json=fields))
    assert {name: edited[name] for name in fields} == fields
    assert edited["updated_at"] > note["updated_at"]
    assert good(api.v3.get(f"{NOTES}/{note['note_id']}")) == edited


def test_a_person_files_a_note_by_path(api):
    api.emulator.add_folder("A")
    note = api.note()
    assert (
        good(api.person.patch(f"/knowledge/{note['note_id']}", json={"folder": "A"}))["folder_path"]
        == "A"
    )
    assert (
        good(api.person.patch(f"/knowledge/{note['note_id']}", json={"folder": ""}))["folder_path"]
        == ""
    )


@pytest.mark.parametrize(
    ("noun", "fields"),
    [("knowledge", NOTE), ("playbooks", {"title": "t", "body": "b"}), ("secrets", {"key": "K"})],
)
def test_a_person_adds_and_removes(api, noun, fields):
    made = good(api.person.post(f"/{noun}", json=fields))
    record_id = next(value for name, value in made.items() if name.endswith("_id"))
    assert made.get("created_by", "user-emulator-person") == "user-emulator-person"
    assert getattr(api.emulator, noun)() == [made]
    assert api.person.delete(f"/{noun}/{record_id}").status_code == 204
    assert getattr(api.emulator, noun)() == []


def test_a_person_adds_to_the_enterprise(api):
    assert (
        good(api.person.post("/knowledge", json={**NOTE, "org": None}))["access_type"]
        == "enterprise"
    )


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/knowledge", {"name": "x"}, 422),
        ("POST", "/knowledge", {**NOTE, "triger": "x"}, 422),
        ("POST", "/knowledge", {**NOTE, "org": "org-nowhere"}, 422),
        ("POST", "/knowledge", {**NOTE, "org": 7}, 422),
        ("POST", "/nothing", {}, 422),
        ("PATCH", "/knowledge/note-x", {"body": "b"}, 404),
        ("DELETE", "/folders/folder-x", None, 404),
        ("PATCH", "/folders/folder-x", {"id": "folder-y"}, 422),
    ],
)
def test_a_mistake_is_an_error(api, method, path, body, status):
    response = api.person.request(method, path, json=body)
    assert response.status_code == status
    assert response.json()["detail"]


def test_in_this_process_a_mistake_is_an_exception(api):
    with pytest.raises(KeyError):
        api.emulator.edit("knowledge", "note-x", body="b")
    with pytest.raises(ValueError, match="not a kind"):
        api.emulator.add("notes", **NOTE)
    with pytest.raises(ValueError, match="unknown key"):
        api.emulator.add("knowledge", **NOTE, triger="t")


def test_the_log_holds_the_api_requests_with_query_body_and_status(api):
    api.v3.get(NOTES, params={"first": 1, "search": "a b"})
    api.note()
    api.v3.get(f"{NOTES}/note%2Fx")
    api.person.get("/requests")
    expected = [
        {"method": "GET", "path": f"{NOTES}?first=1&search=a%20b", "body": None, "status": 200},
        {"method": "POST", "path": NOTES, "body": NOTE, "status": 200},
        {"method": "GET", "path": f"{NOTES}/note%2Fx", "body": None, "status": 404},
    ]
    expected[0]["path"] = str(httpx_path(api, NOTES, {"first": 1, "search": "a b"}))
    assert good(api.person.get("/requests")) == expected == api.emulator.requests


def httpx_path(api, path, params):
    """The path and query that the client sends, however it spells a space."""
    return api.v3.build_request("GET", path, params=params).url.raw_path.decode()


def test_the_log_can_be_cleared_both_ways(api):
    for clear in (lambda: api.person.delete("/requests"), api.emulator.clear_requests):
        api.v3.get("/v3/self")
        assert len(api.emulator.requests) == 1
        clear()
        assert api.emulator.requests == []


def test_a_reset_goes_back_to_the_seed(start):
    api = start({"organizations": {"org-emulator": {"knowledge": [{**NOTE, "id": "note-seed"}]}}})
    api.note()
    api.emulator.remove("knowledge", "note-seed")
    api.emulator.reset()
    assert [note["note_id"] for note in api.emulator.knowledge()] == ["note-seed"]
    assert good(api.enterprise.get("/v3/enterprise/audit-logs"))["items"] == []


@pytest.mark.parametrize("id", ["kept", "new"])
def test_a_person_promotes_a_note_and_a_playbook_out_of_their_organization(start, id):
    folders, note = [{"path": "F", "id": "folder-f"}], {**NOTE, "id": "note-a", "folder": "F"}
    seed = {"folders": folders, "knowledge": [note], "playbooks": [{"title": "P", "body": "b"}]}
    api = start({"organizations": {"org-emulator": seed}}, quirks={"promoted_id": id})
    promoted = good(api.person.post("/knowledge/note-a/promote"))
    assert (promoted["access_type"], promoted["org_id"]) == ("enterprise", None)
    assert (promoted["folder_id"], promoted["body"]) == (None, NOTE["body"])
    assert (promoted["note_id"] == "note-a") == (id == "kept")
    assert good(api.v3.get(NOTES))["items"] == []
    (playbook,) = api.emulator.playbooks()
    api.emulator.promote("playbook", playbook["playbook_id"])
    assert (api.emulator.playbooks(), len(api.emulator.playbooks(None))) == ([], 1)
    assert [n["name"] for n in api.emulator.knowledge(None)] == [NOTE["name"]]


def test_only_a_note_or_a_playbook_of_an_organization_can_be_promoted(start):
    secret = {"key": "K", "type": "totp", "id": "secret-k"}
    seed = {"secrets": [secret], "knowledge": [{**NOTE, "id": "note-a"}]}
    api = start({"organizations": {"org-emulator": seed}})
    good(api.person.post("/knowledge/note-a/promote"))
    for path in ("secrets/secret-k", "knowledge/note-a"):
        refused = api.person.post(f"/{path}/promote")
        assert refused.status_code == 422
        assert "cannot be promoted" in refused.text
    assert api.person.post("/knowledge/note-b/promote").status_code == 404
