"""A line diff with the changed words marked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.render.word_diff import MAX_WORDS, compared, unified


def marked(before: str, after: str) -> list[str]:
    """Return the rows of a diff, with changed words in brackets."""
    rows = unified(before.split("\n"), after.split("\n"), lambda _, text: text)
    return [
        row.symbol + "".join(f"[{p.text}]" if p.changed else p.text for p in row.parts)
        for row in rows
        if row.symbol != "@"
    ]


CASES = {
    "one word": ("clients switch on it", "clients depend on it", ["-clients [switch] on it", "+clients [depend] on it"]),
    "a word more": ("a b c", "a b new c", ["-a b c", "+a b [new ]c"]),
    "lines with little in common": ("a quick brown fox", "nothing else here", ["-a quick brown fox", "+nothing else here"]),
    "a line more": ("one\ntwo", "one\nthree\ntwo", [" one", "+three", " two"]),
    "two lines for one": (
        "say this now",
        "say that now\nand more",
        ["-say [this] now", "+say [that] now", "+and more"],
    ),
    "a line that is too long": (
        "a " * MAX_WORDS + "b",
        "a " * MAX_WORDS + "c",
        ["-" + "a " * MAX_WORDS + "b", "+" + "a " * MAX_WORDS + "c"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_changed_words_are_marked(case: str) -> None:
    before, after, expected = CASES[case]
    assert marked(before, after) == expected


@given(st.text(max_size=60), st.text(max_size=60))
def test_the_parts_are_the_whole_line(before: str, after: str) -> None:
    old, new = compared(before, after)
    assert ("".join(p.text for p in old), "".join(p.text for p in new)) == (before, after)
