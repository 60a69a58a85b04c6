"""How long lint takes, against yamllint and against the start of devinops."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import peers
from benchmarks.commands import ours, write
from benchmarks.comparison import Checks, Comparison, Numbers
from benchmarks.measure import Contender
from benchmarks.repositories import entry
from benchmarks.results import Bound
from devinops.lint.similar import reach, runs, twins

SIZES = (1_000, 3_000, 10_000)
RUNS = 5
ONE_FILE = "knowledge/F7/note-00007.md"
YAMLLINT = "yamllint"
WITHOUT_DETECTOR = "without secrets"
_ANY = frozenset({0, 1})


@contextmanager
def against_yamllint(directory: Path) -> Iterator[list[Contender]]:
    root = write("yaml", 1_000, directory / "yaml")
    command = (peers.program(YAMLLINT, "yamllint"), "-d", "relaxed", "knowledge")
    yield [
        ours("devinops", root, "lint", codes=_ANY),
        ours(WITHOUT_DETECTOR, root, "lint", "--ignore", "DV301", codes=_ANY),
        Contender(YAMLLINT, command, root, codes=_ANY),
    ]


@contextmanager
def one_of_many(directory: Path) -> Iterator[list[Contender]]:
    root = write("markdown", 10_000, directory / "markdown")
    yield [
        ours("devinops", root, "lint", "--select", "entry-rules", ONE_FILE),
        ours("--version", root, "--version"),
    ]


def similarity(check: Checks) -> None:
    """Check that the time to find near duplicates grows about as the number of texts."""
    times = dict(_similarity())
    first = SIZES[0]
    for size, seconds in times.items():
        check(f"{size:,} texts", seconds, None, " s")
    for size in SIZES[1:]:
        growth = times[size] / times[first] / (size / first)
        check(f"time for each text, {size:,} against {first:,}", growth, 1.5, "×")


def _similarity() -> Iterator[tuple[int, float]]:
    """Yield number of texts and the least time of finding twins among them; one in ten has one."""
    texts = [entry(number if number % 10 else number // 20).body for number in range(max(SIZES))]
    for size in SIZES:
        yield size, min(_twins_s(texts[:size]) for _ in range(RUNS))


def _twins_s(texts: list[str]) -> float:
    start = time.process_time()
    found = sum(1 for _ in twins([reach()] * len(texts), lambda at: runs(texts[at]), 0.7))
    assert found
    return time.process_time() - start


BENCHMARKS = [
    Comparison(
        "lint-1000",
        "lint 1,000 YAML files",
        "yamllint reads the same files, but looks for other things.",
        0.5,
        against_yamllint,
        [
            Bound(
                "cpu_s",
                2,
                YAMLLINT,
                of=WITHOUT_DETECTOR,
                what=f"CPU time of all rules except DV301 against {YAMLLINT}",
            ),
            Bound("cpu_s", 6, YAMLLINT, what=f"CPU time of all rules against {YAMLLINT}"),
        ],
    ),
    Comparison(
        "lint-one-file",
        "lint one changed file of 10,000, only `entry-rules`",
        "",
        0.2,
        one_of_many,
        [Bound("cpu_s", 3, "--version")],
    ),
    Numbers(
        "lint-similar",
        "find near duplicates",
        "The CPU time of the comparison alone; one text in ten has a twin.",
        0.5,
        similarity,
    ),
]
