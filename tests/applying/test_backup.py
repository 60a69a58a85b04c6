"""Backups: on the disk before the request, private, bounded, and read again or refused in one line."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.applying.backup import (
    DIRECTORY,
    KEEP_DAYS,
    KEEP_FILES,
    Backups,
    backups,
    find,
    find_latest,
    read_backup,
    run_of,
    target_of,
)
from devinops.atomic import IGNORED
from devinops.emulator import Emulator
from devinops.model.errors import DevinopsError, NotFound, UnusableFile
from devinops.model.objects import Live, Source
from devinops.model.target import Target
from tests.testing.command_line import Devinops, Write
from tests.testing.disk import WRONG, breaks, limited, room_for
from tests.testing.documents import read_one
from tests.testing.inventories import NO_INVENTORY, own
from tests.testing.objects import live

WHERE = Target("production", "https://api.devin.ai", "v3", "org-1")
RUN = "20260312T101500Z-1f2e"
NOTE = "---\nname: {}\ntrigger: t\n---\nnew\n"


def objects() -> list[Live]:
    return [
        live(
            "knowledge",
            name="Ünïcode 🚀 / 100%",
            id="note-1",
            folder="A/B",
            folder_id="folder-1",
            body="x\n\ty\u2028",
        ),
        live(
            "knowledge",
            name="B",
            id="note-2",
            macro=None,
            is_enabled=False,
            created_at=1,
            updated_at=2,
        ),
        live(
            "playbook",
            title="P",
            id="playbook-1",
            structured_output_schema={"type": ["object", "null"]},
        ),
        live("secret", key="TOKEN", id="secret-1", type="totp", note=None),
    ]


def saved(root: Path, *lives: Live, run: str = RUN, target: Target = WHERE) -> Path:
    with Backups(root, target, run) as made:
        for one in lives or objects():
            made.save(one)
    assert made.path is not None
    return made.path


# --- writing ----------------------------------------------------------------------------------------------


def test_every_kind_comes_back_as_it_was(tmp_path: Path) -> None:
    found = read_backup(saved(tmp_path), tmp_path)
    assert [one.live for one in found.objects] == objects()
    assert str(found.objects[0].source) == f".devinops/backups/{RUN}.jsonl:2:1"
    assert (found.run, found.target, found.torn) == (RUN, WHERE, False)


def test_it_is_for_its_owner_alone_and_out_of_git(tmp_path: Path) -> None:
    path = saved(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert (tmp_path / ".devinops/.gitignore").read_text() == IGNORED


def test_a_gitignore_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / ".devinops").mkdir()
    (tmp_path / ".devinops/.gitignore").write_text("mine\n")
    saved(tmp_path)
    assert (tmp_path / ".devinops/.gitignore").read_text() == "mine\n"


def test_a_run_that_overwrites_nothing_leaves_nothing(tmp_path: Path) -> None:
    with Backups(tmp_path, WHERE, RUN) as made:
        pass
    assert (made.path, made.name, list(tmp_path.iterdir())) == (None, None, [])


def test_each_object_is_on_the_disk_when_save_returns(tmp_path: Path) -> None:
    with Backups(tmp_path, WHERE, RUN) as made:
        for count, one in enumerate(objects(), 1):
            made.save(one)
            assert made.path is not None
            assert len(read_backup(made.path).objects) == count


def test_a_disk_that_is_full_for_a_while_leaves_a_backup_that_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, room = os.write, [True]

    def sometimes(descriptor: int, data: bytes) -> int:
        if room[0]:
            return write(descriptor, data)
        write(descriptor, data[:7])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("devinops.atomic.os.write", sometimes)
    with Backups(tmp_path, WHERE, RUN) as made:
        for number, one in enumerate(objects()):
            room[0] = number % 2 == 1
            if room[0]:
                made.save(one)
            else:
                with pytest.raises(DevinopsError, match="No space left"):
                    made.save(one)
    assert made.path is not None
    assert [one.live for one in read_backup(made.path).objects] == objects()[1::2]


FAULTS = [
    ("open", 0),
    ("open", 3),
    ("write", 0),
    ("write", 1),
    ("fsync", 0),
    ("fsync", 3),
    ("replace", 0),
]
"""A step of writing, and how often it works before it fails."""


@pytest.mark.parametrize(("step", "after"), FAULTS)
@pytest.mark.parametrize("error", WRONG, ids=errno.errorcode.get)
def test_a_backup_that_cannot_be_made_is_one_line_and_leaves_nothing_torn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: int, error: int
) -> None:
    with Backups(tmp_path, WHERE, RUN) as made:
        with monkeypatch.context() as broken:
            breaks(broken, step, error, after)
            with pytest.raises(DevinopsError) as caught:
                made.save(objects()[0])
        said = str(caught.value)
        assert said.startswith(
            f"cannot save a backup in {tmp_path / DIRECTORY}, so nothing was sent: "
        )
        assert said.endswith("then run again")
        assert os.strerror(error) in said
        assert not list(tmp_path.rglob("*.tmp"))
        assert [read_backup(path).objects for path in backups(tmp_path)] == [()] * (
            made.path is not None
        )
        made.save(objects()[0])
    assert made.path is not None
    assert [one.live for one in read_backup(made.path).objects] == objects()[:1]


@limited
@pytest.mark.parametrize("room", [0, 1, 3, 100, 250, 500, 700])
def test_wherever_the_disk_is_full_the_backup_can_be_read(tmp_path: Path, room: int) -> None:
    saved_whole = []
    with room_for(room), Backups(tmp_path, WHERE, RUN) as made:
        for one in objects():
            with suppress(DevinopsError):
                made.save(one)
                saved_whole.append(one)
    assert len(saved_whole) < len(objects())
    found = [read_backup(path) for path in backups(tmp_path)]
    assert [one.live for backup in found for one in backup.objects] == saved_whole
    assert not any(backup.torn for backup in found)
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_torn_line_that_could_not_be_cut_off_is_cut_off_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write

    def full(descriptor: int, data: bytes) -> int:
        write(descriptor, data[:7])
        raise OSError(28, "No space left on device")

    with Backups(tmp_path, WHERE, RUN) as made:
        made.save(objects()[0])
        with monkeypatch.context() as broken:
            broken.setattr(os, "write", full)
            breaks(broken, "ftruncate", errno.EIO)
            with pytest.raises(DevinopsError, match="No space left"):
                made.save(objects()[1])
        assert made.path is not None
        assert read_backup(made.path).torn
        made.save(objects()[2])
    assert [one.live for one in read_backup(made.path).objects] == [objects()[0], objects()[2]]


@pytest.mark.parametrize("name", [".devinops", DIRECTORY.as_posix()])
def test_a_file_where_its_directory_belongs_is_reported(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("old")
    with pytest.raises(DevinopsError, match="there is a file where a directory belongs"):
        saved(tmp_path)
    assert (tmp_path / name).read_text() == "old"
    assert backups(tmp_path) == []


@pytest.mark.parametrize(
    "make", [Path.mkdir, Path.touch, lambda path: path.symlink_to("../outside")]
)
def test_what_is_there_under_the_name_of_the_run_stays(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    run = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-00aa"
    (tmp_path / DIRECTORY).mkdir(parents=True)
    path = tmp_path / DIRECTORY / f"{run}.jsonl"
    make(path)
    before = path.lstat()
    with pytest.raises(DevinopsError, match="File exists"):
        saved(tmp_path, run=run)
    assert path.lstat().st_ino == before.st_ino
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("linked", [".devinops", ".devinops/backups"])
def test_behind_a_symlink_no_backup_is_found(tmp_path: Path, linked: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    saved(tmp_path / "elsewhere")
    root = tmp_path / "root"
    (root / linked).parent.mkdir(parents=True)
    (root / linked).symlink_to(tmp_path / "elsewhere" / linked)
    assert backups(root) == []
    for look in (lambda: find(root, RUN), lambda: find_latest(root, ["production"], ())):
        with pytest.raises(NotFound, match="there is no backup"):
            look()


def test_a_backup_that_vanishes_while_they_are_listed_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run deletes what is too old, at any time."""
    gone = saved(tmp_path, run="20260101T000000Z-0000")
    stays = saved(tmp_path)
    lstat = Path.lstat

    def late(path: Path) -> os.stat_result:
        if path == gone:
            gone.unlink()
        return lstat(path)

    monkeypatch.setattr(Path, "lstat", late)
    assert backups(tmp_path) == [stays]


def test_backups_that_cannot_be_listed_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, devinops: Devinops
) -> None:
    saved(tmp_path)

    def denied(path: Path) -> Iterator[Path]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", denied)
    ran = devinops("rollback", "-C", tmp_path)
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "cannot list the backups in" in ran.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in directories")
def test_a_pipe_is_no_backup_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / DIRECTORY).mkdir(parents=True)
    pipe = tmp_path / DIRECTORY / f"{RUN}.jsonl"
    os.mkfifo(pipe)
    assert backups(tmp_path) == []
    with pytest.raises(UnusableFile, match="not a regular file"):
        read_backup(pipe)


@pytest.mark.parametrize("linked", [".devinops", ".devinops/backups"])
def test_it_does_not_follow_a_symlink(tmp_path: Path, linked: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    root = tmp_path / "root"
    (root / linked).parent.mkdir(parents=True)
    (root / linked).symlink_to(elsewhere)
    with pytest.raises(DevinopsError, match="symbolic link"):
        saved(root)
    assert list(elsewhere.iterdir()) == []


def test_the_newest_stay_and_none_that_is_too_old(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    runs = [
        f"{now - timedelta(days=days):%Y%m%dT%H%M%SZ}-00aa" for days in (1, 2, 3, KEEP_DAYS + 1)
    ]
    directory = tmp_path / DIRECTORY
    directory.mkdir(parents=True)
    (directory / "notes.jsonl").write_text("not ours")
    for run in runs:
        (directory / f"{run}.jsonl").write_text("")
    assert saved(tmp_path, run=f"{now:%Y%m%dT%H%M%SZ}-00aa") in (found := backups(tmp_path))
    assert [path.stem for path in found[1:]] == runs[:3]
    for number in range(KEEP_FILES + 5):
        saved(tmp_path, run=f"{now + timedelta(seconds=number):%Y%m%dT%H%M%SZ}-00bb")
    assert len(backups(tmp_path)) == KEEP_FILES
    assert (directory / "notes.jsonl").exists()


def test_the_backup_that_is_rolled_back_stays(tmp_path: Path) -> None:
    old = saved(tmp_path, run="20200101T000000Z-0000")
    with Backups(tmp_path, WHERE, RUN, keep=[old]) as made:
        made.save(objects()[0])
    assert old.exists()


# --- with apply -------------------------------------------------------------------------------------------


@pytest.fixture
def emulator(use: Callable[..., None]) -> Iterator[Emulator]:
    notes = [{"id": f"note-{name}", "name": name, "trigger": "t", "body": "old"} for name in "ABC"]
    with Emulator({"organizations": {"org-emulator": {"knowledge": notes}}}) as running:
        use(running.url)
        yield running


def test_what_is_overwritten_or_deleted_is_saved_as_it_was_right_before(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository(
        {
            "knowledge/a.md": NOTE.format("A"),
            "knowledge/new.md": NOTE.format("New"),
            "knowledge.yaml": "knowledge: [{name: B, ensure: absent}]\n",
        }
    )
    own(root, emulator, others={"knowledge:C"})
    ran = devinops("apply", "-C", root, "--yes", "--format", "json")
    assert ran.code == 0, ran
    found = read_backup(root / read_one(ran.out)["backup"])
    assert sorted((one.live.key.name, one.live.resource.body) for one in found.objects) == [  # type: ignore[attr-defined]
        ("A", "old"),
        ("B", "old"),
    ]
    assert (found.target.name, found.target.org_id) == ("default", "org-emulator")
    assert (
        read_one(devinops("apply", "-C", root, "--yes", "--format", "json").out)["backup"] is None
    )


def test_a_secret_is_saved_without_its_value(
    emulator: Emulator, repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "the-value-of-it")
    entry = "secrets: [{key: TOKEN, type: key-value, value_from: {env: TOKEN}}]\n"
    root = repository({"secrets.yaml": entry})
    assert devinops("apply", "-C", root, "--yes").code == 0
    repository({"secrets.yaml": "secrets: [{key: TOKEN, ensure: absent}]\n"})
    assert devinops("apply", "-C", root, "--yes", "--allow", "delete=1").code == 0
    (path,) = backups(root)
    assert [str(one.live.key) for one in read_backup(path).objects] == ["secret:TOKEN"]
    assert "the-value-of-it" not in path.read_text()


@pytest.mark.parametrize("way", ["disk full", "not writable"])
def test_without_a_backup_nothing_is_sent_and_the_rest_goes_on(
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    root = repository(
        {
            **NO_INVENTORY,  # which could not be written either
            "knowledge/a.md": NOTE.format("A"),
            "knowledge/new.md": NOTE.format("New"),
            "knowledge.yaml": "knowledge: [{name: B, ensure: absent}]\n",
        }
    )
    if way == "disk full":

        def full(descriptor: int, data: bytes) -> int:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("devinops.atomic.os.write", full)
    else:
        (root / ".devinops").write_text("in the way")
    ran = devinops("apply", "-C", root, "--yes")
    assert ran.code == 3
    assert ran.out.count("so nothing was sent") == 2
    assert {note["name"]: note["body"] for note in emulator.knowledge()} == {
        "A": "old",
        "B": "old",
        "C": "old",
        "New": "new",
    }
    assert [r["method"] for r in emulator.requests if r["method"] != "GET"] == ["POST"]


def test_an_adopted_object_that_is_not_written_is_not_saved(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository({"knowledge/a.md": NOTE.format("A").replace("new", "old")})
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert not (root / ".devinops/backups").exists()


# --- reading ----------------------------------------------------------------------------------------------


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_an_object_that_was_saved_twice_is_what_it_was_first(tmp_path: Path) -> None:
    first, second = (
        live("knowledge", name="A", id="n", body="1"),
        live("knowledge", name="A", id="n", body="2"),
    )
    (one,) = read_backup(saved(tmp_path, first, second)).objects
    assert one.live == first


def test_latest_is_the_newest_of_the_target(tmp_path: Path) -> None:
    runs = [f"{datetime.now(UTC) - timedelta(days=days):%Y%m%dT%H%M%SZ}-0001" for days in (3, 2, 1)]
    saved(tmp_path, run=runs[0])
    mine = saved(tmp_path, run=runs[1])
    saved(tmp_path, run=runs[2], target=Target("staging", "https://api.devin.ai", "v3", "org-2"))
    assert find_latest(tmp_path, ["production"], ()) == [mine]
    assert find(tmp_path, runs[1]) == [mine]
    lead = rf"; if staging was renamed to live, run devinops rollback -t live {runs[2]}$"
    with pytest.raises(NotFound, match=lead):
        find_latest(tmp_path, ["live"], ["live"], " -t live")
    with pytest.raises(NotFound, match=r"of the targets live, new in .*/backups$"):
        find_latest(tmp_path, ["live", "new"], ["live", "new", "staging", "production"])
    with pytest.raises(NotFound, match=r"; devinops rollback -C a lists the backups$"):
        find(tmp_path, "20260312T101500Z-00000f", " -C a")


def test_a_run_over_several_targets_has_a_backup_of_each_under_its_name(tmp_path: Path) -> None:
    older = saved(tmp_path, run=f"{datetime.now(UTC) - timedelta(days=1):%Y%m%dT%H%M%SZ}-0001")
    run = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-0001"
    paths = []
    for name in ("a", "b.c"):
        target = Target(name, "https://api.devin.ai", "v3", f"org-{name}")
        with Backups(tmp_path, target, run, shares_run=True) as made:
            made.save(objects()[0])
        assert made.path
        paths.append(made.path)
    assert [path.name for path in paths] == [f"{run}.a.jsonl", f"{run}.b.c.jsonl"]
    assert sorted(find(tmp_path, run)) == paths
    assert sorted(find_latest(tmp_path, ["production", "b.c"], ())) == paths
    assert find_latest(tmp_path, ["production"], ()) == [older]
    assert [*map(target_of, (*paths, older))] == ["a", "b.c", "production"]
    assert [run_of(path) for path in paths] == [run, run]
    kept = tmp_path / "kept"
    kept.mkdir()
    for path in paths:
        (kept / path.name).write_bytes(path.read_bytes())
    assert [path.name for path in find(tmp_path, str(kept))] == [path.name for path in paths]
    with pytest.raises(UnusableFile, match="has no backups, or those of several runs"):
        find(tmp_path, str(tmp_path / DIRECTORY))
    # Equal changes of two targets have equal sources.
    sources = [{each.source for each in read_backup(path, tmp_path).objects} for path in paths]
    assert sources == [{Source(f"{DIRECTORY}/{run}.*.jsonl")}] * 2


def test_what_the_last_line_lost_in_a_crash_is_left_out(tmp_path: Path) -> None:
    path = saved(tmp_path)
    data = path.read_bytes()
    for cut in (1, 2, 20):
        path.write_bytes(data[:-cut])
        found = read_backup(path)
        assert (found.torn, len(found.objects)) == (True, len(objects()) - 1)


def test_an_object_of_a_dropped_kind_is_left_out_and_named(tmp_path: Path) -> None:
    path = saved(tmp_path)
    header, first, *others = path.read_text().splitlines(keepends=True)
    dropped = {**json.loads(first), "kind": "schedule", "key": "schedule:Nightly"}
    path.write_text("".join([header, json.dumps(dropped) + "\n", *others]))
    found = read_backup(path)
    assert [one.live for one in found.objects] == objects()[1:]
    assert len(found.dropped) == 1
    assert found.dropped[0].startswith('"schedule:Nightly" is of a kind that was dropped: ')


DAMAGED: dict[str, Callable[[list[dict[str, Any]]], object]] = {
    "no header": lambda found: found.pop(0),
    "a later format": lambda found: found[0].update(format_version="2.0"),
    "no organization": lambda found: found[0].update(org_id=7),
    "no address": lambda found: found[0].update(api_url="http://["),
    "a folder": lambda found: found[1].update(kind="folder", fields={"path": "A"}),
    "another api": lambda found: found[0].update(api="v2"),
    "no target": lambda found: found[0].pop("target"),
    "an unknown kind": lambda found: found[1].update(kind="thing"),
    "an unknown field": lambda found: found[1]["fields"].update(thing=1),
    "a missing field": lambda found: found[1]["fields"].pop("name"),
    "a field of another type": lambda found: found[1]["fields"].update(body=7),
    "fields that are none": lambda found: found[1].update(fields=[]),
    "an empty id": lambda found: found[1].update(id=""),
    "an unknown access": lambda found: found[1].update(access="mine"),
    "a time that is none": lambda found: found[1].update(created_at="yesterday"),
}


HALF = "x\ud800"
DAMAGED |= {
    "half a character in the run": lambda found: found[0].update(run=HALF),
    "half a character in the time": lambda found: found[0].update(time=HALF),
    "half a character in the target": lambda found: found[0].update(target=HALF),
    "half a character in the organization": lambda found: found[0].update(org_id=HALF),
    "half a character in what is ignored": lambda found: found[0].update(tool_version=HALF),
    "half a character in a key": lambda found: found[1].update(key=HALF),
    "half a character in an id": lambda found: found[1].update(id=HALF),
    "half a character in a field": lambda found: found[1]["fields"].update(body=HALF),
    "half a character in a schema": lambda found: found[3]["fields"].update(
        structured_output_schema={HALF: [HALF]}
    ),
    "half a character in a name": lambda found: found[1].update({HALF: 1}),
    "a number that is none": lambda found: found[3]["fields"].update(
        structured_output_schema={"a": 1e999}
    ),
    "a run that is none": lambda found: found[0].update(run="../../etc"),
    "a time of ten megabytes": lambda found: found[0].update(time="2" * 10_000_000),
    "a time with control characters": lambda found: found[0].update(
        time="2026-03-12T10:15:00Z\x1b[2J"
    ),
    "a time without its zone": lambda found: found[0].update(time="2026-03-12"),
    "a target that nobody can declare": lambda found: found[0].update(target="a\nb"),
    "an access of ten megabytes": lambda found: found[1].update(access="x" * 10_000_000),
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_backup_hides_no_other(
    tmp_path: Path,
    devinops: Devinops,
    use: Callable[..., None],
    damage: Callable[[list[dict[str, Any]]], object],
) -> None:
    """It is one line of the list, and using it is one line with its place."""
    older, newer = (
        f"{datetime.now(UTC):%Y%m%dT000000Z}-1f2e",
        f"{datetime.now(UTC):%Y%m%dT000001Z}-1f2e",
    )
    saved(tmp_path, run=older)
    path = saved(tmp_path, run=newer)
    found = lines(path)
    damage(found)
    path.write_text("".join(json.dumps(line) + "\n" for line in found))
    ran = devinops("rollback", "-C", tmp_path)
    first, second = ran.out.splitlines()
    assert (ran.code, ran.err, second.endswith(f"{DIRECTORY}/{older}.jsonl")) == (0, "", True)
    assert first.startswith(f"unreadable: {path}")
    assert len(ran.out.encode()) < 1000
    document = json.loads(devinops("rollback", "-C", tmp_path, "--format", "json").out)
    assert [len(row) for row in document["backups"]] == [2, 5]
    use("http://127.0.0.1:1")
    used = devinops("rollback", newer, "-C", tmp_path, "--yes")
    assert (used.code, used.out, used.err.count("\n")) == (1, "", 1)
    assert re.search(rf"{newer}\.jsonl(:\d+: | has format version 2)", used.err)


def test_latest_is_not_stopped_by_a_damaged_backup_of_another_target(tmp_path: Path) -> None:
    days = [f"{datetime.now(UTC) - timedelta(days=ago):%Y%m%d}T101500Z-1f2e" for ago in (2, 1)]
    mine = saved(tmp_path, run=days[0])
    other = saved(
        tmp_path, run=days[1], target=Target("staging", "https://api.devin.ai", "v3", "org-2")
    )
    rows = other.read_text().splitlines()
    other.write_text(f"{rows[0]}\nnot JSON\n")
    assert find_latest(tmp_path, ["production"], ()) == [mine]
    other.write_text("not JSON\n")
    with pytest.raises(UnusableFile, match=r":1: this is not JSON"):
        find_latest(tmp_path, ["production"], ())


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_backup_is_refused(
    tmp_path: Path, damage: Callable[[list[dict[str, Any]]], object]
) -> None:
    path = saved(tmp_path)
    found = lines(path)
    damage(found)
    path.write_text("".join(json.dumps(line) + "\n" for line in found))
    with pytest.raises(UnusableFile):
        read_backup(path)


def test_a_line_that_is_broken_is_named(tmp_path: Path) -> None:
    path = saved(tmp_path)
    rows = path.read_text().splitlines()
    rows[2] = rows[2][:-5]
    path.write_text("\n".join(rows) + "\n")
    with pytest.raises(UnusableFile, match=f"{RUN}.jsonl:3: this is not JSON"):
        read_backup(path)


def test_a_symlink_is_not_read(tmp_path: Path) -> None:
    link = tmp_path / "link.jsonl"
    link.symlink_to(saved(tmp_path))
    with pytest.raises(UnusableFile, match="symbolic link"):
        read_backup(link)


@given(st.binary(max_size=300))
def test_no_bytes_are_a_traceback(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("backup") / "b.jsonl"
    path.write_bytes(data)
    with pytest.raises(UnusableFile):
        read_backup(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=4,
)
NAMES = st.sampled_from(
    [
        "kind",
        "key",
        "id",
        "folder_id",
        "created_at",
        "updated_by",
        "access",
        "fields",
        "format_version",
        "api",
        "run",
        "org_id",
    ]
)


@given(
    st.integers(0, len(objects())),
    NAMES
    | st.tuples(st.just("fields"), st.sampled_from(["name", "body", "folder", "macro", "title"])),
    json_values,
)
def test_no_value_in_a_line_is_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, number: int, name: str | tuple[str, str], value: Any
) -> None:
    path = saved(tmp_path_factory.mktemp("backup"))
    found = lines(path)
    line = found[number]
    if isinstance(name, tuple):
        line = line.setdefault("fields", {})
        name = name[1]
    line[name] = value
    path.write_text("".join(json.dumps(one) + "\n" for one in found))
    try:
        read = read_backup(path)
    except UnusableFile:
        return
    assert all(str(one.live.key) for one in read.objects)


def test_the_directory_is_tightened_where_it_was_open(tmp_path: Path) -> None:
    (tmp_path / DIRECTORY).mkdir(parents=True)
    (tmp_path / DIRECTORY).chmod(0o755)
    saved(tmp_path)
    assert stat.S_IMODE((tmp_path / DIRECTORY).stat().st_mode) == 0o700
