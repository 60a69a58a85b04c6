"""The lifecycle of objects that must exist and that no API creates, such as folders."""

from __future__ import annotations

from devinops.model.keys import Key
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
