"""Plans and reports of many targets, for tests of runs and of formats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from devinops.applying.report import ApplyReport
from devinops.cli.runs.waves import Rollout, document
from devinops.model.changes import Outcome, Result
from devinops.model.exit_codes import ExitCode
from devinops.model.objects import Problem, Severity, Source
from devinops.model.target import Target, TargetState, WaveState
from devinops.planning.plan import Plan
from devinops.planning.run import Collector, Plans
from devinops.planning.waves import Wave, WaveStatus
from devinops.render.answers import Answer, RolloutAnswer, RunAnswer
from devinops.render.waves import lines
from tests.testing.reports import (
    ANSWERS,
    conflict,
    declared,
    deletes,
    empty,
    note,
    planned,
    small,
)


def target(name: str) -> Target:
    return Target(name, "https://api.devin.ai", "v3", f"org-{name}")


def planned_in(name: str, plan: Plan, **facts: Any) -> Plan:
    """Return a plan as if it were that of another target."""
    return replace(plan, target=target(name), **facts)


def update(name: str, before: str = "Old.", after: str = "New.", id: str = "") -> Plan:
    """Return the plan of a target in which one note is updated."""
    old = note("Deploys", id=id or f"note-of-{name}", body=before)
    return planned_in(name, planned(declared(note("Deploys", body=after)), [old]))


def plans_of(plans: Iterable[Plan]) -> Plans:
    """Return the plan of many targets."""
    collector = Collector()
    for plan in plans:
        collector.add(plan)
    return collector.plans()


def with_own() -> Plan:
    """Return the plan of a target with one change of its own beside those of others."""
    own = note("Own rule", "Frontend", body="Only here.")
    more = planned_in("labs", planned(declared(own), []))
    both = sorted([*more.changes, *small().changes], key=lambda change: change.key)
    return replace(more, changes=tuple(both))


def mixed() -> Plans:
    """Return the plan of forty organizations in which nearly everything happens."""
    collector = Collector()
    shared = small()
    for number in range(28):
        collector.add(planned_in(f"team-{number:02}", shared))
    collector.add(with_own())
    collector.add(update("mobile"))
    for name in ("risk", "audit"):
        collector.add(planned_in(name, conflict()))
    collector.add(planned_in("legacy", deletes()))
    warning = Problem(Source("base/a.md", 3, 1), "old", "review_by has passed", Severity.WARNING)
    for name in ("quiet-1", "quiet-2", "quiet-3"):
        collector.add(planned_in(name, empty(), problems=(warning,), notes=("nothing new",)))
    collector.add(replace(update("new-team"), held="new"))
    for name in ("gone", "moved"):
        collector.add_without_plan(name, "404: there is no such organization", ExitCode.FIX)
    busy = "the run 20260312T094100Z-ci works there"
    collector.add_without_plan("pay", busy, ExitCode.OK, TargetState.BUSY)
    return collector.plans()


def answer(plan: Plans) -> RunAnswer:
    return RunAnswer(plan, plan.exit_code(), keys=("DEVIN_API_KEY",))


def applied_in(name: str, plan: Plan, *outcomes: Outcome, **facts: Any) -> ApplyReport:
    """Return the report of a target; changes beyond the `outcomes` are done."""
    rest = [Outcome.DONE] * (len(plan.changes) - len(outcomes))
    messages = {Outcome.FAILED: "422: trigger is too long", Outcome.SKIPPED: "it needs another"}
    results = tuple(
        Result(change, outcome, messages.get(outcome, ""), id=f"{name}-1")
        for change, outcome in zip(plan.changes, [*outcomes, *rest], strict=True)
    )
    return ApplyReport(planned_in(name, plan), results, **facts)


def applied() -> RunAnswer:
    """Return the mixed plan with its report."""
    plan, collector = mixed(), Collector()
    shared = small()
    for number in range(26):
        backup = f".devinops/backups/team-{number:02}.jsonl"
        applied_in(f"team-{number:02}", shared, backup=backup).add_to(collector)
    for name in ("team-26", "team-27"):
        failed = (Outcome.FAILED, Outcome.SKIPPED)
        applied_in(name, shared, *failed, left=shared.changes[:2]).add_to(collector)
    applied_in("labs", with_own(), left=None, unverified="503: try later").add_to(collector)
    waiting = conflict().blocked[:1]
    applied_in("mobile", update("mobile"), waiting=waiting).add_to(collector)
    for name in ("risk", "audit"):
        applied_in(name, conflict()).add_to(collector)
    return answer(collector.applied(plan))


def rollout() -> RolloutAnswer:
    """Return where a rollout is: one wave done, one stopped, one waiting."""
    names = [f"team-{number:02}" for number in range(40)]
    canary = Wave("canary", tuple(names[:4]))
    early = Wave("early", tuple(names[4:12]), ("audit",), max_failed=1)
    rest = Wave("rest", tuple(names[12:]))
    failed = {"team-04": "404: there is no such organization", "team-05": "blocked"}
    statuses = (
        WaveStatus(canary, WaveState.DONE),
        WaveStatus(early, WaveState.STOPPED, tuple(names[8:12]), failed),
        WaveStatus(rest, WaveState.WAITING, rest.targets, waits_for="early"),
    )
    time, holds = datetime(2026, 3, 12, 14, 2, tzinfo=UTC), {"audit": "until the audit is over"}
    found = Rollout(statuses, "4f2c1d0b9a8e7f6d", time)
    shown = lines(statuses, found.commit, holds, "")
    return RolloutAnswer(*found, holds, list(shown), lambda: document(found))


PAGES: Final[Mapping[str, Callable[[], Answer]]] = {
    **ANSWERS,
    "many": lambda: answer(mixed()),
    "many report": applied,
    "rollout": rollout,
}
"""Name → an answer whose page tests look at."""
