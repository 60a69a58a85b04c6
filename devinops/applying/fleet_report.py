"""Adds the reports of an apply in many targets to their plans, by what people read in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from devinops.applying.report import ApplyReport
from devinops.model.changes import Blocked, Change, Outcome, Result
from devinops.planning.classes import (
    FleetPlan,
    Group,
    Reading,
    Shared,
    blocked_reading,
    change_reading,
    kept,
    shared_blocked,
    shared_change,
    shared_text,
)

_ORDER = tuple(Outcome)


class ReportCollector:
    """Takes the reports of targets in any order, and keeps each text once.

    It must be used by one thread at a time.
    """

    def __init__(self) -> None:
        self._targets: dict[str, dict[str, Any]] = {}
        self._not_done: Group[Result] = Group(_result_reading, _shared_result)
        self._left: Group[Change] = Group(change_reading, shared_change)
        self._waiting: Group[Blocked] = Group(blocked_reading, shared_blocked)

    def add(self, report: ApplyReport) -> None:
        """Take the report of a target."""
        name = report.plan.target.name
        self._targets[name] = {
            "code": report.exit_code,
            "outcomes": {outcome: report.count(outcome) for outcome in Outcome},
            "wrote": report.wrote,
            "unverified": "" if report.left is not None else report.unverified,
            "backup": report.backup,
        }
        for result in report.results:
            if result.message or result.outcome is not Outcome.DONE:
                item = replace(result, change=kept(result.change), live=None)
                self._not_done.take([Shared(item, (name,))])
        for change in report.left or ():
            self._left.add(change_reading(change), kept(change), name)
        for block in report.waiting:
            self._waiting.add(blocked_reading(block), block, name)

    def include(self, plan: FleetPlan) -> None:
        """Take what is in the reports of other targets, but not what their plans have of it."""
        self._not_done.take(plan.not_done)
        self._left.take(plan.left)
        self._waiting.take(plan.waiting)

    def applied(self, plan: FleetPlan) -> FleetPlan:
        """Return the plans of all targets with the reports of those that were applied."""
        targets = (each._replace(**self._targets.get(each.name, {})) for each in plan.targets)
        return replace(
            plan,
            targets=tuple(targets),
            is_applied=True,
            not_done=self._not_done.result(),
            left=self._left.result(),
            waiting=self._waiting.result(),
        )


def _result_reading(result: Result) -> tuple[int, Reading, str]:
    message = shared_text(result.message, result.id)
    return _ORDER.index(result.outcome), change_reading(result.change), message


def _shared_result(result: Result) -> Result:
    message = shared_text(result.message, result.id)
    return replace(result, id=None, change=shared_change(result.change), message=message)
