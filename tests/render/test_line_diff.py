"""Diffs are those of difflib, and a diff that would take too long is plain; git applies patches."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.model.changes import FieldChange
from devinops.render import line_diff, word_diff
from devinops.render.html.diff import difference
from devinops.render.line_diff import UNCOMPARED, patch, shown
from devinops.render.markdown.changes import field_blocks

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
    monkeypatch.setattr(line_diff, "MAX_COMPARED", 1_000)
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


# --- patches ------------------------------------------------------------------------------------

HUNK = "@@ -1 +1 @@"


@pytest.mark.parametrize(
    ("before", "after", "exact", "for_people"),
    [
        ("a\n", "b\n", ["-a", "+b"], ["-a", "+b"]),
        ("a\r\n", "b\r\n", ["-a\r", "+b\r"], ["-a", "+b"]),
        ("a\r\n", "b\n", ["-a\r", "+b"], ["-a\\r", "+b"]),
        ("a\u200b\n", "a\u2028b\n", ["-a\u200b", "+a\u2028b"], ["-a\\u200b", "+a\\u2028b"]),
        ("a", "a\n", ["-a", "\\ No newline at end of file", "+a"], ["-a", "\\ No newline at end of file", "+a"]),
    ],
)  # fmt: skip
def test_the_lines_of_a_patch(
    before: str, after: str, exact: list[str], for_people: list[str]
) -> None:
    head = ["--- a/x.md", "+++ b/x.md", HUNK]
    assert list(patch("x.md", before, after)) == [*head, *exact]
    assert list(shown("x.md", before, after)) == [*head, *for_people]


@pytest.mark.parametrize(
    ("path", "exact", "for_people"),
    [
        ("k/é.md", "k/é.md", "k/é.md"),
        ("k/a b.md", "k/a b.md\t", "k/a b.md"),
        ("k/\u202e.md", "k/\u202e.md", "k/\\u202e.md"),
        ('"\\\n.md', '"\\"\\\\\\012.md"', '"\\"\\\\\\012.md"'),
        ("\udcff.md", '"\\377.md"', '"\\377.md"'),
    ],
    ids=ascii,
)
def test_the_names_above_a_patch(path: str, exact: str, for_people: str) -> None:
    for lines, name in ((patch, exact), (shown, for_people)):
        side = '"a/' if name.startswith('"') else "a/"
        first = next(iter(lines(path, "a\n", "b\n")))
        assert first == f"--- {side}{name.removeprefix(chr(34))}"
