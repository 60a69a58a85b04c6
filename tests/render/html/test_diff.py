"""A diff shows both versions whole: what is folded, numbered and marked changes nothing of the text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.model.values import canonical_text
from devinops.render.changes import MAX_DIFF_LINES
from devinops.render.html.diff import MAX_LINES, difference, whole
from tests.testing.html import Parsed

NUMBERED = "\n".join(f"line {number}" for number in range(1, 31))


class Sides(Parsed):
    """The lines of both sides of a diff, read back from its markup."""

    def __init__(self, markup: str) -> None:
        self.old = self.new = ""
        self.open: list[str] = []
        super().__init__(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        # HTML drops a line end at the start of `pre`, and in a fold only these have no elements.
        self.starts = self.is_folded = tag == "pre" and "details" in self.open

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if self.is_folded:
            self.old += "\n"
            self.new += "\n"
        self.is_folded = False

    def handle_data(self, data: str) -> None:
        if "summary" in self.open or not self.open:
            return
        data = data.removeprefix("\n") if self.starts else data
        self.starts = False
        self.old += "" if "ins" in self.open else data
        self.new += "" if "del" in self.open else data


TEXTS = st.lists(
    st.sampled_from(["a", "b", "the same line", "an other line", "", "\tx ", "<b>&"]), max_size=40
).map("\n".join)


@given(TEXTS, TEXTS)
def test_both_versions_can_be_read_back(before: str, after: str) -> None:
    sides = Sides(difference(before, after))
    assert sides.open == []
    assert [sides.old, sides.new] == [f"{canonical_text(text)}\n" for text in (before, after)]


def test_words_are_marked_lines_are_numbered_and_the_rest_is_folded() -> None:
    markup = difference(NUMBERED, NUMBERED.replace("line 20", "line twenty"))
    assert re.sub(r"</summary><pre>.*?</pre>", "</summary>…", markup, flags=re.DOTALL) == (
        '<div class="diff">'
        '<details class="fold"><summary>16 unchanged lines: 1 to 16</summary>…</details><pre>'
        '<span data-gutter=" 17  17  ">line 17\n</span>'
        '<span data-gutter=" 18  18  ">line 18\n</span>'
        '<span data-gutter=" 19  19  ">line 19\n</span>'
        '<span class="pair"><del data-gutter=" 20     -">line <mark>20</mark>\n</del>'
        '<ins data-gutter="     20 +">line <mark>twenty</mark>\n</ins></span>'
        '<span data-gutter=" 21  21  ">line 21\n</span>'
        '<span data-gutter=" 22  22  ">line 22\n</span>'
        '<span data-gutter=" 23  23  ">line 23\n</span></pre>'
        '<details class="fold"><summary>7 unchanged lines: 24 to 30</summary>…</details></div>'
    )
    assert "<pre>\nline 24\n" in markup


def test_numbers_of_four_digits_have_a_wider_gutter() -> None:
    markup = difference("a\n" * 1_200, "a\n" * 1_199 + "b\n")
    assert '<div class="long diff">' in markup
    assert '<del data-gutter=" 1200       -">a\n</del>' in markup


@pytest.mark.parametrize(
    ("before", "after", "part"),
    [
        ("a b", "a b\tc", '<mark><b class="tab">\t</b>c</mark>'),
        ("one two\nx", "one two  \nx", "one two<mark><b> </b><b> </b></mark>\n</ins>"),
        ("a\u202eb c", "a\u202eb d", r"a<i>\u202e</i>b <mark>d</mark>"),
        ("first", "quite another", '<del data-gutter="  1     -">first\n</del>'),
    ],
    ids=["tab", "final spaces", "bidi", "unlike"],
)
def test_changed_lines(before: str, after: str, part: str) -> None:
    assert part in difference(before, after)


def test_few_equal_lines_are_not_folded() -> None:
    lines = NUMBERED.split("\n")[:9]
    changed = ["x", *lines[1:8], "y"]
    assert "details" not in difference("\n".join(lines), "\n".join(changed))


def test_very_long_texts_are_shown_but_not_compared() -> None:
    markup = difference("a\n" * MAX_DIFF_LINES, "b")
    assert markup.startswith('<p class="hint">Too many lines to compare here.</p>')
    assert f"before: {MAX_DIFF_LINES} lines" in markup


def test_a_long_text_of_one_side_is_folded_and_whole() -> None:
    assert whole("a\n") == '<pre class="text">\na</pre>'
    text = "\n".join(f"line {number}" for number in range(MAX_LINES + 10))
    markup = whole(text)
    assert "<summary>10 more lines</summary>" in markup
    assert re.sub(r"<summary>.*?</summary>|<[^>]+>\n?", "\n", markup).split() == text.split()
