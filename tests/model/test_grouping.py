"""Pairs become groups, in which nothing is lost and the order stays."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from devinops.model.grouping import grouped
from tests.testing.costly import costly


def test_a_group_has_the_second_members_in_their_order() -> None:
    assert grouped([("b", 2), ("a", 1), ("b", 1), ("b", 2)]) == {"b": [2, 1, 2], "a": [1]}


@costly
@given(st.lists(st.tuples(st.integers(0, 3), st.integers())))
def test_groups_hold_each_pair_once_and_come_in_the_order_of_their_first(
    pairs: list[tuple[int, int]],
) -> None:
    groups = grouped(pairs)
    assert list(groups) == list(dict.fromkeys(first for first, _ in pairs))
    for first, seconds in groups.items():
        assert seconds == [second for key, second in pairs if key == first]
