"""Turns the answers about one target into runs, until the commands make runs themselves."""

from __future__ import annotations

from typing import Any

from devinops.applying.report import ApplyReport
from devinops.model.exit_codes import ExitCode
from devinops.planning.plan import Plan, SavedPlan
from devinops.planning.run import Collector, Plans
from devinops.render.answers import Answer, DriftAnswer, PlanAnswer, RunAnswer


def as_run(answer: Answer) -> RunAnswer | None:
    """Return the answer as one about a run; None if it is about something else."""
    match answer:
        case RunAnswer():
            return answer
        case PlanAnswer(plan, code, error, approved, command, lint):
            plans = _plans(_collected(plan), plan)
            return RunAnswer(plans, code, error, approved, command, lint=lint, named=plan.named)
        case SavedPlan():
            return RunAnswer(_plans(_collected(answer), answer), ExitCode.OK, answer.edited)
        case ApplyReport(plan):
            collector = _collected(plan)
            answer.add_to(collector)
            plans = collector.applied(_plans(collector, plan))
            return RunAnswer(plans, answer.exit_code, is_alone=True, named=plan.named)
        case DriftAnswer(target, inventory, findings, code, notes):
            plan = Plan(
                target,
                (),
                drift=tuple(findings.drift),
                notes=notes,
                inventory=inventory,
                others=(*findings.unmanaged, *findings.foreign),
            )
            return RunAnswer(_plans(_collected(plan), plan, is_drift=True), code)
    return None


def _collected(plan: Any) -> Collector:
    collector = Collector(with_others=True)
    collector.add(plan)
    return collector


def _plans(collector: Collector, plan: Any, **facts: Any) -> Plans:
    return collector.plans(by_one=True, only=plan.only, approvals=plan.approvals, **facts)
