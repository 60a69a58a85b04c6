"""The two forms of a benchmark: a comparison of commands, and a function that checks numbers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from benchmarks.measure import Contender, Cost, interleave
from benchmarks.results import Bound, Check, Result, judge

Prepare = Callable[[Path], AbstractContextManager[list[Contender]]]
"""From an empty directory, makes what the contenders need for as long as the block runs."""
OTHER = "other checkout"


class Benchmark(Protocol):
    """`about` says what is not obvious; `minutes` is about how long five runs take.

    `shown` is the label of the contender whose time and memory the report shows.
    """

    @property
    def name(self) -> str: ...
    @property
    def work(self) -> str: ...
    @property
    def about(self) -> str: ...
    @property
    def minutes(self) -> float: ...

    @property
    def shown(self) -> str: ...

    def measure(self, runs: int) -> Result: ...


@dataclass(frozen=True)
class Comparison:
    """Commands that run in turns. `more` returns the checks of more than one number."""

    name: str
    work: str
    about: str
    minutes: float
    prepare: Prepare
    bounds: Sequence[Bound] = ()
    more: Callable[[dict[str, Cost]], list[Check]] = field(default=lambda _: [])
    times: int = 1
    """How many times as many runs; more for commands that take little time."""

    shown: str = "devinops"

    def measure(self, runs: int) -> Result:
        runs *= self.times
        with tempfile.TemporaryDirectory() as directory, self.prepare(Path(directory)) as all_:
            costs = interleave(all_, runs)
        checks = [*judge(self.bounds, costs), *self.more(costs)]
        return Result(self.name, self.work, runs, costs, checks)

    def against(self, checkout: Path, runs: int) -> Result:
        """Run only the commands of devinops, each also with the source of another checkout."""
        with tempfile.TemporaryDirectory() as directory, self.prepare(Path(directory)) as all_:
            mine = [contender for contender in all_ if contender.ours]
            pairs = [each for one in mine for each in (one, _of(checkout, one))]
            costs = interleave(pairs, runs * self.times)
        checks = [
            Bound(quantity, None, f"{one.label} ({OTHER})", of=one.label).check(costs)
            for one in mine
            for quantity in ("wall_s", "cpu_s", "peak_mb", "requests")
            if getattr(costs[f"{one.label} ({OTHER})"], quantity)
        ]
        return Result(self.name, self.work, runs, costs, checks)


def _of(checkout: Path, contender: Contender) -> Contender:
    env = {**contender.env, "PYTHONPATH": str(checkout)}
    return replace(contender, label=f"{contender.label} ({OTHER})", env=env)


class Checks:
    """Collects measured numbers and their bounds."""

    def __init__(self) -> None:
        self.checks: list[Check] = []

    def __call__(self, what: str, value: float, bound: float | None = None, unit: str = "") -> None:
        self.checks.append(Check(what, value, bound, unit))


@dataclass(frozen=True)
class Numbers:
    """A function that measures in its own way and checks each number."""

    name: str
    work: str
    about: str
    minutes: float
    function: Callable[[Checks], None]
    shown: str = ""

    def measure(self, runs: int) -> Result:
        checks = Checks()
        self.function(checks)
        return Result(self.name, self.work, 1, checks=checks.checks)
