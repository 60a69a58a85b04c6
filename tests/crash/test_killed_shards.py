"""Eight shards as eight processes over 40 organizations, in CI over 16, each from a fresh clone; two are killed and run again."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
import yaml

from devinops.emulator import Emulator
from devinops.inventory import InventorySettings, Place, open_stores
from devinops.model.shard import Shard
from devinops.model.target import Target
from tests.testing import forked_apply
from tests.testing.command_line import Devinops
from tests.testing.inventories import commit, git

pytestmark = pytest.mark.crash
SHARDS, KILLED = 8, 2
TAKES_ALL = os.environ.get("CRASH_MATRIX") == "all"
NAMES = [f"team-{number:02}" for number in range(40 if TAKES_ALL else 16)]
SEED = {"organizations": {f"org-{name}": {"name": name} for name in NAMES}}
ROUNDS = 50 if TAKES_ALL else 2
REQUESTS = 24 if TAKES_ALL else 9
"""About so many requests a shard sends in a round."""
LATEST_S = 0.5
"""A process is killed at the latest so long after a request, so that some die while they save."""


@dataclass
class Killer:
    """A layer of the emulator: kills the process of some shards after so many of its requests."""

    at: dict[int, tuple[int, float]] = field(default_factory=dict)
    seen: Counter[int] = field(default_factory=Counter)
    processes: list[BaseProcess] = field(default_factory=list)

    async def __call__(self, call: Any, ask: Any) -> Any:
        name = call.path.partition("/organizations/org-")[2].partition("/")[0]
        shard = NAMES.index(name) % SHARDS if name else None
        if shard in self.at:
            number, seconds = self.at[shard]
            self.seen[shard] += 1
            if self.seen[shard] == number:
                threading.Timer(seconds, self.kill, [self.processes[shard]]).start()
        return await ask(call)

    def kill(self, process: BaseProcess) -> None:
        with suppress(ProcessLookupError):
            os.kill(process.pid or 0, signal.SIGKILL)


@dataclass
class World:
    """A remote with the entries of all organizations, and the emulator that has them."""

    path: Path
    emulator: Emulator
    killer: Killer

    def __post_init__(self) -> None:
        git(self.path, "init", "-q", "--bare", "-b", "main", "remote.git")
        work = self.clone("work")
        config = {
            "version": 1,
            "defaults": {"inventory": {"store": "branch"}, "prune": "owned"},
            "targets": {name: {"org_id": f"org-{name}"} for name in NAMES},
        }
        (work / "devinops.yaml").write_text(yaml.safe_dump(config))

    def clone(self, name: str) -> Path:
        git(self.path, "clone", "-q", (self.path / "remote.git").as_uri(), name)
        return self.path / name

    def declare(self, number: int) -> dict[str, str]:
        """Push the notes of a round: one is edited, one is new, and that of the round before is gone."""
        bodies = {"Deploys": f"Version {number}.", f"Rule {number}": "Be kind."}
        work = self.path / "work"
        text = yaml.safe_dump(
            {"knowledge": [{"name": n, "trigger": n, "body": b} for n, b in bodies.items()]}
        )
        (work / "knowledge.yaml").write_text(text)
        git(work, "add", "-A")
        commit(work, "-m", f"round {number}")
        git(work, "push", "-q", "origin", "HEAD:main")
        return bodies

    def start(self, number: int, shard: int, attempt: int) -> BaseProcess:
        """Start the apply of a shard in a fresh clone."""
        name = f"{number}-{shard}-{attempt}"
        env = {
            **os.environ,
            "DEVIN_API_URL": self.emulator.url,
            "DEVIN_API_KEY": "cog_enterprise",
            "DEVINOPS_JOB": f"round {number}",
            "DEVINOPS_JOB_ATTEMPT": str(attempt),
        }
        options = [
            "-C",
            str(self.clone(name)),
            "-t",
            "all",
            "--shard",
            f"{shard}/{SHARDS}",
            "--yes",
        ]
        options += ["--allow", "delete=1", "--report", f"json={self.report(number, shard)}"]
        outputs = [self.path / f"{name}.{stream}" for stream in ("stdout", "stderr")]
        return forked_apply.start(options, env, outputs)

    def report(self, number: int, shard: int) -> Path:
        return self.path / f"report-{number}-{shard}.json"

    def finished(self, number: int, shard: int, attempt: int, process: BaseProcess) -> int:
        process.join(300)
        assert process.exitcode is not None, "apply hangs"
        if process.exitcode not in (0, -signal.SIGKILL):
            name = f"{number}-{shard}-{attempt}"
            texts = [
                (self.path / f"{name}.{stream}").read_text() for stream in ("stdout", "stderr")
            ]
            raise AssertionError(f"exit code {process.exitcode}: {texts}")
        return process.exitcode

    def problems(self, bodies: dict[str, str], number: int) -> list[str]:
        """Return what is not as declared: objects that are missing, twice or wrong, and their records."""
        targets = [Target(name, self.emulator.url, "v3", f"org-{name}") for name in NAMES]
        places = [Place(target, InventorySettings("branch")) for target in targets]
        stores = open_stores(places, self.clone(f"{number}-reader"))
        found = []
        for name in NAMES:
            notes = self.emulator.knowledge(f"org-{name}")
            live = sorted((note["name"], note["body"]) for note in notes)
            if live != sorted(bodies.items()):
                found.append(f"{name} has {live}")
            inventory = stores[name].read()
            owned = sorted(record.id for record in inventory.records)
            if owned != sorted(note["note_id"] for note in notes) or inventory.intents:
                found.append(f"the inventory of {name} has {owned} and {inventory.intents}")
        return found


def killed_and_again(world: World, number: int, chance: random.Random) -> int:
    """Run all shards, of which two die, and those two again; return how many have died."""
    shards = range(SHARDS)
    at = {
        shard: (chance.randint(1, REQUESTS), chance.random() * LATEST_S)
        for shard in chance.sample(shards, KILLED)
    }
    world.killer.at, world.killer.seen = at, Counter()
    # The names are shared out from the first one, which is in shard 1.
    numbers = [shard + 1 for shard in shards]
    world.killer.processes = []
    for shard in numbers:
        world.killer.processes.append(world.start(number, shard, 1))
    codes = [
        world.finished(number, n, 1, p)
        for n, p in zip(numbers, world.killer.processes, strict=True)
    ]
    world.killer.at = {}
    dead = [n for n, code in zip(numbers, codes, strict=True) if code]
    again = [world.start(number, shard, 2) for shard in dead]
    assert [world.finished(number, n, 2, p) for n, p in zip(dead, again, strict=True)] == [0] * len(
        dead
    )
    return len(dead)


def check_report(document: dict[str, Any], killed: bool) -> None:
    """Hold the merged report against what was done."""
    assert [target["name"] for target in document["targets"]] == NAMES
    assert document["exit_code"] == 0
    assert {target["exit_code"] for target in document["targets"]} == {0}
    # A target that needs nothing any more was done before its shard was killed.
    outcomes = [row["outcome"] for change in document["changes"] for row in change["targets"]]
    assert ({*outcomes} <= {"done"}, document["left"]) == (True, [])
    assert killed or len(outcomes) >= 2 * len(NAMES)


@pytest.mark.usefixtures("really_waits")
def test_killed_shards_go_on_and_all_organizations_are_right(
    tmp_path: Path, devinops: Devinops, record_property: Callable[[str, object], None]
) -> None:
    killer, chance, deaths = Killer(), random.Random(ROUNDS), 0
    with Emulator(SEED, layers=[killer]) as emulator:
        world = World(tmp_path, emulator, killer)
        for number in range(ROUNDS):
            bodies = world.declare(number)
            dead = killed_and_again(world, number, chance)
            deaths += dead
            assert world.problems(bodies, number) == []
            reports: Sequence[Path] = [
                world.report(number, shard) for shard in range(1, SHARDS + 1)
            ]
            ran = devinops("show", *reports, "--format", "json")
            assert ran.code == 0, ran.err
            check_report(json.loads(ran.out), killed=dead > 0)
            assert ".runs" not in git(tmp_path / "remote.git", "ls-tree", "--name-only", "devinops")
    assert [shard.of(NAMES)[0] for shard in (Shard(1, SHARDS), Shard(2, SHARDS))] == NAMES[:2]
    assert deaths
    record_property("killed shards", deaths)
