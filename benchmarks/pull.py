"""How long a first pull takes, against the list requests that it sends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.commands import LATENCY_MS, floor, knowledge, ours, write
from benchmarks.comparison import Comparison
from benchmarks.measure import Contender, run
from benchmarks.repositories import put_aside, write_settings
from benchmarks.results import Bound
from benchmarks.servers.client import server

COUNT = 10_000


@contextmanager
def prepare(directory: Path) -> Iterator[list[Contender]]:
    seed = write("seed", COUNT, directory / "seed.json")
    root = directory / "repository"

    def empty() -> None:
        put_aside(root)
        write_settings(root)

    with server("devin", str(seed)) as devin:
        pull = ours("devinops", root, "pull", server=devin, before=empty)
        # As many list requests as the pull sends: it reads a long list until it is proved complete.
        lists = str(int(run(pull).lists))
        devin.latency(LATENCY_MS)
        yield [pull, floor("lists", root, f"{knowledge(devin)}/notes", lists, server=devin)]


BENCHMARKS = [
    Comparison(
        "pull",
        "pull 10,000 notes, 50 ms a request",
        ("devinops reads a list of several pages twice, to prove that no object is missing."),
        1.7,
        prepare,
        [Bound("wall_s", 1.25, "floor", what="time against its list requests alone")],
    )
]
