"""`--only` narrows what is done, and never leaves half of what belongs together."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.kinds.knowledge import Knowledge
from devinops.model.changes import Action, Blocked, Blocker, Change
from devinops.model.errors import UsageError
from devinops.model.keys import ROOT, Key
from devinops.planning.draft import PlanDraft
from devinops.planning.selection import Only, check_only, narrow
from tests.testing.plans import entry

A, B, PLAYBOOK = Key.parse("knowledge:A"), Key.parse("knowledge:F/B"), Key.parse("playbook:P")


def change(key: Key, action: Action = Action.CREATE, **facts: Any) -> Change:
    wanted = entry(Knowledge(name=key.name, folder=ROOT, trigger="t", body="b"))
    return Change(action, key, "r", declaration=wanted, **facts)


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("knowledge", [A, B]),
        ("knowledge:*", [A, B]),
        ("knowledge:A", [A]),
        ("knowledge:F/*", [B]),
        ("playbook", [PLAYBOOK]),
    ],
)
def test_a_filter_selects_a_kind_or_keys_by_a_glob(text: str, selected: list[Key]) -> None:
    only = Only.parse(text)
    assert [key for key in (A, B, PLAYBOOK) if only.selects(key)] == selected


@pytest.mark.parametrize(
    ("text", "words"), [("knowlege", "knowledge"), ("knowledge:", "no pattern after the colon")]
)
def test_a_typo_is_refused_with_a_hint(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Only.parse(text)


def test_a_glob_that_selects_nothing_is_a_typo_and_a_whole_kind_is_none() -> None:
    check_only([Only("playbook"), Only("knowledge", "A")], [A])
    with pytest.raises(UsageError, match='"knowledge:X" matches nothing'):
        check_only([Only("knowledge", "X")], [A])


def test_what_needs_something_that_is_left_out_is_blocked() -> None:
    """A delete whose successor is not written, and what refers to something that is not created."""
    gone = change(A, Action.DELETE, id="n1", successor=PLAYBOOK)
    refers = change(B, references={PLAYBOOK: None})
    draft = PlanDraft(changes=[gone, refers, change(PLAYBOOK)])
    left = narrow(draft, [Only("knowledge")])
    assert left.changes == []
    assert [(b.by, b.key, b.ids) for b in left.blocked] == [
        (Blocker.CONFLICT, A, ("n1",)),
        (Blocker.CONFLICT, B, ()),
    ]
    assert "probably replaces this object" in left.blocked[0].reason
    assert "is created by the same plan" in left.blocked[1].reason
    assert narrow(draft, [Only("knowledge"), Only("playbook")]).changes == draft.changes


def test_a_delete_stays_with_the_changes_that_remove_its_mentions() -> None:
    """Also if such a change is itself blocked because of something that is left out."""
    secret = Key.parse("secret:S")
    gone = change(A, Action.DELETE, id="n1", freed_by=(B,))
    frees = change(B, references={PLAYBOOK: None})
    draft = PlanDraft(changes=[gone, frees, change(PLAYBOOK), change(secret)])
    left = narrow(draft, [Only("knowledge")])
    assert (left.changes, {b.key for b in left.blocked}) == ([], {A, B})
    assert (
        "--only leaves out knowledge:F/B, which mentions this object until it is written:"
        in left.blocked[-1].reason
    )
    assert narrow(draft, [Only("knowledge"), Only("playbook")]).changes == draft.changes[:3]


def test_what_refers_to_something_live_needs_nothing_else() -> None:
    draft = PlanDraft(changes=[change(B, references={PLAYBOOK: "p1"}), change(PLAYBOOK)])
    assert [c.key for c in narrow(draft, [Only("knowledge")]).changes] == [B]


def test_a_blocked_step_stays_for_what_is_selected_and_waits_for_it() -> None:
    folder = Key.parse("folder:F")
    step = Blocked(Blocker.REQUIREMENT, folder, "r", needed_by=(A, PLAYBOOK))
    draft = PlanDraft(blocked=[step])
    assert narrow(draft, [Only("playbook")]).blocked[0].needed_by == (PLAYBOOK,)
    assert narrow(draft, [Only("secret")]).blocked == []
    assert narrow(draft, [Only("folder")]).blocked[0].needed_by == ()
