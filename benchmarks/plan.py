"""How long a plan takes that finds nothing to do, against other tools of the same kind."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.api_peers import DBT, DECK, OCTODNS, dbt_plan, deck_diff, octodns_plan
from benchmarks.commands import (
    FORM_NAMES,
    LATENCY_MS,
    against_floor,
    floor,
    knowledge,
    ours,
    write,
)
from benchmarks.comparison import Comparison
from benchmarks.measure import Contender
from benchmarks.results import Bound
from benchmarks.servers.client import server

PAGE = 200


def needed_requests(count: int) -> int:
    """Return how many requests list `count` notes; an empty list is one page."""
    return max(1, math.ceil(count / PAGE))


@contextmanager
def _devinops_and_floor(directory: Path, count: int) -> Iterator[list[Contender]]:
    root = write("markdown", count, directory / "repository")
    seed = write("seed", count, directory / "seed.json")
    with server("devin", str(seed), latency_ms=LATENCY_MS) as devin:
        plan = ours("devinops", root, "plan", "--detailed-exitcode", server=devin)
        yield [plan, floor("plan", root, "knowledge", knowledge(devin), server=devin)]


@contextmanager
def of_1000(directory: Path) -> Iterator[list[Contender]]:
    with (
        _devinops_and_floor(directory, 1_000) as contenders,
        deck_diff(directory, 1_000) as deck,
        octodns_plan(directory, 1_000) as octodns,
        dbt_plan(directory, 1_000) as dbt,
    ):
        yield [*contenders, *deck, *octodns, *dbt]


@contextmanager
def of_10000(directory: Path) -> Iterator[list[Contender]]:
    with _devinops_and_floor(directory, 10_000) as contenders:
        yield contenders


@contextmanager
def forms(directory: Path) -> Iterator[list[Contender]]:
    """Compare the forms of the same entries, each with its floor."""
    seed = write("seed", 10_000, directory / "seed.json")
    with server("devin", str(seed), latency_ms=LATENCY_MS) as devin:
        contenders = []
        for form, label in FORM_NAMES.items():
            root = write(form, 10_000, directory / form)
            plan = ours(label, root, "plan", "--detailed-exitcode", server=devin)
            least = ("plan", root, "knowledge", knowledge(devin))
            contenders += [plan, floor(*least, server=devin, label=f"floor, {label}")]
        yield contenders


BENCHMARKS = [
    Comparison(
        "plan-1000",
        "plan with nothing to do, 1,000 notes, 50 ms a request",
        (
            "decK compares 1,000 services with an API like Kong's, 1,000 a page; octoDNS 1,000 "
            "records with one like DigitalOcean's, 20 a page; dbt-jobs-as-code 1,000 jobs, with a "
            "request for each. The Devin API lists at most 200 notes a page, and a "
            "page has the cursor of the next, so not even the floor can be as fast as decK."
        ),
        1.8,
        of_1000,
        [
            Bound("wall_s", 1.7, DECK),
            Bound("wall_s", None, DECK, of="floor", what=f"time of the floor against {DECK}"),
            Bound("wall_s", 0.2, OCTODNS),
            Bound("wall_s", None, DBT),
            Bound("requests", needed_requests(1_000)),
            Bound("wall_s", None, "floor"),
        ],
    ),
    Comparison(
        "plan-10000",
        "plan with nothing to do, 10,000 notes, 50 ms a request",
        "",
        0.9,
        of_10000,
        [
            Bound("wall_s", 1.25, "floor"),
            Bound("peak_mb", 2, "floor"),
            Bound("requests", needed_requests(10_000)),
        ],
    ),
    Comparison(
        "plan-forms",
        "plan with nothing to do, 10,000 notes in several forms, 50 ms a request",
        (
            "Front matter with one value on each line, with or without comments, needs no YAML "
            "parser; a mapping in it, and a file of many entries, do."
        ),
        4,
        forms,
        [
            against_floor(2, "markdown"),
            against_floor(2, "commented"),
            against_floor(2.4, "nested"),
            against_floor(2.4, "large"),
        ],
        shown="Markdown",
    ),
]
