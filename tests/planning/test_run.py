"""What is equal in several targets is kept once, with a row for each object."""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from devinops.applying.report import ApplyReport
from devinops.model.changes import (
    Action,
    Blocked,
    Blocker,
    Change,
    Drift,
    DriftEvent,
    Outcome,
    Refusal,
)
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import Inventory
from devinops.model.keys import ROOT, Key
from devinops.model.objects import Source
from devinops.model.policy import ADOPT
from devinops.model.target import TargetState
from devinops.planning.plan import Plan
from devinops.planning.run import At, BlockedAt, Collector, DriftAt, OtherAt, Shared
from tests.testing.many_targets import (
    applied,
    applied_in,
    mixed,
    planned_in,
    plans_of,
    target,
    update,
)
from tests.testing.reports import conflict, deletes, empty, note, small

KEY = Key("knowledge", ROOT, "Deploys")


def elsewhere(plan: Plan, path: str) -> Plan:
    """Return a plan whose first change has its entry in another file."""
    first = plan.changes[0]
    assert first.declaration
    entry = first.declaration._replace(source=Source(path, 7))
    return replace(plan, changes=(replace(first, declaration=entry), *plan.changes[1:]))


def test_equal_changes_are_one_with_the_objects_of_each_target() -> None:
    plans = plans_of([update("b"), update("a", id="other")])
    ((change, at),) = plans.changes
    assert (change.id, change.live, change.declaration) == (None, None, None)
    assert [(row.target, row.id) for row in at] == [("a", "other"), ("b", "note-of-b")]
    assert plans.changes[0].targets == ("a", "b")
    assert plans.summary() == Counter({Action.UPDATE: 2})


def test_what_is_different_is_another_change() -> None:
    first = update("a").changes[0]
    plans = plans_of(
        [
            update("a"),
            update("b", before="Older."),
            update("c", after="Newer."),
            replace(update("d"), changes=(replace(first, reason="why"),)),
            elsewhere(update("e"), "orgs/e/deploys.md"),
            replace(update("f"), changes=(replace(first, overwrites=("body",)),)),
        ]
    )
    assert sorted(shared.targets for shared in plans.changes) == [(name,) for name in "abcdef"]


def test_two_namesakes_in_one_target_are_two_rows() -> None:
    twins = tuple(
        Change(Action.DELETE, KEY, "undeclared", id, live=note("Deploys", "", id=id))
        for id in ("note-2", "note-1")
    )
    plans = plans_of([planned_in("a", empty(), changes=twins)])
    ((_, at),) = plans.changes
    assert [row.id for row in at] == ["note-1", "note-2"]
    assert plans.changes[0].targets == ("a",)


def test_the_order_in_which_plans_arrive_does_not_matter() -> None:
    plans = [update(f"team-{n}", after=str(n % 3)) for n in range(9)]
    plans += [planned_in(name, conflict()) for name in ("risk", "audit")]
    first = plans_of(plans)
    Random(7).shuffle(plans)
    assert plans_of(plans) == first


def test_the_digest_of_each_target_can_be_computed_again() -> None:
    plans = [planned_in("a", small()), planned_in("b", deletes()), update("c"), update("d")]
    run = plans_of(plans)
    assert run.computed_digests() == {plan.target.name: plan.digest for plan in plans}
    assert {t.name: t.digest for t in run.targets} == run.computed_digests()
    ((_, (row, *others)), *rest) = run.changes
    moved = row._replace(live_hash="0" * 64)
    edited = replace(run, changes=(run.changes[0]._replace(at=(moved, *others)), *rest))
    assert edited.computed_digests()[row.target] != run.computed_digests()[row.target]


def test_one_target_can_be_taken_out_of_many() -> None:
    plans = [planned_in("a", small()), planned_in("b", small()), planned_in("c", conflict())]
    run = plans_of(plans)
    alone = run.of("b")
    assert alone == replace(plans_of([plans[1]]), by_one=True)
    assert alone.digest == plans[1].digest
    assert run.of("c").exit_code() is ExitCode.DECIDE


def test_what_is_held_is_there_but_not_written() -> None:
    run = plans_of([replace(update("a"), held="audit"), update("b")])
    assert run.changes[0].targets == ("a", "b")
    assert run.writing == {"b"}
    assert [*run.digests.digests] == ["b"]


def test_no_live_object_stays_alive() -> None:
    plans = [planned_in("a", small()), planned_in("b", small())]
    live = weakref.ref(plans[0])
    collector = Collector()
    while plans:
        collector.add(plans.pop())
    run = collector.plans()
    gc.collect()
    assert live() is None
    assert all(change.live is None for change, _ in run.changes)


# --- what else plans have -------------------------------------------------------------------------


def blocked_in(name: str, **facts: object) -> Plan:
    block = Blocked(Blocker.CONFLICT, KEY, "why", Source("a.md"), (f"n-{name}",))
    return planned_in(name, empty(), blocked=(replace(block, **facts),))


def test_blocked_steps_are_shared_without_their_ids() -> None:
    ((block, at),) = plans_of([blocked_in("b"), blocked_in("a")]).blocked
    assert (block.reason, block.ids) == ("why", ())
    assert at == (BlockedAt("a", ("n-a",)), BlockedAt("b", ("n-b",)))
    differing = [
        blocked_in("a"),
        blocked_in("b", approval=ADOPT),
        blocked_in("c", needed_by=(KEY,)),
        blocked_in("d", by=Blocker.APPROVAL),
        blocked_in("e", source=Source("e.md")),
    ]
    assert len(plans_of(differing).blocked) == 5


def test_drift_is_shared_without_when_and_by_whom() -> None:
    def drifted(name: str, at: int) -> Plan:
        drift = Drift(DriftEvent.EDITED, KEY, f"n-{name}", "body", at=at, by=f"user-{name}")
        return planned_in(name, empty(), drift=(drift,))

    ((drift, at),) = plans_of([drifted("b", 2), drifted("a", 1)]).drift
    assert drift == Drift(DriftEvent.EDITED, KEY, "", "body")
    assert at == (DriftAt("a", "n-a", 1, "user-a"), DriftAt("b", "n-b", 2, "user-b"))


def test_notes_warnings_refusals_and_missing_folders_are_shared() -> None:
    plan = mixed()
    assert [(shared.item, len(shared.targets)) for shared in plan.notes] == [("nothing new", 3)]
    assert [(shared.item.code, len(shared.targets)) for shared in plan.problems] == [("old", 3)]
    assert [shared.targets for shared in plan.refused] == [("legacy",)]
    assert [(shared.item.path, shared.targets) for shared in plan.missing] == [
        ("Mobile/iOS", ("audit", "risk"))
    ]
    notes = [
        planned_in("b", empty(), notes=("z", "a", "z")),
        planned_in("a", empty(), notes=("a",)),
    ]
    assert plans_of(notes).notes == (
        Shared("a", (At("a"), At("b"))),
        Shared("z", (At("b"),)),
    )


def test_objects_that_are_not_owned_are_named_only_if_they_are_asked_for() -> None:
    theirs = note("Theirs", "", id="note-1")
    plan = planned_in(
        "a", empty(), others=(theirs, replace(theirs, id="note-2", owner="terraform"))
    )
    assert plans_of([plan]).others == ()
    collector = Collector(with_others=True)
    collector.add(plan)
    assert collector.plans().others == (
        Shared(theirs.key, (OtherAt("a", "note-1"), OtherAt("a", "note-2", "terraform"))),
    )


# --- targets --------------------------------------------------------------------------------------


def test_digests_are_those_of_plans_that_can_be_applied() -> None:
    plan = mixed()
    listed = plan.digests.digests
    assert len(listed) == 28 + 2 + 2 + 3
    assert listed["quiet-1"] == planned_in("quiet-1", empty()).digest
    assert not {"legacy", "new-team", "gone", "pay"} & set(listed)
    assert plan.digest == plan.digests.digest
    refused = replace(plan, refusals=(Refusal("too many targets"),))
    assert (refused.digests.digests, refused.digest) == ({}, "")


def test_the_numbers_of_each_target_are_counted() -> None:
    plan = mixed()
    new = next(each for each in plan.targets if each.name == "new-team")
    assert plan.by_action["legacy"] == {Action.DELETE: 12}
    assert (plan.numbers("refused")["legacy"], "legacy" in plan.writing) == (1, False)
    assert plan.summary(["legacy", "new-team", "quiet-1"]) == {Action.DELETE: 12, Action.UPDATE: 1}
    assert (new.state, new.message, new.target) == (TargetState.HELD, "new", target("new-team"))
    assert [plan.count(state) for state in TargetState] == [36, 1, 1, 0, 2]
    assert plan.noun == "organization"
    enterprise = replace(empty(), target=replace(target("top"), enterprise=True))
    assert plans_of([enterprise]).noun == "target"


@pytest.mark.parametrize(
    ("plans", "failures", "code", "detailed"),
    [
        ([empty()], [], 0, 0),
        ([empty(), small()], [], 0, 2),
        ([small(), deletes()], [], 4, 4),
        ([small(), conflict()], [], 4, 4),
        ([small()], [ExitCode.FIX], 1, 1),
        ([small()], [ExitCode.PLAN_AGAIN], 5, 5),
    ],
)
def test_the_exit_code_is_that_of_all_plans(
    plans: list[Plan], failures: list[ExitCode], code: int, detailed: int
) -> None:
    collector = Collector()
    for number, plan in enumerate(plans):
        collector.add(planned_in(f"team-{number}", plan))
    for failure in failures:
        collector.add_without_plan("gone", "404", failure)
    run = collector.plans()
    assert run.exit_code() == code
    assert run.exit_code(detailed=True) == detailed


def test_an_inventory_to_rename_is_pending_but_writes_nothing_to_the_organization() -> None:
    renamed = replace(empty(), inventory=Inventory("file", moves_from="old"))
    plan = plans_of([planned_in("a", renamed), planned_in("b", empty())])
    assert [each.moves_from for each in plan.targets] == ["old", ""]
    assert plan.writing == frozenset()
    assert (plan.exit_code(), plan.exit_code(detailed=True)) == (ExitCode.OK, ExitCode.LOOK)


def test_a_held_target_waits_for_no_decision_and_a_refused_run_does() -> None:
    plan = plans_of([planned_in("a", deletes(), held="new"), update("b")])
    assert plan.targets[0].message == "new"
    assert plan.exit_code() is ExitCode.OK
    assert replace(plan, refusals=(Refusal("no"),)).exit_code() is ExitCode.DECIDE


def test_drift_alone_has_no_digest_and_asks_to_look() -> None:
    drift = replace(plans_of([planned_in("pay", empty())]), is_drift=True)
    assert (drift.digests.digests, drift.exit_code()) == ({}, ExitCode.OK)
    edited = Drift(DriftEvent.EDITED, KEY, "", "body changed")
    found = replace(drift, drift=(Shared(edited, (DriftAt("pay", "note-1"),)),), by_one=True)
    assert (found.exit_code(), found.digest) == (ExitCode.LOOK, "")


# --- reports --------------------------------------------------------------------------------------


def test_an_outcome_stands_at_its_target() -> None:
    report = applied().plans
    failed = [
        (change.action, row)
        for change, at in report.changes
        for row in at
        if row.outcome is Outcome.FAILED
    ]
    assert [row.target for _, row in failed] == ["team-26", "team-27"]
    assert {row.message for _, row in failed} == {"422: trigger is too long"}
    assert [row.outcome for _, at in report.of("quiet-1").changes for row in at] == []
    assert [shared.targets for shared in report.left] == [("team-26", "team-27")] * 2
    assert [shared.targets for shared in report.waiting] == [("mobile",)]


def test_outcomes_are_counted_in_each_target() -> None:
    report = applied().plans
    total = sum(report.outcomes.values(), Counter[Outcome]())
    assert [total[outcome] for outcome in Outcome] == [29 * 5 + 2 - 4 + 2, 2, 2, 0]
    by_name = {each.name: each for each in report.targets}
    assert by_name["labs"].unverified == "503: try later"
    assert by_name["team-00"].backup == ".devinops/backups/team-00.jsonl"
    assert report.exit_code_of(by_name["team-00"]) is ExitCode.OK
    assert report.exit_code_of(by_name["team-26"]) is ExitCode.RUN_AGAIN


FAILED = (Outcome.FAILED,) * 5


@pytest.mark.parametrize(
    ("reports", "others", "code"),
    [
        ([applied_in("a", small())], [], 0),
        ([applied_in("a", small(), Outcome.FAILED)], [], 3),
        ([applied_in("a", small(), *FAILED)], [], 1),
        ([applied_in("a", small(), *FAILED), applied_in("b", small())], [], 3),
        ([applied_in("a", small())], [(TargetState.STALE, ExitCode.PLAN_AGAIN)], 3),
        ([], [(TargetState.STALE, ExitCode.PLAN_AGAIN)], 5),
        ([applied_in("a", empty())], [(TargetState.STALE, ExitCode.PLAN_AGAIN)], 5),
        ([applied_in("a", small())], [(TargetState.FAILED, ExitCode.FIX)], 3),
        ([applied_in("a", small())], [(TargetState.HELD, ExitCode.OK)], 0),
        ([], [(TargetState.HELD, ExitCode.OK)], 4),
    ],
)
def test_codes_that_say_that_nothing_was_written_are_true_of_the_run(
    reports: list[ApplyReport], others: list[tuple[TargetState, ExitCode]], code: int
) -> None:
    collector = Collector()
    for report in reports:
        collector.add(report.plan)
        report.add_to(collector)
    for state, exit_code in others:
        collector.add(update("other"), state=state, message="why", code=exit_code)
    assert collector.applied(collector.plans()).exit_code() == code


def test_a_planned_target_without_a_report_has_the_code_of_its_plan() -> None:
    assert Collector().applied(plans_of([planned_in("quiet", empty())])).exit_code() is ExitCode.OK


def test_an_interrupted_target_interrupts_the_run() -> None:
    collector = Collector()
    reports = [
        applied_in("a", small(), interrupted=ExitCode.INTERRUPTED),
        applied_in("b", small()),
    ]
    for report in reports:
        report.add_to(collector)
    run = collector.applied(plans_of([report.plan for report in reports]))
    assert run.exit_code() is ExitCode.INTERRUPTED
    assert run.wrote
