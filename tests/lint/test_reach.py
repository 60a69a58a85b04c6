"""Which entries can meet."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.lint.reach import Reach, reach
from devinops.lint.similar import equal_groups, runs, twins

TARGETS = st.none() | st.lists(st.sampled_from(["staging", "production", "test"]), unique=True)
REPOSITORIES = st.none() | st.sampled_from(["acme/api", "acme/web"])


@given(TARGETS, REPOSITORIES, TARGETS, REPOSITORIES)
def test_entries_meet_if_neither_target_nor_repository_keeps_them_apart(
    targets: Any, repository: Any, other_targets: Any, other_repository: Any
) -> None:
    first, second = reach(targets, repository), reach(other_targets, other_repository)
    share_target = None in (targets, other_targets) or not {*targets}.isdisjoint(other_targets)
    share_repository = None in (repository, other_repository) or repository == other_repository
    for has, asks in ((first.has, second.asks), (second.has, first.asks)):
        assert has.isdisjoint(asks) is not (share_target and share_repository)


STAGING, PRODUCTION, BOTH = reach(["staging"]), reach(["production"]), reach()
TEXT = "Ask in the release channel before a deployment on a Friday, and tell support about it."


@pytest.mark.parametrize(
    ("reaches", "expected"),
    [
        ([STAGING, PRODUCTION, PRODUCTION], [(2, 1)]),
        ([STAGING, PRODUCTION, STAGING, PRODUCTION], [(2, 0), (3, 1)]),
        ([STAGING, PRODUCTION], []),
        ([STAGING, BOTH, PRODUCTION], [(1, 0), (2, 1)]),
        ([STAGING] * 12 + [PRODUCTION] * 2, [*((n, 0) for n in range(1, 12)), (13, 12)]),
    ],
)
def test_each_text_is_compared_with_those_that_it_can_meet(
    reaches: list[Reach], expected: list[tuple[int, int]]
) -> None:
    equal = [TEXT] * len(reaches)
    assert list(equal_groups(equal, reaches)) == expected
    features = [runs(f"{TEXT} {number}") for number in range(len(reaches))]
    found = [twin.number for twin in twins(reaches, features.__getitem__, 0.7)]
    assert found == [number for number, _ in expected]
