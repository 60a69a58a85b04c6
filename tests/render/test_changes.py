"""How much of a plan is shown: everything that decides, and of long lists a count."""

from __future__ import annotations

import re

import pytest

from devinops.model.changes import Action, Change, FieldChange
from devinops.model.keys import ROOT, Key
from devinops.model.values import UNSET
from devinops.render.by_change import change_row
from devinops.render.html.values import fields
from devinops.render.markdown.changes import field_blocks
from devinops.render.report import Block, Part
from devinops.render.row_text import MAX_BRIEF, MAX_LISTED, RowText
from devinops.render.terminal import Terminal
from devinops.render.text import Text


def changes(action: Action, number: int, kind: str = "knowledge") -> list[Change]:
    fields = (FieldChange("body", "a", "b"),) if action is Action.UPDATE else ()
    return [
        Change(action, Key(kind, ROOT, f"N{n}"), "why", id=str(n), fields=fields)
        for n in range(number)
    ]


def counted(plan: list[Change], *, full: bool = False) -> list[int]:
    """Return how many changes have their details, only a line, or are only counted."""
    block = Block(Part.CHANGES, "Changes", rows=tuple(map(change_row, plan)))
    lines = "\n".join(Text(Terminal(), full).changes([block]))
    details = lines.count("why")
    left_out = map(int, re.findall(r"… and (\d+) more", lines))
    return [details, len(re.findall(r":N\d+", lines)) - details, sum(left_out)]


MANY = 180
CASES = {
    "few creates": (changes(Action.CREATE, MAX_BRIEF), [MAX_BRIEF, 0, 0]),
    "many creates": (
        changes(Action.CREATE, MANY),
        [0, MAX_LISTED, MANY - MAX_LISTED],
    ),
    "every delete has a line": (
        changes(Action.DELETE, MANY),
        [0, MANY, 0],
    ),
    "every update has its details": (changes(Action.UPDATE, MANY), [MANY, 0, 0]),
    "many creates cut off no delete": (
        changes(Action.CREATE, MANY) + changes(Action.DELETE, 2),
        [2, MAX_LISTED, MANY - MAX_LISTED],
    ),
    "each kind has some lines": (
        changes(Action.CREATE, MANY) + changes(Action.CREATE, 1, "playbook"),
        [0, MAX_LISTED + 1, MANY - MAX_LISTED],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_long_lists_are_cut_off(case: str) -> None:
    plan, expected = CASES[case]
    assert counted(plan) == expected
    assert counted(plan, full=True) == [len(plan), 0, 0]


LONG_LINE = "word " * 3_000 + "never delete the database " + "tail " * 10
SCHEMA = {"type": "object", "properties": {f"p{n:03}": {"type": "string"} for n in range(300)}}
OTHER = {**SCHEMA, "properties": {**SCHEMA["properties"], "p290": {"type": "never"}}}
BEHIND = {
    "the end of a long line": ("body", LONG_LINE, LONG_LINE.replace("never", "always"), "always"),
    "the end of a long word": ("trigger", "x" * 12_500 + "A", "x" * 12_500 + "B", "xB"),
    "the end of long JSON": ("structured_output_schema", SCHEMA, OTHER, "never"),
    "the end of a long value": ("pinned_repo", "x" * 12_500 + "A", "x" * 12_500 + "B", "xB"),
}


@pytest.mark.parametrize("format", ["text", "markdown", "html"])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("case", BEHIND)
def test_no_change_hides_behind_what_is_equal(case: str, full: bool, format: str) -> None:
    name, before, after, seen = BEHIND[case]
    field = FieldChange(name, before, after)
    kind = "playbook" if name == "structured_output_schema" else "knowledge"
    if format == "text":
        shown = "\n".join(RowText(Terminal(), full).field(kind, field))
    elif format == "markdown":
        shown = "\n".join(row for block in field_blocks(kind, field) for row in block.rows)
    else:
        shown = fields(kind, [field])
    assert seen in shown
    assert full or format == "html" or len(shown) < 30_000


@pytest.mark.parametrize("after", [LONG_LINE, f"one\n{LONG_LINE}"])
def test_everything_of_a_new_text_is_shown(after: str) -> None:
    field = FieldChange("body", UNSET, after)
    assert "never" in "\n".join(RowText(Terminal(), full=True).field("knowledge", field))
    assert "never" in "\n".join(row for b in field_blocks("knowledge", field) for row in b.rows)
    assert "never" in fields("knowledge", [field])


@pytest.mark.parametrize(
    ("key", "fields", "lines"),
    [
        ("knowledge:A", [("body", UNSET, "a\nb\n")], "+2 lines"),
        ("knowledge:A", [("body", "a\nb\nc", UNSET), ("trigger", "t", UNSET)], "−4 lines"),
        ("knowledge:A", [("body", "a\nb\nc", "a\nB\nc\nd")], "+2 −1 lines"),
        ("knowledge:A", [("is_enabled", True, False)], "+1 −1 lines"),
        ("knowledge:A", [("body", "a\n" * 15_000, "b\n" * 15_000)], "+15,000 −15,000 lines"),
        ("session_tags:x", [("tags", ["a", "b"], ["b", "c", "d"])], "+2 −1 lines"),
        ("knowledge:A", [("pinned_repo", UNSET, None)], ""),
    ],
)
def test_a_change_says_how_many_lines_it_adds_and_removes(
    key: str, fields: list[tuple[str, object, object]], lines: str
) -> None:
    changed = tuple(FieldChange(*field) for field in fields)
    row = change_row(Change(Action.UPDATE, Key.parse(key), "why", fields=changed))
    assert (row.details.size if row.details else "") == lines
