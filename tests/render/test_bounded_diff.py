"""Diffs are those of difflib, and a diff that would take too long is plain."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.model.changes import FieldChange
from devinops.render import bounded_diff, word_diff
from devinops.render.bounded_diff import UNCOMPARED
from devinops.render.html.diff import difference
from devinops.render.markdown.changes import field_blocks
from devinops.render.unified_diff import patch

BEFORE = [f"same {row}" if row % 2 else f"old {row}" for row in range(60)]
AFTER = [f"same {row}" if row % 2 else f"new {row}" for row in range(60)]

texts = st.lists(st.sampled_from("abcd"), max_size=12)


def rows(before: list[str], after: list[str]) -> list[str]:
    found = word_diff.unified(before, after, lambda _, text: text)
    return [
        ("" if row.symbol == "@" else row.symbol) + "".join(part.text for part in row.parts)
        for row in found
    ]


@given(texts, texts)
def test_a_diff_is_that_of_difflib(before: list[str], after: list[str]) -> None:
    expected = list(difflib.unified_diff(before, after, "a/x", "b/x", lineterm=""))
    assert rows(before, after) == expected[2:]
    old, new = ("".join(f"{line}\n" for line in side) for side in (before, after))
    assert before == after or list(patch("x", old, new)) == expected


def test_of_many_changed_lines_those_that_are_not_compared_are_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bounded_diff, "MAX_COMPARED", 1_000)
    shown = rows(BEFORE, AFTER)
    assert shown[0] == f"@@ -1,60 +1,60 @@ {UNCOMPARED}"
    assert [row[1:] for row in shown[1:] if row[0] != "+"] == BEFORE
    assert [row[1:] for row in shown[1:] if row[0] != "-"] == AFTER
    assert 91 < len(shown) < 121, "some equal lines are found, and some are not"
    old, new = "\n".join(BEFORE), "\n".join(AFTER)
    assert list(patch("x", old, new))[2] == shown[0]
    assert f'<p class="hint">{UNCOMPARED.capitalize()}.</p>' in difference(old, new)
    (block,) = field_blocks("knowledge", FieldChange("body", old, new))
    assert block.rows[0] == f"@@ body, line 1: {UNCOMPARED} @@"


def test_the_words_of_a_text_are_compared_until_that_is_too_much_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(word_diff, "MAX_COMPARED_WORDS", 10)
    before, after = ["a b, c", "d e, f"], ["a x, y", "d x, y"]
    found = list(word_diff.unified(before, after, lambda _, text: text))
    assert [[part.text for part in row.parts if part.changed] for row in found[1:]] == [
        ["b", "c"],
        [],
        ["x", "y"],
        [],
    ]
