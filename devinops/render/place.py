"""Adds the options that lead to the root and target to the commands in the reasons of an answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from devinops.applying.report import Report
from devinops.model.changes import Blocked, Drift, Refusal
from devinops.planning.commands import with_place
from devinops.planning.saved import SavedPlan, ShownPlan
from devinops.render.answers import Answer, DriftAnswer, PlanAnswer

_P = TypeVar("_P", bound=ShownPlan)
_R = TypeVar("_R", Blocked, Drift, Refusal)


def answer_with_place(answer: Answer, place: str) -> Answer:
    """Return an answer whose reasons have the options `place` in their commands."""
    match answer:
        case PlanAnswer():
            return answer._replace(plan=_plan(answer.plan, place))
        case SavedPlan():
            return _plan(answer, place)
        case Report():
            plan, waiting = _plan(answer.plan, place), _reasons(answer.waiting, place)
            results = tuple(
                replace(result, message=with_place(result.message, place))
                for result in answer.results
            )
            return replace(answer, plan=plan, results=results, waiting=waiting)
        case DriftAnswer():
            drift = _reasons(answer.findings.drift, place)
            return answer._replace(findings=answer.findings._replace(drift=drift))
    return answer


def _plan(plan: _P, place: str) -> _P:
    return replace(
        plan,
        blocked=_reasons(plan.blocked, place),
        drift=_reasons(plan.drift, place),
        refusals=_reasons(plan.refusals, place),
    )


def _reasons(items: Iterable[_R], place: str) -> tuple[_R, ...]:
    return tuple(replace(item, reason=with_place(item.reason, place)) for item in items)
