"""Values against shapes: what differs is named by its path, and never shown."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.doctor.shape import differences

SHAPES = {"thing": {"id": "text", "of?": "thing"}}


def found(value: Any, shape: Any) -> list[str]:
    return [str(each) for each in differences(value, shape, SHAPES)]


@pytest.mark.parametrize(
    ("value", "shape", "expected"),
    [
        ({"id": "a"}, "thing", []),
        ({"id": "a", "of": None}, "thing", []),
        ({"id": "a", "of": {"id": 1}}, "thing", ["of.id is a number, not text"]),
        ({}, "thing", ["id is missing"]),
        ({"id": None}, "thing", ["id is null, not text"]),
        ([], "thing", ["the response is a list, not an object"]),
        ({"id": "a", "zone": 1, "area": 2}, "thing", ["area is unknown to devinops", "zone is unknown to devinops"]),
        ({"id": "a", "Team Rocket": 1}, "thing", ["* is unknown to devinops"]),
        ({"id": "a", **{f"n{i:02}": 1 for i in range(20)}}, "thing", [f"n{i:02} is unknown to devinops" for i in range(20)]),
        ({"id": "a", **{f"n{i}": 1 for i in range(21)}}, "thing", ["* is unknown to devinops"]),
        ([{"id": "a"}, {"id": True}], ["thing"], ["[].id is true or false, not text"]),
        ({"a": {"Team": 1}}, {"a": "free"}, []),
        ({"a": "x"}, {"a": "free"}, ["a is text, not an object"]),
        ({"a": object()}, {"a": "any"}, []),
        ({"a": True}, {"a": "int"}, ["a is true or false, not a whole number"]),
        ({"a": 1.5}, {"a": "int"}, ["a is a number, not a whole number"]),
        ({"a": 1_790_000_000}, {"a": "time"}, []),
        ({"a": 1_790_000_000_000}, {"a": "time"}, ["a is a number, not a time in seconds since 1970"]),
        ({"a": "2026-01-01T00:00:00Z"}, {"a": "date"}, []),
        ({"a": "soon"}, {"a": "date"}, ["a is text, not a time in ISO 8601"]),
    ],
)  # fmt: skip
def test_differences_are_named_by_their_path(value: Any, shape: Any, expected: list[str]) -> None:
    assert found(value, shape) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(value=JSON)
def test_no_value_raises_or_is_shown(value: Any) -> None:
    for each in found(value, {"a": "thing", "b?": ["date"], "c": {"d": "time"}}):
        assert len(each) < 120
        assert each.isprintable()
