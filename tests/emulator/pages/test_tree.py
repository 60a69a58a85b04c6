"""The tree of folders and notes."""

from __future__ import annotations

import pytest

from devinops.emulator.pages.tree import folder_choices, note_tree
from devinops.emulator.store import Store
from devinops.emulator.web_edits import add

ORG = "org-emulator"


@pytest.fixture
def store():
    store = Store()
    for path, folder_id in (("B", "b"), ("A/C", "c"), ("a", "a2")):
        add(store, "folder", ORG, {"path": path, "id": folder_id})
    for name, folder_id in (("z", "c"), ("y", "c"), ("x", None), ("w", "b")):
        fields = {"name": name, "trigger": "t", "body": f"body of {name}", "folder_id": folder_id}
        add(store, "knowledge", ORG, fields)
    return store


def drawn(tree):
    """Return the tree as text: folders with their notes in parentheses."""
    parts = []
    for step in tree.steps:
        if step.what == "begin":
            parts.append(f"{step.record.name}:{step.count}(")
        else:
            parts.append(")" if step.what == "end" else step.record.name)
    return " ".join(parts)


def test_folders_come_before_notes_and_both_are_sorted(store):
    assert drawn(note_tree(store, ORG)) == "A:2( C:2( y z ) ) a:0( ) B:1( w ) x"


def test_a_folder_has_a_tree_of_its_own(store):
    tree = note_tree(store, ORG, "c")
    assert (drawn(tree), tree.note_count, tree.folder_count) == ("y z", 2, 0)


@pytest.mark.parametrize(
    ("search", "expected"), [("BODY OF Y", "A:1( C:1( y ) )"), ("x", "x"), ("nothing", "")]
)
def test_a_search_leaves_the_folders_of_what_it_finds(store, search, expected):
    assert drawn(note_tree(store, ORG, search=search)) == expected


def test_other_owners_are_not_in_it(store):
    assert note_tree(store, None).steps == []


def test_folders_can_be_nested_at_any_depth(store):
    above = None
    for _ in range(1500):
        above = add(store, "folder", ORG, {"name": "d", "parent_folder_id": above})
    add(store, "knowledge", ORG, {"name": "n", "trigger": "t", "body": "b", "folder_id": above})
    assert note_tree(store, ORG).folder_count == 1504


def test_choices_are_paths_and_namesakes_have_their_ids(store):
    add(store, "folder", ORG, {"name": "B", "id": "b2"})
    assert folder_choices(store, ORG)[2:] == [
        ("a2", "a"),
        ("c", "A/C"),
        ("b", "B (b)"),
        ("b2", "B (b2)"),
    ]


def test_a_folder_cannot_be_moved_into_what_is_in_it(store):
    outer = store.get("folder", "c").parent_id
    assert {folder_id for folder_id, _ in folder_choices(store, ORG, outer)} == {"", "b", "a2"}
