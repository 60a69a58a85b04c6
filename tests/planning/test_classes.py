"""Targets whose plans read the same are one class, whatever their ids and places are."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from random import Random

import pytest

from devinops.model.changes import Action, Blocked, Blocker, Change, Drift, DriftEvent, Refusal
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import Inventory
from devinops.model.keys import ROOT, Key
from devinops.model.objects import Source
from devinops.model.policy import ADOPT, Approvals
from devinops.model.target import TargetState
from devinops.planning.classes import PlanCollector, Shared
from devinops.planning.plan import Plan
from tests.testing.fleets import fleet_of, mixed, planned_in, target, update
from tests.testing.reports import conflict, declared, deletes, empty, note, planned, small

KEY = Key("knowledge", ROOT, "Deploys")


def names(*plans: Plan) -> list[tuple[str, ...]]:
    return [group.targets for group in fleet_of(plans).classes]


def elsewhere(plan: Plan, path: str) -> Plan:
    """Return a plan whose first change has its entry in another file."""
    first = plan.changes[0]
    assert first.declaration
    entry = first.declaration._replace(source=Source(path, 7))
    return replace(plan, changes=(replace(first, declaration=entry), *plan.changes[1:]))


# --- classes --------------------------------------------------------------------------------------


def test_ids_places_and_live_values_that_stay_do_not_count() -> None:
    moved = elsewhere(update("b"), "orgs/b/deploys.md")
    plan = fleet_of([moved, update("a"), update("c", id="another-id")])
    (group,) = plan.classes
    assert group.targets == ("a", "b", "c")
    (change,) = group.changes
    assert change.source == Source("knowledge/Backend/Deploys.md", 1)
    assert (change.id, change.live, change.declaration) == (None, None, None)
    assert [(field.before, field.after) for field in change.fields] == [("Old.", "New.")]


def test_what_a_person_reads_does() -> None:
    renamed = planned_in("f", planned(declared(note("Others", body="New.")), []))
    plans = [
        update("a"),
        update("b", before="Older."),
        update("c", after="Newer."),
        planned_in("d", replace(update("d"), changes=(replace(update("d").changes[0], reason="why"),))),
        planned_in("e", deletes(1)),
        renamed,
        planned_in("g", replace(update("g"), changes=(replace(update("g").changes[0], overwrites=("body",)),))),
    ]  # fmt: skip
    assert names(*plans) == [("a",), ("b",), ("c",), ("d",), ("e",), ("f",), ("g",)]


def test_the_largest_class_is_first_and_then_names_decide() -> None:
    plans = [update("z", after="1"), update("y", after="2"), update("b"), update("x", after="2")]
    assert names(*plans) == [("x", "y"), ("b",), ("z",)]


def test_the_order_in_which_plans_arrive_does_not_matter() -> None:
    plans = [update(f"team-{n}", after=str(n % 3)) for n in range(9)]
    plans += [planned_in(name, conflict()) for name in ("risk", "audit")]
    first = fleet_of(plans)
    Random(7).shuffle(plans)
    assert fleet_of(plans) == first


def test_a_change_of_several_classes_is_kept_once_and_no_live_object_stays_alive() -> None:
    more = planned_in("b", small())
    extra = update("b").changes
    plans = [planned_in("a", small()), replace(more, changes=(*more.changes, *extra))]
    dropped = weakref.ref(plans[1])
    collector = PlanCollector()
    while plans:
        collector.add(plans.pop())
    del more
    plan = collector.plan()
    gc.collect()
    assert dropped() is None
    assert {id(change) for change in plan.classes[0].changes} < {
        id(change) for group in plan.classes for change in group.changes
    }
    shared = {id(change) for change in plan.classes[0].changes}
    assert len(shared & {id(change) for change in plan.classes[1].changes}) == 5


def test_a_change_from_another_file_is_another_one() -> None:
    more = planned_in("b", planned(declared(note("Own", body="b")), []))
    both = replace(
        more, changes=(*elsewhere(update("b"), "orgs/b/deploys.md").changes, *more.changes)
    )
    alone, with_more = fleet_of([update("a"), both]).classes
    assert [str(change.source) for change in (alone.changes[0], with_more.changes[0])] == [
        "knowledge/Backend/Deploys.md:1:1",
        "orgs/b/deploys.md:7:1",
    ]
    assert alone.changes[0].fields is with_more.changes[0].fields


def test_objects_of_one_name_are_not_taken_for_one() -> None:
    twins = [
        Change(Action.DELETE, KEY, f"in scope ({id})", id, live=note("Deploys", "", id=id))
        for id in ("note-1", "note-2")
    ]
    plan = fleet_of([planned_in("a", empty(), changes=tuple(twins))])
    assert [change.reason for change in plan.classes[0].changes] == [
        "in scope (note-1)",
        "in scope (note-2)",
    ]
    both = fleet_of([planned_in(name, empty(), changes=tuple(twins)) for name in ("a", "b")])
    assert [change.reason for change in both.classes[0].changes] == ["in scope (…)"] * 2


# --- what else plans have -------------------------------------------------------------------------


def blocked_in(name: str, id: str, **facts: object) -> Plan:
    reason = f"the name of {id} and {id}9 is taken"
    block = Blocked(Blocker.CONFLICT, KEY, reason, Source(f"{name}.md"), (id,))
    return planned_in(name, empty(), blocked=(replace(block, **facts),))


def test_blocked_steps_are_shared_without_their_ids() -> None:
    plan = fleet_of([blocked_in("b", "n-2"), blocked_in("a", "n-1")])
    # The longer id is another one, so the sentences are about different objects.
    assert [shared.targets for shared in plan.blocked] == [("a",), ("b",)]
    same = fleet_of([blocked_in(name, f"n-{name}", reason=f"n-{name} is taken") for name in "ba"])
    (shared,) = same.blocked
    assert shared.targets == ("a", "b")
    assert (shared.item.reason, shared.item.ids) == ("… is taken", ())
    assert shared.item.source == Source("a.md")
    (alone,) = fleet_of([blocked_in("a", "n-1")]).blocked
    assert alone.item.ids == ("n-1",)
    differing = [
        blocked_in("a", "n-1", reason="why"),
        blocked_in("b", "n-1", reason="why", approval=ADOPT),
        blocked_in("c", "n-1", reason="why", needed_by=(KEY,)),
        blocked_in("d", "n-1", reason="why", by=Blocker.APPROVAL),
    ]
    assert len(fleet_of(differing).blocked) == 4


def test_drift_is_shared_without_when_and_by_whom() -> None:
    def drifted(name: str, at: int) -> Plan:
        drift = Drift(DriftEvent.EDITED, KEY, f"n-{name}", "body", at=at, by=f"user-{name}")
        return planned_in(name, empty(), drift=(drift,))

    (shared,) = fleet_of([drifted("b", 2), drifted("a", 1)]).drift
    assert shared.targets == ("a", "b")
    assert shared.item == Drift(DriftEvent.EDITED, KEY, "", "body")
    (alone,) = fleet_of([drifted("a", 1)]).drift
    assert (alone.item.at, alone.item.by) == (1, "user-a")


def test_notes_warnings_refusals_and_missing_folders_are_shared() -> None:
    plan = mixed()
    assert [(shared.item, len(shared.targets)) for shared in plan.notes] == [("nothing new", 3)]
    assert [(shared.item.code, len(shared.targets)) for shared in plan.problems] == [("old", 3)]
    assert [shared.targets for shared in plan.refused] == [("legacy",)]
    assert [(shared.item.path, shared.targets) for shared in plan.missing] == [
        ("Mobile/iOS", ("audit", "risk"))
    ]
    twice = planned_in("a", empty(), notes=("n", "n"))
    assert fleet_of([twice]).notes == (Shared("n", ("a",)),)


def test_notes_with_long_words_are_shared_in_little_time() -> None:
    """With a time that grew with the square of the length, this would take minutes."""
    long = "x" * 200_000
    path = "/state/.devinops/{}.jsonl: " + long
    plans = [planned_in(name, empty(), notes=(path.format(name),)) for name in "ab"]
    assert fleet_of(plans).notes == (Shared(plans[0].notes[0], ("a", "b")),)


# --- targets --------------------------------------------------------------------------------------


def test_digests_are_those_of_plans_that_can_be_applied() -> None:
    plan = mixed()
    listed = plan.digests.digests
    assert len(listed) == 28 + 2 + 2 + 3
    assert listed["quiet-1"] == planned_in("quiet-1", empty()).digest
    assert not {"legacy", "new-team", "gone", "pay"} & set(listed)
    refused = replace(plan, refusals=(Refusal("too many targets"),))
    assert not refused.digests.digests


def test_the_numbers_of_each_target_are_kept() -> None:
    plan = mixed()
    legacy, new = (next(t for t in plan.targets if t.name == n) for n in ("legacy", "new-team"))
    assert (legacy.changes, legacy.deletes, legacy.refusals, legacy.digest) == (12, 12, 1, "")
    assert not legacy.writes
    assert (new.state, new.message, new.changes, new.writes) == (TargetState.HELD, "new", 1, False)
    assert new.target == target("new-team")
    assert [plan.count(state) for state in TargetState] == [36, 1, 1, 0, 2]
    assert not plan.in_enterprise
    enterprise = replace(empty(), target=replace(target("top"), enterprise=True))
    assert fleet_of([enterprise]).in_enterprise


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
    collector = PlanCollector()
    for number, plan in enumerate(plans):
        collector.add(planned_in(f"team-{number}", plan))
    for failure in failures:
        collector.add_without_plan("gone", "404", failure)
    plan_of_all = collector.plan(["knowledge:*"], Approvals(adopt=True))
    assert (plan_of_all.only, plan_of_all.approvals.adopt) == (("knowledge:*",), True)
    assert plan_of_all.exit_code() == code
    assert plan_of_all.exit_code(detailed=True) == detailed


def test_an_inventory_to_rename_is_pending_but_writes_nothing_to_the_organization() -> None:
    renamed = replace(empty(), inventory=Inventory("file", moves_from="old"))
    plan = fleet_of([planned_in("a", renamed), planned_in("b", empty())])
    assert [target.moves_from for target in plan.targets] == ["old", ""]
    assert [target.writes for target in plan.targets] == [False, False]
    assert (plan.exit_code(), plan.exit_code(detailed=True)) == (ExitCode.OK, ExitCode.LOOK)


def test_a_held_target_counts_nowhere_and_a_refused_run_wants_a_decision() -> None:
    collector = PlanCollector()
    collector.add(planned_in("a", deletes(), held="new"))
    collector.add(update("b"))
    plan = collector.plan()
    assert plan.targets[0].message == "new"
    assert plan.exit_code() is ExitCode.OK
    assert [group.targets for group in plan.classes] == [("b",)]
    assert replace(plan, refusals=(Refusal("no"),)).exit_code() is ExitCode.DECIDE


def test_drift_alone_has_no_digest_and_asks_to_look() -> None:
    drift = replace(fleet_of([planned_in("pay", empty())]), is_drift=True)
    assert (drift.digests.digests, drift.exit_code()) == ({}, ExitCode.OK)
    edited = Drift(DriftEvent.EDITED, Key("knowledge", ROOT, "A"), "note-1", "body changed")
    found = replace(drift, drift=(Shared(edited, ("pay",)),))
    assert found.exit_code() is ExitCode.LOOK
