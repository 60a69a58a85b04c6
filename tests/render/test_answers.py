"""How a plan differs from the reviewed one: why a change of the review is not made any more."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from devinops.model.changes import Blocked, Blocker
from devinops.model.keys import FolderPath, Key
from devinops.planning.plan import Plan
from devinops.render import render
from devinops.render.answers import Differences
from tests.testing.reports import declared, note, of_one, planned

NOTE: Final = note("Deploys", body="As applied.", id="note-1")
WANTED: Final = declared(note("Deploys", body="Changed in Git."))
EDITED: Final = note("Deploys", body="Edited in the web app.", id="note-1")
REVIEWED: Final = planned(WANTED, [NOTE], [NOTE])
UNCHANGED: Final = planned(declared(NOTE), [NOTE], [NOTE])
RENAMED: Final = replace(UNCHANGED, inventory=replace(UNCHANGED.inventory, moves_from="staging"))
FOLDER: Final = Key("folder", FolderPath(""), "Backend")


def blocked(block: Blocked) -> Plan:
    return replace(UNCHANGED, blocked=(block,))


@pytest.mark.parametrize(
    ("before", "now", "reason"),
    [
        (
            REVIEWED,
            planned(WANTED, [EDITED], [NOTE]),
            "conflict: body changed in Git and outside devinops",
        ),
        (
            REVIEWED,
            planned(WANTED, [], [NOTE]),
            "conflict: changed in Git, but deleted outside devinops",
        ),
        (
            REVIEWED,
            blocked(Blocked(Blocker.REQUIREMENT, FOLDER, "missing", needed_by=(NOTE.key,))),
            "requirement: missing",
        ),
        (
            REVIEWED,
            blocked(Blocked(Blocker.PROTECTED, note("Other").key, "kept", ids=(NOTE.id,))),
            "protected: kept",
        ),
        (
            planned(declared(NOTE), [EDITED], [NOTE], on_drift="overwrite"),
            planned(declared(NOTE), [EDITED], [NOTE]),
            "edited outside devinops, and kept",
        ),
    ],
    ids=["a conflict", "deleted outside", "its folder is missing", "another name", "drift"],
)
def test_a_change_that_is_blocked_or_left_alone_now_is_told_apart(
    before: Plan, now: Plan, reason: str
) -> None:
    differences = Differences.between(of_one(before).plans, of_one(now).plans)
    (held,) = differences.held
    assert (str(differences), held.key) == ("1 blocked or kept", NOTE.key)
    assert held.reason.startswith(reason)
    assert reason in "".join(render("text", differences))


@pytest.mark.parametrize(
    ("before", "now", "says"),
    [
        (RENAMED, UNCHANGED, "only one of them renames the inventory"),
        (UNCHANGED, RENAMED, "only one of them renames the inventory"),
        (RENAMED, REVIEWED, "1 new"),
        (
            RENAMED,
            RENAMED,
            "a live value that no entry mentions, or what a name refers to, has changed",
        ),
    ],
)
def test_an_inventory_that_only_one_plan_renames_is_a_difference(
    before: Plan, now: Plan, says: str
) -> None:
    assert str(Differences.between(of_one(before).plans, of_one(now).plans)) == says


@pytest.mark.parametrize(
    "now",
    [UNCHANGED, blocked(Blocked(Blocker.CONFLICT, note("Other").key, "r", ids=("note-2",)))],
    ids=["nothing to do", "another object is blocked"],
)
def test_a_change_that_nothing_holds_back_is_gone(now: Plan) -> None:
    differences = Differences.between(of_one(REVIEWED).plans, of_one(now).plans)
    gone = [change.key for change in differences.gone]
    assert (str(differences), gone) == ("1 gone", [change.key for change in REVIEWED.changes])
