"""The inventory on a disk that fails: nothing half-written, no link followed, and the next run goes on."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from devinops import atomic
from devinops.inventory import InventorySettings, disk, open_store
from devinops.inventory.journaled import JournaledStore
from devinops.model.errors import InventoryError
from devinops.model.inventory import Inventory
from tests.testing.disk import WRONG, breaks, limited, names, room_for
from tests.testing.inventories import TARGET, applied, in_file, intent, on_branch, record
from tests.testing.inventories import names as owned

LEFT = [".gitignore", "production.jsonl", "production.lock"]
wrong = pytest.mark.parametrize("error", WRONG, ids=errno.errorcode.get)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """`.devinops` with an inventory that owns the note "a"."""
    applied(in_file(tmp_path), "r1", "a")
    return tmp_path / ".devinops"


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir()) if path.is_file()}


# --- a full disk ------------------------------------------------------------------------------------------


@wrong
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_an_announcement_that_cannot_be_written_never_was(
    state: Path, step: str, error: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(state)
    store = in_file(state.parent)
    base = store.read()
    with monkeypatch.context() as broken:
        breaks(broken, step, error)
        with pytest.raises(InventoryError) as caught:
            store.begin("r2", [intent("r2", "b")], base)
    said = str(caught.value)
    assert str(state / "production.jsonl") in said
    assert os.strerror(error) in said
    assert said.endswith("then run again. Nothing was written")
    assert contents(state) == before
    applied(in_file(state.parent), "r3", "b")
    assert owned(in_file(state.parent).read()) == ["a", "b"]


# In a directory that is there a file can be made, so opening one never ends with ENOENT.
FAILURES = [
    *((step, error) for step in ("write", "fsync") for error in WRONG),
    *(("open", error) for error in WRONG if error != errno.ENOENT),
]


@pytest.mark.parametrize(("step", "error"), FAILURES)
def test_a_result_that_cannot_be_written_leaves_no_torn_line(
    state: Path, step: str, error: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = in_file(state.parent)
    store.begin("r2", [intent("r2", name) for name in "bcd"], store.read())
    store.settle("r2", [record("b")])
    journal = state / "production.journal"
    before = journal.read_bytes()
    with monkeypatch.context() as broken:
        breaks(broken, step, error)
        with pytest.raises(InventoryError, match=os.strerror(error)):
            store.settle("r2", [record("c")])
    assert journal.read_bytes() == before
    store.settle("r2", [record("d")])
    assert owned(in_file(state.parent).read()) == ["a", "b", "d"]
    store.finish("r2")
    assert owned(in_file(state.parent).read()) == ["a", "b", "c", "d"], (
        "what the disk refused is still known"
    )
    assert names(state) == LEFT


@limited
@pytest.mark.parametrize("room", range(0, 400, 21))
def test_wherever_the_disk_is_full_the_inventory_can_be_read(state: Path, room: int) -> None:
    """The system itself writes a part and then refuses, at every step of a run."""
    store = in_file(state.parent)
    base = store.read()
    said = ""
    with room_for(room):
        try:
            store.begin("r2", [intent("r2", "b")], base)
            store.settle("r2", [record("b")])
            store.finish("r2")
        except InventoryError as error:
            said = str(error)
    reason, _, journal = said.partition(". Only ")
    reason = reason.removesuffix(". Nothing was written")
    assert not said or reason.endswith("File too large: free up space, then run again")
    assert not journal or "production.journal records what the run wrote" in journal
    assert owned(in_file(state.parent).read()) in (["a"], ["a", "b"])
    assert not [name for name in names(state) if name.endswith(".tmp")]


@wrong
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_what_cannot_be_put_in_its_place_at_the_end_is_kept(
    state: Path, step: str, error: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = in_file(state.parent)
    store.begin("r2", [intent("r2", "b")], store.read())
    store.settle("r2", [record("b")])
    before = contents(state)
    with monkeypatch.context() as broken:
        breaks(broken, step, error)
        with pytest.raises(InventoryError, match=os.strerror(error)):
            store.finish("r2")
    assert contents(state) == before
    assert owned(in_file(state.parent).read()) == ["a", "b"]
    store.finish("r2")
    assert in_file(state.parent).read().intents == ()
    assert names(state) == LEFT


def test_a_directory_without_a_right_is_reported_in_every_call(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = in_file(state.parent)
    store.begin("r2", [intent("r2", "b")], Inventory("file", (record("a"),)))
    monkeypatch.setattr(os, "lstat", denied)
    monkeypatch.setattr(Path, "lstat", denied)
    calls: list[Callable[[], object]] = [
        store.read,
        lambda: store.settle("r2", [record("b")]),
        lambda: store.finish("r2"),
        lambda: in_file(state.parent).begin("r3", [intent("r3", "c")], Inventory("file")),
    ]
    for call in calls:
        with pytest.raises(InventoryError, match="make it readable and writable"):
            call()


def denied(*_: object, **__: object) -> os.stat_result:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def test_a_temporary_directory_that_cannot_be_made_is_reported(
    clone: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = on_branch(clone())
    base = store.read()
    monkeypatch.setattr(
        "devinops.inventory.branch.tempfile.TemporaryDirectory", lambda **_: denied()
    )
    with pytest.raises(
        InventoryError, match="a temporary directory cannot be created: Permission denied"
    ):
        store.begin("r1", [intent("r1", "a")], base)


@limited
def test_the_journal_of_a_branch_on_a_full_disk(clone: Callable[..., Path]) -> None:
    root = clone()
    store = on_branch(root)
    store.begin("r1", [intent("r1", "a")], store.read())
    with room_for(40), pytest.raises(InventoryError, match=r"production\.journal: File too large"):
        store.settle("r1", [record("a")])
    assert (root / ".git" / "devinops" / "production.journal").read_bytes() == b""
    store.finish("r1")
    assert owned(on_branch(root).read()) == ["a"]


# --- what lies in the place of a file ---------------------------------------------------------------------

PLACES = ["production.jsonl", "production.journal", "production.lock", "file.r2.lock"]
MAKE: dict[str, Callable[[Path, Path], None]] = {
    "link": lambda path, outside: path.symlink_to(outside),
    "link to nowhere": lambda path, outside: path.symlink_to(outside.parent / "nowhere"),
    "directory": lambda path, outside: path.mkdir(),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("what", MAKE)
def test_what_is_no_file_is_refused_and_stays(state: Path, place: str, what: str) -> None:
    outside = state.parent / "outside"
    outside.write_bytes((state / "production.jsonl").read_bytes())
    os.utime(outside, (1, 1))
    (state / place).unlink(missing_ok=True)
    MAKE[what](state / place, outside)
    before = contents(state), names(state)
    with pytest.raises(InventoryError) as caught:
        in_file(state.parent).begin("r2", [intent("r2", "b")], Inventory("file", (record("a"),)))
    assert str(state / place) in str(caught.value)
    # A lock of the whole inventory is made on the way to the other places, and stays.
    assert {k: v for k, v in contents(state).items() if k != "production.lock"} == {
        k: v for k, v in before[0].items() if k != "production.lock"
    }
    assert names(state) == before[1]
    assert outside.stat().st_mtime == 1
    assert not (state.parent / "nowhere").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in directories")
@pytest.mark.parametrize("place", PLACES[:2])
def test_a_pipe_is_not_waited_for(state: Path, place: str) -> None:
    (state / place).unlink(missing_ok=True)
    os.mkfifo(state / place)
    with pytest.raises(InventoryError, match="not a regular file"):
        in_file(state.parent).read()
    with pytest.raises(InventoryError, match="not a regular file"):
        in_file(state.parent).begin("r2", [intent("r2", "b")], Inventory("file"))


@pytest.mark.parametrize("place", ["production.jsonl", "production.journal"])
def test_behind_a_directory_that_is_a_link_nothing_is_read(state: Path, place: str) -> None:
    elsewhere = state.parent / "elsewhere"
    state.rename(elsewhere)
    (elsewhere / place).write_text("this would be damaged\n")
    before = contents(elsewhere)
    state.symlink_to(elsewhere)
    store = in_file(state.parent)
    calls: list[Callable[[], object]] = [
        store.read,
        lambda: store.begin("r2", [intent("r2", "b")], Inventory("file")),
        lambda: store.settle("r2", [record("b")]),
        lambda: store.finish("r2"),
        lambda: store.unlock("r1"),
        lambda: store.write(Inventory("file"), Inventory("file")),
    ]
    for call in calls:
        with pytest.raises(InventoryError, match=r"\.devinops is a symbolic link"):
            call()
    assert contents(elsewhere) == before


# --- what goes away meanwhile -----------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["production.jsonl", "production.journal"])
def test_a_file_that_vanishes_before_it_is_opened_was_not_there(
    state: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (state / "production.journal").write_text("")
    read = atomic.read

    def late(path: Path) -> bytes:
        if path.name == place:
            path.unlink()
        return read(path)

    monkeypatch.setattr(atomic, "read", late)
    assert owned(in_file(state.parent).read()) == ([] if place == "production.jsonl" else ["a"])


def test_a_file_that_becomes_a_link_before_it_is_opened_is_refused(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = atomic.read

    def late(path: Path) -> bytes:
        path.rename(state.parent / "outside")
        path.symlink_to(state.parent / "outside")
        return read(path)

    monkeypatch.setattr(atomic, "read", late)
    with pytest.raises(InventoryError, match=r"production\.jsonl"):
        in_file(state.parent).read()


def test_a_directory_that_vanishes_is_an_empty_inventory_and_made_anew(state: Path) -> None:
    store = in_file(state.parent)
    store.read()
    shutil.rmtree(state)
    assert store.read() == Inventory("file")
    applied(store, "r2", "b")
    assert names(state) == LEFT


def test_what_is_removed_may_be_gone_already(tmp_path: Path) -> None:
    disk.remove(tmp_path / "nothing")


def test_a_lock_is_abandoned_once_nobody_holds_it_and_is_never_made_to_find_out(
    tmp_path: Path,
) -> None:
    path = tmp_path / "production.r1.lock"
    assert not disk.abandoned(path)
    assert names(tmp_path) == []
    held = disk.hold(path)
    assert not disk.abandoned(path)
    held.release()
    assert disk.abandoned(path)


def test_threads_that_look_at_a_lock_at_the_same_time_do_not_hide_it_from_each_other(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run.lock"
    path.touch()
    together = threading.Barrier(8)

    def look(_: int) -> bool:
        together.wait()
        return disk.abandoned(path)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(look, range(8 * 50)))


@pytest.mark.parametrize("made_again", [False, True], ids=["removed", "removed and made again"])
def test_a_lock_that_is_removed_while_it_is_looked_at_is_not_abandoned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made_again: bool
) -> None:
    """Its run ended: it released the lock and took it away."""
    path = tmp_path / "run.lock"
    path.touch()
    held = disk.hold

    def late(path: Path) -> object:
        if made_again:
            path.unlink()
            return held(path)
        lock = held(path)
        path.unlink()
        return lock

    monkeypatch.setattr(disk, "hold", late)
    assert not disk.abandoned(path)
    assert not path.exists()


# --- permissions and names --------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o660])
def test_permissions_are_kept_through_a_whole_run(state: Path, mode: int) -> None:
    path = state / "production.jsonl"
    path.chmod(mode)
    applied(in_file(state.parent), "r2", "b")
    assert (stat.S_IMODE(path.stat().st_mode), names(state)) == (mode, LEFT)


@pytest.mark.parametrize("run", ["../../outside", "/outside", "..", "a/b", "x" * 65, ""])
def test_a_run_with_a_name_that_is_a_path_is_never_looked_for(
    state: Path, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names of runs come from a file that others may have written, and a lock is named after them."""
    path = state / "production.jsonl"
    store = open_store(InventorySettings("file"), state.parent, TARGET)
    assert isinstance(store, JournaledStore)
    asked: list[Path] = []

    def abandoned(path: Path) -> bool:
        asked.append(path)
        return False

    monkeypatch.setattr("devinops.inventory.inventory_run.abandoned", abandoned)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(
        "".join(
            [
                *lines[:-1],
                f'{{"intent": "{run}", "action": "create", "key": "knowledge:z"}}\n',
                lines[-1],
            ]
        )
    )
    try:
        store.read()
    except InventoryError:
        assert run == ""
    assert asked == []
