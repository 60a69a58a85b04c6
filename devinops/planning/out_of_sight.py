"""Tells a missing object that was deleted from one that may still exist out of sight. Pure.

In the web app, people promote notes and playbooks to the enterprise. Automations that run as their
creator seem to be hidden from service users.
"""

from __future__ import annotations

from collections.abc import Iterable

from devinops.kinds import KINDS
from devinops.model.inventory import Inventory, Record
from devinops.model.keys import Key
from devinops.model.kind import Kind, Scope
from devinops.model.objects import Declaration, Live, Snapshot
from devinops.model.target import Target
from devinops.planning.diff import changed_fields
from devinops.planning.three_way import moved_outside


def may_be_promoted(
    snapshot: Snapshot, inventory: Inventory, declared: Iterable[Key], target: Target
) -> frozenset[str]:
    """Return the kinds of which the enterprise may have an object that is missing in a target.

    An owned object is missing, or, without an inventory, one with a declared key.
    """
    owned = (record.key for record in inventory.owned if record.object_id not in snapshot.by_id)
    unknown = (key for key in declared if key not in snapshot.by_key)
    kinds = {key.kind for key in (unknown if inventory.store == "none" else owned)}
    if target.scope is not Scope.ORGANIZATION:
        return frozenset()
    return frozenset(noun for noun in kinds if KINDS[noun].is_promoted(target.api))


def promoted(snapshot: Snapshot, meant: Record | Declaration) -> str:
    """Return that a missing object was promoted, and what to do; empty if it probably was not.

    The enterprise has an object with its id, or one with its name and the values that were last
    applied, or declared. The folder does not count, because the enterprise has none.
    """
    twins = ", ".join(twin.id for twin in snapshot.of_enterprise if _is_twin(twin, meant))
    if not twins:
        return ""
    name = KINDS[meant.key.kind].name
    return (
        f"it was probably promoted, because the enterprise has an equal {name} ({twins}). If a "
        "target is the enterprise, set enterprise: true in the entry; otherwise remove the entry. "
        "Until then nothing is created or deleted"
    )


def _is_twin(twin: Live, meant: Record | Declaration) -> bool:
    if (twin.key.kind, twin.key.name) != (meant.key.kind, meant.key.name):
        return isinstance(meant, Record) and twin.object_id == meant.object_id
    if isinstance(meant, Record):
        different = {*moved_outside(meant.read, twin.resource)}
        return twin.id == meant.id or different <= {twin.kind.parent}
    changes = changed_fields(twin.kind, meant.resource, twin.resource)
    return {change.name for change in changes} <= {twin.kind.parent}


def doubt(kind: Kind, scope: Scope) -> str:
    """Return that a missing object may still exist, as a clause; empty if nothing hides it."""
    is_doubtful = kind.out_of_sight and scope is Scope.ORGANIZATION
    return f"it {kind.out_of_sight}" if is_doubtful else ""
