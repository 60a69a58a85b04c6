"""`--only` and `--exclude` narrow what is done, never to half of what belongs together."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.kinds import KINDS
from devinops.kinds.knowledge import Knowledge
from devinops.model.changes import Action, Blocked, Blocker, Change
from devinops.model.errors import UsageError
from devinops.model.keys import ROOT, Key
from devinops.planning.draft import PlanDraft
from devinops.planning.selection import Filter, Selection, narrow
from tests.testing.plans import entry

A, B, PLAYBOOK = Key.parse("knowledge:A"), Key.parse("knowledge:F/B"), Key.parse("playbook:P")


def change(key: Key, action: Action = Action.CREATE, **facts: Any) -> Change:
    wanted = entry(Knowledge(name=key.name, folder=ROOT, trigger="t", body="b"))
    return Change(action, key, "r", declaration=wanted, **facts)


@pytest.mark.parametrize(
    ("only", "exclude", "selected", "left_out"),
    [
        ("", "", [A, B, PLAYBOOK], ""),
        ("knowledge", "", [A, B], "*"),
        ("knowledge:*", "", [A, B], "*"),
        ("knowledge:A", "", [A], "*"),
        ("knowledge:F/*", "", [B], "*"),
        ("playbook", "", [PLAYBOOK], "*"),
        ("knowledge:A playbook", "", [A, PLAYBOOK], "*"),
        ("", "knowledge", [PLAYBOOK], "knowledge"),
        ("", "knowledge:*", [PLAYBOOK], "knowledge"),
        ("", "knowledge:F/*", [A, PLAYBOOK], ""),
        ("", "knowledge:A playbook", [B], "playbook"),
        ("knowledge", "knowledge:F/*", [A], "*"),
        ("knowledge:F/*", "knowledge:A", [B], "*"),
        ("knowledge playbook", "playbook", [A, B], "*"),
        ("knowledge", "knowledge", [], "*"),
    ],
)
def test_a_key_is_selected_if_a_filter_takes_it_and_none_leaves_it_out(
    only: str, exclude: str, selected: list[Key], left_out: str
) -> None:
    """`left_out` is the kind of which nothing can be selected; * stands for all other kinds."""
    selection = Selection.parse(only.split(), exclude.split())
    assert [key for key in (A, B, PLAYBOOK) if selection.selects(key)] == selected
    expected = {key.kind for key in selected} if left_out == "*" else {*KINDS} - {left_out}
    assert selection.kinds == expected
    assert bool(selection) == bool(only or exclude)
    texts = selection.texts
    assert Selection.parse(**{name: texts[name][::-1] for name in texts}) == selection


@pytest.mark.parametrize(
    ("text", "words"), [("knowlege", "knowledge"), ("knowledge:", "no pattern after the colon")]
)
@pytest.mark.parametrize("option", ["only", "exclude"])
def test_a_typo_is_refused_with_a_hint(option: str, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=f"^--{option} .*{words}"):
        Selection.parse(**{option: [text]})


@pytest.mark.parametrize("option", ["only", "exclude"])
def test_a_pattern_that_matches_nothing_is_a_typo_and_a_whole_kind_is_none(option: str) -> None:
    Selection.parse(**{option: ["playbook", "knowledge:A"]}).check([A])
    with pytest.raises(UsageError, match=f'^--{option} "knowledge:X" matches nothing'):
        Selection.parse(**{option: ["knowledge:X"]}).check([A])


def selection(*kinds: str) -> Selection:
    return Selection(tuple(map(Filter, kinds)))


@pytest.mark.parametrize(
    "selected", [selection("knowledge"), Selection(exclude=(Filter("playbook"),))]
)
def test_what_needs_something_that_is_left_out_is_blocked(selected: Selection) -> None:
    """A delete whose successor is not written, and what refers to something that is not created."""
    gone = change(A, Action.DELETE, id="n1", successor=PLAYBOOK)
    refers = change(B, references={PLAYBOOK: None})
    draft = PlanDraft(changes=[gone, refers, change(PLAYBOOK)])
    left = narrow(draft, selected)
    assert left.changes == []
    assert [(b.by, b.key, b.ids) for b in left.blocked] == [
        (Blocker.CONFLICT, A, ("n1",)),
        (Blocker.CONFLICT, B, ()),
    ]
    assert "probably replaces this object" in left.blocked[0].reason
    assert "is created by the same plan" in left.blocked[1].reason
    assert narrow(draft, selection("knowledge", "playbook")).changes == draft.changes


def test_a_delete_stays_with_the_changes_that_remove_its_mentions() -> None:
    """Also if such a change is itself blocked because of something that is left out."""
    secret = Key.parse("secret:S")
    gone = change(A, Action.DELETE, id="n1", freed_by=(B,))
    frees = change(B, references={PLAYBOOK: None})
    draft = PlanDraft(changes=[gone, frees, change(PLAYBOOK), change(secret)])
    left = narrow(draft, selection("knowledge"))
    assert (left.changes, {b.key for b in left.blocked}) == ([], {A, B})
    assert (
        "--only or --exclude leaves out knowledge:F/B, which mentions this object until it is written:"
        in left.blocked[-1].reason
    )
    assert narrow(draft, selection("knowledge", "playbook")).changes == draft.changes[:3]


def test_what_refers_to_something_live_needs_nothing_else() -> None:
    draft = PlanDraft(changes=[change(B, references={PLAYBOOK: "p1"}), change(PLAYBOOK)])
    assert [c.key for c in narrow(draft, selection("knowledge")).changes] == [B]


def test_a_blocked_step_stays_for_what_is_selected_and_waits_for_it() -> None:
    folder = Key.parse("folder:F")
    step = Blocked(Blocker.REQUIREMENT, folder, "r", needed_by=(A, PLAYBOOK))
    draft = PlanDraft(blocked=[step])
    assert narrow(draft, selection("playbook")).blocked[0].needed_by == (PLAYBOOK,)
    assert narrow(draft, selection("secret")).blocked == []
    assert narrow(draft, selection("folder")).blocked[0].needed_by == ()


@pytest.mark.parametrize(
    ("exclude", "declared", "left"),
    [
        (["playbook"], [], [(A,)]),
        (["playbook", "knowledge"], [], []),
        (["playbook", "knowledge"], ["folder:F"], [()]),
        (["folder", "playbook", "knowledge"], ["folder:F"], []),
    ],
)
def test_a_missing_folder_goes_with_the_entries_that_need_it_unless_it_is_declared(
    exclude: list[str], declared: list[str], left: list[tuple[Key, ...]]
) -> None:
    step = Blocked(Blocker.REQUIREMENT, Key.parse("folder:F"), "r", needed_by=(A, PLAYBOOK))
    selected = Selection.parse(exclude=exclude)
    blocked = narrow(PlanDraft(blocked=[step]), selected, [*map(Key.parse, declared)]).blocked
    assert [step.needed_by for step in blocked] == left
