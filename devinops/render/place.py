"""Adds the options that lead to the root and target to the commands in the reasons of an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TypeVar

from devinops.applying.report import Report
from devinops.model.changes import Blocked, Drift, Refusal
from devinops.planning.commands import like_commands, with_place
from devinops.planning.saved import SavedPlan, ShownPlan
from devinops.render.answers import Answer, DriftAnswer, PlanAnswer
from devinops.render.keys import named_keys

_P = TypeVar("_P", bound=ShownPlan)
_Placed = Callable[[str], str]
_R = TypeVar("_R", Blocked, Drift, Refusal)


def answer_with_place(answer: Answer, place: str) -> Answer:
    """Return an answer whose reasons have the options `place` in their commands."""
    placed = partial(with_place, place=place, names=like_commands(named_keys(answer)))
    match answer:
        case PlanAnswer():
            return answer._replace(plan=_plan(answer.plan, placed))
        case SavedPlan():
            return _plan(answer, placed)
        case Report():
            plan, waiting = _plan(answer.plan, placed), _reasons(answer.waiting, placed)
            results = tuple(
                replace(result, message=placed(result.message)) for result in answer.results
            )
            return replace(answer, plan=plan, results=results, waiting=waiting)
        case DriftAnswer():
            drift = _reasons(answer.findings.drift, placed)
            return answer._replace(findings=answer.findings._replace(drift=drift))
    return answer


def _plan(plan: _P, placed: _Placed) -> _P:
    return replace(
        plan,
        blocked=_reasons(plan.blocked, placed),
        drift=_reasons(plan.drift, placed),
        refusals=_reasons(plan.refusals, placed),
    )


def _reasons(items: Iterable[_R], placed: _Placed) -> tuple[_R, ...]:
    return tuple(replace(item, reason=placed(item.reason)) for item in items)
