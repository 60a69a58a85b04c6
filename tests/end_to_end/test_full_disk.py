"""The command line on a disk that is full or goes wrong: one line that says what to do, and the next run finishes.

The system itself refuses here: no file of the process may grow beyond a limit.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from devinops.applying.backup import backups, read_backup
from devinops.emulator import Emulator
from devinops.inventory.journaled import JournaledStore
from tests.testing.command_line import Devinops, Ran, Write
from tests.testing.disk import WRONG, breaks, failing, limited, names, room_for
from tests.testing.warm import program

CONFIG = "version: 1\ntargets:\n  production: {org_id: org-emulator, inventory: {store: file}, prune: owned}\n"
WITHOUT = "version: 1\ntargets:\n  production: {org_id: org-emulator, inventory: {store: none}}\n"
COUNT = 30

pytestmark = pytest.mark.matrix  # each test starts several processes
PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


def with_room(size: int, *argv: object, **options: Any) -> Ran:
    """Run the command line in a process of which no file grows beyond `size` bytes."""
    command = [program(), *map(str, argv)]
    with room_for(size):
        # Without `env`, it would also get what readline exports behind os.environ: a COLUMNS.
        process = subprocess.Popen(command, text=True, env=dict(os.environ), **PIPES | options)
    out, err = process.communicate()
    return Ran(process.returncode, out, err)


def notes(body: str, count: int = COUNT) -> str:
    entries = [{"name": f"N{n:02}", "trigger": "t", "body": f"{body} {n}"} for n in range(count)]
    return json.dumps({"knowledge": entries})


def bodies(emulator: Emulator) -> dict[str, str]:
    found = [(note["name"], note["body"]) for note in emulator.knowledge()]
    assert len(dict(found)) == len(found), "namesakes"
    return dict(found)


def writes(emulator: Emulator) -> list[str]:
    return [request["method"] for request in emulator.requests if request["method"] != "GET"]


def one_line(ran: Ran, code: int, *words: str) -> None:
    assert ran.code == code, ran
    assert ran.err.startswith("devinops: ")
    assert ran.err.count("\n") == 1
    assert all(word in ran.err for word in words), ran.err


# --- apply ------------------------------------------------------------------------------------------------


@limited
def test_without_room_to_announce_nothing_is_sent(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository({"devinops.yaml": CONFIG, "knowledge.yaml": notes("new")})
    ran = with_room(500, "apply", "-C", root, "--yes")
    one_line(ran, 1, ".devinops/production.jsonl: File too large: free up space, then run again")
    assert writes(emulator) == []
    assert names(root / ".devinops") == [".gitignore", "production.lock"]
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert bodies(emulator) == {f"N{n:02}": f"new {n}" for n in range(COUNT)}


@limited
@pytest.mark.sampled(3, ci=3)
@pytest.mark.parametrize("room", [3500, 4000, 4500, 5500])
def test_when_the_room_runs_out_the_rest_is_not_begun_and_the_next_run_finishes(
    emulator: Emulator, repository: Write, devinops: Devinops, room: int
) -> None:
    root = repository({"devinops.yaml": CONFIG, "knowledge.yaml": notes("new")})
    ran = with_room(room, "apply", "-C", root, "--yes", "--parallelism", "1")
    made = bodies(emulator)
    assert ran.code == 3, ran
    assert 0 < len(made) <= COUNT
    assert "the inventory was not written: the inventory cannot use" in ran.out
    assert "File too large: free up space, then run again" in ran.out
    assert "Traceback" not in ran.err
    skipped = f", {COUNT - len(made)} skipped" if len(made) < COUNT else ""
    assert ran.out.splitlines()[-1].endswith(f": {len(made)} done{skipped}.")
    stored = map(json.loads, (root / ".devinops" / "production.jsonl").read_text().splitlines())
    announced = {one["key"].removeprefix("knowledge:") for one in stored if "key" in one}
    assert set(made) <= announced
    assert not [name for name in names(root / ".devinops") if name.endswith(".tmp")]

    assert devinops("apply", "-C", root, "--yes").code == 0
    assert bodies(emulator) == {f"N{n:02}": f"new {n}" for n in range(COUNT)}
    repository({"knowledge.yaml": notes("new", COUNT - 1)})
    assert devinops("apply", "-C", root, "--yes").code == 0, (
        "what was made on the full disk is owned"
    )
    assert len(bodies(emulator)) == COUNT - 1


@pytest.mark.sampled(3, ci=3)
@pytest.mark.parametrize("error", WRONG, ids=errno.errorcode.get)
@pytest.mark.parametrize("step", ["fsync", "write"])
def test_an_inventory_that_fails_after_the_first_write_costs_no_report(
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    error: int,
) -> None:
    root = repository({"devinops.yaml": CONFIG, "knowledge.yaml": notes("new", 3)})
    settle = JournaledStore.settle

    def fails(self: JournaledStore, run: str, put: Any, drop: Any, at: str) -> None:
        with monkeypatch.context() as broken:
            if put:
                breaks(broken, step, error)
            settle(self, run, put, drop, at)

    with monkeypatch.context() as broken:
        broken.setattr(JournaledStore, "settle", fails)
        ran = devinops("apply", "-C", root, "--yes", "--parallelism", "1")
    assert ran.code == 3, ran
    assert f"{root / '.devinops' / 'production.journal'}: {os.strerror(error)}" in ran.out
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert len(bodies(emulator)) == 3


@limited
@pytest.mark.parametrize("created", [0, 3])
def test_without_room_for_a_backup_nothing_is_overwritten(
    emulator: Emulator, repository: Write, devinops: Devinops, created: int
) -> None:
    for n in range(3):
        emulator.add("knowledge", name=f"N{n:02}", trigger="t", body=f"old {n} {'x' * 9000}")
    root = repository({"devinops.yaml": WITHOUT, "knowledge.yaml": notes("new", 3 + created)})
    before = bodies(emulator)
    ran = with_room(8000, "apply", "-C", root, "--yes")
    assert ran.code == (3 if created else 1), ran
    why = f"cannot save a backup in {root}/.devinops/backups, so nothing was sent: File too large: free up space, then run again"
    assert ran.out.count(why) == 3
    assert writes(emulator) == ["POST"] * created
    assert before.items() <= bodies(emulator).items()
    assert [read_backup(path).objects for path in backups(root)] == [()]
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert bodies(emulator) == {f"N{n:02}": f"new {n}" for n in range(3 + created)}


@limited
@pytest.mark.parametrize("report", ["text", "json"])
def test_a_report_that_does_not_fit_on_the_disk_goes_to_stderr(
    emulator: Emulator, repository: Write, devinops: Devinops, report: str, tmp_path: Path
) -> None:
    root = repository({"devinops.yaml": WITHOUT, "knowledge.yaml": notes("new")})
    file = tmp_path / "reports" / "report"
    file.parent.mkdir()
    file.write_text("old")
    ran = with_room(10, "apply", "-C", root, "--yes", "--report", f"{report}={file}")
    assert ran.code == 3, ran
    first, *rest = ran.err.splitlines()
    assert first == (
        "devinops: the report cannot be written (--report cannot write "
        f"{file}: File too large: free up space, then run again); here it is:"
    )
    assert rest[-1].endswith(f": {COUNT} done.")
    assert (names(file.parent), file.read_text()) == (["report"], "old")
    again = devinops("apply", "-C", root, "--yes", "--report", f"{report}={file}")
    assert again.code == 0
    assert file.read_text() != "old"
    assert len(bodies(emulator)) == COUNT


@limited
@pytest.mark.parametrize("format", ["text", "json"])
def test_a_failure_is_not_hidden_by_a_report_without_room(
    emulator: Emulator, repository: Write, tmp_path: Path, format: str
) -> None:
    root = repository({"devinops.yaml": WITHOUT, "knowledge.yaml": notes("new")})
    file = tmp_path / "report.json"
    ran = with_room(
        100,
        "apply",
        "-C",
        root,
        "--expect",
        "0" * 32,
        "--format",
        format,
        "--report",
        f"json={file}",
    )
    assert ran.code == 5, ran
    report, failure = ran.err.splitlines()
    assert report == (
        f"devinops: the output cannot be written: --report cannot write {file}: File too large: "
        "free up space, then run again"
    )
    assert "not 00000" in failure
    assert writes(emulator) == []
    assert not file.exists()
    assert format == "text" or "not 00000" in json.loads(ran.out)["error"]


full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")


@full
def test_a_failure_is_not_hidden_by_a_full_stdout(emulator: Emulator, repository: Write) -> None:
    root = repository({"devinops.yaml": WITHOUT, "knowledge.yaml": notes("new")})
    with open("/dev/full", "w") as nowhere:
        ran = with_room(
            10**9,
            *("apply", "-C", root, "--expect", "0" * 32, "--format", "json"),
            stdout=nowhere,
        )
    answer, failure = ran.err.splitlines()
    assert ran.code == 5
    assert answer == "devinops: the output cannot be written: [Errno 28] No space left on device"
    assert "not 00000" in failure


@full
@pytest.mark.parametrize(
    "argv", [["-v"], ["--report", "json=nowhere.json"], ["--no-such-option"]], ids=str
)
def test_a_full_stderr_changes_neither_the_work_nor_the_exit_code(
    emulator: Emulator, repository: Write, argv: list[str]
) -> None:
    """Progress and diagnostics go where nobody reads them; an apply that stopped for that would report nothing."""
    root = repository({"devinops.yaml": WITHOUT, "knowledge.yaml": notes("new", 3)})
    room = 10 if "--report" in argv else 10**9
    with open("/dev/full", "w") as nowhere:
        ran = with_room(
            room,
            *("apply", "-C", root, "--yes", *argv),
            stderr=nowhere,
            cwd=root,
        )
    expected = {"-v": (0, 3), "--report": (3, 3), "--no-such-option": (64, 0)}[argv[0]]
    assert (ran.code, len(bodies(emulator))) == expected
    assert (": 3 done" in ran.out) is bool(expected[1])


# --- every other writer -----------------------------------------------------------------------------------


@limited
@pytest.mark.parametrize("format", ["text", "json"])
def test_a_plan_file_without_room(
    emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path, format: str
) -> None:
    root = repository({"devinops.yaml": WITHOUT, "knowledge.yaml": notes("new")})
    file = tmp_path / "plans" / "plan.json"
    file.parent.mkdir()
    ran = with_room(1000, "plan", "-C", root, "--out", file, "--format", format)
    why = f"--out cannot write {file}: File too large: free up space, then run again"
    one_line(ran, 1, why)
    assert names(file.parent) == []
    assert (ran.out == "") is (format == "text")
    assert format == "text" or json.loads(ran.out)["error"] == why
    assert devinops("plan", "-C", root, "--out", file).code == 0
    assert devinops("apply", file, "-C", root).code == 0


@limited
@pytest.mark.sampled(3, ci=3)
@pytest.mark.parametrize("command", ["plan", "validate", "drift", "rollback", "inventory"])
def test_a_report_of_a_command_that_only_reads(
    emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path, command: str
) -> None:
    root = repository({"devinops.yaml": CONFIG, "knowledge.yaml": notes("new")})
    assert devinops("apply", "-C", root, "--yes").code == 0
    emulator.clear_requests()
    file = tmp_path / "report"
    words = ["inventory", "list"] if command == "inventory" else [command]
    ran = with_room(1, *words, "-C", root, "--format", "json", "--report", f"json={file}")
    one_line(ran, 1, f"--report cannot write {file}: File too large: free up space, then run again")
    json.loads(ran.out)  # one document, and not a second one about the report
    assert not file.exists()
    assert writes(emulator) == []


@limited
def test_schemas_are_whole_or_not_there(devinops: Devinops, tmp_path: Path) -> None:
    ran = with_room(3000, "schema", "--directory", tmp_path)
    one_line(ran, 1, "--directory cannot write ", "File too large: free up space, then run again")
    for name in names(tmp_path):
        json.loads((tmp_path / name).read_text())
    assert devinops("schema", "--directory", tmp_path).code == 0


@limited
@pytest.mark.sampled(2, ci=2)
@pytest.mark.parametrize("room", [0, 350, 600, 850])
def test_init_writes_each_file_whole_and_goes_on_where_it_stopped(
    devinops: Devinops, tmp_path: Path, room: int
) -> None:
    root, whole = tmp_path / "root", tmp_path / "whole"
    root.mkdir()
    whole.mkdir()
    assert devinops("init", "-C", whole).code == 0
    wanted = {
        path.relative_to(whole): path.read_bytes() for path in whole.rglob("*") if path.is_file()
    }
    one_line(
        with_room(room, "init", "-C", root),
        1,
        "cannot write ",
        "File too large: free up space, then run again",
    )
    found = {
        path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }
    assert found.items() <= wanted.items()
    assert devinops("init", "-C", root).code == 0
    assert {
        path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()
    } == wanted


@limited
@pytest.mark.parametrize(
    "argv",
    [
        ["inventory", "forget", "knowledge:N00"],
        ["inventory", "link", "knowledge:N01", "ID"],
        ["inventory", "unlock", "r9"],
    ],
    ids=lambda argv: argv[1],
)
def test_mending_an_inventory_without_room_leaves_it_as_it_was(
    emulator: Emulator, repository: Write, devinops: Devinops, argv: list[str]
) -> None:
    root = repository({"devinops.yaml": CONFIG, "knowledge.yaml": notes("new")})
    assert devinops("apply", "-C", root, "--yes").code == 0
    path = root / ".devinops" / "production.jsonl"
    *lines, end = path.read_text().splitlines(keepends=True)
    intent = '{"intent": "r9", "action": "create", "key": "knowledge:other"}\n'
    path.write_text("".join([*lines, *([intent] if "unlock" in argv else []), end]))
    before = path.read_bytes()
    id = emulator.add("knowledge", name="N01", trigger="t", body="another")
    words = [id if word == "ID" else word for word in argv]
    one_line(
        with_room(100, *words, "-C", root),
        1,
        str(path),
        "File too large: free up space, then run again",
    )
    assert path.read_bytes() == before
    assert names(path.parent) == [".gitignore", "production.jsonl", "production.lock"]
    assert devinops(*words, "-C", root).code == 0


@limited
def test_the_emulator_does_not_start_without_room_for_its_state(tmp_path: Path) -> None:
    ran = with_room(10, "emulator", "--port", "0", "--state", tmp_path / "state.json")
    one_line(
        ran,
        1,
        f"{tmp_path / 'state.json'}: cannot write the state: File too large: free up space, then run again",
    )
    assert names(tmp_path) == []


def test_a_bug_is_reported_even_if_its_log_does_not_fit_on_the_disk(
    repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*_: object) -> None:
        raise RuntimeError("a bug on purpose")

    monkeypatch.setattr("devinops.cli.handlers.validate.read_repository", bug)
    monkeypatch.setattr("tempfile.mkstemp", failing(errno.ENOSPC))
    ran = devinops("validate", "-C", repository({}))
    assert ran.code == 70
    assert "a bug: RuntimeError" in ran.err
    assert "a bug on purpose" in ran.err


# --- a file that goes away --------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [errno.ENOENT, errno.EACCES, errno.EIO], ids=errno.errorcode.get)
def test_a_plan_file_that_cannot_be_opened_is_one_line(
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    error: int,
) -> None:
    root = repository({"devinops.yaml": WITHOUT, "knowledge.yaml": notes("new", 1)})
    file = tmp_path / "plan.json"
    assert devinops("plan", "-C", root, "--out", file).code == 0
    opened = os.open

    def guarded(path: Any, *arguments: Any, **options: Any) -> int:
        if path == file:
            raise OSError(error, os.strerror(error))
        return opened(path, *arguments, **options)

    monkeypatch.setattr(os, "open", guarded)
    for argv in (["show", file], ["apply", file, "-C", root]):
        one_line(devinops(*argv), 1, f"cannot read the plan {file}: {os.strerror(error)}")
    assert writes(emulator) == []
