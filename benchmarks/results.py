"""What a benchmark found: costs, and checks of them against what the project promises."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.measure import Cost

FILE = Path(__file__).parents[1] / ".benchmarks" / "results.json"
"""The results of all benchmarks, so that a report can be made of parts."""


@dataclass(frozen=True)
class Check:
    """A measured number; `at_most` is None for one that is only stated.

    `value` is None if there was nothing to compare with, such as a peer that is not installed.
    """

    what: str
    value: float | None
    at_most: float | None = None
    unit: str = ""

    @property
    def missed(self) -> bool:
        return self.value is not None and self.at_most is not None and self.value > self.at_most


@dataclass(frozen=True)
class Bound:
    """A promise about a number of one contender: at most a share of another's, or of `per`."""

    quantity: str
    at_most: float | None
    against: str = ""
    of: str = "devinops"
    per: float = 1
    what: str = ""
    unit: str = ""

    def check(self, costs: Mapping[str, Cost]) -> Check:
        name = NAMES.get(self.quantity, self.quantity)
        what = self.what or name + (f" against {self.against}" if self.against else "")
        unit = self.unit or ("×" if self.against else "")
        if self.of not in costs or (self.against and self.against not in costs):
            return Check(what, None, self.at_most, unit)
        other = getattr(costs[self.against], self.quantity) if self.against else 1.0
        value = getattr(costs[self.of], self.quantity) / (other * self.per)
        return Check(what, value, self.at_most, unit)


NAMES = {"wall_s": "time", "cpu_s": "CPU time", "peak_mb": "peak memory"}


def judge(bounds: Iterable[Bound], costs: Mapping[str, Cost]) -> list[Check]:
    return [bound.check(costs) for bound in bounds]


@dataclass(frozen=True)
class Result:
    """What one benchmark found."""

    name: str
    work: str
    runs: int
    costs: dict[str, Cost] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)

    @property
    def missed(self) -> list[Check]:
        return [check for check in self.checks if check.missed]


def exponent(count: int, cost: float, next_count: int, next_cost: float) -> float:
    """Return how a cost grows between two sizes: 1 is linear, 2 quadratic."""
    return math.log(next_cost / cost) / math.log(next_count / count)


def load(path: Path = FILE) -> dict[str, Result]:
    """Return name → result of all benchmarks that ran; empty if none did."""
    if not path.exists():
        return {}
    return {name: _result(raw) for name, raw in json.loads(path.read_text()).items()}


def save(result: Result, path: Path = FILE) -> None:
    """Replace the result of this benchmark and keep the others."""
    _write({**load(path), result.name: result}, path)


def forget(name: str, path: Path = FILE) -> None:
    """Remove the result of a benchmark, so that a failed run does not leave an old one."""
    _write({other: result for other, result in load(path).items() if other != name}, path)


def _write(results: Mapping[str, Result], path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    raw = {name: dataclasses.asdict(result) for name, result in results.items()}
    path.write_text(json.dumps(raw, indent=1, ensure_ascii=False) + "\n")


def _result(raw: dict[str, Any]) -> Result:
    costs = {label: Cost(**cost) for label, cost in raw["costs"].items()}
    checks = [Check(**check) for check in raw["checks"]]
    return Result(**{**raw, "costs": costs, "checks": checks})


def lines(result: Result) -> Iterator[str]:
    """Yield what a person at a terminal reads about a result."""
    for label, cost in result.costs.items():
        yield (
            f"      {label}: {number(cost.wall_s, ' s')}, {number(cost.cpu_s, ' s')} CPU, "
            f"{cost.peak_mb:.0f} MB" + (f", {cost.requests:.0f} requests" if cost.requests else "")
        )
    for check in result.checks:
        yield f"{verdict(check):<8}{check.what}: {number(check.value, check.unit)}" + (
            f" (at most {number(check.at_most, check.unit)})" if check.at_most is not None else ""
        )


def verdict(check: Check) -> str:
    if check.value is None:
        return "skipped"
    return "MISSED" if check.missed else "ok" if check.at_most is not None else ""


def number(value: float | None, unit: str) -> str:
    if value is None:
        return "not measured"
    if unit == " %":
        return f"{value * 100:.3g} %"
    if unit == " s" and value < 1:
        value, unit = value * 1000, " ms"
    return f"{value:,.0f}{unit}" if value >= 100 else f"{value:.3g}{unit}"
