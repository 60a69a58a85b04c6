"""The lifecycle of objects that must exist and that no API creates, such as folders."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from devinops.kinds import KINDS
from devinops.model.changes import Blocked, Blocker
from devinops.model.keys import Key
from devinops.model.kind import Lifecycle
from devinops.model.objects import Live
from devinops.planning.draft import PlanContext, PlanDraft, RollbackContext, Saved
from devinops.planning.match import Match
from devinops.planning.orphans import Orphan


class Required:
    """Plans nothing. `References` reports a missing object with everything that needs it."""

    def plan(self, match: Match, context: PlanContext, draft: PlanDraft) -> None:
        if match.lives:
            draft.unchanged += 1

    def orphan(
        self, orphan: Orphan, successor: Key | None, context: PlanContext, draft: PlanDraft
    ) -> None:
        """Remove its record; such an object is never owned."""
        draft.forget(orphan.record)

    def rollback(
        self, saved: Saved, live: Live | None, context: RollbackContext, draft: PlanDraft
    ) -> None:
        """Never called: no run overwrites such an object, and a backup with one is refused."""
        raise AssertionError(f"{saved.live.key} cannot be in a backup")


class Missing(NamedTuple):
    """An object that must exist and that only a person can create, such as a folder.

    `entries` is the number of entries that need it.
    """

    kind: str
    path: str
    entries: int


def missing(blocked: Iterable[Blocked]) -> tuple[Missing, ...]:
    """Return what a person has to create, in the order of the blocked steps."""
    return tuple(
        Missing(block.key.kind, block.key.place, len(block.needed_by))
        for block in blocked
        if is_missing(block)
    )


def is_missing(block: Blocked) -> bool:
    """Return whether a step is blocked because a person has to create its object."""
    required = KINDS[block.key.kind].lifecycle is Lifecycle.REQUIRED
    return required and block.by is Blocker.REQUIREMENT
