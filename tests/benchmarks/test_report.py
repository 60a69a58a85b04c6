"""The page that is made of the results."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

from benchmarks.__main__ import ALL
from benchmarks.comparison import Checks, Numbers
from benchmarks.measure import Cost
from benchmarks.report import PAGE, page, table
from benchmarks.results import Check, Result


def _nothing(check: Checks) -> None:
    raise AssertionError("a report measures nothing")


FIRST = Numbers("first", "plan 1,000 notes", "What the numbers mean.", 1, _nothing, "devinops")
SECOND = Numbers("second", "pull", "Not measured yet.", 1, _nothing)
RESULT = Result(
    "first",
    "plan 1,000 notes",
    5,
    {"devinops": Cost(2, 1, 60, requests=1008), "floor": Cost(0.5, 0.4, 20)},
    [Check("time against floor", 4, 2, "×"), Check("requests", 1008, 1008), Check("size", 3)],
)


def test_a_page_shows_costs_bounds_meaning_and_versions() -> None:
    versions = {"decK": "decK 1.4.0, PyYAML 6.0.4", "floor": "PyYAML 6.0.4"}
    results = {"first": RESULT, "third": replace(RESULT, name="third")}
    text = page([FIRST, replace(FIRST, name="third"), SECOND], results, versions)
    assert (
        "| first | plan 1,000 notes | 2 s, 60 MB | time against floor: **4×** (2×)"
        "<br>requests: 1,008 (1,008)<br>size: 3 |\n"
    ) in text
    assert "\n- `first`, `third`: What the numbers mean.\n" in text
    assert "Versions: decK 1.4.0, PyYAML 6.0.4.\n" in text
    assert "medians of 5 runs" in text


def test_a_page_leaves_out_what_was_not_measured() -> None:
    assert "Not measured yet." not in page([FIRST, SECOND], {"first": RESULT}, {})


def test_a_cell_cannot_break_a_table() -> None:
    assert table(["a"], [["x | y"]]) == "| a |\n| --- |\n| x \\| y |\n"


def test_the_page_says_no_path_of_this_machine() -> None:
    text = page([FIRST], {"first": RESULT}, {})
    assert str(Path(__file__).parents[2]) not in text


def test_the_page_names_every_benchmark_and_no_other() -> None:
    """As itself, or by its beginning: `plan-…`."""
    cells = re.findall(r"^\| ([^|]*) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    named = re.findall(r"[a-z][\w…-]*", " ".join(cells[2:]))
    patterns = [name.replace("…", "*") for name in named]
    assert [name for name in ALL if not any(fnmatch(name, each) for each in patterns)] == []
    assert [each for each in patterns if not any(fnmatch(name, each) for name in ALL)] == []
