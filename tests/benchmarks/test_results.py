"""Ratios, exponents and verdicts: what a benchmark concludes from measured numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.measure import Cost, middle
from benchmarks.results import (
    Bound,
    Check,
    Result,
    exponent,
    forget,
    judge,
    lines,
    load,
    number,
    save,
    verdict,
)

OURS = Cost(wall_s=2, cpu_s=1, peak_mb=60, requests=6, refused=20)
PEER = Cost(wall_s=4, cpu_s=1, peak_mb=50)
COSTS = {"devinops": OURS, "peer": PEER}


@pytest.mark.parametrize(
    ("bound", "value", "missed"),
    [
        (Bound("wall_s", 0.5, "peer"), 0.5, False),
        (Bound("wall_s", 0.4, "peer"), 0.5, True),
        (Bound("peak_mb", None, "peer"), 1.2, False),
        (Bound("peak_mb", 1, "devinops", of="peer"), 50 / 60, False),
        (Bound("requests", 5), 6, True),
        (Bound("refused", 0.01, per=1000), 0.02, True),
        (Bound("wall_s", 1, "not installed"), None, False),
        (Bound("wall_s", 1, of="not installed"), None, False),
    ],
)
def test_a_bound_is_a_ratio_of_one_number(bound: Bound, value: float | None, missed: bool) -> None:
    [check] = judge([bound], COSTS)
    assert check.value == (None if value is None else pytest.approx(value))
    assert check.missed is missed


def test_a_check_says_what_it_compares() -> None:
    assert Bound("wall_s", 1, "peer").check(COSTS).what == "time against peer"
    assert Bound("requests", 1).check(COSTS).what == "requests"


@pytest.mark.parametrize(("power", "cost"), [(0, 3), (1, 30), (2, 300)])
def test_an_exponent_tells_linear_from_quadratic(power: int, cost: float) -> None:
    assert exponent(1_000, 3, 10_000, cost) == pytest.approx(power)


def test_the_middle_of_costs_is_the_median_of_each_number() -> None:
    runs = [Cost(3, 1, 10, requests=6), Cost(1, 2, 30, requests=6), Cost(2, 9, 20, requests=7)]
    assert middle(runs) == Cost(2, 2, 20, requests=6)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "×", "not measured"),
        (0.19243, "×", "0.192×"),
        (0.0421, " s", "42.1 ms"),
        (21.32, " s", "21.3 s"),
        (0.094, " %", "9.4 %"),
        (1008, "", "1,008"),
        (107.4, " MB", "107 MB"),
    ],
)
def test_numbers_are_short(value: float | None, unit: str, text: str) -> None:
    assert number(value, unit) == text


def test_a_check_is_held_missed_stated_or_skipped() -> None:
    checks = [Check("", 1, 1), Check("", 2, 1), Check("", 2), Check("", None, 1)]
    assert [verdict(check) for check in checks] == ["ok", "MISSED", "", "skipped"]


def test_results_of_parts_are_kept_together(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "results.json"
    first = Result("a", "work", 5, COSTS, [Check("time", 2, 1, "×")])
    second = Result("b", "other work", 5)
    assert load(path) == {}
    save(first, path)
    save(second, path)
    save(first, path)
    assert load(path) == {"a": first, "b": second}
    assert [check.what for check in load(path)["a"].missed] == ["time"]
    forget("a", path)
    assert load(path) == {"b": second}


def test_a_person_reads_costs_and_checks() -> None:
    result = Result("a", "work", 5, COSTS, [Check("time against peer", 0.5, 0.4, "×")])
    assert list(lines(result)) == [
        "      devinops: 2 s, 1 s CPU, 60 MB, 6 requests",
        "      peer: 4 s, 1 s CPU, 50 MB",
        "MISSED  time against peer: 0.5× (at most 0.4×)",
    ]
