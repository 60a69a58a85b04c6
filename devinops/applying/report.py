"""The report of an apply: the outcome of each change, and the exit code of the run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from devinops.model.changes import DELETING, Blocked, Change, Outcome, Result
from devinops.model.exit_codes import ExitCode, worst
from devinops.model.keys import Key
from devinops.model.kind import Lifecycle
from devinops.planning.plan import Plan
from devinops.planning.run import Collector


@dataclass(frozen=True)
class ApplyReport:
    """The results of an apply, in the order of the plan.

    `left` are the changes that a plan made afterwards still has; None if that plan could not be
    made, and then `unverified` says why. `waiting` are objects that only that plan blocks, because
    people changed something meanwhile. `backup` is the path of the file with the objects that were
    overwritten or deleted.
    """

    plan: Plan
    results: tuple[Result, ...]
    left: tuple[Change, ...] | None = ()
    waiting: tuple[Blocked, ...] = ()
    unverified: str = ""
    interrupted: ExitCode | None = None
    backup: str | None = None

    def count(self, outcome: Outcome) -> int:
        return sum(result.outcome is outcome for result in self.results)

    @property
    def wrote(self) -> bool:
        """Whether the run wrote something, or may have."""
        return any(result.wrote for result in self.results)

    @property
    def unsaved(self) -> tuple[Key, ...]:
        """The secrets that were overwritten or deleted: no backup can hold their values."""
        contracts = (c for c in self._destructive() if c.kind.lifecycle is Lifecycle.CONTRACT)
        return tuple(change.key for change in contracts)

    @property
    def restorable(self) -> bool:
        """Whether a rollback can restore any of the objects that were overwritten or deleted."""
        return any(change.key not in self.unsaved for change in self._destructive())

    def add_to(self, collector: Collector) -> None:
        """Add the report to the plan of its target, which the collector has taken."""
        collector.add_results(
            self.plan.target.name,
            self.results,
            self.left or (),
            self.waiting,
            code=self.exit_code,
            unverified="" if self.left is not None else self.unverified,
            backup=self.backup,
            unsaved=self.unsaved,
            restorable=self.restorable,
        )

    def _destructive(self) -> Iterator[Change]:
        """Yield the changes that overwrote or deleted something, or may have."""
        for result in self.results:
            change = result.change
            if result.wrote and change.live and (change.fields or change.action in DELETING):
                yield change

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the run.

        If something failed or is left: RUN_AGAIN after a write, FIX if nothing was written.
        """
        codes = [self.plan.exit_code()]
        lost = any(result.lost for result in self.results)
        if self.waiting or lost or self.count(Outcome.BLOCKED):
            codes.append(ExitCode.DECIDE)
        failed = self.count(Outcome.FAILED) + self.count(Outcome.SKIPPED)
        if failed or self.left or self.left is None:
            codes.append(ExitCode.RUN_AGAIN if self.wrote else ExitCode.FIX)
        if self.interrupted:
            codes.append(self.interrupted)
        return worst(*codes)
