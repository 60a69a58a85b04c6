"""After an apply no two objects have one key, whatever order the changes come in."""

from __future__ import annotations

import pytest

from devinops.kinds.knowledge import Knowledge
from devinops.model.changes import Action, Blocker, Change
from devinops.model.keys import ROOT
from devinops.planning.draft import PlanDraft, declared_fields
from devinops.planning.duplicate_keys import block_duplicate_keys
from tests.testing.objects import live
from tests.testing.plans import context, entry

A, B = live("knowledge", name="A", id="n1"), live("knowledge", name="B", id="n2")


def create(name: str) -> Change:
    wanted = entry(Knowledge(name=name, folder=ROOT, trigger="t", body="b"))
    fields = declared_fields(wanted.resource)
    return Change(Action.CREATE, wanted.key, "r", None, wanted, None, fields)


def test_a_name_that_another_object_keeps_is_blocked_with_the_id() -> None:
    draft = PlanDraft(changes=[create("A"), create("C")])
    block_duplicate_keys(draft, context([A, B]))
    assert [change.key.name for change in draft.changes] == ["C"]
    (blocked,) = draft.blocked
    assert (blocked.by, blocked.key, blocked.ids) == (Blocker.CONFLICT, A.key, ("n1",))


@pytest.mark.parametrize("first", ["create", "delete"])
def test_a_name_that_a_delete_frees_can_be_used(first: str) -> None:
    draft = PlanDraft(changes=[create("A")])
    draft.delete(A.key, A, "no longer declared")
    if first == "delete":
        draft.changes.reverse()
    block_duplicate_keys(draft, context([A, B]))
    assert draft.blocked == []
    assert len(draft.changes) == 2


def test_a_name_that_an_object_keeps_is_blocked_also_after_a_delete() -> None:
    draft = PlanDraft()
    draft.delete(A.key, A, "no longer declared")
    draft.changes.append(create("B"))
    block_duplicate_keys(draft, context([A, B]))
    assert [change.action for change in draft.changes] == [Action.DELETE]
    assert [(blocked.key, blocked.ids) for blocked in draft.blocked] == [(B.key, ("n2",))]
