"""What must exist is counted if it does, reported with everything that needs it if not, and never owned."""

from __future__ import annotations

import pytest

from devinops.kinds.folder import Folder
from devinops.kinds.knowledge import Knowledge
from devinops.model.changes import Action, Blocked, Blocker, Missing
from devinops.model.inventory import Record
from devinops.model.keys import FolderPath, Key
from devinops.planning.draft import PlanDraft, RollbackContext, Saved
from devinops.planning.lifecycles.required import Required, missing
from devinops.planning.match import Match
from devinops.planning.orphans import Orphan
from tests.testing.objects import live
from tests.testing.plans import context, entry

FOLDER = live("folder", path="F", id="f1")
ENTRY = entry(Folder(path=FolderPath("F")))


def test_what_is_there_is_unchanged_also_if_several_share_the_path() -> None:
    for match in (Match(ENTRY, FOLDER), Match(ENTRY, namesakes=(FOLDER, FOLDER))):
        draft = PlanDraft()
        Required().plan(match, context([FOLDER]), draft)
        assert (draft.unchanged, draft.changes, draft.blocked) == (1, [], [])


def test_what_is_missing_is_left_to_the_references() -> None:
    draft = PlanDraft()
    Required().plan(Match(ENTRY), context(), draft)
    assert draft == PlanDraft()


def test_of_one_that_is_no_longer_declared_only_the_record_goes() -> None:
    record = Record(FOLDER.key, FOLDER.id)
    draft = PlanDraft()
    orphan = Orphan(FOLDER, FOLDER.key, "no longer declared", record)
    Required().orphan(orphan, None, context([FOLDER]), draft)
    assert draft.changes == []
    facts = [(change.action, change.object_id, change.reason) for change in draft.dropped]
    assert facts == [(Action.RELEASE, FOLDER.object_id, "no longer declared")]


def test_no_run_overwrites_one_so_there_is_none_to_bring_back() -> None:
    plan = context([FOLDER])
    rollback = RollbackContext(plan.api, plan.scope, plan.policy, plan.live, "run", {})
    saved = Saved(FOLDER, ENTRY.source)
    with pytest.raises(AssertionError, match="folder:F cannot be in a backup"):
        Required().rollback(saved, FOLDER, rollback, PlanDraft())


def test_a_person_creates_what_no_api_can_and_how_many_entries_need_it_is_counted() -> None:
    notes = tuple(Key.parse(f"knowledge:F/{name}") for name in "AB")
    folder, playbook = Key.parse("folder:F"), Key.parse("playbook:P")
    blocked = [
        Blocked(Blocker.REQUIREMENT, folder, "r", needed_by=notes),
        Blocked(Blocker.CONFLICT, Key.parse("folder:G"), "r"),
        Blocked(Blocker.REQUIREMENT, playbook, "r"),
    ]
    assert missing(blocked) == (Missing("folder", "F", 2),)


def test_entries_that_wait_in_the_root_need_it_too_and_those_that_are_blocked_are_not_there() -> (
    None
):
    entries = [entry(Knowledge(name=name, folder=FolderPath("F"))) for name in "ABC"]
    blocked = [Blocked(Blocker.CONFLICT, entries[0].key, "r")]
    assert missing(blocked, entries) == (Missing("folder", "F", 3, 2),)
