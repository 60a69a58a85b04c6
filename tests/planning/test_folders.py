"""Which objects wait in the root for their folder; the plans are in `tests/cases/inventory.yaml`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devinops.model.changes import Action, Change, FieldChange
from devinops.model.inventory import Base, Intent, Inventory, Record, base, fingerprint
from devinops.model.keys import ROOT, FolderPath, Key
from devinops.model.objects import Live, Snapshot
from devinops.model.policy import MissingFolders
from devinops.model.values import UNSET
from devinops.planning.folders import (
    asking_for_root,
    declared_key,
    is_in_root,
    misspelled_folders,
    needs_all_folders,
    recorded,
    used_folders,
    whether_folder_exists,
    with_folders,
    with_seen_folders,
)
from devinops.planning.match import match
from tests.testing.objects import live, snapshot
from tests.testing.plans import context, entry

NOTE = live("knowledge", name="A", id="n1")
KEY = Key("knowledge", FolderPath("G"), "A")
WAITS = Record(KEY, "n1", fields=base(NOTE.resource, NOTE.resource))
MOVED = NOTE.put_into(FolderPath("F"))


def test_a_note_waits_if_the_root_was_sent_under_a_key_with_a_folder() -> None:
    assert is_in_root(WAITS)
    assert not is_in_root(Record(NOTE.key, "n1", fields=WAITS.fields))
    assert not is_in_root(Record(KEY, "n1", fields=base(MOVED.resource, MOVED.resource)))
    assert not is_in_root(Record(KEY, "n1"))


def test_its_key_has_the_declared_folder_until_somebody_moves_it() -> None:
    waiting = Inventory.of("file", [WAITS])
    assert declared_key(NOTE, waiting) == KEY
    assert declared_key(MOVED, waiting) == MOVED.key
    recorded_there = Inventory.of("file", [Record(NOTE.key, "n1")])
    assert declared_key(NOTE, Inventory()) == declared_key(NOTE, recorded_there) == NOTE.key


def test_once_moved_its_declared_folder_counts_as_sent() -> None:
    assert recorded(WAITS, NOTE) == WAITS.fields
    sent = Base(fingerprint("G"), fingerprint(ROOT))
    assert recorded(WAITS, MOVED) == {**WAITS.fields, "folder": sent}


def test_a_create_without_a_response_is_looked_for_in_the_root() -> None:
    declared = entry(MOVED.put_into(FolderPath("G")).resource)
    there = snapshot([{"kind": "knowledge", "name": "A", "id": "n1"}])
    lost = Intent("run", Action.CREATE, KEY, unclear=True)
    (found,) = match([declared], there, Inventory("file", intents=(lost,)))
    assert found.live == NOTE
    (none,) = match([declared], there, Inventory("file"))
    assert none.live is None


IN_G = live("knowledge", name="A", id="n1", folder="G")
FOLDER = live("folder", path="G", id="f1")


@pytest.mark.parametrize(
    ("there", "found", "policy", "asks"),
    [
        ([], None, MissingFolders.ROOT, True),
        ([], IN_G.put_into(ROOT), MissingFolders.ROOT, True),
        ([], None, MissingFolders.BLOCK, False),
        ([FOLDER], None, MissingFolders.ROOT, False),
        ([], IN_G.put_into(FolderPath("F")), MissingFolders.ROOT, False),
    ],
)
def test_an_entry_asks_for_the_root_if_its_folder_is_missing_and_it_is_in_no_other(
    there: list[Live], found: Live | None, policy: MissingFolders, asks: bool
) -> None:
    plan = context(there, inventory=Inventory("file"), missing_folders=policy)
    declared = entry(IN_G.resource)
    asking = asking_for_root(declared, found, None, plan)
    assert asking.key == IN_G.key
    assert asking.resource == (IN_G.put_into(ROOT) if asks else IN_G).resource
    assert (asking is declared) is not asks


@pytest.mark.parametrize(
    ("record", "asks"),
    [
        (WAITS, True),
        (Record(KEY, "n1"), True),
        (Record(NOTE.key, "n1", fields=WAITS.fields), True),
        (Record(KEY, "n1", fields=base(IN_G.resource, IN_G.resource)), False),
    ],
)
def test_what_was_in_its_folder_does_not_ask_for_the_root_when_that_is_deleted(
    record: Record, asks: bool
) -> None:
    """An outside edit for `plan`, as it is for `drift`. What was linked was nowhere yet."""
    declared, plan = entry(IN_G.resource), context(inventory=Inventory("file"))
    assert (asking_for_root(declared, NOTE, record, plan) is not declared) is asks
    assert asking_for_root(declared, None, record, plan) is not declared


def test_a_typo_in_the_name_of_a_folder_does_not_create_anything_in_the_root() -> None:
    plan = context(inventory=Inventory("file"))
    plan = replace(plan, misspelled={FOLDER.key: "H"})
    declared = entry(IN_G.resource)
    assert asking_for_root(declared, None, None, plan) is declared
    assert asking_for_root(declared, NOTE, WAITS, plan) is not declared


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("Backend", None),
        ("Backnd", "Backend"),
        ("backend/APIs", "Backend/APIs"),
        ("Backnd/APIs/New", "Backend/APIs/New"),
        ("Backend/API", "Backend/APIs"),
        ("Backend/Backnd", None),
        ("Mobile", None),
        ("Mobile/Backnd", None),
    ],
)
def test_a_missing_folder_is_a_typo_of_one_beside_it(path: str, meant: str | None) -> None:
    there = snapshot([{"kind": "folder", "path": p, "id": p} for p in ("Backend", "Backend/APIs")])
    key = Key.parse(f"folder:{path}")
    used = used_folders([entry(live("folder", path=path, id="f").resource)])
    assert misspelled_folders(used, there).get(key) == meant


def test_whether_its_folder_exists_changes_nothing_of_a_change_but_its_move() -> None:
    move, body = FieldChange("folder", ROOT, "G"), FieldChange("body", "a", "b")
    name = FieldChange("name", "A", "B")
    there = Change(Action.RENAME, KEY, "r", "n1", fields=(move,), arrives=True)
    assert whether_folder_exists(there).fields == ()
    edited = whether_folder_exists(replace(there, fields=(body, move)))
    assert (edited.action, edited.fields) == (Action.UPDATE, (body,))
    renamed = whether_folder_exists(replace(there, fields=(move, name)))
    assert (renamed.action, renamed.fields) == (Action.RENAME, (name,))
    for other in (replace(there, arrives=False), replace(there, action=Action.DELETE)):
        assert whether_folder_exists(other) is other
    waits = (FieldChange("name", UNSET, "A"), FieldChange("folder", UNSET, ROOT))
    arrived = (waits[0], FieldChange("folder", UNSET, "G"))
    new = Change(Action.CREATE, KEY, "r", fields=waits)
    assert whether_folder_exists(new).fields == arrived
    assert whether_folder_exists(replace(new, fields=arrived)).fields == arrived
    in_root = replace(new, key=NOTE.key)
    assert whether_folder_exists(in_root) == in_root


# --- folders that were not listed -----------------------------------------------------------------


A = Key("folder", ROOT, "A")
B_IN_A = Key("folder", FolderPath("A"), "B")
SLASH = Key("folder", ROOT, "A/B")
"""A folder whose name has a slash; notes show the same path for it as for a folder B in A."""


def remembers(*folders: tuple[Key, str], owns: tuple[str, ...] = ()) -> Inventory:
    notes = [Record(Key("knowledge", ROOT, id), id) for id in owns]
    return Inventory.of("file", [*(Record(key, id, memory=True) for key, id in folders), *notes])


def within(path: str, folder_id: str, id: str = "n") -> Live:
    return live("knowledge", name=id, id=id, folder=path, folder_id=folder_id)


BOTH = remembers((A, "f1"), (B_IN_A, "f2"))


@pytest.mark.parametrize(
    ("lives", "used", "inventory", "folders"),
    [
        pytest.param([], [], Inventory(), {}, id="no folder"),
        pytest.param([within("A/B", "f2")], [A, B_IN_A], Inventory(), {"f2": "A/B"}, id="shown"),
        pytest.param([within("A", "f1")], [A, B_IN_A], Inventory(), None, id="not shown"),
        pytest.param([within("A/B", "f2")], [A, B_IN_A], BOTH, {"f1": "A", "f2": "A/B"}, id="above"),
        pytest.param([within("A", "f1")], [A, B_IN_A], BOTH, None, id="nothing in it"),
        pytest.param([within("A/C", "f2")], [A], BOTH, None, id="renamed"),
        pytest.param([within("A", "f9")], [A], BOTH, None, id="same path, another id"),
        pytest.param([within("C/D", "f9")], [], BOTH, {"f9": "C/D"}, id="folder of others"),
        pytest.param([within("A/C", "f9")], [A], BOTH, None, id="only others below it"),
        pytest.param([within("A", "f1")], [A], remembers(), None, id="not remembered"),
        pytest.param(
            [within("A/B", "f2")], [A, B_IN_A], remembers((B_IN_A, "f2")), None,
            id="the folder above is not remembered",
        ),
        pytest.param(
            [within("C", "f9", "n1")], [], remembers(owns=("n1",)), None, id="owned, in a new folder"
        ),
        pytest.param(
            [within("A/B", "f3")], [SLASH], remembers((SLASH, "f3")), {"f3": "A%2FB"}, id="slash"
        ),
        pytest.param([], [], remembers(owns=("n1",)), None, id="an owned object is missing"),
        pytest.param(
            [within("C", "f9", "n2")], [], remembers(owns=("n1",)), {"f9": "C"}, id="one of several"
        ),
    ],
)  # fmt: skip
def test_folders_are_seen_through_what_is_in_them(
    lives: list[Live], used: list[Key], inventory: Inventory, folders: dict[str, str] | None
) -> None:
    seen = with_seen_folders(Snapshot.of(lives), used, inventory)
    if folders is None:
        assert seen is None
        return
    assert seen is not None
    found = {object.id: object.key.path for object in seen.objects if object.key.kind == "folder"}
    assert found == folders
    notes = [object for object in seen.objects if object.key.kind == "knowledge"]
    assert [note.key.folder for note in notes] == [folders[note.ids["folder"]] for note in notes]


def test_listed_folders_give_their_paths_to_what_is_in_them() -> None:
    notes = [within("A/B", "f3", "n1"), within("C", "f4", "n2"), live("knowledge", name="n3")]
    slash = Live("f3", FOLDER.kind.resource(path=FolderPath("A%2FB")))
    before = Snapshot.of(notes)
    before = replace(before, unverified=frozenset({"knowledge"}))
    after = with_folders(before, Snapshot.of([slash]))
    assert slash in after.objects
    folders = {note.key.name: note.key.folder for note in after.objects if note is not slash}
    assert folders == {"n1": "A%2FB", "n2": "C", "n3": ""}
    assert after.unverified == {"knowledge"}


def changes(found: Live | None, new: Live, *fields: str, action: Action = Action.UPDATE) -> Change:
    """Return a change of these fields."""
    moved = tuple(FieldChange(name, "old", "new") for name in fields)
    return Change(
        action, new.key, "", found.id if found else None, entry(new.resource), found, moved
    )


IN_A = within("A", "f1")
IN_ROOT = within("", "").put_into(ROOT)


@pytest.mark.parametrize(
    ("change", "there", "needed"),
    [
        pytest.param(changes(IN_A, IN_A, "body"), [IN_A], False, id="text"),
        pytest.param(changes(IN_ROOT, IN_ROOT, "body"), [IN_ROOT], False, id="text in the root"),
        pytest.param(changes(None, IN_A, action=Action.CREATE), [IN_A], True, id="create"),
        pytest.param(
            changes(None, NOTE, action=Action.CREATE), [IN_A], False, id="create in the root"
        ),
        pytest.param(
            changes(None, NOTE, action=Action.CREATE), [IN_ROOT], True, id="nothing in a folder"
        ),
        pytest.param(changes(IN_ROOT, IN_A, "folder"), [IN_A], True, id="move"),
        pytest.param(changes(IN_A, NOTE, "folder"), [IN_A], True, id="move to the root"),
        pytest.param(
            changes(IN_A, IN_A, "folder", action=Action.DELETE), [IN_A], False, id="delete"
        ),
        pytest.param(
            changes(None, live("playbook", title="P"), action=Action.CREATE), [], False,
            id="another kind",
        ),
    ],
)  # fmt: skip
def test_changes_that_put_something_into_a_folder_need_the_list(
    change: Change, there: list[Live], needed: bool
) -> None:
    owned = Inventory("file")
    assert needs_all_folders([change], Snapshot.of(there), owned) is needed
    assert needs_all_folders([change], Snapshot.of(there), Inventory())
