"""Names of targets are ranges, and what is nearly everywhere says where it is not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.model.objects import Source
from devinops.render.where import Places, names

TEAMS = tuple(f"team-{number:02}" for number in range(40))
EU = {TEAMS[number]: {"region": "eu" if number < 10 else "us", "ring": "a"} for number in range(40)}
PLACES = Places(frozenset(TEAMS), EU)


@pytest.mark.parametrize(
    ("targets", "written"),
    [
        ((), ""),
        (("b", "a"), "a, b"),
        (TEAMS, "team-00 to -39"),
        (TEAMS[:15] + TEAMS[16:], "team-00 to -14, -16 to -39"),
        (("team-03", "team-13", "team-14"), "team-03, team-13, team-14"),
        (("team-9", "team-10", "team-11", "team-08"), "team-9, team-08, team-10, team-11"),
        (("a1", "a2", "a3", "a7"), "a1 to a3, a7"),
        (("1", "2", "3"), "1, 2, 3"),
        ((*TEAMS[:3], "labs", "eu-1"), "eu-1, labs, team-00 to -02"),
    ],
)
def test_successive_numbers_are_ranges(targets: tuple[str, ...], written: str) -> None:
    assert names(targets) == written


@given(st.sets(st.integers(0, 40)))
def test_ranges_name_each_target_once(numbers: set[int]) -> None:
    written = names(f"team-{number:02}" for number in numbers)
    ranges = re.findall(r"(\d+)(?: to -(\d+))?", written)
    read = [n for first, last in ranges for n in range(int(first), int(last or first) + 1)]
    assert read == sorted(numbers)


@pytest.mark.parametrize(
    ("targets", "blocked", "source", "written"),
    [
        (TEAMS, (), "", "all 40"),
        (TEAMS[:3], (), "", "team-00 to -02"),
        (TEAMS[1:], (), "", "39 of 40 (not in team-00)"),
        (TEAMS[2:], ("team-00",), "", "38 of 40 (not in team-01, blocked in team-00)"),
        (TEAMS[:10], (), "", "all 10 with region=eu"),
        (TEAMS[1:10], ("team-00",), "", "9 of the 10 with region=eu (blocked in team-00)"),
        (TEAMS[1:20:2], (), "", "team-01, team-03, team-05, team-07, team-09, team-11, team-13, team-15, team-17, team-19"),
        (TEAMS[::2], (), "", "20 organizations"),
    ],
)  # fmt: skip
def test_where_a_change_is(
    targets: tuple[str, ...], blocked: tuple[str, ...], source: str, written: str
) -> None:
    assert PLACES.where(targets, blocked, Source(source, 1)) == written


def test_the_label_of_the_layer_is_better_than_one_that_fits_by_chance() -> None:
    labels = {name: {"area": "north", "region": "eu"} for name in TEAMS[:10]}
    places = Places(frozenset(TEAMS), labels)
    for path, label in (("layers/eu/a.md", "region=eu"), ("layers/north/a.md", "area=north")):
        assert places.where(TEAMS[:10], (), Source(path, 1)) == f"all 10 with {label}"
    assert places.where(TEAMS[:10]) == "all 10 with area=north"


@pytest.mark.parametrize(
    ("targets", "written"),
    [
        (TEAMS, "all 40"),
        (TEAMS[1:], "39 of 40 (not in team-00)"),
        (TEAMS[:10], "team-00 to -09"),
        (TEAMS[::2], ", ".join(TEAMS[::2])),
        ((*TEAMS, "held"), "held, team-00 to -39"),
    ],
)
def test_where_a_delete_is_says_exactly_where(targets: tuple[str, ...], written: str) -> None:
    assert PLACES.exactly(targets) == written


def test_an_enterprise_is_no_organization() -> None:
    assert PLACES._replace(noun="target").named(TEAMS[::2]) == "20 targets"
