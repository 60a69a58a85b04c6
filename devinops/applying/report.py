"""What apply did, change by change, and what the run exits with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from devinops.model.changes import Action, Blocked, Change, Outcome
from devinops.model.errors import ExitCode, worst
from devinops.model.keys import Key
from devinops.model.kind import Lifecycle
from devinops.model.objects import Live
from devinops.planning.plan import Plan

_DELETING = (Action.REPLACE, Action.DELETE)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one change. `unclear`: it failed, yet the server has or may have written something."""

    change: Change
    outcome: Outcome
    message: str = ""
    id: str | None = None
    unclear: bool = False
    live: Live | None = None
    """The object as it is after the change, as far as the API tells."""


@dataclass(frozen=True)
class Report:
    """What apply did, in the order of the plan.

    `left` are the changes that a plan made afterwards still holds; None where that plan could not be made,
    and then `unverified` says why. `waiting` is what only that plan blocks: people were at work meanwhile.
    `backup` is the file with what was overwritten or deleted.
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
    def unsaved(self) -> tuple[Key, ...]:
        """The secrets that were overwritten or deleted: no backup can hold their values."""
        return tuple(change.key for change in self._gone() if _holds_a_value(change))

    @property
    def restorable(self) -> bool:
        """Whether a rollback brings back anything of what was overwritten or deleted."""
        return any(not _holds_a_value(change) for change in self._gone())

    def _gone(self) -> Iterator[Change]:
        """Yield the changes that overwrote or deleted something, or may have."""
        for result in self.results:
            written = result.outcome is Outcome.DONE or result.unclear
            if (
                written
                and result.change.live
                and (result.change.fields or result.change.action in _DELETING)
            ):
                yield result.change

    @property
    def exit_code(self) -> ExitCode:
        """RUN_AGAIN where something failed or is left after a write, FIX where nothing was written."""
        codes = [self.plan.exit_code()]
        if self.waiting or self.count(Outcome.BLOCKED):
            codes.append(ExitCode.DECIDE)
        if (
            self.count(Outcome.FAILED)
            or self.count(Outcome.SKIPPED)
            or self.left
            or self.left is None
        ):
            wrote = any(result.outcome is Outcome.DONE or result.unclear for result in self.results)
            codes.append(ExitCode.RUN_AGAIN if wrote else ExitCode.FIX)
        if self.interrupted:
            codes.append(self.interrupted)
        return worst(*codes)


def _holds_a_value(change: Change) -> bool:
    return change.kind.lifecycle is Lifecycle.CONTRACT
