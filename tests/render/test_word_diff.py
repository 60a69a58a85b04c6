"""A line diff with the changed words marked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.render.word_diff import (
    AROUND,
    LOOKS_ALIKE,
    MAX_PART,
    MAX_WORDS,
    Part,
    Row,
    compared,
    elided,
    unified,
)


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
    "the end of a long line": (
        "a " * MAX_WORDS + "b",
        "a " * MAX_WORDS + "c",
        ["-" + "a " * MAX_WORDS + "[b]", "+" + "a " * MAX_WORDS + "[c]"],
    ),
    "the end of a long word": (
        "x" * 100 + "a",
        "x" * 100 + "b",
        ["-" + "x" * 60 + f"[{'x' * 40}a]", "+" + "x" * 60 + f"[{'x' * 40}b]"],
    ),
    "too many words to compare": (
        "x y " * MAX_WORDS + "b " * MAX_WORDS + "z",
        "x y " * MAX_WORDS + "c " * MAX_WORDS + "z",
        [
            "-" + "x y " * MAX_WORDS + "[" + ("b " * MAX_WORDS)[:-1] + "] z",
            "+" + "x y " * MAX_WORDS + "[" + ("c " * MAX_WORDS)[:-1] + "] z",
        ],
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


@given(st.text(), st.text(), st.text(max_size=20), st.text(max_size=20))
def test_what_differs_stays_however_long_the_line_is(
    start: str, end: str, before: str, after: str
) -> None:
    old, new = compared(*(f"{start * 999}{middle}{end * 999}" for middle in (before, after)))
    for symbol, parts in (("-", old), ("+", new)):
        row = elided(Row(symbol, parts), 100)
        assert [p for p in row.parts if p.changed] == [p for p in parts if p.changed]
        assert row.parts == parts or len(row.parts) == len(parts)


def test_lines_that_are_only_equal_at_a_long_start_are_compared() -> None:
    start = "word " * 100
    old, new = compared(start + "a " * 2_000, start + "b " * 2_000)
    assert [part.changed for part in old] == [part.changed for part in new]
    assert old[0] == new[0] == Part(start)


def test_only_the_ends_of_a_long_equal_part_are_shown() -> None:
    words = "word " * 200
    row = Row("-", (Part(words), Part("old", changed=True)))
    kept = f"{words[:AROUND]} … (600 equal characters) … {words[-AROUND:]}"
    assert elided(row, 100).parts == (Part(kept), Part("old", changed=True))
    assert elided(row, 2_000) == row
    other = Row("+", (Part(words),))
    assert elided(other, 100) == other
    very_long = Part("x" * (MAX_PART + 5), changed=True)
    assert elided(Row("+", (very_long,)), 100).parts == (
        Part("x" * MAX_PART + "… (5 more)", changed=True),
    )
    assert elided(Row(" ", (Part(words),)), 100).parts == (Part(kept),)


def test_lines_that_are_shown_alike_are_told_apart() -> None:
    rows = list(unified(["a"], ["b"], lambda _, text: "shown"))[1:]
    assert [row.parts[-1] for row in rows] == [Part("shown"), Part(LOOKS_ALIKE, changed=True)]
