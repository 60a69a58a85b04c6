"""What refuses a whole run: the limits themselves, one below and one above."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from devinops.kinds.knowledge import Knowledge
from devinops.model.changes import Action, Change, Drift, DriftEvent, FieldChange
from devinops.model.inventory import Inventory, Record
from devinops.model.keys import ROOT, Key
from devinops.model.kind import Scope
from devinops.model.objects import Declaration, Live, Snapshot, Source
from devinops.model.policy import Approvals, MaxDelete, OnDrift, Policy, Prune
from devinops.model.values import UNSET
from devinops.planning.draft import PlanContext
from devinops.planning.guards import ALWAYS_ALLOWED, guard, moved, needed
from tests.testing import toy_kinds
from tests.testing.objects import live
from tests.testing.plans import context, entry

DECLARED = Declaration(
    Key("knowledge", ROOT, "Kept"),
    Knowledge(name="Kept", folder=ROOT, trigger="t", body="b"),
    Source("a.yaml"),
)


def refusals(
    *,
    deletes: int = 0,
    strangers: int = 0,
    owned: int = 10,
    missing: int = 0,
    drift: int = 0,
    declared: bool = True,
    limit: object = "20%",
    policy: Policy | None = None,
    **approved: Any,
) -> tuple[str, ...]:
    """Guard a run that deletes so many owned notes and so many that were never owned."""
    notes = [live("knowledge", name=f"N{n:02}", id=f"n{n}") for n in range(owned + strangers)]
    gone = [*notes[:deletes], *notes[owned:]]
    changes = [Change(Action.DELETE, note.key, "r", note.id, live=note) for note in gone]
    edits = [Drift(DriftEvent.EDITED, note.key, note.id) for note in notes[:drift]]
    max_delete = MaxDelete.parse(limit)
    assert max_delete
    snapshot = Snapshot.of(notes[missing:])
    inventory = Inventory.of("file", [Record(note.key, note.id) for note in notes[:owned]])
    context = PlanContext(
        "v3",
        policy or Policy(max_delete=max_delete),
        Approvals(**approved),
        date(2026, 1, 1),
        inventory,
        snapshot,
        snapshot,
    )
    found = guard(changes, edits, [DECLARED] if declared else [], context, ["knowledge"])
    for refusal in found:
        assert refusal.approval is None or str(refusal.approval.option) in refusal.reason
    return tuple(refusal.reason for refusal in found)


@pytest.mark.parametrize(
    ("owned", "limit", "most"),
    [(4, "20%", 3), (20, "20%", 4), (24, "20%", 4), (25, "20%", 5), (9, 5, 5), (9, 0, 3)],
)
def test_more_deletes_than_the_limit_refuse_the_run(owned: int, limit: object, most: int) -> None:
    assert refusals(owned=owned, limit=limit, deletes=most) == ()
    (reason,) = refusals(owned=owned, limit=limit, deletes=most + 1)
    assert f"{most + 1} notes would be deleted, but the limit is {most} (" in reason
    assert f"--allow delete={most + 1}" in reason


def test_the_last_declarations_of_a_kind_do_not_go_unasked() -> None:
    """One lost directory would otherwise delete everything, three objects at a time."""
    (reason,) = refusals(deletes=1, declared=False)
    assert "no entry of the kind knowledge is left" in reason


@pytest.mark.parametrize(("number", "refused"), [(4, False), (3, True), (5, True)])
def test_only_the_exact_number_of_deletes_is_accepted(number: int, refused: bool) -> None:
    assert bool(refusals(deletes=4, allow_delete=number)) is refused


def test_another_number_of_deletes_says_what_to_pass() -> None:
    begin = "--allow delete=2 accepts exactly 2, but this plan deletes"
    step = "check each one, then pass --allow delete=4"
    assert refusals(deletes=4, allow_delete=2) == (f"{begin} 4: {step}",)
    step = "check it, then pass --allow delete=1"
    assert refusals(deletes=1, allow_delete=2) == (f"{begin} 1: {step}",)
    assert refusals(allow_delete=2) == (f"{begin} 0: leave the option out",)


@pytest.mark.parametrize(
    ("limit", "max_delete"), [(5, "5"), ("20%", "20% of the 10 owned or in scope")]
)
def test_a_refusal_says_which_limit_counts(limit: object, max_delete: str) -> None:
    (reason,) = refusals(owned=10, limit=limit, deletes=6)
    assert f"(the larger of 3 and max_delete: {max_delete}): check all 6" in reason


def test_what_was_never_owned_is_not_deleted_unasked() -> None:
    scope = Policy(prune=Prune.SCOPE, scope=("/",))
    (one,) = refusals(strangers=1, policy=scope)
    assert one == "1 object in scope was never owned: check it, then pass --allow delete=1"
    (two,) = refusals(strangers=2, deletes=1, policy=scope)
    assert two.startswith("2 objects in scope were never owned")
    assert two.endswith("--allow delete=3")
    assert refusals(strangers=2, deletes=1, policy=scope, allow_delete=3) == ()


def test_many_owned_objects_that_are_not_listed_cast_doubt_on_the_listing() -> None:
    assert refusals(missing=ALWAYS_ALLOWED) == ()
    (reason,) = refusals(missing=ALWAYS_ALLOWED + 1)
    assert "the API does not list 4 of 10 notes that are owned: " in reason
    assert refusals(missing=4, allow_missing=4) == ()
    (other,) = refusals(missing=4, allow_missing=5)
    assert other == (
        "--allow missing=5 accepts exactly 5, but 4 owned objects are missing: check each one, then "
        "pass --allow missing=4"
    )


@pytest.mark.parametrize(
    "wrong",
    [{"deletes": 1, "allow_delete": 2}, {"missing": 1, "allow_missing": 2}],
    ids=["delete", "missing"],
)
def test_a_wrong_number_hides_no_other_refusal(wrong: dict[str, int]) -> None:
    fail = Policy(on_drift=OnDrift.FAIL)
    first, second = refusals(drift=1, policy=fail, **wrong)
    assert (first,) == refusals(drift=1, policy=fail)
    assert "accepts exactly 2" in second


@pytest.mark.parametrize(("owned", "missing"), [(5, 5), (5, 4), (2, 2)])
def test_if_all_are_missing_the_vendor_may_have_moved_them(owned: int, missing: int) -> None:
    (reason,) = refusals(owned=owned, missing=missing)
    moved = "Devin may be moving its notes to skills in plugins" in reason
    assert moved is (owned == missing)
    assert f"pass --allow missing={missing}: " in reason


@pytest.mark.parametrize(
    ("on_drift", "then"),
    [
        (OnDrift.KEEP, "they stay deleted; with --on-drift overwrite, those with an entry are"),
        (OnDrift.OVERWRITE, "those with an entry are created again; with --on-drift keep, they"),
        (OnDrift.FAIL, "with --on-drift overwrite, those with an entry are created again; with"),
    ],
)
def test_what_happens_to_missing_objects_is_said(on_drift: OnDrift, then: str) -> None:
    (reason,) = refusals(missing=4, policy=Policy(on_drift=on_drift))
    assert f"outside devinops, pass --allow missing=4: {then}" in reason


@pytest.mark.parametrize(("kind", "missing"), [("knowledge", 4), ("playbook", 5), ("playbook", 4)])
def test_an_unlikely_move_is_not_mentioned(kind: str, missing: int) -> None:
    assert moved(kind, missing, 5) == ""


def test_one_object_may_be_missing_even_if_it_was_the_only_one() -> None:
    assert refusals(owned=1, missing=1) == ()


@pytest.mark.parametrize("on_drift", OnDrift)
def test_changes_outside_refuse_a_run_only_if_the_target_says_so(on_drift: OnDrift) -> None:
    found = refusals(drift=2, policy=Policy(on_drift=on_drift))
    if on_drift is OnDrift.FAIL:
        assert [reason.partition(" and ")[0] for reason in found] == [
            "2 objects were changed outside devinops"
        ]
    else:
        assert found == ()
    assert refusals(drift=0, policy=Policy(on_drift=on_drift)) == ()


# --- hazards and sets ---------------------------------------------------------------------------------------


def badge_change(color: str, action: Action = Action.CREATE) -> Change:
    """Return a change that makes a badge of this color."""
    badge = toy_kinds.Badge(name="B", color=color)
    before = None if action is Action.CREATE else Live("b1", replace(badge, color="red"))
    fields = (FieldChange("color", UNSET, color),)
    facts = {"declaration": entry(badge), "live": before, "fields": fields}
    return Change(action, toy_kinds.BADGE.key(badge), "r", before and before.id, **facts)


def honored(color: str, action: Action = Action.CREATE, **approved: Any) -> tuple[str, ...]:
    run = replace(context(), approvals=Approvals(**approved))
    found = guard([badge_change(color, action)], [], [], run, ["badge"])
    return tuple(refusal.reason for refusal in found)


@pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE])
def test_a_hazard_wants_its_own_approval(action: Action) -> None:
    assert honored("red", action) == ()
    (refusal,) = honored("gold", action)
    assert refusal == "badge:B is made of gold: if this is intended, pass --allow honor"
    assert honored("gold", action, hazards=("spend",)) == (refusal,)
    assert honored("gold", action, hazards=("honor",)) == ()


def test_only_the_approval_of_a_risk_that_a_change_has_was_needed() -> None:
    given = Approvals(adopt=True, hazards=("honor", "spend"))
    assert needed(given, [badge_change("gold")], Scope.ORGANIZATION) == Approvals(
        adopt=True, hazards=("honor",)
    )
    assert needed(given, [badge_change("red")], Scope.ORGANIZATION) == Approvals(adopt=True)


def test_a_delete_is_no_hazard() -> None:
    badge = Live("b1", toy_kinds.Badge(name="B", color="gold"))
    delete = Change(Action.DELETE, badge.key, "r", "b1", entry(badge.resource), badge)
    assert guard([delete], [], [], context(), ["badge"]) == ()
    (refusal,) = guard([delete, badge_change("gold")], [], [], context(), ["badge"])
    assert "is made of gold" in refusal.reason


@pytest.mark.parametrize(
    ("live", "gone", "limit", "most"),
    [(3, 3, "20%", None), (4, 4, "20%", 3), (30, 6, "20%", None), (30, 7, "20%", 6), (9, 5, 5, None)],
)  # fmt: skip
def test_a_set_may_lose_as_many_elements_as_deletes_are_allowed(
    live: int, gone: int, limit: object, most: int | None
) -> None:
    colors = [f"c{number:02}" for number in range(live)]
    before = Live("palette", toy_kinds.Palette(colors=colors))
    after = toy_kinds.Palette(colors=["new", *colors[gone:]])
    fields = (FieldChange("value", UNSET, "env:X"), FieldChange("colors", colors, after.colors))
    change = Change(Action.UPDATE, before.key, "r", "palette", entry(after), before, fields)
    max_delete = MaxDelete.parse(limit)
    assert max_delete
    found = guard([change], [], [], context([before], max_delete=max_delete), ["palette"])
    expected = f"palette would lose {gone} of its {live} colors, but the limit is {most} ("
    assert [refusal.reason.startswith(expected) for refusal in found] == [True] * (most is not None)


@pytest.mark.parametrize(
    ("deletes", "gone", "parts"),
    [
        (0, 1, "1 (1 element of lists)"),
        (1, 1, "2 (1 object and 1 element of lists)"),
        (2, 2, "4 (2 objects and 2 elements of lists)"),
    ],
)
def test_elements_of_lists_are_distinguished_from_deleted_objects(
    deletes: int, gone: int, parts: str
) -> None:
    colors = ["a", "b"][:gone]
    before = Live("palette", toy_kinds.Palette(colors=colors))
    after = entry(toy_kinds.Palette(colors=[]))
    fields = (FieldChange("colors", colors, []),)
    changes = [Change(Action.UPDATE, before.key, "r", "palette", after, before, fields)]
    for number in range(deletes):
        badge = Live(f"b{number}", toy_kinds.Badge(name=f"B{number}", color="red"))
        changes.append(
            Change(Action.DELETE, badge.key, "r", badge.id, entry(badge.resource), badge)
        )
    run = replace(context([before]), approvals=Approvals(allow_delete=9))
    (refusal,) = guard(changes, [], [], run, ["palette", "badge"])
    assert f"but this plan deletes {parts}: check" in refusal.reason
