"""The lifecycle of objects that must exist and that no API creates, such as folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from devinops.kinds import KINDS
from devinops.model.changes import Blocked, Blocker, Missing
from devinops.model.keys import Key
from devinops.model.kind import Lifecycle
from devinops.model.objects import Declaration, Live
from devinops.planning.draft import PlanContext, PlanDraft, RollbackContext, Saved
from devinops.planning.folders import folder_of
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
        draft.drop(orphan.record, orphan.live, orphan.why)

    def rollback(
        self, saved: Saved, live: Live | None, context: RollbackContext, draft: PlanDraft
    ) -> None:
        """Never called: no run overwrites such an object, and a backup with one is refused."""
        raise AssertionError(f"{saved.live.key} cannot be in a backup")


def missing(blocked: Sequence[Blocked], in_root: Sequence[Declaration] = ()) -> tuple[Missing, ...]:
    """Return what a person has to create, sorted by key.

    The entries that need it are named by blocked steps, or are `in_root` until it exists.
    """
    needed = Counter({block.key: len(block.needed_by) for block in blocked if is_missing(block)})
    needed.update(filter(None, map(folder_of, in_root)))
    blocked_keys = {block.key for block in blocked}
    waiting = Counter(folder_of(entry) for entry in in_root if entry.key not in blocked_keys)
    return tuple(Missing(key.kind, key.path, needed[key], waiting[key]) for key in sorted(needed))


def is_missing(block: Blocked) -> bool:
    """Return whether a step is blocked because a person has to create its object."""
    required = KINDS[block.key.kind].lifecycle is Lifecycle.REQUIRED
    return required and block.by is Blocker.REQUIREMENT
