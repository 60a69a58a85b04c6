"""The lifecycle of settings that always exist and are set as a whole, such as limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from devinops.model.changes import Blocker
from devinops.model.keys import Key
from devinops.model.objects import Live
from devinops.planning.draft import Fields, PlanContext, PlanDraft
from devinops.planning.lifecycles.managed import Managed
from devinops.planning.match import Match
from devinops.planning.orphans import Orphan

_NOTHING: tuple[Any, ...] = (None, "", [], {})


class Whole(Managed):
    """Plans updates in place; nothing is created or deleted.

    If an entry is removed, the setting stays as it is.
    """

    def orphan(
        self, orphan: Orphan, successor: Key | None, context: PlanContext, draft: PlanDraft
    ) -> None:
        draft.drop(orphan.record, orphan.live, orphan.why)
        note = f"{orphan.key}: {orphan.why}; its settings stay as they are"
        draft.notes.append((orphan.key, note))

    def _takes_over(self, fields: Fields) -> bool:
        """Return whether any value was set; an empty setting needs no approval."""
        return any(field.before not in _NOTHING for field in fields)

    def _blocked(
        self, match: Match, live: Live, fields: Fields, context: PlanContext, draft: PlanDraft
    ) -> bool:
        """Also block a change that conflicts with live values that the entry does not set."""
        if super()._blocked(match, live, fields, context, draft):
            return True
        after: Any = {field.name: field.after for field in fields}
        written = replace(live.resource, **after)
        problems = dict.fromkeys(message for _, message in live.kind.check(written))
        if problems:
            draft.block(Blocker.CONFLICT, match.declaration, "; ".join(problems), [live], fields)
        return bool(problems)
