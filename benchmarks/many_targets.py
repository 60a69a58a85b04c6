"""`python -m benchmarks.many_targets`: what many organizations take at a limit of requests.

All organizations have the same notes, one key and one inventory branch, and the repository owns all
notes. Then a plan finds nothing to do, and an apply updates one note in each organization.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.commands import ours, write
from benchmarks.comparison import Checks, Numbers
from benchmarks.measure import run_and_read
from benchmarks.repositories import entry
from benchmarks.results import Result, lines
from benchmarks.servers.client import Server, server

ORGANIZATIONS = 1_000
NOTES = 50
RATE = 50
LATENCIES_MS = (50, 300)

MOST_MB = 600
MOST_TIME = 1.25
"""Times what the requests need at the rate."""
MOST_REFUSED = 0.01
QUIET = 1.05
"""Requests for each organization in which nothing changes: one list of notes, and some to spare."""
CHANGED = 4.3
"""Requests for each organization in which a note is updated: two lists, a read and a write."""
_SETTINGS = """\
version: 1
defaults: {inventory: {store: branch}, prune: owned}
targets: targets.yaml
max_targets: 1000000
"""


def measure(
    check: Checks,
    *,
    latency_ms: float,
    organizations: int = ORGANIZATIONS,
    notes: int = NOTES,
    rate: float = RATE,
) -> None:
    """Measure a first apply that adopts all notes, a plan after it, and an apply of one change."""
    with TemporaryDirectory() as temporary:
        seed = write("seed", notes, Path(temporary) / "seed.json")
        root = _repository(Path(temporary), organizations, notes)
        limits = str(rate), str(organizations)
        with server("devin", str(seed), *limits, latency_ms=latency_ms) as devin:
            many = _Many(check, devin, root, organizations, rate)
            many.run("first apply", "apply", "--yes")
            many.run("quiet plan", "plan", requests=QUIET)
            path = root / "knowledge" / entry(0).folder / "note-00000.md"
            path.write_text(path.read_text() + "One more line.\n")
            text = many.run("apply of one change", "apply", "--yes", requests=CHANGED)
            if f"update in all {organizations:,}" not in text:
                raise RuntimeError(f"the change is not the same everywhere:\n{text}")


def _repository(directory: Path, organizations: int, notes: int) -> Path:
    """Return a repository whose notes are for all organizations, with a remote."""
    root = write("markdown", notes, directory / "repository")
    (root / "devinops.yaml").write_text(_SETTINGS)
    targets = (f"  team-{number}: {{org_id: org-{number}}}\n" for number in range(organizations))
    (root / "targets.yaml").write_text("targets:\n" + "".join(targets))
    git = ("git", "-c", "user.name=Benchmark", "-c", "user.email=benchmark@example.com")
    for argv in (
        ("init", "--quiet", "--bare", str(directory / "remote.git")),
        ("init", "--quiet"),
        ("remote", "add", "origin", str(directory / "remote.git")),
        ("add", "."),
        ("commit", "--quiet", "--message", "All notes"),
        ("push", "--quiet", "origin", "HEAD"),
    ):
        subprocess.run((*git, *argv), cwd=root, check=True)
    return root


class _Many(NamedTuple):
    """The organizations and their repository; `rate` is in requests a second."""

    check: Checks
    devin: Server
    root: Path
    organizations: int
    rate: float

    def run(self, label: str, *argv: str, requests: float | None = None) -> str:
        """Run a command for all targets, check what it cost, and return the end of its output.

        It may send so many `requests` for each organization; without them, nothing is promised.
        """
        time.sleep(1.1)  # after a second without requests, the most are allowed at once
        contender = ours(label, self.root, *argv, "--target", "all", server=self.devin)
        env = {**contender.env, "DEVIN_API_KEY": "cog_enterprise"}
        cost, text = run_and_read(replace(contender, env=env))
        needed_s = cost.requests / self.rate
        for what, value, at_most, unit in (
            ("requests", cost.requests / self.organizations, requests, " an organization"),
            ("requests answered 429", cost.refused / cost.requests, MOST_REFUSED, " %"),
            ("time against requests / rate", cost.wall_s / needed_s, MOST_TIME, "×"),
            ("CPU time", cost.cpu_s, None, " s"),
            ("peak memory", cost.peak_mb, MOST_MB, " MB"),
        ):
            self.check(f"{label}, {what}", value, at_most if requests else None, unit)
        return text


BENCHMARKS = [
    Numbers(
        f"many-{latency_ms}",
        f"{ORGANIZATIONS:,} organizations with {NOTES} notes each, one key, {RATE} requests a "
        f"second, {latency_ms} ms a request",
        "The inventories are on a branch of a local remote. The first apply only adopts.",
        6,
        partial(measure, latency_ms=latency_ms),
    )
    for latency_ms in LATENCIES_MS
]


def main() -> int:
    parser = argparse.ArgumentParser("python -m benchmarks.many_targets", description=__doc__)
    parser.add_argument("--organizations", type=int, default=ORGANIZATIONS)
    parser.add_argument("--notes", type=int, default=NOTES, help="notes of each organization")
    parser.add_argument("--rate", type=float, default=RATE, help="requests a second")
    parser.add_argument("--latency", type=float, default=LATENCIES_MS[0], metavar="MS")
    options = parser.parse_args()
    checks = Checks()
    measure(
        checks,
        latency_ms=options.latency,
        organizations=options.organizations,
        notes=options.notes,
        rate=options.rate,
    )
    result = Result("many", "", 1, checks=checks.checks)
    print(*lines(result), sep="\n")
    return int(bool(result.missed))


if __name__ == "__main__":
    sys.exit(main())
