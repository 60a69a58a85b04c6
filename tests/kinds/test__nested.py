"""The short and the full form of nested values."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.kinds._nested import (
    choice,
    count,
    full,
    record,
    sequence,
    set_of,
    short,
    switch,
    text,
)

SCHEMA = record(
    "A.",
    {
        "name": text("N."),
        "on": switch("O.", default=False),
        "most": count("M.", 1, nullable=True),
        "mode": choice("C.", "a", "b", nullable=True),
        "tags": set_of("T.", text("T."), default=[]),
        "inner": record("I.", {"deep": text("D.", nullable=True)}, nullable=True),
        "list": sequence("L.", record("E.", {"on": switch("O.", default=False)})),
    },
    ("name",),
)
EVERYTHING: dict[str, Any] = {"on": False, "most": None, "mode": None, "tags": [], "inner": None}


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ({"name": "n"}, {"name": "n"}),
        ({"name": "n", **EVERYTHING}, {"name": "n"}),
        ({"name": "n", "unknown": 1}, {"name": "n"}),
        ({"name": "n", "on": True, "most": 3}, {"name": "n", "on": True, "most": 3}),
        ({"name": "n", "most": 3.0}, {"name": "n", "most": 3}),
        ({"name": "n", "tags": ["b", "a"]}, {"name": "n", "tags": ["a", "b"]}),
        ({"name": "n", "inner": {}}, {"name": "n"}),
        ({"name": "n", "inner": {"deep": None}}, {"name": "n"}),
        ({"name": "n", "inner": {"deep": "d"}}, {"name": "n", "inner": {"deep": "d"}}),
        ({"name": "n", "list": [{"on": False}]}, {"name": "n", "list": [{}]}),
    ],
)
def test_the_short_form_leaves_out_what_says_nothing(value: Any, form: Any) -> None:
    assert short(SCHEMA, value) == form
    assert short(SCHEMA, form) == form
    assert short(SCHEMA, full(SCHEMA, form)) == form


def test_the_full_form_says_everything_but_what_has_no_default() -> None:
    assert full(SCHEMA, {"name": "n"}) == {"name": "n", **EVERYTHING}
    whole = full(SCHEMA, {"name": "n", "inner": {}, "list": [{}]})
    assert (whole["inner"], whole["list"]) == ({"deep": None}, [{"on": False}])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "expected object"),
        ({}, "name is missing"),
        ({"name": 1}, "expected string"),
        ({"name": "n", "most": True}, "expected integer or null"),
        ({"name": "n", "most": 3.5}, "expected integer or null"),
        ({"name": "n", "most": float("inf")}, "expected integer or null"),
        ({"name": 1.0}, "expected string"),
        ({"name": "n", "inner": "d"}, "expected object or null"),
        ({"name": "n", "list": [1]}, "expected object"),
    ],
)
def test_a_response_that_is_not_in_shape_is_refused(value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        short(SCHEMA, value)
