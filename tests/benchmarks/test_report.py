"""The page that is made of the results."""

from __future__ import annotations

from pathlib import Path

from benchmarks.comparison import Checks, Numbers
from benchmarks.measure import Cost
from benchmarks.report import page, table
from benchmarks.results import Check, Result


def _nothing(check: Checks) -> None:
    raise AssertionError("a report measures nothing")


FIRST = Numbers("first", "plan 1,000 notes", "What the numbers mean.", 1, _nothing)
SECOND = Numbers("second", "pull", "Not measured yet.", 1, _nothing)
RESULT = Result(
    "first",
    "plan 1,000 notes",
    5,
    {"devinops": Cost(2, 1, 60, requests=1008), "floor": Cost(0.5, 0.4, 20)},
    [Check("time against floor", 4, 2, " ×"), Check("requests", 1008, 1008), Check("size", 3)],
)


def test_a_page_shows_promises_costs_and_versions() -> None:
    text = page([FIRST, SECOND], {"first": RESULT}, {"decK": "decK 1.4.0"})
    assert "| plan 1,000 notes | time against floor | 2 × | **4 ×** | **missed** |\n" in text
    assert "|  | requests | 1,008 | 1,008 | holds |\n" in text
    assert "| devinops | 2 s | 1 s | 60 MB | 1,008 |\n| floor | 500 ms | 400 ms |" in text
    assert "## Plan 1,000 notes\n\nWhat the numbers mean.\n" in text
    assert "| decK | decK 1.4.0 |" in text
    assert "the medians of 5 runs" in text


def test_a_page_leaves_out_what_was_not_measured() -> None:
    assert "Not measured yet." not in page([FIRST, SECOND], {"first": RESULT}, {})


def test_a_cell_cannot_break_a_table() -> None:
    assert table(["a"], [["x | y"]]) == "| a |\n| --- |\n| x \\| y |\n"


def test_the_page_says_no_path_of_this_machine() -> None:
    text = page([FIRST], {"first": RESULT}, {})
    assert str(Path(__file__).parents[2]) not in text
