"""What it takes to write a plan of 10,000 changes in each format.

The time is compared with that of applying the plan if each request takes 50 ms: a create is one
request, an update and a delete are two, and eight run at once.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator

from benchmarks.comparison import Checks, Numbers
from devinops.model.changes import Action
from devinops.planning.plan import Plan
from devinops.render import RENDERERS, render
from tests.testing.reports import large, of_one

CHANGES = 10_000
REQUEST_S = 0.05
PARALLELISM = 8
MIB = 1024 * 1024


def measure(check: Checks) -> None:
    """Check the time and the memory of each format."""
    plan = large(CHANGES)
    assert len(plan.changes) == CHANGES
    apply_s = _requests(plan) * REQUEST_S / PARALLELISM
    for format in RENDERERS:
        _written(format, plan)  # imports the modules of the format
        start = time.perf_counter()
        size = _written(format, plan)
        seconds = time.perf_counter() - start
        if size < CHANGES:
            continue  # a format for problems, and a plan has none
        check(f"{format}, size", size / MIB, None, " MiB")
        check(f"{format}, time against the apply", seconds / apply_s, 0.1, "×")
        # Of a format for programs, the document is in memory; of one for people, nothing is.
        most = max(20, 3 * size / MIB)
        check(f"{format}, peak memory", _peak(format, plan), most, " MiB")


def _requests(plan: Plan) -> int:
    return sum(1 if change.action is Action.CREATE else 2 for change in plan.changes)


def _pieces(format: str, plan: Plan) -> Iterator[str]:
    return render(format, of_one(plan))


def _written(format: str, plan: Plan) -> int:
    return sum(len(piece.encode()) for piece in _pieces(format, plan))


def _peak(format: str, plan: Plan) -> float:
    """Return the most memory that writing takes at once; no piece is kept."""
    tracemalloc.start()
    try:
        _written(format, plan)
        return tracemalloc.get_traced_memory()[1] / MIB
    finally:
        tracemalloc.stop()


BENCHMARKS = [
    Numbers(
        "reports",
        "write a plan of 10,000 changes in each format",
        "The requests of the apply take 50 ms each.",
        1.6,
        measure,
    )
]
