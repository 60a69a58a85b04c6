"""What the run's own keys may do, which no run changes: so a key can undo whatever it did. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from devinops.model.changes import Blocker
from devinops.model.inventory import Inventory
from devinops.model.kind import Kind
from devinops.model.objects import Snapshot
from devinops.planning.draft import PlanDraft

_UNKNOWN = (
    "the API does not say whose key this is or which groups give it roles, so devinops does not "
    "change roles with it: use the key of a service user, or change the role in the web app"
)
_OWN = (
    "it decides what this run's own key may do, which devinops never changes: change it in the web "
    "app, or run devinops with the key of another service user"
)


def is_own(kind: Kind, about: Iterable[str | None], snapshot: Snapshot) -> bool:
    """Return whether ids and names `about` an object are those of the run's keys, or may be."""
    return kind.of_principals and (snapshot.own is None or not snapshot.own.isdisjoint(about))


def block_own(draft: PlanDraft, inventory: Inventory, snapshot: Snapshot) -> None:
    """Block each change of what the principals of the run's keys may do."""
    for change in [c for c in draft.changes if not c.is_record_only]:
        about = (change.id, change.key.name, *change.references.values())
        if not is_own(change.kind, about, snapshot):
            continue
        draft.changes.remove(change)
        subject = change.declaration or inventory.by_id[change.object_id]
        reason, lives = _UNKNOWN if snapshot.own is None else _OWN, filter(None, [change.live])
        draft.block(Blocker.PROTECTED, subject, reason, lives, change.fields)
