"""Entries and live objects become what the lists of API v3 answer."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.export.objects import listed_entries, listed_objects, made_id
from devinops.kinds import KINDS
from devinops.model.objects import Declaration, Ensure, Source
from tests.testing.objects import key, live


def entry(kind: str, **facts: Any) -> Declaration:
    ensure = facts.pop("ensure", Ensure.PRESENT)
    if kind in ("secret", "session_tags"):
        resource = KINDS[kind].resource(**facts)
        return Declaration(KINDS[kind].key(resource), resource, Source("a.yaml"), ensure)
    given = live(kind, **facts)
    return Declaration(given.key, given.resource, Source("a.yaml"), ensure)


def test_a_note_has_the_members_of_the_list_and_its_folders_come_with_it() -> None:
    items, losses = listed_entries([entry("knowledge", name="A", folder="Backend/a%2Fb")])
    top, folder = made_id(key("folder:Backend")), made_id(key("folder:Backend/a%2Fb"))
    assert items == [
        {
            "kind": "knowledge",
            "note_id": made_id(key("knowledge:Backend/a%2Fb/A")),
            "name": "A",
            "folder_id": folder,
            "folder_path": "Backend/a/b",
            "trigger": "t",
            "body": "b",
        },
        {
            "kind": "folder",
            "folder_id": top,
            "path": "/Backend",
            "name": "Backend",
            "parent_folder_id": None,
        },
        {
            "kind": "folder",
            "folder_id": folder,
            "path": "/Backend/a/b",
            "name": "a/b",
            "parent_folder_id": top,
        },
    ]
    assert losses == []


def test_a_declared_folder_is_listed_once() -> None:
    items, _ = listed_entries([entry("folder", path="X"), entry("knowledge", name="A", folder="X")])
    assert [item["kind"] for item in items] == ["folder", "knowledge"]


def test_a_note_without_a_folder_is_at_the_top() -> None:
    (item,), _ = listed_entries([entry("knowledge", name="A")])
    assert (item["folder_id"], item["folder_path"]) == (None, "")


@pytest.mark.parametrize(
    ("declarations", "text"),
    [
        (
            [entry("knowledge", name="A", ensure=Ensure.ABSENT)],
            "left out: its entry has ensure: absent",
        ),
        (
            [entry("secret", key="K", max_age="90d")],
            "not carried over: max_age, which no list of the API has",
        ),
        (
            [entry("knowledge", name="A"), entry("knowledge", name="A", body="other")],
            "left out: another entry has its key, for another target: choose one with --target",
        ),
    ],
)
def test_what_is_lost_is_reported(declarations: list[Declaration], text: str) -> None:
    assert [loss.text for loss in listed_entries(declarations)[1]] == [text]


def test_settings_have_no_id() -> None:
    (item,), losses = listed_entries([entry("session_tags", tags=["a"])])
    assert item == {"kind": "session_tags", "tags": ["a"]}
    assert losses == []


def test_live_objects_keep_their_ids_and_others_objects_are_left_out() -> None:
    lives = [
        live("folder", path="X", id="folder-1"),
        live("folder", path="X/Y", id="folder-2"),
        live("folder", path="Lost/Z", id="folder-3"),
        live("knowledge", name="A", folder="X/Y", folder_id="folder-2", id="note-1", created_at=7),
        live("knowledge", name="B", access="enterprise"),
    ]
    items = {item.get("note_id") or item["folder_id"]: item for item in listed_objects(lives)}
    assert sorted(items) == ["folder-1", "folder-2", "folder-3", "note-1"]
    assert items["folder-1"]["parent_folder_id"] is None
    assert items["folder-2"]["parent_folder_id"] == "folder-1"
    assert items["note-1"] == {
        "kind": "knowledge",
        "note_id": "note-1",
        "name": "A",
        "folder_id": "folder-2",
        "folder_path": "X/Y",
        "trigger": "t",
        "body": "b",
        "created_at": 7,
    }
