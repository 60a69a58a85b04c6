"""A setting that is no longer declared stays as it is."""

from __future__ import annotations

from devinops.model.changes import Action, Blocker
from devinops.model.inventory import Record
from devinops.model.objects import Live
from devinops.planning.draft import PlanDraft
from devinops.planning.lifecycles.whole import Whole
from devinops.planning.match import Match
from devinops.planning.orphans import Orphan
from tests.testing import toy_kinds
from tests.testing.objects import live
from tests.testing.plans import context, entry


def test_an_entry_that_goes_changes_nothing_and_is_noted() -> None:
    setting = live("playbook", title="P", id="p1")
    orphan = Orphan(setting, setting.key, "no longer declared", Record(setting.key, "p1"))
    draft = PlanDraft()
    Whole().orphan(orphan, None, context([setting]), draft)
    assert draft.changes == []
    (released,) = draft.dropped
    assert (released.action, released.object_id) == (Action.RELEASE, setting.object_id)
    assert released.reason == "no longer declared"
    assert [note for _, note in draft.notes] == [
        "playbook:P: no longer declared; its settings stay as they are"
    ]


def test_a_value_that_the_api_cannot_change_blocks_the_rest_of_a_setting() -> None:
    palette = Live("palette", toy_kinds.Palette(colors=["a"], size="big"))
    wanted = entry(toy_kinds.Palette(colors=["b"], size="small"))
    draft = PlanDraft()
    Whole().plan(Match(wanted, palette), context([palette]), draft)
    (blocked,) = draft.blocked
    assert (blocked.by, draft.changes) == (Blocker.REQUIREMENT, [])
    assert "cannot change its size" in blocked.reason


def test_all_conflicts_with_live_values_are_named() -> None:
    palette = Live("palette", toy_kinds.Palette(colors=["a"], size="small"))
    wanted = entry(toy_kinds.Palette(colors=[f"c{number}" for number in range(21)]))
    draft = PlanDraft()
    Whole().plan(Match(wanted, palette), context([palette]), draft)
    (blocked,) = draft.blocked
    assert blocked.by == Blocker.CONFLICT
    assert blocked.reason == (
        "a palette has at most 20 colors; a small palette has at most 2 colors"
    )
