"""How much of a plan is shown: everything that decides, and of long lists a count."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devinops.model.changes import Action, Change, FieldChange
from devinops.model.errors import ExitCode
from devinops.model.keys import ROOT, Key
from devinops.model.values import UNSET
from devinops.render import Style, render
from devinops.render.answers import PlanAnswer
from devinops.render.changes import MAX_BRIEF, MAX_DETAILED, MAX_LISTED, Level, levels
from tests.testing.reports import small


def changes(action: Action, number: int, kind: str = "knowledge") -> list[Change]:
    fields = (FieldChange("body", "a", "b"),) if action is Action.UPDATE else ()
    return [
        Change(action, Key(kind, ROOT, f"N{n}"), "why", id=str(n), fields=fields)
        for n in range(number)
    ]


def counted(plan: list[Change], *, full: bool = False) -> list[int]:
    shown = [level for _, level in levels(plan, full=full)]
    return [shown.count(level) for level in Level]


MANY = 180
CASES = {
    "few creates": (changes(Action.CREATE, MAX_BRIEF), [MAX_BRIEF, 0, 0]),
    "many creates": (
        changes(Action.CREATE, MANY),
        [MAX_DETAILED, MAX_LISTED, MANY - MAX_DETAILED - MAX_LISTED],
    ),
    "every delete has a line": (
        changes(Action.DELETE, MANY),
        [MAX_DETAILED, MANY - MAX_DETAILED, 0],
    ),
    "every update has its details": (changes(Action.UPDATE, MANY), [MANY, 0, 0]),
    "many creates cut off no delete": (
        changes(Action.CREATE, MANY) + changes(Action.DELETE, 2),
        [MAX_DETAILED + 2, MAX_LISTED, MANY - MAX_DETAILED - MAX_LISTED],
    ),
    "each kind has some lines": (
        changes(Action.CREATE, MANY) + changes(Action.CREATE, 1, "playbook"),
        [MAX_DETAILED, MAX_LISTED + 1, MANY - MAX_DETAILED - MAX_LISTED],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_long_lists_are_cut_off(case: str) -> None:
    plan, expected = CASES[case]
    assert counted(plan) == expected
    assert counted(plan, full=True) == [len(plan), 0, 0]


WORDS = "word " * 3_000
"""A line, longer than any limit of a format."""
NEVER, ALWAYS = (f"{WORDS}{word} delete the database {WORDS}end" for word in ("never", "always"))


def edited(before: object, after: object, field: str) -> PlanAnswer:
    update = replace(
        small().changes[0],
        action=Action.UPDATE,
        key=Key.parse("knowledge:A"),
        fields=(FieldChange(field, before, after),),
    )
    return PlanAnswer(replace(small(), changes=(update,)), ExitCode.OK)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("format", ["text", "markdown", "html"])
@pytest.mark.parametrize(
    ("before", "after", "field"),
    [(NEVER, ALWAYS, "body"), (NEVER, ALWAYS, "name"), ([NEVER], [ALWAYS], "name")],
    ids=["text", "sentence", "list"],
)
def test_what_differs_in_a_long_line_is_shown(
    format: str, full: bool, before: object, after: object, field: str
) -> None:
    style = Style(full=full, limit=1_000_000)
    shown = "".join(render(format, edited(before, after, field), style))
    assert "never" in shown
    assert "always" in shown
    assert ("… (14" in shown) is (format != "html" and not full)  # so much of it is equal
    assert len(shown) < 10_000 or full or format == "html"


@pytest.mark.parametrize("format", ["text", "markdown", "html"])
def test_all_of_a_long_line_that_is_created_is_shown_if_wished(format: str) -> None:
    answer = edited(UNSET, NEVER, "body")
    assert "end" in "".join(render(format, answer, Style(full=True, limit=1_000_000)))


def test_a_report_says_that_a_long_line_is_cut_off() -> None:
    shown = "".join(render("markdown", edited(UNSET, NEVER, "body")))
    assert "never" not in shown
    assert "This report is shortened" in shown
