"""A create of which nobody saw the end, over real HTTP: whatever comes between, the next run makes no second object."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from devinops.emulator import Emulator
from tests.testing.command_line import Devinops, Write
from tests.testing.documents import read_one
from tests.testing.waiting import LONG_S, Waits, until

CONFIG = "version: 1\ntargets: {production: {inventory: {store: file}}}\n"
NOTE = "---\nname: A\ntrigger: t\n---\nBody.\n"
LATE = {"fault": "late-object", "lost": True, "times": 1}


@pytest.fixture
def root(repository: Write) -> Path:
    return repository({"devinops.yaml": CONFIG, "knowledge/a.md": NOTE})


def creates(emulator: Emulator) -> int:
    return sum(request["method"] == "POST" for request in emulator.requests)


def inventory(root: Path) -> list[dict[str, Any]]:
    """Return the lines of the inventory between header and end."""
    lines = (root / ".devinops" / "production.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines[1:-1]]


# Of the lists of a run one is for the plan and one for the look at the end; a create without an answer adds three.


@pytest.mark.parametrize("hidden", [4, 5, 7])
def test_what_shows_up_late_is_found_by_the_next_run(
    root: Path, emulator: Emulator, devinops: Devinops, hidden: int
) -> None:
    emulator.faults = [LATE | {"lists": hidden}]
    first = devinops("apply", "--yes", "-C", root)
    unclear = [line["unclear"] for line in inventory(root) if "failed" not in line]
    assert (first.code, unclear) == (3, [True])
    second = devinops("apply", "--yes", "-C", root)
    assert second.code == 0, second.out + second.err
    assert ("an earlier run may have created knowledge:A" in second.err) == (hidden > 4)
    assert (creates(emulator), len(emulator.knowledge())) == (1, 1)
    assert [line["key"] for line in inventory(root)] == ["knowledge:A"]


def test_plan_looks_again_as_well(root: Path, emulator: Emulator, devinops: Devinops) -> None:
    emulator.faults = [LATE | {"lists": 6}]
    devinops("apply", "--yes", "-C", root)
    ran = devinops("plan", "-C", root)
    assert "checking again in 1 s" in ran.err
    assert "<= knowledge:A" in ran.out


def test_what_never_shows_up_is_created_after_the_looks(
    root: Path, emulator: Emulator, devinops: Devinops
) -> None:
    emulator.faults = [{"method": "POST", "fault": "drop", "when": "before", "times": 1}]
    assert devinops("apply", "--yes", "-C", root).code == 3
    ran = devinops("apply", "--yes", "-C", root)
    assert (ran.code, ran.err.count("checking again")) == (0, 3)
    assert (creates(emulator), len(emulator.knowledge())) == (2, 1)
    assert ["unclear" in line for line in inventory(root)] == [False]


def test_the_looks_of_the_next_run_are_apart(
    root: Path, emulator: Emulator, devinops: Devinops, waits: Waits
) -> None:
    emulator.faults = [{"method": "POST", "fault": "drop", "when": "before", "times": 1}]
    devinops("apply", "--yes", "-C", root)
    waits.clear()
    said = [
        line for line in devinops("plan", "-C", root).err.splitlines() if "checking again" in line
    ]
    assert [line.partition("checking again in ")[2] for line in said] == ["1 s", "3 s", "9 s"]
    assert waits == [1, 3, 9]


def test_another_key_waits_for_nothing(root: Path, emulator: Emulator, devinops: Devinops) -> None:
    emulator.faults = [LATE | {"lists": 100}]
    devinops("apply", "--yes", "-C", root)
    (root / "knowledge" / "a.md").write_text(NOTE.replace("name: A", "name: B"))
    ran = devinops("apply", "--yes", "-C", root)
    assert (ran.code, "checking again" in ran.err) == (0, False)


def test_a_rollback_looks_again_before_it_creates(
    root: Path, emulator: Emulator, devinops: Devinops
) -> None:
    assert devinops("apply", "--yes", "-C", root).code == 0
    (root / "knowledge" / "a.md").write_text("---\nname: A\nensure: absent\n---\n")
    assert devinops("apply", "--yes", "-C", root, "--allow", "delete=1").code == 0
    emulator.faults = [LATE | {"lists": 6}]
    assert devinops("rollback", "latest", "--yes", "-C", root).code == 3
    before = creates(emulator)
    ran = devinops("rollback", "latest", "--yes", "-C", root)
    assert (ran.code, "checking again" in ran.err) == (0, True)
    assert (creates(emulator), len(emulator.knowledge())) == (before, 1)


# --- as a process -----------------------------------------------------------------------------------------


def start(root: Path) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "devinops",
        "apply",
        "--yes",
        "-C",
        str(root),
        "--format",
        "json",
    ]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.matrix
def test_a_killed_run_may_have_created_what_is_not_listed_yet(
    root: Path, emulator: Emulator, devinops: Devinops
) -> None:
    emulator.faults = [LATE | {"lists": 2}]
    with start(root) as running:
        until(lambda: creates(emulator) == 1)
        os.kill(running.pid, signal.SIGKILL)
        running.communicate()
    assert len(emulator.knowledge()) == 1
    ran = devinops("apply", "--yes", "-C", root)
    assert ran.err.count("checking again") == 2
    assert (ran.code, creates(emulator), len(emulator.knowledge())) == (0, 1, 1)


@pytest.mark.matrix
def test_ctrl_c_while_a_create_is_looked_for_is_answered_at_once_and_forgets_nothing(
    root: Path, emulator: Emulator, devinops: Devinops
) -> None:
    emulator.faults = [LATE | {"lists": 3}]
    with start(root) as running:
        # the plan's list, the create, the first look after a second
        until(lambda: len([r for r in emulator.requests if r["path"].startswith("/v3/org")]) >= 4)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=LONG_S)
    (result,) = read_one(out)["results"]
    assert (running.returncode, result["outcome"], result["unclear"]) == (130, "failed", True)
    assert "interrupted before the search for it was complete" in result["message"]
    assert "Traceback" not in err
    ran = devinops("apply", "--yes", "-C", root)
    assert (ran.code, creates(emulator), len(emulator.knowledge())) == (0, 1, 1)


@pytest.mark.matrix
@pytest.mark.sampled(2, ci=2)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_stops_at_once(
    root: Path, emulator: Emulator, devinops: Devinops, number: signal.Signals
) -> None:
    emulator.faults = [{"method": "POST", "fault": "hang", "when": "after", "times": 1}]
    with start(root) as running:
        assert running.stderr
        until(lambda: creates(emulator) == 1)
        running.send_signal(number)
        said = ""
        while "again to stop at once" not in said:
            said += running.stderr.readline()
        assert running.poll() is None
        running.send_signal(number)
        out, _ = running.communicate(timeout=LONG_S)
    assert (running.returncode, out) == (128 + number, "")
    assert inventory(root)[0]["intent"]
    emulator.faults = []
    ran = devinops("apply", "--yes", "-C", root)
    assert (ran.code, len(emulator.knowledge())) == (0, 1)


@pytest.mark.matrix
def test_ctrl_c_ends_the_wait_after_a_429(root: Path, emulator: Emulator) -> None:
    emulator.faults = [{"method": "POST", "fault": "rate-limit", "retry_after": 1000}]
    with start(root) as running:
        until(lambda: creates(emulator) == 1)
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=LONG_S)
    (result,) = read_one(out)["results"]
    assert (running.returncode, result["outcome"], result["unclear"]) == (130, "failed", False)
    assert result["message"].endswith("not retried: the run was interrupted")
    assert (creates(emulator), emulator.knowledge()) == (1, [])
