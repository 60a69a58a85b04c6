"""The lifecycle of settings that always exist, such as limits and sets: they are set as a whole."""

from __future__ import annotations

from devinops.model.keys import Key
from devinops.planning.draft import PlanContext, PlanDraft
from devinops.planning.managed import Managed
from devinops.planning.orphans import Orphan


class Whole(Managed):
    """Plans updates in place. There is nothing to create or delete: an entry that goes leaves the setting as it is."""

    def orphan(
        self, orphan: Orphan, successor: Key | None, context: PlanContext, draft: PlanDraft
    ) -> None:
        draft.forget(orphan.record)
        draft.notes.append(f"{orphan.key} is {orphan.why}; its settings stay as they are")
