"""The planner of each lifecycle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from devinops.model.keys import Key
from devinops.model.kind import Kind, Lifecycle
from devinops.model.objects import Live
from devinops.planning.draft import PlanContext, PlanDraft, RollbackContext, Saved
from devinops.planning.lifecycles.contract import Contract
from devinops.planning.lifecycles.managed import Managed
from devinops.planning.lifecycles.required import Required
from devinops.planning.lifecycles.whole import Whole
from devinops.planning.match import Match
from devinops.planning.orphans import Orphan


class Planner(Protocol):
    """Plans the objects of one lifecycle: three pure functions that add to a draft."""

    def plan(self, match: Match, context: PlanContext, draft: PlanDraft) -> None:
        """Add the steps for one declaration to the draft."""
        ...

    def orphan(
        self, orphan: Orphan, successor: Key | None, context: PlanContext, draft: PlanDraft
    ) -> None:
        """Add the steps for an undeclared object; `successor` probably replaces it."""
        ...

    def rollback(
        self, saved: Saved, live: Live | None, context: RollbackContext, draft: PlanDraft
    ) -> None:
        """Add the steps that restore a saved object; `live` is None if it no longer exists."""
        ...


_PLANNERS: Mapping[Lifecycle, Planner] = {
    Lifecycle.MANAGED: Managed(),
    Lifecycle.REQUIRED: Required(),
    Lifecycle.CONTRACT: Contract(),
    Lifecycle.WHOLE: Whole(),
}


def planner(kind: Kind) -> Planner:
    """Return the planner for the objects of a kind."""
    return _PLANNERS[kind.lifecycle]
