"""How many requests may be in flight, after which responses."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from devinops.api.window import LEARNING, START, Window
from devinops.model.errors import TOO_MANY

USUAL_S = 3.0
SLOW_S = 4.1
"""More than a third above the usual."""


class Of(NamedTuple):
    """Responses that are alike."""

    count: int
    took_s: float = USUAL_S
    sort: str = "POST"
    status: int | None = 201


LEARNED = Of(LEARNING)
TO_16 = [LEARNED, *[Of(START + step // 2) for step in range(16)]]
"""Each round takes as many responses as the window is wide, and adds half a request."""

ENOUGH = Of(10_000)


@pytest.mark.parametrize(
    ("responses", "size"),
    [
        pytest.param([], 8, id="the first size"),
        pytest.param([LEARNED, Of(15)], 8, id="not grown before the second round has ended"),
        pytest.param([LEARNED, Of(16)], 9, id="half a request a round"),
        pytest.param([LEARNED, Of(16), Of(17)], 9, id="a wider round has more responses"),
        pytest.param([LEARNED, Of(16), Of(18)], 10, id="and then grows as well"),
        pytest.param(TO_16, 16, id="as many rounds as it takes"),
        pytest.param([ENOUGH], 32, id="never more than 32"),
        pytest.param([*TO_16, Of(32, 4.0)], 17, id="a third longer is still usual"),
        pytest.param([*TO_16, Of(16, SLOW_S)], 16, id="a slow round does not widen it"),
        pytest.param([*TO_16, *2 * [Of(16, SLOW_S)]], 12, id="two shrink it by a quarter"),
        pytest.param([*TO_16, *2 * [Of(8), Of(8, 60)]], 17, id="half a slow round is not slow"),
        pytest.param([*TO_16, *2 * [Of(7), Of(9, SLOW_S)]], 12, id="more than half is"),
        pytest.param([*TO_16, *3 * [Of(16, 60), Of(16)]], 17, id="single pauses do not shrink it"),
        pytest.param([*TO_16, Of(32 + 12, SLOW_S)], 12, id="what was in flight is not enough"),
        pytest.param([*TO_16, Of(32 + 24, SLOW_S)], 9, id="what is sent after that is"),
        pytest.param([*TO_16, Of(32, SLOW_S), Of(24)], 13, id="quick again, it grows again"),
        pytest.param([*TO_16, Of(10_000, SLOW_S)], 8, id="never less than at first"),
        pytest.param([Of(START, 60), Of(92), Of(16)], 9, id="slow connects are not usual"),
        pytest.param([LEARNED, Of(16), Of(10_000, 0.1)], 32, id="quicker than usual"),
        pytest.param([Of(50), Of(50, 9), Of(10_000, SLOW_S)], 8, id="usual is what the first took"),
        pytest.param([Of(10_000, 0)], 32, id="no time at all"),
        pytest.param([LEARNED, Of(16, status=404)], 9, id="a refusal of one object is a response"),
        pytest.param([*TO_16, Of(16, 9, "PUT")], 16, id="other requests have their own time"),
        pytest.param([*TO_16, Of(50, 9, "PUT"), Of(50, 13, "PUT")], 13, id="and compare with it"),
        pytest.param([Of(10_000, sort="", status=200)], 8, id="lists say nothing"),
        pytest.param([*TO_16, Of(100, 9, "", 200)], 16, id="however long they take"),
        *[
            pytest.param([*TO_16, Of(1, 0, sort, status), *after], 8, id=f"{status} {sort}".strip())
            for status in (429, 500, 503, None)
            for sort in ("POST", "")
            for after in ([], [ENOUGH])
        ],
        pytest.param([Of(1, status=429), ENOUGH], 8, id="429 before it has grown"),
    ],
)
def test_the_window_grows_while_responses_are_quick(responses: list[Of], size: int) -> None:
    assert after(Window(), responses) == size


@pytest.mark.parametrize("parallelism", [1, 8, 20, 64])
@pytest.mark.parametrize(
    "responses",
    [[], [ENOUGH], [LEARNED, Of(10_000, 9)], [Of(1, status=429), ENOUGH], [Of(1, status=None)]],
    ids=["at first", "quick", "slow", "429", "no response"],
)
def test_a_number_that_is_given_is_always_that_number(
    parallelism: int, responses: list[Of]
) -> None:
    assert after(Window(parallelism), responses) == parallelism


@pytest.mark.parametrize(
    ("parallelism", "shards", "first", "most"),
    [(None, 2, 4, 16), (None, 3, 2, 10), (None, 40, 1, 1), (20, 4, 5, 5), (2, 8, 1, 1)],
)
def test_a_shard_has_its_share_and_at_least_one(
    parallelism: int | None, shards: int, first: int, most: int
) -> None:
    window = Window(parallelism, shards=shards)
    assert window.size == first
    assert after(window, [Of(10_000)]) == most


def after(window: Window, responses: list[Of]) -> int:
    for count, took_s, sort, status in responses:
        for _ in range(count):
            window.ended(sort, status, took_s)
            assert 1 <= window.size <= 64
    return window.size


def test_of_many_targets_one_that_fails_makes_the_window_smaller_for_a_while_only() -> None:
    window = Window(many=True)
    for _ in range(LEARNING * 4):
        window.ended("notes", 200, 0.3)
    grown = window.size
    assert grown > START
    window.ended("notes", TOO_MANY, 0.3)
    assert window.size == grown
    window.ended("notes", 503, 0.3)
    assert START <= window.size < grown
    for _ in range(LEARNING * 4):
        window.ended("notes", 200, 0.3)
    assert window.size > grown
