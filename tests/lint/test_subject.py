"""Where the characters of a text are in its file."""

from __future__ import annotations

import pytest

from devinops.lint.subject import position
from devinops.model.objects import Source


@pytest.mark.parametrize(
    ("lines", "place", "text", "start", "found"),
    [
        (["---", "x", "---", "one", "two three"], (4, 1), "one\ntwo three", 8, (5, 5)),
        (["- a", "  body: |", "    one", "    two"], (3, 1), "one\ntwo", 4, (4, 5)),
        (['trigger: "a b"'], (1, 10), "a b", 2, (1, 13)),
        (["", "", "one"], (1, 1), "one", 0, (3, 1)),
        (["t: >", "  one two", "  three four"], (2, 1), "one two three four", 8, (3, 3)),
        (['t: "a\\u200bb c"'], (1, 4), "a\u200bb c", 1, (1, 4)),
        (["one"], (1, 1), "", 0, (1, 1)),
        ([], (3, 2), "one", 1, (3, 2)),
    ],
)
def test_a_character_is_found_in_its_line(
    lines: list[str], place: tuple[int, int], text: str, start: int, found: tuple[int, int]
) -> None:
    assert position(lines, Source("a", *place), text, start) == Source("a", *found)
