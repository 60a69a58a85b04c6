"""The inventory in a file: whole or as before, whatever dies when, and two processes never lose each other's work."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from devinops.atomic import IGNORED, state_directory
from devinops.inventory import (
    InventorySettings,
    Place,
    Store,
    disk,
    inventory_run,
    new_run,
    open_runs,
    open_store,
    open_stores,
    wait_for_runs,
)
from devinops.inventory.disk import hold, locked
from devinops.inventory.journaled import JournaledStore
from devinops.model.changes import Action
from devinops.model.errors import InventoryError, Stale
from devinops.model.inventory import Base, Deleted, Failed, Intent, Inventory, Record
from devinops.model.keys import Key, ObjectId
from devinops.model.target import Target
from tests.testing.inventories import TARGET, applied, dies, in_file, intent, names, record, runs
from tests.testing.places import ROOT
from tests.testing.waiting import Waits

posix = pytest.mark.skipif(sys.platform == "win32", reason="permissions and symlinks of POSIX")


def file(root: Path) -> Path:
    return root / ".devinops" / "production.jsonl"


def journal(root: Path) -> Path:
    return root / ".devinops" / "production.journal"


def test_reading_writes_nothing(tmp_path: Path) -> None:
    assert in_file(tmp_path).read() == Inventory("file")
    assert list(tmp_path.iterdir()) == []


def test_a_run_leaves_records_and_nothing_else(tmp_path: Path) -> None:
    applied(in_file(tmp_path), "r1", "b", "a")
    assert in_file(tmp_path).read() == Inventory.of("file", [record("a"), record("b")])
    left = {path.name for path in (tmp_path / ".devinops").iterdir()}
    assert left == {".gitignore", "production.jsonl", "production.lock"}
    assert (tmp_path / ".devinops" / ".gitignore").read_text() == IGNORED


def test_a_run_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    applied(in_file(tmp_path), "r1")
    assert not file(tmp_path).exists()


def test_a_gitignore_that_is_there_is_kept(tmp_path: Path) -> None:
    state_directory(tmp_path)
    (tmp_path / ".devinops" / ".gitignore").write_text("mine\n")
    applied(in_file(tmp_path), "r1", "a")
    assert (tmp_path / ".devinops" / ".gitignore").read_text() == "mine\n"


def test_git_sees_the_inventory_and_not_its_journal(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    store = in_file(tmp_path)
    store.begin("r1", [intent("r1", "a")], store.read())
    store.settle("r1", [record("a")])
    (tmp_path / ".devinops" / "backups").mkdir()
    (tmp_path / ".devinops" / "backups" / "x").touch()
    seen = subprocess.run(
        ["git", "-C", tmp_path, "status", "--porcelain", "-uall"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert seen.stdout.split()[1::2] == [".devinops/production.jsonl"]


# --- runs that die ----------------------------------------------------------------------------------------


def test_what_a_dead_run_settled_is_owned_and_the_rest_stays_announced(tmp_path: Path) -> None:
    dead = in_file(tmp_path)
    dead.begin("r1", [intent("r1", "a"), intent("r1", "b")], dead.read())
    dead.settle("r1", [record("a")])
    found = in_file(tmp_path).read()
    assert names(found) == ["a"]
    assert open_runs(found) == {"r1": [intent("r1", "b")]}


def test_the_next_run_on_other_objects_keeps_what_the_dead_one_settled(tmp_path: Path) -> None:
    dead = in_file(tmp_path)
    dead.begin("r1", [intent("r1", "a"), intent("r1", "b")], dead.read())
    dead.settle("r1", [record("a")])
    applied(in_file(tmp_path), "r2", "c")
    found = in_file(tmp_path).read()
    assert (names(found), runs(found.intents)) == (["a", "c"], ["r1"])
    assert not journal(tmp_path).exists()


def test_unlock_clears_the_run_and_keeps_its_results(tmp_path: Path) -> None:
    dead = in_file(tmp_path)
    dead.begin("r1", [intent("r1", "a"), intent("r1", "b")], dead.read())
    dead.settle("r1", [record("a")])
    in_file(tmp_path).unlock("r1")
    found = in_file(tmp_path).read()
    assert (found.records, found.intents) == ((record("a"),), (unclear("r1", "b"),))
    assert open_runs(found) == {}


def unclear(run: str, name: str) -> Intent:
    return replace(intent(run, name), unclear=True)


RUN = "20260312T101500Z-1f2e3d"


def died(root: Path, *intents: Intent, settled: str = "") -> None:
    """A run that died on this machine, with its lock left behind."""
    store = in_file(root)
    store.begin(intents[0].run, intents, store.read())
    for name in settled:
        store.settle(intents[0].run, [record(name)])
    dies(store, intents[0].run)


@pytest.mark.parametrize(
    ("action", "stays"),
    [
        (Action.CREATE, True),
        (Action.REPLACE, True),
        (Action.UPDATE, False),
        (Action.RENAME, False),
        (Action.ADOPT, False),
        (Action.DELETE, False),
    ],
)
def test_of_a_run_that_died_only_what_it_may_have_created_is_remembered(
    tmp_path: Path, action: Action, stays: bool
) -> None:
    died(tmp_path, intent(RUN, "a", action, None if action is Action.CREATE else "note-a"))
    found = in_file(tmp_path).read()
    assert found.intents == ((unclear(RUN, "a"),) if stays else ())
    assert found.unclear == ({intent(RUN, "a").key} if stays else frozenset())


def test_what_a_run_says_is_unclear_stays_when_it_ends(tmp_path: Path) -> None:
    store = in_file(tmp_path)
    store.begin("r1", [intent("r1", "a"), intent("r1", "b"), intent("r1", "c")], store.read())
    store.settle("r1", [record("a")])
    store.finish("r1", {intent("r1", "b").key})
    assert in_file(tmp_path).read() == Inventory.of("file", [record("a")], [unclear("r1", "b")])


def test_an_unclear_create_keeps_no_run_away_and_ends_with_the_next_on_its_key(
    tmp_path: Path,
) -> None:
    store = in_file(tmp_path)
    store.begin("r1", [intent("r1", "a"), intent("r1", "b")], store.read())
    store.finish("r1", {intent("r1", "a").key, intent("r1", "b").key})
    assert wait_for_runs(in_file(tmp_path)).unclear
    again = in_file(tmp_path)
    again.begin("r2", [intent("r2", "a")], again.read())
    assert set(again.read().intents) == {intent("r2", "a"), unclear("r1", "b")}
    again.finish("r2")
    assert again.read().intents == (unclear("r1", "b"),)


def test_whoever_records_the_key_settles_an_unclear_create(tmp_path: Path) -> None:
    store = in_file(tmp_path)
    store.begin("r1", [intent("r1", "a")], store.read())
    store.finish("r1", {intent("r1", "a").key})
    before = store.read()
    store.write(before.changed([record("a")]), before)
    assert store.read() == Inventory.of("file", [record("a")])


def test_a_run_that_announced_nothing_ends_with_nothing(tmp_path: Path) -> None:
    applied(in_file(tmp_path), "r1", "a")
    before = file(tmp_path).read_text()
    in_file(tmp_path).finish("r2")
    assert file(tmp_path).read_text() == before


# --- sweeping up ------------------------------------------------------------------------------------------


def locks(root: Path) -> list[str]:
    return sorted(path.name for path in (root / ".devinops").glob("*.*.lock"))


def test_what_a_dead_run_left_is_swept_into_its_place(tmp_path: Path) -> None:
    died(tmp_path, intent(RUN, "a"), intent(RUN, "b"), settled="a")
    found = in_file(tmp_path).read()
    in_file(tmp_path).sweep()
    assert not journal(tmp_path).exists()
    assert locks(tmp_path) == []
    assert (
        in_file(tmp_path).read()
        == found
        == Inventory.of("file", [record("a")], [unclear(RUN, "b")])
    )


def test_the_lock_of_a_run_that_died_after_its_last_save_is_swept_up(tmp_path: Path) -> None:
    died(tmp_path, intent(RUN, "a"))
    in_file(tmp_path).unlock(RUN)
    hold(tmp_path / ".devinops" / f"file.{RUN}.lock").release()
    in_file(tmp_path).sweep()
    assert locks(tmp_path) == []


def test_a_run_gets_its_lock_while_another_one_looks_whether_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = in_file(tmp_path)
    read = store.read()
    state_directory(tmp_path)
    looked = hold(tmp_path / ".devinops" / f"file.{RUN}.lock")
    monkeypatch.setattr(time, "sleep", lambda _: looked.release())
    store.begin(RUN, [intent(RUN, "a")], read)
    assert not disk.abandoned(tmp_path / ".devinops" / f"file.{RUN}.lock")


def test_sweeping_leaves_the_living_and_what_is_of_others(tmp_path: Path) -> None:
    store = in_file(tmp_path)
    store.sweep()
    assert not (tmp_path / ".devinops").exists()
    store.begin(RUN, [intent(RUN, "a")], store.read())
    for name in ("file.eu.lock", "file.not-a-run.lock", f"devinops.{RUN}.lock"):
        (tmp_path / ".devinops" / name).touch()
    text, left = file(tmp_path).read_text(), locks(tmp_path)
    in_file(tmp_path).sweep()
    assert (file(tmp_path).read_text(), locks(tmp_path)) == (text, left)
    assert f"file.{RUN}.lock" in left


def test_the_journal_of_a_run_that_was_given_up_elsewhere_is_not_believed(tmp_path: Path) -> None:
    dead = in_file(tmp_path)
    dead.begin("r1", [intent("r1", "a")], dead.read())
    old = journal(tmp_path)
    dead.settle("r1", [record("a", body="1" * 16)])
    text = old.read_text()
    dead.finish("r1")
    old.write_text(text.replace("note-a", "note-old"))
    assert in_file(tmp_path).read().records == (record("a", body="1" * 16),)


@pytest.mark.parametrize("cut", [1, 10, 40])
def test_a_torn_line_of_the_journal_was_never_acknowledged(tmp_path: Path, cut: int) -> None:
    dead = in_file(tmp_path)
    dead.begin("r1", [intent("r1", name) for name in "abc"], dead.read())
    dead.settle("r1", [record("a")])
    dead.settle("r1", [record("b")])
    os.truncate(journal(tmp_path), journal(tmp_path).stat().st_size - cut)
    assert names(in_file(tmp_path).read()) == ["a"]
    in_file(tmp_path).settle("r1", [record("c")])
    assert names(in_file(tmp_path).read()) == ["a", "c"]


def test_a_replaced_object_is_settled_by_its_new_one_alone(tmp_path: Path) -> None:
    key = Key.parse("secret:TOKEN")
    applied(in_file(tmp_path), "r0")
    store = in_file(tmp_path)
    store.write(Inventory.of("file", [Record(key, "old")]), store.read())
    store.begin("r1", [Intent("r1", Action.REPLACE, key, "old")], store.read())
    store.settle("r1", removals=[ObjectId("secret", "old")])
    assert (names(store.read()), runs(store.read().intents)) == ([], ["r1"])
    store.settle("r1", [Record(key, "new")])
    assert store.read() == Inventory.of("file", [Record(key, "new")])


def test_an_update_is_settled_by_the_id_of_its_object_under_whatever_key(tmp_path: Path) -> None:
    applied(in_file(tmp_path), "r0", "a")
    store = in_file(tmp_path)
    store.begin("r1", [intent("r1", "b", Action.UPDATE, "note-a")], store.read())
    store.settle("r1", [record("a", "note-a")])
    assert (names(store.read()), runs(store.read().intents)) == (["a"], [])


def test_renames_that_swap_two_names_keep_both(tmp_path: Path) -> None:
    applied(in_file(tmp_path), "r0", "a", "b")
    store = in_file(tmp_path)
    swap = [intent("r1", "b", Action.RENAME, "note-a"), intent("r1", "a", Action.RENAME, "note-b")]
    store.begin("r1", swap, store.read())
    store.settle("r1", [record("b", "note-a")])
    store.settle("r1", [record("a", "note-b")])
    store.finish("r1")
    assert {one.key.name: one.id for one in store.read().records} == {"a": "note-b", "b": "note-a"}


# --- what was deleted ---------------------------------------------------------------------------------------


def deletes(root: Path, name: str, at: str) -> None:
    store = in_file(root)
    gone = record(name)
    store.begin("r1", [intent("r1", name, Action.DELETE, gone.id)], store.read())
    store.settle("r1", removals=[gone.object_id], at=at)
    store.finish("r1")


def test_what_an_apply_deleted_is_remembered_for_90_days_and_not_owned(tmp_path: Path) -> None:
    applied(in_file(tmp_path), "r0", "a", "b", "c")
    deletes(tmp_path, "a", "2026-01-01T10:00:00Z")
    found = in_file(tmp_path).read()
    assert found.deleted == (Deleted(record("a").key, "note-a", "2026-01-01T10:00:00Z"),)
    assert (names(found), record("a").object_id in found.by_id) == (["b", "c"], False)
    deletes(tmp_path, "b", "2026-04-01T10:00:00Z")
    assert [gone.id for gone in in_file(tmp_path).read().deleted] == ["note-a", "note-b"]
    deletes(tmp_path, "c", "2026-04-01T10:00:01Z")
    assert [gone.id for gone in in_file(tmp_path).read().deleted] == ["note-b", "note-c"]


def fails(root: Path, run: str, name: str, at: str) -> None:
    store = in_file(root)
    store.begin(run, [intent(run, name)], store.read())
    store.finish(run, failed=[Failed(record(name).key, f"sent-by-{run}", at)])


def test_a_change_that_failed_is_remembered_until_a_write_or_for_90_days(tmp_path: Path) -> None:
    for run, name in (("r1", "a"), ("r2", "b"), ("r3", "b"), ("r4", "c")):
        fails(tmp_path, run, name, "2026-01-01T10:00:00Z")
    found = in_file(tmp_path).read()
    assert {item.key.name: item.sent for item in found.failed} == {
        "a": "sent-by-r1",
        "b": "sent-by-r3",
        "c": "sent-by-r4",
    }
    assert (found.records, found.intents) == ((), ())
    applied(in_file(tmp_path), "r5", "b")
    fails(tmp_path, "r6", "b", "2026-03-31T10:00:00Z")
    deletes(tmp_path, "b", "2026-03-31T10:00:00Z")
    assert [item.key.name for item in in_file(tmp_path).read().failed] == ["a", "c"]
    applied(in_file(tmp_path), "r7", "c", "d")
    assert [item.key.name for item in in_file(tmp_path).read().failed] == ["a"]
    deletes(tmp_path, "d", "2026-04-01T10:00:01Z")
    assert in_file(tmp_path).read().failed == ()


def test_what_was_deleted_and_created_again_is_owned_alone(tmp_path: Path) -> None:
    applied(in_file(tmp_path), "r0", "a", "b")
    deletes(tmp_path, "a", "2026-01-01T10:00:00Z")
    applied(in_file(tmp_path), "r2", "a")
    found = in_file(tmp_path).read()
    assert (found.deleted, names(found)) == ((), ["a", "b"])


def test_what_a_person_forgets_was_not_deleted(tmp_path: Path) -> None:
    applied(in_file(tmp_path), "r0", "a")
    store = in_file(tmp_path)
    base = store.read()
    store.write(base.changed(removals=[record("a").object_id]), base)
    assert store.read() == Inventory("file")


SENT = {"body": Base("1" * 16, "1" * 16)}


@pytest.mark.parametrize(
    ("before", "answered", "at"),
    [
        (None, None, "2026-03-12T10:00:00Z"),
        ({}, None, "2026-03-12T10:00:00Z"),
        ({"body": Base("2" * 16, "1" * 16)}, None, "2026-03-12T10:00:00Z"),
        ({}, "2026-03-12T09:59:59Z", "2026-03-12T10:00:00Z"),
        ({}, "2026-03-12T10:00:01Z", "2026-03-12T10:00:01Z"),
        (SENT, None, "then"),
        (SENT, "2026-03-12T10:00:01Z", "then"),
        ({"body": Base("1" * 16, "edited")}, None, "then"),
    ],
    ids=[
        *[
            "new",
            "another field",
            "another value",
            "a clock that is ahead of the API's",
            "one that is behind",
        ],
        *["the same", "the same written again", "an edit that was reverted"],
    ],
)
def test_the_time_of_a_record_moves_only_with_what_was_sent(
    before: dict[str, Base] | None, answered: str | None, at: str
) -> None:
    new = replace(record("a"), fields=SENT, at=answered)
    old = None if before is None else replace(new, fields=before, at="then")
    assert new.dated(old, "2026-03-12T10:00:00Z").at == at


def test_a_folder_that_is_remembered_has_no_time() -> None:
    folder = Record(Key.parse("folder:A"), "folder-1", memory=True)
    assert folder.dated(None, "now") == folder


# --- runs that meet ---------------------------------------------------------------------------------------


def test_a_run_on_the_same_object_is_refused_before_it_writes(tmp_path: Path) -> None:
    first, second = in_file(tmp_path), in_file(tmp_path, flags=" -t one")
    base = second.read()
    first.begin("r1", [intent("r1", "a")], first.read())
    with pytest.raises(
        Stale, match=r"r1 is changing knowledge:a: .* unlock -t one r1\. Nothing was written"
    ):
        second.begin("r2", [intent("r2", "a")], base)
    with pytest.raises(Stale, match=r"r1 is changing knowledge:a: .* unlock -t one r1\. Nothing"):
        second.write(Inventory.of("file", [record("a")]), base)
    assert runs(second.read().intents) == ["r1"]


def test_a_run_on_the_same_id_under_another_name_is_refused(tmp_path: Path) -> None:
    applied(in_file(tmp_path), "r0", "a")
    first, second = in_file(tmp_path), in_file(tmp_path)
    base = second.read()
    first.begin("r1", [intent("r1", "b", Action.RENAME, "note-a")], first.read())
    with pytest.raises(Stale, match="r1 is changing knowledge:b"):
        second.begin("r2", [intent("r2", "a", Action.UPDATE, "note-a")], base)


def test_a_plan_made_before_somebody_else_recorded_the_object_is_stale(tmp_path: Path) -> None:
    second = in_file(tmp_path)
    base = second.read()
    applied(in_file(tmp_path), "r1", "a", "b")
    with pytest.raises(
        Stale, match=r"another run changed the inventory for knowledge:a: plan again"
    ):
        second.begin("r2", [intent("r2", "a")], base)


def test_runs_on_different_objects_do_not_get_into_each_others_way(tmp_path: Path) -> None:
    first, second = in_file(tmp_path), in_file(tmp_path)
    base = first.read()
    first.begin("r1", [intent("r1", "a")], base)
    second.begin("r2", [intent("r2", "b")], base)
    second.settle("r2", [record("b")])
    first.settle("r1", [record("a")])
    first.finish("r1")
    assert (names(second.read()), runs(second.read().intents)) == (["a", "b"], [])
    second.finish("r2")
    assert in_file(tmp_path).read() == Inventory.of("file", [record("a"), record("b")])


def test_what_somebody_recorded_later_is_not_overwritten_at_the_end(tmp_path: Path) -> None:
    first = in_file(tmp_path)
    first.begin("r1", [intent("r1", "a"), intent("r1", "b")], first.read())
    first.settle("r1", [record("a")])
    in_file(tmp_path).unlock("r1")
    other = in_file(tmp_path)
    other.begin("r2", [intent("r2", "a", Action.UPDATE, "note-a")], other.read())
    other.settle("r2", [record("a", body="2" * 16)])
    other.finish("r2")
    first.settle("r1", [record("b")])
    first.finish("r1")
    assert in_file(tmp_path).read() == Inventory.of(
        "file", [record("a", body="2" * 16), record("b")]
    )


def test_write_refuses_what_has_changed_or_is_being_worked_on(tmp_path: Path) -> None:
    applied(in_file(tmp_path), "r0", "a", "b")
    store = in_file(tmp_path)
    base = store.read()
    store.begin("r1", [intent("r1", "a", Action.UPDATE, "note-a")], base)
    with pytest.raises(Stale, match="the run r1 is changing"):
        store.write(base.changed(removals=[record("a").object_id]), base)
    store.write(base.changed(removals=[record("b").object_id]), base)
    assert names(store.read()) == ["a"]
    with pytest.raises(Stale, match="another run changed the inventory for knowledge:b"):
        store.write(base.changed([record("b", body="3" * 16)]), base)


PROCESS = """
    import sys
    from pathlib import Path
    from tests.testing.inventories import applied, in_file
    for number in range(10):
        applied(in_file(Path(sys.argv[1])), f"{sys.argv[2]}-{number}", f"{sys.argv[2]}{number}")
"""


@pytest.mark.matrix
def test_processes_side_by_side_lose_nothing(tmp_path: Path) -> None:
    code = textwrap.dedent(PROCESS)
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name], cwd=ROOT)
        for name in ("x", "y", "z")
    ]
    assert [process.wait(timeout=120) for process in started] == [0, 0, 0]
    found = in_file(tmp_path).read()
    assert names(found) == sorted(f"{name}{number}" for name in "xyz" for number in range(10))
    assert found.intents == ()


DYING = """
    import os, sys
    from pathlib import Path
    from devinops.inventory.disk import locked
    with locked(Path(sys.argv[1])):
        print("held", flush=True)
        sys.stdin.read()
        os._exit(9)
"""


def test_a_dead_process_leaves_no_lock_behind(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(DYING), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"held\n"
        with (
            pytest.raises(Stale, match=r"another devinops holds .*x\.lock"),
            locked(path, timeout_s=0.1),
        ):
            pass
        process.kill()
        process.wait()
        with locked(path, timeout_s=5):
            pass


# --- the disk ---------------------------------------------------------------------------------------------


def test_a_directory_that_cannot_be_written_can_be_read_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied(in_file(tmp_path), "r1", "a")
    (tmp_path / ".devinops").chmod(0o500)
    open_ = os.open

    def guarded(path: str | Path, flags: int, *mode: int) -> int:
        """Refuse as the system does, also when the tests run as root."""
        if flags & (os.O_CREAT | os.O_RDWR):
            raise PermissionError(13, "Permission denied", str(path))
        return open_(path, flags, *mode)

    monkeypatch.setattr(os, "open", guarded)
    store = in_file(tmp_path)
    assert names(store.read()) == ["a"]
    with pytest.raises(InventoryError, match="Permission denied"):
        store.begin("r2", [intent("r2", "b")], store.read())
    (tmp_path / ".devinops").chmod(0o700)


def test_a_file_where_the_directory_should_be_is_reported(tmp_path: Path) -> None:
    (tmp_path / ".devinops").write_text("")
    store = in_file(tmp_path)
    with pytest.raises(InventoryError, match=r"\.devinops"):
        store.begin("r", [intent("r", "a")], Inventory("file"))


def test_an_error_behind_the_lock_is_not_blamed_on_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    store = in_file(tmp_path)
    assert isinstance(store, JournaledStore)
    monkeypatch.setattr(store.backend, "load", full)
    with pytest.raises(OSError, match="No space left on device"):
        store.begin("r1", [intent("r1", "a")], Inventory("file"))


@posix
@pytest.mark.parametrize("name", ["production.jsonl", "production.journal", "production.lock"])
def test_no_symlink_is_followed(tmp_path: Path, name: str) -> None:
    applied(in_file(tmp_path), "r1", "a")
    outside = tmp_path / "outside"
    outside.write_bytes(file(tmp_path).read_bytes())
    before = outside.read_bytes()
    (tmp_path / ".devinops" / name).unlink(missing_ok=True)
    (tmp_path / ".devinops" / name).symlink_to(outside)
    with pytest.raises(InventoryError, match="symbolic link"):
        in_file(tmp_path).begin("r2", [intent("r2", "b")], Inventory("file"))
    assert outside.read_bytes() == before


@posix
def test_a_directory_that_is_a_symlink_is_refused_for_reading_too(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    root = tmp_path / "root"
    root.mkdir()
    (root / ".devinops").symlink_to(tmp_path / "elsewhere")
    acts: tuple[Callable[[Store], object], ...] = (
        lambda store: store.read(),
        lambda store: store.begin("r", [intent("r", "a")], Inventory("file")),
    )
    for act in acts:
        with pytest.raises(InventoryError, match="symbolic link"):
            act(in_file(root))
    assert list((tmp_path / "elsewhere").iterdir()) == []


@posix
def test_permissions_are_kept(tmp_path: Path) -> None:
    applied(in_file(tmp_path), "r1", "a")
    file(tmp_path).chmod(0o640)
    applied(in_file(tmp_path), "r2", "b")
    assert stat.S_IMODE(file(tmp_path).stat().st_mode) == 0o640


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied(in_file(tmp_path), "r1", "a")
    before = file(tmp_path).read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    store = in_file(tmp_path)
    with pytest.raises(InventoryError, match="No space left"):
        store.begin("r2", [intent("r2", "b")], store.read())
    assert file(tmp_path).read_bytes() == before
    assert not list((tmp_path / ".devinops").glob("*.tmp")) + list(
        (tmp_path / ".devinops").glob(".*.tmp")
    )


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"<<<<<<< x\n"])
def test_a_damaged_file_stops_reading_and_writing_and_stays(tmp_path: Path, content: bytes) -> None:
    applied(in_file(tmp_path), "r1", "a")
    file(tmp_path).write_bytes(content)
    store = in_file(tmp_path)
    with pytest.raises(InventoryError):
        store.read()
    with pytest.raises(InventoryError):
        store.begin("r2", [intent("r2", "b")], Inventory("file"))
    assert file(tmp_path).read_bytes() == content


def test_a_lock_stays_until_no_target_has_intents_of_its_run(tmp_path: Path) -> None:
    """Another target of the same root neither knows the run nor removes its lock."""
    staging = Target("staging", "https://api.devin.ai", "v3", "org-2")
    store = in_file(tmp_path, staging)
    store.begin(RUN, [intent(RUN, "a")], store.read())
    dies(store, RUN)
    left = []
    for target in (TARGET, staging):
        in_file(tmp_path, target).sweep()
        left.append(locks(tmp_path))
    assert left == [[f"file.{RUN}.lock"], []]


def test_another_target_has_its_own_file(tmp_path: Path) -> None:
    staging = Target("staging", "https://api.devin.ai", "v3", "org-2")
    applied(in_file(tmp_path), "r1", "a")
    applied(in_file(tmp_path, staging), "r2", "b")
    assert (names(in_file(tmp_path).read()), names(in_file(tmp_path, staging).read())) == (
        ["a"],
        ["b"],
    )


# --- none, and waiting ------------------------------------------------------------------------------------


def test_without_an_inventory_nothing_is_kept(tmp_path: Path) -> None:
    store = open_store(InventorySettings("none"), tmp_path, TARGET)
    applied(store, "r1", "a")
    store.unlock("r1")
    store.write(Inventory.of("none", [record("a")]), store.read())
    assert store.read() == Inventory("none")
    assert list(tmp_path.iterdir()) == []


def test_waiting_ends_when_the_run_does(tmp_path: Path, waits: Waits) -> None:
    store = in_file(tmp_path)
    store.begin("r1", [intent("r1", "a")], store.read())
    waits.instead = lambda _: store.finish("r1") if len(waits) == 2 else None
    assert wait_for_runs(in_file(tmp_path), 60).intents == ()
    assert waits == [2, 2]


def test_waiting_has_an_end_and_names_the_run(tmp_path: Path, waits: Waits) -> None:
    store = in_file(tmp_path)
    store.begin("r1", [intent("r1", "a")], store.read())
    with pytest.raises(Stale, match=r"the run r1 has not finished: .* inventory unlock -t one r1"):
        wait_for_runs(store, 3, " -t one")
    assert waits == [2, 1]


def test_runs_of_one_second_have_different_names() -> None:
    from datetime import UTC, datetime

    moment = datetime(2026, 1, 31, 12, 0, 5, tzinfo=UTC)
    assert len({new_run(moment) for _ in range(20)}) == 20
    assert new_run(moment).startswith("20260131T120005Z-")


# --- a target that was renamed ------------------------------------------------------------------------------


def test_a_renamed_target_has_what_was_recorded_under_its_old_name(tmp_path: Path) -> None:
    applied(in_file(tmp_path), "r1", "a")
    old = in_file(tmp_path)
    old.begin("r2", [intent("r2", "b")], old.read())
    old.settle("r2", [record("b")])
    dies(old, "r2")
    before = sorted(path.name for path in (tmp_path / ".devinops").iterdir())

    target = replace(TARGET, name="pay", previously=("x", "production"))
    renamed = in_file(tmp_path, target)
    assert (names(renamed.read()), open_runs(renamed.read())) == (["a", "b"], {})
    assert sorted(path.name for path in (tmp_path / ".devinops").iterdir()) == before
    applied(renamed, "r3", "c")
    left = {path.name for path in (tmp_path / ".devinops").iterdir() if path.suffix != ".lock"}
    assert left == {".gitignore", "pay.jsonl"}
    assert names(in_file(tmp_path, target).read()) == ["a", "b", "c"]


def test_an_inventory_of_another_target_is_never_taken_for_an_old_name(tmp_path: Path) -> None:
    applied(in_file(tmp_path), "r1", "a")
    file(tmp_path).rename(tmp_path / ".devinops" / "old.jsonl")
    renamed = in_file(tmp_path, replace(TARGET, name="pay", previously=("old",)))
    with pytest.raises(InventoryError, match="belongs to the target production"):
        renamed.read()


def test_the_targets_of_a_run_hold_one_lock_until_the_last_of_them_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inventory_run, "_LOOK_S", 0)
    targets = [replace(TARGET, name=name) for name in ("a", "b")]
    places = [Place(target, InventorySettings("file")) for target in targets]
    first, second = open_stores(places, tmp_path).values()
    lock = tmp_path / ".devinops" / f"file.{RUN}.lock"
    for store in (first, second):
        store.begin(RUN, [intent(RUN, "n")], store.read())
    for store in (first, second):
        assert lock.exists()
        assert not disk.abandoned(lock)
        store.settle(RUN, [record("n")])
        store.finish(RUN)
    assert not lock.exists()
