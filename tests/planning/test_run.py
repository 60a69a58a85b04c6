"""What is equal in several targets is kept once, with a row for each object."""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from random import Random

from devinops.model.changes import Action, Change
from devinops.model.exit_codes import ExitCode
from devinops.model.keys import ROOT, Key
from devinops.model.objects import Source
from devinops.planning.plan import Plan
from devinops.planning.run import Collector, Plans
from tests.testing.fleets import planned_in, update
from tests.testing.reports import conflict, deletes, empty, note, small

KEY = Key("knowledge", ROOT, "Deploys")


def plans_of(plans: Iterable[Plan]) -> Plans:
    collector = Collector()
    for plan in plans:
        collector.add(plan)
    return collector.plans()


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
