"""A run over many targets asks for each approval where it is needed, and for their number."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from devinops.kinds.ip_access_list import IpAccessList
from devinops.model.changes import Action, Blocker, Refusal
from devinops.model.exit_codes import ExitCode
from devinops.model.policy import Approvals
from devinops.model.shard import Shard
from devinops.model.target import TargetState
from devinops.planning.many_targets import apart, outside_waves, plan_with_needed, too_many_targets
from devinops.planning.plan import Plan
from devinops.planning.run import Collector
from tests.testing.many_targets import planned_in, plans_of, update
from tests.testing.objects import live
from tests.testing.reports import (
    NOTHING_APPROVED,
    declared,
    deletes,
    empty,
    note,
    planned,
)


def pruned(number: int, approvals: Approvals) -> Plan:
    """Return the plan of a target in which so many of 20 owned notes are deleted."""
    notes = [note(f"Rule {n}", id=f"note-{n}", body=f"Rule {n}.") for n in range(20)]
    return planned(declared(*notes[number:]), notes, notes, approvals)


def gone(number: int, approvals: Approvals) -> Plan:
    """Return the plan of a target in which so many of 20 owned notes are missing."""
    notes = [note(f"Rule {n}", id=f"note-{n}", body=f"Rule {n}.") for n in range(20)]
    return planned(declared(*notes), notes[number:], notes, approvals)


@pytest.mark.parametrize(
    ("number", "allowed", "refusals", "given"),
    [
        (0, 12, 0, []),
        (3, 12, 0, []),
        (12, None, 1, []),
        (12, 12, 0, ["--allow delete=12"]),
        (11, 12, 1, ["--allow delete=12"]),
    ],
)
def test_a_number_of_deletes_is_for_the_targets_that_need_it(
    number: int, allowed: int | None, refusals: int, given: list[str]
) -> None:
    approvals = Approvals(adopt=True, allow_delete=allowed)
    plan = plan_with_needed(approvals, lambda approved: pruned(number, approved))
    assert len(plan.refusals) == refusals
    assert list(map(str, plan.approvals.given())) == ["--adopt", *given]


@pytest.mark.parametrize(
    ("number", "refusals", "given"),
    [(0, 0, []), (12, 0, ["--allow missing=12"]), (11, 1, ["--allow missing=12"])],
)
def test_so_is_a_number_of_missing_objects(number: int, refusals: int, given: list[str]) -> None:
    approvals = Approvals(allow_missing=12)
    plan = plan_with_needed(approvals, lambda approved: gone(number, approved))
    assert len(plan.refusals) == refusals
    assert list(map(str, plan.approvals.given())) == given


@pytest.mark.parametrize(
    ("writing", "most", "allowed", "reason"),
    [
        (3, 3, None, ""),
        (4, 3, None, "this run writes to 4 targets, but max_targets is 3: check them, then pass --allow targets=4"),
        (4, 3, 4, ""),
        (2, 3, 2, ""),
        (4, 3, 5, "--allow targets=5 accepts exactly 5, but this run writes to 4 targets: check each one, then pass --allow targets=4"),
        (1, 3, 2, "--allow targets=2 accepts exactly 2, but this run writes to 1 target: check it, then pass --allow targets=1"),
        (0, 3, 2, "--allow targets=2 accepts exactly 2, but this run writes to 0 targets: leave the option out"),
    ],
)  # fmt: skip
def test_writing_to_many_targets_wants_their_number(
    writing: int, most: int, allowed: int | None, reason: str
) -> None:
    quiet = [planned_in(f"quiet-{n}", empty()) for n in range(9)]
    plan = plans_of([*quiet, *(update(f"team-{n}") for n in range(writing))])
    refusals = list(too_many_targets(plan, most, allowed))
    assert [refusal.reason for refusal in refusals] == [reason] * bool(reason)
    for refusal in refusals:
        assert str(refusal.approval) == (f"--allow targets={writing}" if writing else "None")


def test_targets_in_which_nothing_is_written_do_not_count() -> None:
    collector = Collector()
    collector.add(update("a"), state=TargetState.HELD, message="new")
    collector.add(update("b"), state=TargetState.STALE, message="another digest")
    collector.add(planned_in("c", deletes()))
    collector.add(update("d"))
    assert list(too_many_targets(collector.plans(), 1, None)) == []


def test_in_a_wave_only_deletes_of_one_object_count() -> None:
    updated = [update(f"team-{n}") for n in range(9)]
    alike = [planned_in(f"old-{n}", deletes(3)) for n in range(2)]
    edited = replace(deletes(2), target=updated[0].target)
    assert list(too_many_targets(plans_of(updated), 2, None, in_wave=True)) == []
    assert list(too_many_targets(plans_of([*updated, *alike]), 2, None, in_wave=True)) == []
    plan = plans_of([*updated[1:], *alike, edited])
    (refusal,) = too_many_targets(plan, 2, None, in_wave=True)
    assert refusal.reason.startswith(
        "this run deletes the same object in 3 targets, but max_targets is 2"
    )
    assert list(too_many_targets(plan, 2, 3, in_wave=True)) == []
    (refusal,) = too_many_targets(plans_of(updated), 2, 3, in_wave=True)
    assert refusal.reason.endswith("deletes the same object in 0 targets: leave the option out")


@pytest.mark.parametrize(
    ("plans", "allowed", "in_wave", "reason"),
    [
        ([update("a")], None, False, "this run and the other shards may write to 40 targets, but max_targets is 5: check them, then pass --allow targets=40"),
        ([update("a")], 40, False, ""),
        ([update("a")], 1, False, "--allow targets=1 accepts exactly 1, but this run and the other shards may write to 40 targets: check each one, then pass --allow targets=40"),
        ([planned_in("a", empty())], None, False, ""),
        ([planned_in("a", empty())], 40, False, ""),
        ([update("a")], None, True, ""),
        ([planned_in("a", replace(deletes(1), refusals=()))], None, True, "this run and the other shards may delete the same object in 40 targets, but max_targets is 5: check them, then pass --allow targets=40"),
    ],
)  # fmt: skip
def test_in_a_shard_all_selected_targets_count(
    plans: list[Plan], allowed: int | None, in_wave: bool, reason: str
) -> None:
    refusals = too_many_targets(plans_of(plans), 5, allowed, in_wave=in_wave, selected=40)
    assert [refusal.reason for refusal in refusals] == [reason] * bool(reason)


def test_outside_the_waves_only_a_hotfix_needs_no_approval() -> None:
    assert list(outside_waves(plans_of([update("a"), planned_in("b", empty())]))) == []
    plan = plans_of([update("a"), update("b")])
    (refusal,) = outside_waves(plan)
    assert str(refusal.approval) == "--allow out-of-wave"
    assert "writes to 2 targets outside the waves" in refusal.reason
    shard = replace(plans_of([update("a")]), shard=Shard(1, 2), selected=2)
    assert len(list(outside_waves(shard))) == 1


# --- what is changed in a run of its own ----------------------------------------------------------


def locking(number: int = 1, approvals: Approvals = NOTHING_APPROVED, **facts: Any) -> Plan:
    """Return the plan of an enterprise whose IP access list is narrowed, with so many changes."""
    old = live("ip_access_list", id="ip_access_list", ip_ranges=["10.0.0.0/8"])
    narrow = replace(old, resource=IpAccessList(ip_ranges=["10.1.0.0/16"]))
    notes = [note(f"Rule {n}", body=f"Rule {n}.") for n in range(1, number)]
    plan = planned(declared(narrow, *notes), [old], approvals=approvals)
    return planned_in("everyone", plan, **facts)


@pytest.mark.parametrize("given", [Approvals(), Approvals(hazards=("lockout",))])
@pytest.mark.parametrize(("number", "others"), [(1, True), (2, False), (3, True)])
def test_what_is_changed_alone_waits_for_a_run_of_its_own(
    number: int, others: bool, given: Approvals
) -> None:
    before = locking(number, given)
    assert bool(before.refusals) is not bool(given.hazards)
    plan = apart(before, others=others)
    assert [str(change.key) for change in plan.changes] == [
        f"knowledge:Backend/Rule {n}" for n in range(1, number)
    ]
    (waiting,) = plan.blocked
    assert (str(waiting.key), waiting.by, waiting.ids) == (
        "ip_access_list",
        Blocker.ALONE,
        ("ip_access_list",),
    )
    assert (
        "run apply with --only ip_access_list and the --target, before or after the rest"
        in waiting.reason
    )
    assert (plan.refusals, plan.approvals, plan.risks) == ((), Approvals(), ())
    assert (plan.exit_code(), plan.digest == before.digest) == (ExitCode.DECIDE, False)


def test_alone_it_is_refused_or_applied_as_any_change() -> None:
    assert apart(locking(), others=False) == locking()
    assert "pass --allow lockout" in locking().refusals[0].reason


def test_other_refusals_stay_and_so_does_what_changes_only_the_inventory() -> None:
    other = Refusal("another reason")
    plan = locking(2)
    plan = replace(plan, refusals=(other, *plan.refusals))
    assert apart(plan, others=False).refusals == (other,)
    old = live("ip_access_list", id="ip_access_list", ip_ranges=["10.0.0.0/8"])
    rule, kept = note("Rule", body="Rule."), note("Kept")
    adopted = planned(declared(old, rule, kept), [old, kept], [kept])
    assert [change.action for change in adopted.changes] == [Action.ADOPT, Action.CREATE]
    assert apart(adopted, others=True) == adopted
