"""SIGKILL during an apply to five targets, with real processes; then its job runs again, in a fresh clone."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from devinops.emulator import Emulator
from tests.testing import forked_apply
from tests.testing.command_line import run_quietly
from tests.testing.inventories import commit, git
from tests.testing.killer import Killer

pytestmark = pytest.mark.crash
KILLS = 200 if os.environ.get("CRASH_MATRIX") == "all" else 8
CHUNKS = 2
TARGETS = [f"t{n}" for n in range(5)]


def note(name: str, body: str) -> dict[str, str]:
    return {"name": name, "trigger": "When asked", "body": body}


BEFORE = [note(name, "old") for name in ("Changed", "Deleted", "Same")]
AFTER = [note("Changed", "new"), note("Same", "old"), note("New 1", "new"), note("New 2", "new")]
THEIRS = note("Theirs", "theirs")
SEED = {
    "organizations": {
        target: {"knowledge": [n | {"id": f"{target}-{n['name']}"} for n in (*BEFORE, THEIRS)]}
        for target in TARGETS
    }
}
DEFAULTS = {"inventory": {"store": "branch"}, "prune": "owned"}
CONFIG = {"version": 1, "defaults": DEFAULTS, "targets": {t: {"org_id": t} for t in TARGETS}}

HOOK = """#!/bin/sh
cat > /dev/null
echo >> pushes
[ "$(wc -l < pushes)" -ne {nth} ] || kill -9 "$(cat victim)"
"""
"""Ends the process in the file `victim` at the n-th push."""

PUSHES = [(hook, nth) for hook in ("pre-receive", "post-receive") for nth in (1, 2)]
"""The first push has the intents, and the second the results."""


class Place:
    """A remote with an organization for each target, and fresh clones of it."""

    def __init__(self, path: Path, emulator: Emulator, killer: Killer) -> None:
        self.path, self.emulator, self.killer = path, emulator, killer
        self.remote, self._clones = path / "remote.git", 0

    def copy(self, name: str) -> Place:
        """Return a copy of the remote, with the organizations as they were at the start."""
        httpx.post(f"{self.emulator.url}/_emulator/reset").raise_for_status()
        shutil.copytree(self.remote, self.path.parent / name / "remote.git")
        return Place(self.path.parent / name, self.emulator, self.killer)

    def clone(self) -> Path:
        self._clones += 1
        name = f"clone-{self._clones}"
        git(self.path, "clone", "-q", "--depth=1", "--no-tags", self.remote.as_uri(), name)
        return self.path / name

    def push(self, notes: list[dict[str, str]]) -> None:
        root = self.clone()
        (root / "devinops.yaml").write_text(yaml.safe_dump(CONFIG))
        (root / "knowledge.yaml").write_text(yaml.safe_dump({"knowledge": notes}))
        git(root, "add", ".")
        commit(root, "-m", "notes")
        git(root, "push", "-q", "origin", "HEAD:main")

    def environment(self, **more: str) -> Mapping[str, str]:
        return {"DEVIN_API_URL": self.emulator.url, "DEVIN_API_KEY": "cog_enterprise"} | more

    def run(self, *arguments: str) -> tuple[int, Any]:
        """Run a command in a fresh clone, without the identity of the job."""
        more = ["-C", str(self.clone()), "-t", "all", "--format", "json"]
        code, out, _ = run_quietly([*arguments, *more], self.environment())
        return code, json.loads(out)

    def apply(self, attempt: int) -> int:
        """Run an attempt of the job in a process of its own; return what it exits with."""
        root = self.clone()
        job = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/app", "GITHUB_RUN_ID": "7"}
        job |= {"GITHUB_JOB": "apply", "GITHUB_RUN_ATTEMPT": str(attempt)}
        options = ["-t", "all", "--yes", "--root", str(root), "--format", "json"]
        out, err = (self.path / f"{attempt}.{name}" for name in ("stdout", "stderr"))
        with self.killer.starting:
            environment = {**os.environ, **self.environment(**job)}
            process = forked_apply.start(options, environment, (out, err))
            self.killer.process = process
            (self.remote / "victim").write_text(str(process.pid))
        code = self.killer.exit_code()
        assert not err.exists() or "Traceback" not in err.read_text(), err.read_text()
        return code

    def kill_at_push(self, name: str, nth: int) -> str:
        """End the next run in the hook `name` of its n-th push; return words for that."""
        hook = self.remote / "hooks" / name
        hook.write_text(HOOK.format(nth=nth))
        hook.chmod(0o755)
        return f"killed in {name} of push {nth}"

    def problems(self) -> Iterator[str]:
        """Say what is wrong in an organization or its inventory."""
        wanted = sorted((n["name"], n["body"]) for n in (*AFTER, THEIRS))
        files = git(self.remote, "ls-tree", "-r", "--name-only", "devinops").splitlines()
        if files != [f"{target}.jsonl" for target in TARGETS]:
            yield f"files: {files}"
        for target in TARGETS:
            notes = {n["note_id"]: n for n in self.emulator.knowledge(target)}
            if sorted((n["name"], n["body"]) for n in notes.values()) != wanted:
                yield f"{target}: {notes}"
            text = git(self.remote, "show", f"devinops:{target}.jsonl")
            lines = [json.loads(line) for line in text.splitlines()]
            owned = {id for id, n in notes.items() if n["name"] != "Theirs"}
            if {line["id"] for line in lines if "key" in line} != owned:
                yield f"the inventory of {target}: {text}"
            if [line["id"] for line in lines if "deleted" in line] != [f"{target}-Deleted"]:
                yield f"what was deleted in {target}: {text}"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Place]:
    """A remote whose notes changed since they were applied."""
    killer = Killer()
    with Emulator(SEED, layers=[killer]) as emulator:
        (tmp_path / "start").mkdir()
        place = Place(tmp_path / "start", emulator, killer)
        git(place.path, "init", "-q", "--bare", "-b", "main", "remote.git")
        place.push(BEFORE)
        assert place.run("apply", "--adopt", "--yes")[0] == 0
        place.push(AFTER)
        yield place


@pytest.mark.usefixtures("really_waits")
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_next_attempt_of_a_killed_job_finishes_all_targets(
    start: Place, chunk: int, record_property: Callable[[str, object], None]
) -> None:
    killer, chance = start.killer, random.Random(chunk)
    killer.seen = 0
    place = start.copy("undisturbed")
    assert (place.apply(1), [*place.problems()]) == (0, [])
    requests, deaths = killer.seen, 0
    for number in range(KILLS // CHUNKS):
        place = start.copy(str(number))
        killer.seen, pushes = 0, PUSHES[chunk::CHUNKS]
        if number < len(pushes):
            where = place.kill_at_push(*pushes[number])
        else:
            killer.at, killer.after = chance.randrange(requests), chance.random() < 0.5
            where = f"killed {'after' if killer.after else 'before'} request {killer.at}"
        deaths += place.apply(1) == -signal.SIGKILL
        killer.at = None
        code, answer = place.run("plan")
        assert code == 0, (where, answer)
        assert place.apply(2) == 0, where
        assert [*place.problems()] == [], where
        code, answer = place.run("plan", "--detailed-exitcode")
        assert code == 0, (where, answer)
    assert deaths == KILLS // CHUNKS
    record_property("kills of an apply to five targets", deaths)
