"""What a change refers to is found, created in the same run, or missing; what is missing blocks."""

from __future__ import annotations

from devinops.kinds.knowledge import Knowledge
from devinops.model.changes import Action, Blocker, Change
from devinops.model.keys import FolderPath, Key
from devinops.planning.draft import PlanDraft, declared_fields
from devinops.planning.references import References
from tests.testing.objects import live
from tests.testing.plans import context, entry

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
    assert list(draft.changes[0].references.values()) == ["f9"]
