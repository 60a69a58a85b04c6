"""`python -m benchmarks.rollout`: simulates rollouts in three waves, with what goes wrong in days.

The emulator holds the organizations, and a clock of its own passes over days of soak. Between runs
of `apply --wave due`, runs are killed, organizations fail, notes are edited in the web app, new
commits are made, and single organizations get a hotfix. After each run, the simulation checks that
no wave started early; in the end, all organizations must have the last commit.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from devinops.emulator import Emulator

SOAK = timedelta(hours=24)
MOST_FAILED = 1
RATE = 200
EVENTS = ("apply",) * 6 + ("wait",) * 4 + ("kill", "edit", "break", "repair", "commit", "hotfix")
MOST_ROUNDS = 40
"""How many runs may pass until the rollout is over, once nothing goes wrong any more."""
_WITH_CLOCK = """\
import datetime as library, sys
from devinops.cli.runs import apply
from devinops.cli.runs import waves
from devinops.__main__ import run
time = library.datetime.fromisoformat(sys.argv[1])
class Clock:
    now = staticmethod(lambda zone: time)
for module in (apply, waves):
    module.datetime = Clock
sys.argv[1:] = sys.argv[2:]
run()
"""


class Simulation:
    """A repository with waves, and its organizations in an emulator."""

    def __init__(self, directory: Path, emulator: Emulator, number: int, seed: int) -> None:
        self.root, self.emulator, self.random = directory / "work", emulator, random.Random(seed)
        self.now = datetime(2026, 3, 12, 12, tzinfo=UTC)
        sizes = (max(2, number // 100), max(3, number // 10))
        rings = ["canary"] * sizes[0] + ["early"] * sizes[1]
        rings += ["rest"] * (number - len(rings))
        self.rings = {f"org-{n:04}": ring for n, ring in enumerate(rings)}
        self.version = 0
        self.seen = dict.fromkeys(self.rings, (-1, self.now))
        self.broken: set[str] = set()
        self.edited: set[str] = set()
        self.hotfixed: set[tuple[str, int]] = set()
        (self.root / "knowledge").mkdir(parents=True)
        (self.root / "devinops.yaml").write_text(json.dumps(self.settings()))
        self.git("init", "-q", "--bare", "-b", "main", str(directory / "remote.git"))
        self.git("init", "-q", "-b", "main")
        self.git("remote", "add", "origin", str(directory / "remote.git"))
        self.commit()
        self.git("push", "-q", "origin", "main")

    def settings(self) -> dict[str, Any]:
        wave = {"soak": "24h", "max_failed": MOST_FAILED}
        return {
            "version": 1,
            "defaults": {"inventory": {"store": "branch"}, "prune": "owned"},
            "waves": [
                *({"name": name, "where": {"ring": name}, **wave} for name in ("canary", "early")),
                {"name": "rest", "max_failed": MOST_FAILED},
            ],
            "targets": {
                org: {"org_id": org, "labels": {"ring": ring}} for org, ring in self.rings.items()
            },
        }

    def git(self, *arguments: str) -> None:
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
        subprocess.run(["git", *who, *arguments], cwd=self.root, check=True)

    def commit(self) -> None:
        self.version += 1
        text = f"---\nname: Deploys\ntrigger: When deploying\n---\nVersion {self.version}.\n"
        (self.root / "knowledge" / "deploys.md").write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", f"Version {self.version}")

    # --- what happens -----------------------------------------------------------------------------

    def happen(self, event: str) -> None:
        org = self.random.choice(list(self.rings))
        if event == "wait":
            self.now += timedelta(hours=self.random.randint(1, 30))
        elif event == "commit":
            self.commit()
        elif event == "edit" and self.emulator.knowledge(org):
            self.emulator.edit(
                "knowledge", self.emulator.knowledge(org)[0]["note_id"], body="Ours."
            )
            self.edited.add(org)
        elif event == "hotfix":
            self.hotfix(org)
        elif event in ("break", "repair"):
            self.broken = {org} if event == "break" else set()
            faults = {"path": f"/v3/organizations/{org}/**", "fault": "status", "status": 503}
            self.emulator.faults = [faults] if self.broken else []
        elif event in ("apply", "kill"):
            self.run("apply", "--wave", "due", "--yes", "-q", kill=event == "kill")
            self.check()

    def hotfix(self, org: str) -> None:
        self.hotfixed.add((org, self.version))
        self.run("apply", "-t", org, "--yes", "--on-conflict", "git", "--on-drift", "overwrite")
        self.edited.discard(org)
        self.look()

    def run(self, *arguments: str, kill: bool = False) -> int:
        attempt = os.environ | {
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": "acme/app",
            "GITHUB_RUN_ID": "1",
            "GITHUB_JOB": "rollout",
            "GITHUB_RUN_ATTEMPT": str(int(monotonic() * 1000)),
            "DEVIN_API_URL": self.emulator.url,
            "DEVIN_API_KEY": "cog_enterprise",
        }
        command = [sys.executable, "-c", _WITH_CLOCK, self.now.isoformat(), *arguments]
        process = subprocess.Popen(
            command, cwd=self.root, env=attempt, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        try:
            _, errors = process.communicate(timeout=self.random.uniform(2, 12) if kill else None)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return -9
        assert process.returncode in (0, 1, 3, 4, 5), errors.decode()
        return process.returncode

    def progress(self) -> str:
        reached = sum(version == self.version for version, _ in self.seen.values())
        return f"{reached} of {len(self.rings)} have version {self.version}"

    # --- what must hold ---------------------------------------------------------------------------

    def look(self) -> set[str]:
        """Note when each organization got its version; return those that got one since."""
        changed = set()
        for org in self.rings:
            notes = self.emulator.knowledge(org)
            assert len(notes) < 2, f"{org} has the note twice"
            body = notes[0]["body"] if notes else ""
            version = int(body[8:-1]) if body.startswith("Version ") else self.seen[org][0]
            if version != self.seen[org][0]:
                self.seen[org] = version, self.now
                changed.add(org)
        return changed

    def check(self) -> None:
        """Check that no wave has started early."""
        changed = self.look()
        names = ["canary", "early", "rest"]
        for number, ring in enumerate(names):
            if not any(self.rings[org] == ring for org in changed):
                continue
            for before in names[:number]:
                members = [org for org, its in self.rings.items() if its == before]
                current = [org for org in members if self.seen[org][0] == self.version]
                assert len(members) - len(current) <= MOST_FAILED, f"{ring} started before {before}"
                times = [self.seen[org][1] for org in current if org not in changed]
                assert all(self.now >= at + SOAK for at in times), f"{ring} did not wait"

    def finish(self) -> int:
        """Repair everything, and return how many runs it takes until all is done."""
        self.happen("repair")
        for org in tuple(self.edited):
            self.hotfix(org)
        for number in range(MOST_ROUNDS):
            if all(version == self.version for version, _ in self.seen.values()):
                return number
            self.happen("apply")
            self.now += timedelta(hours=12)
        raise AssertionError("the rollout did not reach all organizations")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--organizations", type=int, default=1_000)
    parser.add_argument("--events", type=int, default=40)
    parser.add_argument("--histories", type=int, default=1)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    chosen = parser.parse_args()
    for seed in range(chosen.seed, chosen.seed + chosen.histories):
        organizations: dict[str, object] = {f"org-{n:04}": {} for n in range(chosen.organizations)}
        started = monotonic()
        seeded = {"organizations": organizations}
        with TemporaryDirectory() as directory, Emulator(seeded, rate_limit=RATE) as emulator:
            simulation = Simulation(Path(directory), emulator, chosen.organizations, seed)
            events = simulation.random.choices(EVENTS, k=chosen.events)
            for event in events:
                simulation.happen(event)
                print(f"{simulation.now:%d %H:%M} {event}: {simulation.progress()}", flush=True)
            runs = simulation.finish()
        seconds = monotonic() - started
        print(f"seed {seed}: {len(events)} events, then {runs} runs to the end, {seconds:.0f} s")


if __name__ == "__main__":
    main()
