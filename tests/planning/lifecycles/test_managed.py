"""What the inventory keeps of a field that was changed outside devinops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from devinops.kinds import KINDS
from devinops.kinds.knowledge import Knowledge
from devinops.model.changes import Blocker
from devinops.model.inventory import Base, Inventory, Record, base, fingerprint
from devinops.model.keys import ROOT, FolderPath
from devinops.model.kind import Scope
from devinops.model.objects import Live
from devinops.planning.draft import PlanDraft
from devinops.planning.lifecycles.managed import Managed
from devinops.planning.lifecycles.managed import bases as bases_of
from devinops.planning.match import Match
from tests.testing import toy_kinds
from tests.testing.objects import live
from tests.testing.plans import context, entry
from tests.testing.small_kinds import Plaque


def test_an_outside_edit_that_was_kept_stays_visible_after_the_next_apply() -> None:
    """The record of the edited field must not learn the edit, or the next plan would take it for ours."""
    before = Knowledge(name="A", folder=ROOT, trigger="t", body="old", pinned_repo="acme/api")
    sent = Knowledge(name="A", folder=ROOT, trigger="t", body="new", pinned_repo="acme/api")
    read = Knowledge(name="A", folder=ROOT, trigger="t", body="new", pinned_repo="acme/web")
    bases = base(before, before)
    found = bases_of(sent, read, bases, {"pinned_repo", "macro"})
    assert found["pinned_repo"] == bases["pinned_repo"]
    assert found["body"] == base(sent, read)["body"]
    assert bases_of(sent, read, bases)["pinned_repo"] != bases["pinned_repo"]


def test_an_update_that_would_take_a_note_out_of_its_folder_is_blocked() -> None:
    note = live("knowledge", name="A", folder="F", id="n1", folder_id="f1")
    wanted = entry(Knowledge(name="A", folder=FolderPath("F"), trigger="t", body="new"))
    draft = PlanDraft()
    of_enterprise = replace(context([note]), scope=Scope.ENTERPRISE)
    Managed().plan(Match(wanted, note), of_enterprise, draft)
    (blocked,) = draft.blocked
    assert (blocked.by, blocked.ids, draft.changes) == (Blocker.REQUIREMENT, ("n1",), [])
    assert blocked.reason == (
        "an update would move it out of F, because the API of an enterprise accepts no folder: move it "
        "to the root in the web app first"
    )


def test_every_value_that_an_update_might_lose_is_named() -> None:
    plaque = Live("x1", Plaque(name="A", size="big", color="red", motto=""))
    draft = PlanDraft()
    Managed().plan(Match(entry(Plaque(name="B")), plaque), context([plaque]), draft)
    (blocked,) = draft.blocked
    assert blocked.by == Blocker.APPROVAL
    assert blocked.reason.startswith(
        "an update might lose its size big, color red, because API v3 can read that but not set it: "
    )


def test_labels_have_no_limit_if_the_api_gives_none() -> None:
    labels = {f"label {number}": "" for number in range(40)}
    robot = Live("r1", toy_kinds.Robot(name="R", weight=1, labels=labels))
    draft = PlanDraft()
    Managed().plan(
        Match(entry(toy_kinds.Robot(name="R", weight=2)), robot), context([robot]), draft
    )
    assert (len(draft.changes), draft.blocked) == (1, [])


@pytest.mark.parametrize("unknown", [("old",), ("new",)])
def test_a_record_learns_which_members_devinops_does_not_know(unknown: tuple[str, ...]) -> None:
    playbook = replace(live("playbook", title="P", id="p1"), unknown={("new",): 1})
    fields = base(playbook.resource, playbook.resource)
    record = Record(playbook.key, playbook.id, "a.yaml", fields=fields, unknown=unknown)
    there = context([playbook], inventory=Inventory.of("file", [record]))
    draft = PlanDraft()
    Managed().plan(Match(entry(playbook.resource), playbook, record=record), there, draft)
    assert [found.unknown for found in draft.upserts] == [("new",)] * (unknown != ("new",))


@pytest.mark.parametrize(
    ("sent", "kept"), [({"devin_mode": "fast"}, True), ({"net_policy": None}, False)]
)
def test_what_an_overwritten_field_leaves_out_is_still_compared_with_what_was_returned(
    sent: Any, kept: bool
) -> None:
    """Of a field that leaves nothing out, the value that came back is the base."""
    resource = KINDS["automation"].resource
    before = {"session_settings": Base("sent", "read")}
    read = resource(name="A", session_settings={"net_policy": None} | sent)
    written = resource(name="A", session_settings=sent)
    after = bases_of(written, read, before, (), ("session_settings",))["session_settings"]
    assert (after.read == "read", after.sent) == (kept, fingerprint(sent))


@pytest.mark.parametrize(
    ("before", "overwritten"),
    [({"session_settings": Base("sent", "read")}, ()), ({}, ("session_settings",))],
    ids=["not overwritten", "not recorded"],
)
def test_any_other_field_is_compared_with_what_is_there_now(
    before: dict[str, Base], overwritten: tuple[str, ...]
) -> None:
    resource = KINDS["automation"].resource
    written = resource(name="A", session_settings={"devin_mode": "fast"})
    read = resource(name="A", session_settings={"devin_mode": "fast", "net_policy": None})
    assert bases_of(written, read, before, (), overwritten) == base(written, read)
