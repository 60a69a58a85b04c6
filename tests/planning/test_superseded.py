"""A schedule goes only after the automation that replaces it; the plan tells how to write one."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.kinds.automation import Automation
from devinops.kinds.playbook import Playbook
from devinops.model.changes import Action, Change, Drift, DriftEvent
from devinops.model.keys import Key
from devinops.model.objects import Declaration, Ensure, Snapshot
from devinops.planning.draft import PlanDraft
from devinops.planning.superseded import advice, after_replacements
from tests.testing.objects import live
from tests.testing.plans import entry

DAILY = live("schedule", name="Daily", id="s1", prompt="Look at it.")
DELETE = Change(Action.DELETE, DAILY.key, "r", "s1", live=DAILY)


def automation(name: str, prompt: str = "p", **more: Any) -> Declaration:
    actions = [{"type": "start_session", "prompt": prompt}]
    return entry(Automation(name=name, triggers=[], actions=actions), **more)


def create(declaration: Declaration) -> Change:
    return Change(Action.CREATE, declaration.key, "r", declaration=declaration)


@pytest.mark.parametrize(
    ("entries", "successor"),
    [
        ([automation("Daily")], "automation:Daily"),
        ([automation("Other", "Look at it. Then act.")], "automation:Other"),
        ([automation("B", "Look at it."), automation("Daily")], "automation:B"),
        ([automation("Other")], None),
        ([automation("Daily", ensure=Ensure.ABSENT)], None),
        ([entry(Playbook(title="Daily", body="b"))], None),
        ([], None),
    ],
)
def test_what_probably_replaces_a_schedule_is_written_first(
    entries: list[Declaration], successor: str | None
) -> None:
    note = create(entry(Playbook(title="P", body="b")))
    draft = PlanDraft(changes=[note, DELETE, *map(create, entries)])
    after_replacements(draft, entries, ())
    assert draft.blocked == []
    assert draft.changes[1].successor == (Key.parse(successor) if successor else None)
    assert draft.changes[0] is note


def test_a_schedule_stays_while_its_replacement_is_blocked_or_was_deleted_by_a_person() -> None:
    new = automation("Daily")
    blocked = PlanDraft(changes=[DELETE])
    after_replacements(blocked, [new], {new.key})
    (step,) = blocked.blocked
    assert (blocked.changes, step.ids) == ([], ("s1",))
    assert "automation:Daily probably replaces this object but is blocked" in step.reason
    both = PlanDraft(changes=[DELETE])
    other = automation("B", "Look at it.")
    after_replacements(both, [new, other], {new.key, other.key})
    assert "automation:B probably replaces this object" in both.blocked[0].reason
    gone = PlanDraft(changes=[DELETE], drift=[Drift(DriftEvent.DELETED, new.key, "a1")])
    after_replacements(gone, [new], ())
    (step,) = gone.blocked
    assert gone.changes == []
    assert "automation:Daily probably replaces this object but was deleted outside" in step.reason


def test_a_replacement_that_is_already_live_needs_nothing() -> None:
    draft = PlanDraft(changes=[DELETE])
    after_replacements(draft, [automation("Daily")], ())
    assert draft.changes == [DELETE]


def test_advice_is_for_what_stays() -> None:
    weekly = live("schedule", name="Weekly", id="s2")
    theirs = live("schedule", name="Theirs", id="s3", ours=False)
    snapshot = Snapshot.of([DAILY, weekly, theirs, live("playbook", title="P")])
    assert [key for key, _ in advice(snapshot, [DELETE], [])] == [weekly.key]
    assert [key for key, _ in advice(snapshot, [], [])] == [DAILY.key, weekly.key]


def test_what_is_declared_as_an_automation_need_not_be_written_as_one() -> None:
    snapshot = Snapshot.of([DAILY])
    (written,) = advice(snapshot, [], [automation("Other")])
    assert "write it as an automation" in written[1]
    ((key, note),) = advice(snapshot, [], [automation("Daily"), automation("A", "Look at it.")])
    assert key == DAILY.key
    assert note == (
        "schedule:Daily: automation:A probably replaces it: to delete it after that is written, "
        "declare it with ensure: absent"
    )
    tombstone = entry(DAILY.resource, ensure=Ensure.ABSENT)
    assert list(advice(snapshot, [], [automation("Daily"), tombstone])) == []
    assert len(list(advice(snapshot, [], [tombstone]))) == 1
