"""A rollout in waves, over real HTTP and real Git: which wave may start, and what stops it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from devinops.cli.runs import apply, waves
from devinops.emulator import Emulator
from devinops.emulator.store import Store
from devinops.planning.digest_list import DigestList
from tests.testing.command_line import Devinops, Write
from tests.testing.inventories import commit, git

pytestmark = pytest.mark.matrix  # each test runs over several targets

ORGANIZATIONS = ("a", "b", "c", "d", "e")
SEED = {"organizations": {f"org-{name}": {"knowledge": []} for name in ORGANIZATIONS}}
NOTE = "---\nname: Deploys\ntrigger: When deploying\n---\nRun make deploy.\n"
CANARY = {"name": "canary", "where": {"ring": "canary"}, "soak": "24h"}


class Clock:
    """What replaces `datetime` where a run asks for the time, which then goes on by a `step`.

    The clock of the API is `ahead`.
    """

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 12, 12, tzinfo=UTC)
        self.step = self.ahead = timedelta()

    def now(self, _: Any) -> datetime:
        self.time += self.step
        return self.time

    def of_the_api(self) -> float:
        return (self.time + self.ahead).timestamp()

    def forward(self, **parts: int) -> None:
        self.time += timedelta(**parts)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (apply, waves):
        monkeypatch.setattr(module, "datetime", clock)
    monkeypatch.setattr("devinops.emulator.app.Store", partial(Store, clock=clock.of_the_api))
    return clock


@pytest.fixture
def emulator(use: Callable[..., None], clock: Clock) -> Iterator[Emulator]:
    with Emulator(SEED) as running:
        use(running.url, "cog_enterprise")
        yield running


class Rollout:
    """A repository with five targets: a and b are canaries, e is held."""

    def __init__(self, repository: Write, devinops: Devinops, remote: Path) -> None:
        self.write, self.devinops, self.remote = repository, devinops, remote
        self.settings: dict[str, dict[str, Any]] = {
            name: {"org_id": f"org-{name}"} for name in ORGANIZATIONS
        }
        for name in ("a", "b"):
            self.settings[name]["labels"] = {"ring": "canary"}
        self.settings["e"]["hold"] = "waits for the audit"
        git(remote.parent, "init", "-q", "--bare", "-b", "main", str(remote))
        self.root = self.commit([CANARY, {"name": "rest"}])
        git(self.root, "remote", "add", "origin", str(remote))
        git(self.root, "push", "-q", "origin", "main")

    def commit(self, waves: list[dict[str, Any]] | None = None, note: str = NOTE) -> Path:
        if waves is not None:
            self.waves = waves
        config = {
            "version": 1,
            "defaults": {"inventory": {"store": "branch"}, "prune": "owned"},
            "waves": self.waves,
            "targets": self.settings,
        }
        text = yaml.safe_dump(config, sort_keys=False)
        root = self.write({"devinops.yaml": text, "knowledge/deploys.md": note})
        if not (root / ".git").exists():
            git(root, "init", "-q", "-b", "main")
        git(root, "add", "-A")
        commit(root, "-m", "change")
        return root

    def run(self, command: str, *arguments: Any) -> Any:
        return self.devinops(command, *arguments, "-C", self.root)

    def apply(self, wave: str, *arguments: Any) -> tuple[int, str]:
        ran = self.run("apply", "--wave", wave, "--yes", *arguments)
        print(ran.out, ran.err)  # shown if the test fails
        return ran.code, " ".join((ran.out + ran.err).split())

    def states(self) -> dict[str, str]:
        document = json.loads(self.run("targets", "waves", "--format", "json").out)
        return {wave["name"]: wave["state"] for wave in document["waves"]}


@pytest.fixture
def rollout(repository: Write, devinops: Devinops, emulator: Emulator, tmp_path: Path) -> Rollout:
    return Rollout(repository, devinops, tmp_path / "remote.git")


def reached(emulator: Emulator) -> str:
    """Return the organizations that have the note."""
    return "".join(name for name in ORGANIZATIONS if emulator.knowledge(f"org-{name}"))


def test_a_change_goes_from_wave_to_wave(
    rollout: Rollout, emulator: Emulator, clock: Clock
) -> None:
    code, out = rollout.apply("rest")
    assert (code, reached(emulator)) == (4, "")
    assert "the wave rest may not start: it waits for canary, which has 2 targets to do" in out

    assert rollout.apply("due")[0] == 0
    assert reached(emulator) == "ab"
    clock.forward(hours=20)
    code, out = rollout.apply("rest")
    assert (code, reached(emulator)) == (4, "ab")
    assert "waits for canary, which soaks until 2026-03-13 12:00 UTC; nothing was written" in out
    code, out = rollout.apply("due")
    assert (code, reached(emulator)) == (0, "ab")
    assert "no wave is due: canary soaks until 2026-03-13 12:00 UTC" in out

    clock.forward(hours=4)
    code, out = rollout.apply("due")
    assert (code, reached(emulator)) == (0, "abcd"), out
    assert "Applied to 2 of 2 organizations: 2 changes done; e held." in out
    assert "no wave is due: all waves are done" in rollout.apply("due")[1]

    # A newer commit begins again, and so does its soak.
    rollout.commit(note=NOTE.replace("make", "just"))
    assert rollout.states() == {"canary": "ready", "rest": "waiting"}
    assert rollout.apply("due")[0] == 0
    assert rollout.states() == {"canary": "soaking", "rest": "waiting"}


@pytest.mark.parametrize(
    ("step", "ahead", "until"),
    [
        # The clock is read for the gate, for the run, and in each target before its write, after it,
        # and at the end.
        (timedelta(hours=1), timedelta(), "19:00"),
        (timedelta(), timedelta(hours=2), "14:00"),
        (timedelta(), timedelta(hours=-2), "12:00"),
    ],
    ids=["a long run", "an API whose clock is ahead", "an API whose clock is behind"],
)
def test_a_soak_begins_with_the_answer_to_the_last_write(
    rollout: Rollout,
    emulator: Emulator,
    clock: Clock,
    step: timedelta,
    ahead: timedelta,
    until: str,
) -> None:
    clock.step, clock.ahead = step, ahead
    assert rollout.apply("canary", "--parallelism", 1)[0] == 0
    clock.step = timedelta()
    clock.forward(hours=5)
    # An edit, and the apply that shows it, are no write.
    emulator.edit("knowledge", emulator.knowledge("org-a")[0]["note_id"], body="Edited.")
    assert rollout.apply("canary")[0] == 0
    assert f"canary soaks until 2026-03-13 {until} UTC" in rollout.run("targets", "waves").out


def test_where_the_rollout_is_can_be_seen_at_a_glance(
    rollout: Rollout, emulator: Emulator, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(rollout.root)
    assert rollout.apply("due")[0] == 0
    emulator.add("knowledge", org="org-c", name="Deploys", trigger="t", body="Ours.")
    head = git(rollout.root, "rev-parse", "HEAD")
    ran = rollout.run("targets", "waves")
    assert ran.out == (
        f"Rollout of commit {head[:12]}: canary soaks until 2026-03-13 12:00 UTC\n"
        "\n"
        "WAVE    STATE    TARGETS  DONE  TO DO  FAILED  HELD\n"
        "canary  soaking        2     2      0       0     0\n"
        "rest    waiting        2     0      1       1     1\n"
        "\n"
        "rest waits for canary\n"
        "! failed in rest: c: blocked until a person decides\n"
        "* held in rest: e: waits for the audit\n"
        "To see why a target failed: devinops plan -t NAME\n"
        "To keep a target out: add hold: REASON to its settings; remove it to let it in\n"
    )
    clock.forward(hours=24)
    assert rollout.states() == {"canary": "done", "rest": "stopped"}
    code, out = rollout.apply("due")
    assert (code, reached(emulator)) == (4, "abc")
    assert (
        "rest has stopped: 1 of 2 targets failed, and its max_failed is 0; nothing was written (c: "
        "blocked until a person decides)"
    ) in out
    # A person decides about it in the same run that goes on.
    assert rollout.apply("due", "--adopt")[0] == 0
    assert reached(emulator) == "abcd"


def test_max_failed_stops_a_wave_or_lets_the_next_one_start(
    rollout: Rollout, emulator: Emulator, clock: Clock
) -> None:
    rollout.commit([CANARY | {"soak": "0h"}, {"name": "rest"}])
    emulator.faults = [
        {"method": "POST", "path": "/v3/organizations/org-a/**", "fault": "status", "status": 422}
    ]
    code, out = rollout.apply("canary", "--parallelism", 1)
    assert (code, reached(emulator)) == (1, "")
    assert "not started: in the wave canary, more targets failed than its max_failed of 0" in out

    rollout.commit([CANARY | {"soak": "0h", "max_failed": 1}, {"name": "rest"}])
    code, _ = rollout.apply("canary", "--parallelism", 1)
    assert (code, reached(emulator)) == (3, "b")
    assert "rest may start, with 2 targets to do" in rollout.run("targets", "waves").out
    assert rollout.apply("due")[0] == 0
    assert reached(emulator) == "bcd"
    # When nothing else is left, what failed is tried again.
    summary = "all waves are done; 1 target of canary can be tried again\n"
    assert summary in rollout.run("targets", "waves").out
    emulator.faults = []
    assert rollout.apply("due")[0] == 0
    assert reached(emulator) == "abcd"


def test_what_is_tried_again_does_not_hide_where_the_rollout_is(
    rollout: Rollout, emulator: Emulator, clock: Clock
) -> None:
    rollout.commit([CANARY | {"max_failed": 1}, {"name": "rest"}])
    emulator.faults = [
        {"method": "POST", "path": "/v3/organizations/org-a/**", "fault": "status", "status": 422}
    ]
    code, out = rollout.apply("due")
    assert (code, reached(emulator)) == (3, "b")
    # Without the wave, this would be refused if more than one target were left.
    assert f"To finish, run devinops apply -C {os.path.relpath(rollout.root)} --wave canary" in out
    out = rollout.run("targets", "waves").out
    soaking = "canary soaks until 2026-03-13 12:00 UTC"
    assert f"{soaking}; 1 target of canary can be tried again" in " ".join(out.split())
    assert out.count(soaking) == 1
    emulator.add("knowledge", org="org-c", name="Deploys", trigger="t", body="Ours.")
    clock.forward(hours=24)
    out = " ".join(rollout.run("targets", "waves").out.split())
    assert "rest has stopped: 1 of 2 targets failed, and its max_failed is 0; 1 target of" in out


def test_a_target_that_no_apply_has_tried_is_no_failure_to_tolerate(
    rollout: Rollout, emulator: Emulator
) -> None:
    rollout.commit([CANARY | {"soak": "0h", "max_failed": 1}, {"name": "rest"}])
    assert rollout.run("apply", "-t", "a", "--yes").code == 0
    assert rollout.states() == {"canary": "ready", "rest": "waiting"}
    refuse = {"method": "POST", "path": "/v3/organizations/org-b/**", "fault": "status"}
    emulator.faults = [refuse | {"status": 422}]
    assert rollout.apply("canary")[0] == 1
    assert rollout.states() == {"canary": "done", "rest": "ready"}
    # The next commit has not been tried.
    rollout.commit(note=NOTE.replace("make", "just"))
    assert rollout.run("apply", "-t", "a", "--yes").code == 0
    assert rollout.states() == {"canary": "ready", "rest": "waiting"}


def test_a_wave_of_failures_says_why_it_has_stopped_although_they_are_tolerated(
    rollout: Rollout, emulator: Emulator
) -> None:
    rollout.settings["b"]["hold"] = "waits for the audit"
    rollout.commit([CANARY | {"max_failed": 1}, {"name": "rest"}])
    emulator.faults = [{"path": "/v3/organizations/org-a/**", "fault": "status", "status": 403}]
    code, out = rollout.apply("due")
    assert (code, reached(emulator)) == (4, "")
    assert "canary has stopped: 1 of 1 target failed, and at least one must be done; nothing" in out


def test_without_a_wave_several_targets_need_an_option_and_a_hotfix_needs_none(
    rollout: Rollout, emulator: Emulator
) -> None:
    ran = rollout.run("apply", "-t", "all", "--yes")
    assert (ran.code, reached(emulator)) == (4, "")
    assert (
        "writes to 4 targets outside the waves of devinops.yaml: pass --wave due, or --allow out-of-wave"
        in ran.err
    )
    plan = json.loads(rollout.run("plan", "-t", "all", "--format", "json").out)
    assert (plan["exit_code"], plan["refusals"]) == (0, [])
    assert rollout.run("apply", "-t", "c", "--yes").code == 0
    assert rollout.run("apply", "-t", "a", "-t", "c", "--yes").code == 0
    assert rollout.run("apply", "-t", "all", "--yes", "--allow", "out-of-wave").code == 0
    assert reached(emulator) == "abcd"


def test_the_wave_of_a_plan_is_that_of_its_digest(rollout: Rollout, emulator: Emulator) -> None:
    for wave in ("canary", "due"):
        plan = json.loads(rollout.run("plan", "--wave", wave, "--format", "json").out)
        assert [target["name"] for target in plan["targets"]] == ["a", "b"]
    code, _ = rollout.apply("canary", "--expect", plan["digest"])
    assert (code, reached(emulator)) == (0, "ab")


def test_a_gate_is_about_the_same_commit_and_waves(
    rollout: Rollout, emulator: Emulator, clock: Clock, tmp_path: Path
) -> None:
    gate = tmp_path / "gate.json"

    def ask() -> None:
        gate.write_text(rollout.run("targets", "waves", "--format", "json").out)

    ask()
    code, out = rollout.apply("rest", "--gate", gate)
    assert (code, "waits for canary, which has 2 targets to do" in out) == (4, True)
    emulator.clear_requests()
    assert rollout.apply("due", "--gate", gate)[0] == 0
    assert reached(emulator) == "ab"
    assert not any("org-c" in request["path"] for request in emulator.requests)

    clock.forward(hours=24)
    ask()
    rollout.commit(note=NOTE.replace("make", "just"))
    code, out = rollout.apply("rest", "--gate", gate)
    assert (code, "is about the commit" in out, reached(emulator)) == (1, True, "ab")
    document = json.loads(gate.read_text())
    document["commit"] = git(rollout.root, "rev-parse", "HEAD")
    sound = [dict(wave) for wave in document["waves"]]
    document["waves"][1]["targets"] = ["c"]
    for text, why in (
        (json.dumps(document), "is about other waves or targets"),
        (json.dumps(document | {"waves": sound[:1]}), "is about other waves or targets"),
        (json.dumps(document | {"waves": sound[:1] + sound}), "is about other waves or targets"),
        (json.dumps(document | {"waves": sound, "due": "none"}), "is about other waves or targets"),
        ("{}", "is not a report of devinops targets waves"),
    ):
        gate.write_text(text)
        code, out = rollout.apply("rest", "--gate", gate)
        assert (code, why in out) == (1, True)
    gate.unlink()
    assert "cannot read" in rollout.apply("rest", "--gate", gate)[1]


def test_a_forged_gate_starts_a_wave_early_but_writes_only_what_was_reviewed(
    rollout: Rollout, emulator: Emulator, clock: Clock, tmp_path: Path
) -> None:
    rollout.commit([CANARY, {"name": "rest", "max_failed": 1}])
    document = json.loads(rollout.run("targets", "waves", "--format", "json").out)
    document["waves"][1]["may_start"] = True
    gate, reviewed = tmp_path / "gate.json", tmp_path / "digests"
    gate.write_text(json.dumps(document))
    plan = json.loads(rollout.run("plan", "-t", "c", "--format", "json").out)
    reviewed.write_text(str(DigestList({"c": plan["digest"], "d": plan["digest"]})))
    code, out = rollout.apply("rest", "--gate", gate, "--expect", reviewed)
    assert (code, reached(emulator)) == (3, "c"), out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "apply --wave cannary --yes",
            'devinops.yaml has no wave "cannary" (did you mean "canary"?)',
        ),
        ("apply --wave due -t a --yes", "--wave selects the targets: leave out --target"),
        ("plan --wave canary --affected HEAD", "leave out --target and --affected"),
        ("apply -t a --gate x.json --yes", "--gate is for --wave"),
        ("apply --wave due --allow out-of-wave --yes", "--allow out-of-wave for a run without it"),
        ("targets waves -t a", "targets waves shows all waves: leave out --target"),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(
    rollout: Rollout, words: str, message: str
) -> None:
    ran = rollout.run(*words.split())
    assert (ran.code, message in ran.err) == (64, True), ran.err
