"""How much of a plan is shown: everything that decides, and of long lists a count."""

from __future__ import annotations

import pytest

from devinops.model.changes import Action, Change, FieldChange
from devinops.model.keys import ROOT, Key
from devinops.render.changes import MAX_BRIEF, MAX_DETAILED, MAX_LISTED, Level, levels


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
