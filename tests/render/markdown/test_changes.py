"""The diff of a change in Markdown: rows, changed words, and what is left out."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.model.changes import FieldChange
from devinops.model.values import UNSET
from devinops.render.markdown.changes import COLUMNS, details, field_blocks

TEXT = [f"line {n}" for n in range(60)]


def rows(name: str, before: Any, after: Any, kind: str = "knowledge", **more: Any) -> list[str]:
    blocks = field_blocks(kind, FieldChange(name, before, after), **more)
    return [row for block in blocks for row in block.rows]


def hints(before: str, after: str) -> list[str]:
    blocks = field_blocks("knowledge", FieldChange("body", before, after))
    return [hint for block in blocks for hint in block.hints]


@pytest.mark.parametrize(
    ("name", "before", "after", "expected"),
    [
        ("pinned_repo", "acme/api", None, ["@@ pinned_repo @@", "- acme/api", "+ null"]),
        ("pinned_repo", UNSET, "acme/api", ["@@ pinned_repo @@", "+ acme/api"]),
        ("body", UNSET, "a\nb\n", ["@@ body @@", "+ a", "+ b"]),
        ("body", "a\n\nb", UNSET, ["@@ body @@", "- a", "-", "- b"]),
        ("body", "a\nb", "a\nc", ["@@ body, line 1 @@", "  a", "- b", "+ c"]),
        ("body", "a b", "a\tb", ["@@ body, line 1 @@", "- a b", "+ a→b"]),
    ],
)
def test_the_rows_of_a_field(name: str, before: Any, after: Any, expected: list[str]) -> None:
    assert rows(name, before, after) == expected


def test_the_paths_of_a_nested_value_are_named() -> None:
    before, after = {"type": "object", "required": ["a"]}, {"type": "object", "required": ["b"]}
    assert rows("structured_output_schema", before, after, "playbook")[-1] == "# at required.0"


def test_a_set_shows_what_it_loses_and_gains() -> None:
    old, new = ["a", "b"], ["b", "c"]
    assert rows("tags", old, new, "session_tags") == ["@@ tags @@", "- a", "+ c"]


def test_a_long_line_is_wrapped_and_keeps_its_sign() -> None:
    shown = rows("body", "word " * 60, "other")
    assert all(len(row) <= COLUMNS + 4 for row in shown)
    assert [row[:4] for row in shown[1:5]] == ["- wo", "- ↳ ", "- ↳ ", "- ↳ "]


def test_of_a_new_text_everything_is_shown_if_there_is_space() -> None:
    assert rows("body", UNSET, "\n".join(TEXT))[-1] == "+ line 59"


def test_a_text_that_is_too_long_to_compare_is_counted() -> None:
    long = "a\n" * 20_001
    expected = "@@ body: 20001 → 1 lines, too many to compare here @@"
    assert rows("body", long, "b") == [expected]


@pytest.mark.parametrize(
    ("before", "after", "hint"),
    [
        ("clients switch on it", "clients depend on it", "clients <del>switch</del> <ins>depend</ins> on it"),
        ("be kind.", "be kind, and quick.", "be kind<ins>, and quick</ins>."),
        ("a <b> c", "a <i> c", "a &lt;<del>b</del> <ins>i</ins>&gt; c"),
    ],
)  # fmt: skip
def test_changed_words_are_marked(before: str, after: str, hint: str) -> None:
    assert hints(before, after) == [f"<code>{hint}</code>"]


def test_lines_that_have_little_in_common_are_not_marked() -> None:
    assert hints("one thing", "quite another, and longer") == []


def test_the_middle_of_a_long_equal_part_is_left_out() -> None:
    (hint,) = hints(f"{'word ' * 40}old", f"{'word ' * 40}new")
    assert " … " in hint
    assert len(hint) < 160


def test_details_are_cut_between_rows_and_say_so() -> None:
    change = FieldChange("body", UNSET, "\n".join(TEXT))
    whole = details("s", "a", field_blocks("knowledge", change), 10_000)
    part = details("s", "a", field_blocks("knowledge", change), 600)
    assert whole
    assert not whole.cut
    assert part
    assert part.cut
    assert len(part.text) <= 600
    assert "more lines, not shown here @@\n```\n\n</details>\n" in part.text
    assert details("s", "a", field_blocks("knowledge", change), 200) is None


def test_a_text_is_cut_although_another_field_is_shown_before_it() -> None:
    fields = (FieldChange("trigger", UNSET, "t"), FieldChange("body", UNSET, "\n".join(TEXT)))
    blocks = [block for field in fields for block in field_blocks("knowledge", field)]
    part = details("s", "a", blocks, 600)
    assert part
    assert f"+ t\n@@ body @@\n+ {TEXT[0]}\n" in part.text
    shown = sum(map(part.text.count, (f"+ {text}\n" for text in TEXT)))
    assert f"@@ … {len(TEXT) - shown} more lines, not shown here @@" in part.text


def test_a_text_of_which_lines_are_left_out_counts_as_shortened() -> None:
    change = FieldChange("body", "a\n" * 20_001, "b")
    made = details("s", "a", field_blocks("knowledge", change), 60_000)
    assert made
    assert made.cut


def test_a_change_without_a_visible_difference_has_no_diff() -> None:
    change = FieldChange("body", "a", "a")
    made = details("s", "a", field_blocks("knowledge", change), 1_000)
    assert made
    assert made.text == "<details><summary>s</summary>\n\na\n\n</details>\n"
