"""A key in a sentence is shown as a whole, whoever names it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from devinops.applying.saved import read_plans, save
from devinops.model.changes import Blocked, Blocker
from devinops.model.exit_codes import ExitCode
from devinops.model.keys import FolderPath, Key
from devinops.planning.plan import Plan
from devinops.render import Style, render
from devinops.render.answers import Answer, RunAnswer
from tests.testing.reports import applied_to_one, declared, note, of_one, planned

TEXT = "One step at a time, and never two of them at once."


def markdown(answer: Answer) -> str:
    return "".join(render("markdown", answer, Style()))


def moved() -> Plan:
    """Return a plan with a rename into another folder."""
    old = note("Old name", "Backend/APIs", trigger="t", body=TEXT)
    return planned(
        declared(note("New name", "Frontend", trigger="t", body=TEXT)), [old], owned=[old]
    )


def test_the_old_key_of_a_renamed_object_is_one_span(tmp_path: Path) -> None:
    plan = moved()
    save(tmp_path / "plan.json", render("json", of_one(plan)))
    answers: list[Answer] = [
        of_one(plan),
        RunAnswer(read_plans(tmp_path / "plan.json"), ExitCode.OK),
        applied_to_one(plan, (), plan.changes),
    ]
    for answer in answers:
        both = "knowledge:Backend/APIs/Old name → Frontend/New name"
        assert re.search(f"(`|<code>){both}(`|</code>)", markdown(answer))


def test_what_people_must_copy_is_one_span() -> None:
    old = note("Old name", trigger="t", body=TEXT)
    plan = planned(declared(note("New name", trigger="t", body=f"{TEXT} x")), [old], owned=[old])
    assert (
        "is it `knowledge:Backend/Old name`? Then add "
        '`previously: [{"folder": "Backend", "name": "Old name"}]`, and it keeps its id'
    ) in markdown(of_one(plan))


def test_the_keys_of_objects_without_a_change_are_spans_too() -> None:
    """In the reason of a blocked step, and in a warning."""
    first, second = (note("Two of them", id=id, body=TEXT) for id in ("n1", "n2"))
    same = note("Not declared", "Frontend", trigger="when a table changes", body="x")
    entries = [note("One of ours", trigger="when a table changes", body=TEXT), first]
    plan = planned(declared(*entries), [first, second, same])
    text = markdown(of_one(plan))
    assert "share the key `knowledge:Backend/Two of them`: " in text
    assert "the unmanaged `knowledge:Frontend/Not declared` has" in text
    waiting = Blocked(Blocker.CONFLICT, first.key, f"{same.key} has its name")
    report = markdown(applied_to_one(plan, (), waiting=(waiting,)))
    assert ": `knowledge:Frontend/Not declared` has its name\n" in report


@pytest.mark.parametrize("needed", [True, False])
def test_an_entry_that_needs_a_blocked_step_can_be_named_too(needed: bool) -> None:
    key = Key("knowledge", FolderPath("F"), "A name")
    by = (Key("knowledge", FolderPath("F"), "Its name"),) if needed else ()
    block = Blocked(Blocker.CONFLICT, key, "F/A name or knowledge:F/Its name", needed_by=by)
    name = "`knowledge:F/Its name`; needed by 1 entry" if needed else "`knowledge:F/Its` name"
    assert f" or {name}\n" in markdown(applied_to_one(moved(), (), waiting=(block,)))
