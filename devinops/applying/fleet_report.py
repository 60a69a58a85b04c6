"""The report of an apply in many targets: what differs from the plan, by what people read in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from devinops.applying.report import ApplyReport, Result
from devinops.model.changes import Blocked, Change, Outcome
from devinops.model.exit_codes import ExitCode, of_many
from devinops.model.target import TargetState
from devinops.planning.classes import (
    FleetPlan,
    Group,
    Shared,
    blocked_reading,
    change_reading,
    kept,
    shared_blocked,
    shared_change,
    shared_text,
)

_ORDER = tuple(Outcome)
_SIGNALS = (ExitCode.INTERRUPTED, ExitCode.TERMINATED)


class TargetReport(NamedTuple):
    """What an apply did in one target: the number of its changes by outcome, and its exit code.

    `unverified` says why it is not known what is left, and is empty if it is known. `backup` is the
    path of the file with what was overwritten or deleted.
    """

    name: str
    exit_code: ExitCode
    outcomes: dict[Outcome, int]
    wrote: bool
    unverified: str = ""
    backup: str | None = None

    @property
    def has_changes(self) -> bool:
        """Whether the plan had any changes."""
        return any(self.outcomes.values())

    @property
    def finished(self) -> bool:
        """Whether all its changes are done, and nothing is left."""
        return (
            self.exit_code in (ExitCode.OK, ExitCode.DECIDE) and not self.outcomes[Outcome.BLOCKED]
        )


@dataclass(frozen=True)
class FleetReport:
    """The results of an apply in the planned targets of `plan`.

    `not_done` are the results of changes that were not carried out, or that have a message. `left`
    and `waiting` are what a plan made afterwards still has.
    """

    plan: FleetPlan
    targets: tuple[TargetReport, ...]
    not_done: tuple[Shared[Result], ...] = ()
    left: tuple[Shared[Change], ...] = ()
    waiting: tuple[Shared[Blocked], ...] = ()

    def count(self, outcome: Outcome) -> int:
        """Return how many changes have an outcome, in all targets together."""
        return sum(target.outcomes[outcome] for target in self.targets)

    @property
    def wrote(self) -> bool:
        """Whether the run wrote something in any target, or may have."""
        return any(target.wrote for target in self.targets)

    @property
    def interrupted(self) -> bool:
        """Whether a signal ended the run early."""
        return any(target.exit_code in _SIGNALS for target in self.targets)

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the run; DECIDE if every target is held."""
        applied = {target.name: target.exit_code for target in self.targets}
        codes = [
            applied[planned.name] if planned.name in applied else planned.exit_code()
            for planned in self.plan.targets
        ]
        states = {planned.state for planned in self.plan.targets}
        if states == {TargetState.HELD}:
            codes.append(ExitCode.DECIDE)
        return of_many(codes, wrote=self.wrote)


class ReportCollector:
    """Takes the reports of targets in any order, and keeps each text once.

    It must be used by one thread at a time.
    """

    def __init__(self) -> None:
        self._targets: list[TargetReport] = []
        self._not_done: Group[Result] = Group(_shared_result)
        self._left: Group[Change] = Group(shared_change)
        self._waiting: Group[Blocked] = Group(shared_blocked)

    def add(self, report: ApplyReport) -> None:
        """Take the report of a target."""
        name = report.plan.target.name
        outcomes = {outcome: report.count(outcome) for outcome in Outcome}
        unverified = "" if report.left is not None else report.unverified
        facts = (name, report.exit_code, outcomes, report.wrote, unverified, report.backup)
        self._targets.append(TargetReport(*facts))
        for result in report.results:
            if result.message or result.outcome is not Outcome.DONE:
                rank = _ORDER.index(result.outcome)
                message = shared_text(result.message, result.id)
                reading = (rank, change_reading(result.change), message)
                self._not_done.add(
                    reading, replace(result, change=kept(result.change), live=None), name
                )
        for change in report.left or ():
            self._left.add(change_reading(change), kept(change), name)
        for block in report.waiting:
            self._waiting.add(blocked_reading(block), block, name)

    def report(self, plan: FleetPlan) -> FleetReport:
        """Return the report of all targets so far, which were planned in `plan`."""
        return FleetReport(
            plan,
            tuple(sorted(self._targets, key=lambda target: target.name)),
            self._not_done.result(),
            self._left.result(),
            self._waiting.result(),
        )


def _shared_result(result: Result) -> Result:
    message = shared_text(result.message, result.id)
    return replace(result, id=None, change=shared_change(result.change), message=message)
