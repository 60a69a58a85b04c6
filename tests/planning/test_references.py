"""What a change refers to is found, created in the same run, or missing; what is missing blocks."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.kinds.automation import Automation
from devinops.kinds.knowledge import Knowledge
from devinops.model.changes import Action, Blocker, Change
from devinops.model.keys import FolderPath, Key
from devinops.planning.draft import PlanDraft, declared_fields
from devinops.planning.references import References
from tests.testing.objects import live
from tests.testing.plans import context, entry
from tests.testing.small_kinds import Crate

FOLDER = Key.parse("folder:F")


def create(name: str, folder: str = "F") -> Change:
    wanted = entry(Knowledge(name=name, folder=FolderPath(folder), trigger="t", body="b"))
    fields = declared_fields(wanted.resource)
    return Change(Action.CREATE, wanted.key, "r", None, wanted, None, fields)


def resolved(draft: PlanDraft, *lives: dict[str, str]) -> References:
    situation = context(live(**facts) for facts in lives)
    references = References(situation.live, situation.real)
    references.resolve(draft)
    return references


def test_a_folder_is_found_by_its_path() -> None:
    draft = PlanDraft(changes=[create("A")])
    resolved(draft, {"kind": "folder", "path": "F", "id": "f1"})
    assert draft.changes[0].references == {FOLDER: "f1"}


def test_what_is_missing_is_one_step_with_everything_that_waits_for_it() -> None:
    draft = PlanDraft(changes=[create("A"), create("B")])
    (blocked,) = resolved(draft).blocked()
    assert draft.changes == []
    assert (blocked.by, blocked.key) == (Blocker.REQUIREMENT, FOLDER)
    assert [key.name for key in blocked.needed_by] == ["A", "B"]


def test_a_path_that_two_folders_share_is_a_conflict_with_both_ids() -> None:
    draft = PlanDraft(changes=[create("A")])
    folders = ({"kind": "folder", "path": "F", "id": id} for id in ("f1", "f2"))
    (blocked,) = resolved(draft, *folders).blocked()
    assert (blocked.by, blocked.ids) == (Blocker.CONFLICT, ("f1", "f2"))


def test_what_does_not_move_keeps_the_folder_that_it_is_in() -> None:
    """Its id is what the API said, also if the path means another folder, or none that is listed."""
    note = live("knowledge", name="A", folder="F", id="n1", folder_id="f9")
    wanted = entry(Knowledge(name="A", folder=FolderPath("F"), trigger="t", body="new"))
    (body,) = [f for f in declared_fields(wanted.resource) if f.name == "body"]
    draft = PlanDraft(changes=[Change(Action.UPDATE, wanted.key, "r", "n1", wanted, note, (body,))])
    resolved(draft, {"kind": "folder", "path": "F", "id": "f1"})
    assert draft.changes[0].references == {FOLDER: "f9"}


def mentioning(title: str) -> Change:
    wanted = entry(Automation(name="A", actions=[{"prompt": f'Do @playbook:"{title}"'}]))
    fields = declared_fields(wanted.resource)
    return Change(Action.CREATE, wanted.key, "r", None, wanted, None, fields)


def mentions(draft: PlanDraft, **facts: Any) -> References:
    """Resolve the references of a draft; `facts` are those of `References`."""
    situation = context(facts.pop("lives", ()))
    references = References(situation.live, situation.real, **facts)
    references.resolve(draft)
    return references


TRIAGE = Key.parse("playbook:Triage")


def test_a_mention_means_the_live_object_of_that_name() -> None:
    draft = PlanDraft(changes=[mentioning("Triage")])
    mentions(draft, lives=[live("playbook", title="Triage", id="p1")])
    assert draft.changes[0].references == {TRIAGE: "p1"}


def test_a_mention_means_the_object_of_the_entry_whatever_it_is_called_today() -> None:
    draft = PlanDraft(changes=[mentioning("Triage")])
    mentions(draft, lives=[live("playbook", title="Old", id="p1")], known={TRIAGE: "p1"})
    assert draft.changes[0].references == {TRIAGE: "p1"}


@pytest.mark.parametrize(
    ("declared", "remedy"),
    [
        (frozenset({TRIAGE}), "its own entry is blocked; resolve that first, then plan again"),
        (frozenset(), "declare it, or correct the name, then plan again"),
    ],
)
def test_what_to_do_about_a_missing_object_depends_on_whether_it_has_an_entry(
    declared: frozenset[Key], remedy: str
) -> None:
    draft = PlanDraft(changes=[mentioning("Triage")])
    (blocked,) = mentions(draft, declared=declared).blocked()
    assert blocked.reason == f'the playbook "Triage" is missing: {remedy}'


def test_a_folder_that_was_renamed_outside_is_found_as_often_as_it_is_looked_for() -> None:
    """The change shows the real path after the first time, under which the files know no folder."""
    real = context([live("folder", path="New", id="f1")]).live
    references = References(context([live("folder", path="F", id="f1")]).live, real)
    draft = PlanDraft(changes=[create("A")])
    for _ in range(2):
        references.resolve(draft)
        (change,) = draft.changes
        assert change.references == {Key.parse("folder:New"): "f1"}
        assert {f.name: f.after for f in change.fields}["folder"] == "New"
    assert list(references.blocked()) == []


def test_the_path_that_is_shown_is_that_of_the_folder_and_of_nothing_else() -> None:
    wanted = entry(Crate(name="A", playbook="Triage", folder=FolderPath("F")))
    fields = declared_fields(wanted.resource)
    draft = PlanDraft(changes=[Change(Action.CREATE, wanted.key, "r", None, wanted, None, fields)])
    lives = [live("playbook", title="Triage", id="p1"), live("folder", path="F", id="f1")]
    mentions(draft, lives=lives)
    (change,) = draft.changes
    assert change.references == {TRIAGE: "p1", FOLDER: "f1"}
    assert {f.name: f.after for f in change.fields}["folder"] == "F"


def test_an_update_does_not_make_the_name_of_its_object_unique() -> None:
    """Only a create gives a new object to what refers to its key."""
    lives = [live("playbook", title="Triage", id=id) for id in ("p1", "p2")]
    wanted = entry(lives[0].resource)
    update = Change(Action.UPDATE, TRIAGE, "r", "p1", wanted, lives[0])
    draft = PlanDraft(changes=[mentioning("Triage"), update])
    (blocked,) = mentions(draft, lives=lives).blocked()
    assert (blocked.by, blocked.ids) == (Blocker.CONFLICT, ("p1", "p2"))
    assert draft.changes == [update]
