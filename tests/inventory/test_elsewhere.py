"""An inventory in the other place: in a file although a branch is used, or the reverse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from devinops.emulator import Emulator
from devinops.inventory import InventorySettings, Store, open_store
from devinops.inventory.elsewhere import found_elsewhere
from devinops.model.errors import InventoryError
from devinops.model.inventory import Deleted, Inventory
from devinops.model.keys import Key
from tests.testing.command_line import Devinops
from tests.testing.inventories import (
    TARGET,
    applied,
    dies,
    git,
    in_file,
    intent,
    names,
    on_branch,
    record,
)

Clone = Callable[..., Path]

pytestmark = pytest.mark.matrix  # nearly each test applies twice and pushes a branch

FILE, BRANCH = InventorySettings("file"), InventorySettings("branch")
PLACES = pytest.mark.parametrize(
    ("old", "new"), [("file", "branch"), ("branch", "file")], ids=["to a branch", "to a file"]
)
LABELS = {"file": ".devinops/production.jsonl", "branch": "devinops:production.jsonl"}


def declare(root: Path, store: str, body: str = "b") -> None:
    (root / "knowledge").mkdir(exist_ok=True)
    (root / "knowledge" / "a.md").write_text(f"---\nname: A\ntrigger: t\n---\n{body}\n")
    (root / "devinops.yaml").write_text(
        f"version: 1\ntargets: {{production: {{inventory: {{store: {store}}}}}}}\n"
    )


def store_in(root: Path, place: InventorySettings) -> Store:
    return open_store(place, root, TARGET)


@PLACES
def test_apply_stops_until_the_inventory_is_where_the_settings_say(
    clone: Clone,
    emulator: Emulator,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    old: str,
    new: str,
) -> None:
    monkeypatch.chdir(root := clone())
    declare(root, old)
    assert devinops("apply", "--yes").code == 0
    declare(root, new, "another text")
    emulator.clear_requests()
    planned, ran = devinops("plan"), devinops("apply", "--yes", "--adopt")
    assert (planned.code, ran.code) == (4, 4)
    refused = f"refused, nothing will be applied: {LABELS[old]} is another inventory of the target"
    refused += f"; it belongs in {LABELS[new]}"
    assert refused in planned.out
    assert "run devinops inventory migrate to move it, or name its place" in planned.out
    assert {request["method"] for request in emulator.requests} == {"GET"}

    moved = devinops("inventory", "migrate")
    assert (moved.code, moved.out.splitlines()[-1]) == (0, f"1 owned ({new})")
    assert (root / LABELS["file"]).exists() is (new == "file")
    assert devinops("apply", "--yes").code == 0
    assert [note["body"] for note in emulator.knowledge()] == ["another text"]
    again = devinops("inventory", "migrate")
    assert (again.code, "there is nothing to move" in again.err) == (1, True)


@pytest.mark.parametrize("new", ["branch, branch: other", "branch, remote: inventory"])
def test_apply_stops_if_the_settings_name_another_branch_or_remote(
    clone: Clone,
    emulator: Emulator,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    new: str,
) -> None:
    monkeypatch.chdir(root := clone())
    git(root, "clone", "--quiet", "--bare", "--branch", "main", ".", str(tmp_path / "second.git"))
    git(root, "remote", "add", "inventory", (tmp_path / "second.git").as_uri())
    declare(root, "branch, remote: origin")
    assert devinops("apply", "--yes").code == 0
    git(root, "update-ref", "-d", "refs/remotes/origin/devinops")
    declare(root, new, "another text")
    emulator.clear_requests()
    ran = devinops("apply", "--yes", "--adopt")
    refused = f"{LABELS['branch']} of the remote origin is another inventory of the target"
    assert (ran.code, refused in ran.out) == (4, True)
    assert {request["method"] for request in emulator.requests} == {"GET"}

    moved = devinops("inventory", "migrate")
    assert (moved.code, moved.out.splitlines()[-1]) == (0, "1 owned (branch)")
    assert devinops("apply", "--yes").code == 0
    assert [note["body"] for note in emulator.knowledge()] == ["another text"]
    again = devinops("inventory", "migrate")
    assert (again.code, "there is nothing to move" in again.err) == (1, True)


def test_a_rollback_stops_as_well(
    clone: Clone, emulator: Emulator, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root := clone())
    for body in ("b", "another text"):
        declare(root, "file", body)
        assert devinops("apply", "--yes").code == 0
    declare(root, "branch", "another text")
    emulator.clear_requests()
    ran = devinops("rollback", "latest", "--yes")
    assert (ran.code, "run devinops inventory migrate to move it" in ran.err) == (4, True)
    assert {request["method"] for request in emulator.requests} == {"GET"}


@pytest.mark.sampled(4)
@PLACES
@pytest.mark.parametrize(
    "argv",
    [("drift",), ("pull", "--drift"), ("inventory", "link", "knowledge:A", "note-1")],
    ids=["drift", "pull", "link"],
)
def test_no_command_takes_an_inventory_elsewhere_for_an_empty_one(
    clone: Clone,
    emulator: Emulator,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    old: str,
    new: str,
    argv: tuple[str, ...],
) -> None:
    monkeypatch.chdir(root := clone())
    declare(root, old)
    assert devinops("apply", "--yes").code == 0
    note = emulator.knowledge()[0]["note_id"]
    emulator.edit("knowledge", note, body="changed in the web app")
    declare(root, new)
    ran = devinops(*(note if word == "note-1" else word for word in argv))
    assert (ran.code, "run devinops inventory migrate to move it" in ran.err) == (1, True)
    assert devinops("inventory", "migrate").code == 0
    assert devinops("drift").code == 2


def test_a_clone_without_the_branch_asks_the_remote(clone: Clone) -> None:
    applied(on_branch(clone("first")), "r1", "a")
    root = clone("second", "--single-branch")
    assert found_elsewhere(FILE, root, TARGET)[0] == LABELS["branch"]


def test_with_records_in_a_file_only_a_known_branch_is_asked_for(
    clone: Clone, remote: Path
) -> None:
    root = clone()
    applied(in_file(root), "r1", "a")
    git(root, "remote", "set-url", "origin", "https://nowhere.invalid/x.git")
    assert found_elsewhere(FILE, root, TARGET)[0] == ""
    git(root, "remote", "set-url", "origin", remote.as_uri())
    applied(on_branch(root), "r2", "b")
    assert found_elsewhere(FILE, root, TARGET)[0] == LABELS["branch"]
    git(root, "remote", "set-url", "origin", str(remote.with_name("gone.git")))
    assert found_elsewhere(FILE, root, TARGET)[0] == LABELS["branch"], "as it was fetched last"
    git(root, "remote", "set-url", "origin", remote.as_uri())
    git(remote, "branch", "-D", "devinops")
    assert found_elsewhere(FILE, root, TARGET)[0] == "", "the branch was deleted elsewhere"


def test_without_git_a_file_is_the_only_place(tmp_path: Path) -> None:
    applied(in_file(tmp_path), "r1", "a")
    assert found_elsewhere(FILE, tmp_path, TARGET)[0] == ""
    assert found_elsewhere(BRANCH, tmp_path, TARGET)[0] == LABELS["file"]


def test_a_plan_without_a_step_is_not_refused(
    clone: Clone, emulator: Emulator, devinops: Devinops
) -> None:
    root = clone()
    declare(root, "branch")
    assert devinops("apply", "-C", root, "--yes").code == 0
    (root / ".devinops").mkdir(exist_ok=True)
    (root / LABELS["file"]).write_text("")
    assert devinops("plan", "-C", root).code == 0


@PLACES
def test_nothing_is_lost_on_the_way(clone: Clone, old: str, new: str) -> None:
    root = clone()
    source = store_in(root, InventorySettings(old))  # type: ignore[arg-type]
    applied(source, "r1", "a", "b")
    source.begin("r2", [intent("r2", "c")], source.read())
    dies(source, "r2")
    source.sweep()
    before = source.read()
    target = store_in(root, InventorySettings(new))  # type: ignore[arg-type]
    target.receive(before, "moved")
    moved = target.read()
    assert (names(moved), moved.unclear) == (["a", "b"], frozenset({Key.parse("knowledge:c")}))
    assert moved.store == new


def test_two_inventories_are_not_mixed(clone: Clone) -> None:
    root = clone()
    applied(in_file(root), "r1", "a")
    applied(on_branch(root), "r2", "b")
    with pytest.raises(InventoryError, match=r"already has records .*only a person can decide"):
        on_branch(root).receive(in_file(root).read(), "moved")
    assert names(on_branch(root).read()) == ["b"]


def test_deleted_objects_come_along(tmp_path: Path) -> None:
    gone = Deleted(Key.parse("knowledge:gone"), "note-9", "2026-03-12T10:15:00Z")
    store = in_file(tmp_path)
    store.receive(Inventory("branch", (record("a"),), deleted=(gone,)), "moved")
    assert store.read().deleted == (gone,)
