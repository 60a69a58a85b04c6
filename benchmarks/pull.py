"""How long a first pull takes, against a script that lists the notes twice and writes each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.commands import LATENCY_MS, floor, knowledge, ours, write
from benchmarks.comparison import Comparison
from benchmarks.measure import Contender
from benchmarks.repositories import put_aside, write_settings
from benchmarks.results import Bound
from benchmarks.servers.client import server

COUNT = 10_000
PAGES = 50


@contextmanager
def prepare(directory: Path) -> Iterator[list[Contender]]:
    seed = write("seed", COUNT, directory / "seed.json")
    root, least = directory / "repository", directory / "floor"

    def empty() -> None:
        put_aside(root)
        write_settings(root)

    def without_floor() -> None:
        put_aside(least)

    with server("devin", str(seed)) as devin:
        pull = ours("devinops", root, "pull", server=devin, before=empty)
        devin.latency(LATENCY_MS)
        arguments = (str(least), knowledge(devin), str(2 * PAGES))
        yield [pull, floor("pull", directory, *arguments, server=devin, before=without_floor)]


BENCHMARKS = [
    Comparison(
        "pull",
        "pull 10,000 notes, 50 ms a request",
        (
            "devinops reads a list of several pages twice, to prove that no object is missing, and "
            "so does the floor. Both write each file to the disk before they rename it."
        ),
        2,
        prepare,
        [Bound("wall_s", 1.25, "floor"), Bound("cpu_s", 2.5, "floor")],
    )
]
