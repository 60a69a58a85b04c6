"""How long it takes to create many notes: ten at once, adapting to the server, or limited."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.api_peers import DECK, deck_sync
from benchmarks.commands import LATENCY_MS, floor, knowledge, ours, write
from benchmarks.comparison import Comparison
from benchmarks.measure import Contender
from benchmarks.plan import needed_requests
from benchmarks.results import Bound
from benchmarks.servers.client import server

COUNT = 1_000
SLOWS_BEYOND = 10
_APPLY = ("apply", "--yes")
_TEN = ("--parallelism", "10")
_EIGHT = "--parallelism 8"
_NEEDED = COUNT + needed_requests(0) + 1 + needed_requests(COUNT)
"""The creates, the lists of notes and folders before, and the list of notes after them."""


@contextmanager
def prepare(directory: Path) -> Iterator[list[Contender]]:
    root = write("markdown", COUNT, directory / "repository")
    seed = write("seed", 0, directory / "seed.json")
    with (
        server("devin", str(seed), latency_ms=LATENCY_MS) as devin,
        deck_sync(directory, COUNT) as deck,
    ):
        yield [
            ours("devinops", root, *_APPLY, *_TEN, server=devin, before=devin.reset),
            floor("create", root, "knowledge", knowledge(devin), server=devin, before=devin.reset),
            *deck,
        ]


@contextmanager
def adapting(directory: Path, rate: str = "", slows_beyond: float = 0) -> Iterator[list[Contender]]:
    """Yield an apply that adapts to the server, and one with eight requests at once."""
    root = write("markdown", COUNT, directory / "repository")
    seed = write("seed", 0, directory / "seed.json")
    with server("devin", str(seed), rate, latency_ms=LATENCY_MS) as devin:
        if slows_beyond:
            devin.slows_beyond(slows_beyond)
        yield [
            ours("devinops", root, *_APPLY, server=devin, before=devin.reset),
            ours(_EIGHT, root, *_APPLY, *_EIGHT.split(), server=devin, before=devin.reset),
        ]


@contextmanager
def limited(directory: Path, rate: int) -> Iterator[list[Contender]]:
    with adapting(directory, str(rate)) as contenders:

        def slowly(contender: Contender) -> Contender:
            def before() -> None:
                contender.before()
                time.sleep(1.1)  # after a second without requests, the most are allowed at once

            return replace(contender, before=before, warm=False)

        yield [slowly(contenders[0])]


def _limit(name: str, rate: int, time_at_most: float | None, refused_at_most: float) -> Comparison:
    """Return the benchmark of a server that allows this many requests a second."""
    allowed_s = (COUNT - rate) / rate
    return Comparison(
        name,
        f"create {COUNT:,} notes at a limit of {rate} requests a second",
        (
            "After a pause, the server allows at once what it allows in a second, so these creates "
            "take no time. The lists and the start of the program are measured, too."
        ),
        2 * 50 / rate,
        partial(limited, rate=rate),
        [
            Bound(
                "wall_s",
                time_at_most,
                per=allowed_s,
                what=f"time against ({COUNT:,} - {rate}) / {rate} s",
                unit="×",
            ),
            Bound(
                "refused",
                refused_at_most,
                per=COUNT,
                what="requests answered 429, of the creates",
                unit=" %",
            ),
            Bound("too_early", 0, what="requests sent again before their Retry-After"),
        ],
    )


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
        "create-adapting",
        "create 1,000 notes, 8 to 32 at once, 50 ms a request",
        "",
        1.2,
        adapting,
        [Bound("wall_s", 0.6, _EIGHT), Bound("requests", _NEEDED)],
    ),
    Comparison(
        "create-slowing",
        f"create 1,000 notes on a server that slows beyond {SLOWS_BEYOND} at once",
        (
            "With twice as many requests at once, a response takes four times as long, so the "
            "server does less in the same time."
        ),
        1.2,
        partial(adapting, slows_beyond=SLOWS_BEYOND),
        [Bound("wall_s", 1, _EIGHT)],
    ),
    _limit("rate-limit", 50, 1.05, 0.01),
    _limit("rate-limit-100", 100, 1.1, 0.01),
    _limit("rate-limit-200", 200, None, 0.02),
]
