"""How long it takes to create many notes, ten at once, and under a rate limit."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.api_peers import DECK, deck_sync
from benchmarks.commands import LATENCY_MS, floor, knowledge, ours, write
from benchmarks.comparison import Comparison
from benchmarks.measure import Contender
from benchmarks.plan import needed_requests
from benchmarks.results import Bound
from benchmarks.servers.client import server

COUNT = 1_000
RATE = 50
"""Requests a second. The server allows as many at once after a pause, so the rest takes longer."""
_ALLOWED_S = (COUNT - RATE) / RATE
_APPLY = ("apply", "--yes", "--parallelism", "10")
_NEEDED = COUNT + needed_requests(0) + needed_requests(COUNT)
"""The creates, the lists of an empty organization before, and all lists after them."""


@contextmanager
def prepare(directory: Path) -> Iterator[list[Contender]]:
    root = write("markdown", COUNT, directory / "repository")
    seed = write("seed", 0, directory / "seed.json")
    with (
        server("devin", str(seed), latency_ms=LATENCY_MS) as devin,
        deck_sync(directory, COUNT) as deck,
    ):
        yield [
            ours("devinops", root, *_APPLY, server=devin, before=devin.reset),
            floor("create", root, "knowledge", knowledge(devin), server=devin, before=devin.reset),
            *deck,
        ]


@contextmanager
def limited(directory: Path) -> Iterator[list[Contender]]:
    root = write("markdown", COUNT, directory / "repository")
    seed = write("seed", 0, directory / "seed.json")
    with server("devin", str(seed), str(RATE), latency_ms=LATENCY_MS) as devin:

        def before() -> None:
            devin.reset()
            time.sleep(1.1)  # after a second without requests, the server allows the most at once

        apply = ours("devinops", root, *_APPLY, server=devin, before=before)
        yield [replace(apply, warm=False)]


BENCHMARKS = [
    Comparison(
        "create",
        "create 1,000 notes, ten at once, 50 ms a request",
        (
            "An apply plans, creates, and plans again to report what is left, which takes a "
            "twentieth of the time. decK does not check what it created."
        ),
        1.9,
        prepare,
        [
            Bound("wall_s", 1.1, DECK),
            Bound("requests", _NEEDED),
            Bound("wall_s", None, "floor"),
        ],
    ),
    Comparison(
        "rate-limit",
        "create 1,000 notes at a limit of 50 requests a second",
        (
            "The server allows 50 requests at once after a pause, so the creates need at least "
            "19 s. These do not include the lists and the start of the program."
        ),
        2,
        limited,
        [
            Bound(
                "wall_s", 1.05, per=_ALLOWED_S, what="time against (1,000 - 50) / 50 s", unit="×"
            ),
            Bound(
                "refused", 0.01, per=COUNT, what="requests answered 429, of the creates", unit=" %"
            ),
            Bound("too_early", 0, what="requests sent again before their Retry-After"),
        ],
    ),
]
