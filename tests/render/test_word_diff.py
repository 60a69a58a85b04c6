"""A line diff with the changed words marked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.render.changes import shown_line
from devinops.render.word_diff import LONG, MAX_WORDS, Part, around_changes, compared, cut, unified


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
    "a word in a long line": (
        "a " * MAX_WORDS + "b c",
        "a " * MAX_WORDS + "d c",
        ["-" + "a " * MAX_WORDS + "[b] c", "+" + "a " * MAX_WORDS + "[d] c"],
    ),
    "too many words differ to compare them": (
        "a " * LONG + "b. " * MAX_WORDS + "z",
        "a " * LONG + "c. " * MAX_WORDS + "z",
        ["-" + "a " * LONG + "[" + ("b. " * MAX_WORDS)[:-2] + "]. z", "+" + "a " * LONG + "[" + ("c. " * MAX_WORDS)[:-2] + "]. z"],
    ),
    "the end of a long word": (
        "x" * LONG + "A",
        "x" * LONG + "B",
        ["-" + "x" * 1984 + "[" + "x" * 16 + "A]", "+" + "x" * 1984 + "[" + "x" * 16 + "B]"],
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


ESCAPED = {
    "a hidden character and its escape": ("a\u200bb", "a\\u200bb", r"a\u200bb", r"a\\u200bb"),
    "a tab and an arrow": ("a\tb", "a→b", r"a\tb", r"a\u2192b"),
    "final spaces and dots": ("a ", "a·", "a ", r"a\xb7"),
    "a command and its escape": ("::x", r"\x3a:x", r"\x3a:x", r"\\x3a:x"),
}


@pytest.mark.parametrize("case", ESCAPED)
def test_lines_that_would_look_equal_are_distinguished(case: str) -> None:
    before, after, *expected = ESCAPED[case]
    rows = list(unified([before], [after], shown_line))[1:]
    assert ["".join(part.text for part in row.parts) for row in rows] == expected


WORDS = st.sampled_from(
    ["word ", "never ", "always ", "x" * 700, "日本語", "\u200b", r"\u200b", "\t"]
)


@given(st.lists(WORDS, max_size=12), st.lists(WORDS, max_size=12), st.sampled_from([0, 3_000]))
def test_no_change_is_out_of_sight(old: list[str], new: list[str], equal: int) -> None:
    before, after = ("word " * equal + "".join(words) for words in (old, new))
    rows = list(unified([before], [after], shown_line))[1:]
    shown = ["".join(part.text for part in around_changes(row.parts)) for row in rows]
    assert len(shown) == len({*shown}) == (0 if before == after else 2)


def test_of_a_long_line_what_has_not_changed_is_left_out() -> None:
    before = "a " * LONG + "never delete " + "b " * LONG
    old, new = compared(before, before.replace("never", "always"))
    expected = "… (3900 unchanged) …" + "a " * 50, " delete " + "b " * 46 + "… (3908 unchanged) …"
    for parts, word in ((old, "never"), (new, "always")):
        shown = around_changes(parts)
        assert [part.text for part in shown] == [expected[0], word, expected[1]]
        assert [part.changed for part in shown] == [False, True, False]


def test_what_is_cut_off_is_counted() -> None:
    parts = Part("abc"), Part("def", changed=True), Part("gh")
    assert list(cut(parts, 8)) == [*parts]
    assert list(cut(parts, 4)) == [parts[0], Part("d", changed=True), Part("… (4 more)")]
