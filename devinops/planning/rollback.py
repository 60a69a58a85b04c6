"""Makes a `Plan` that restores saved objects. Pure.

An object is found by its id first: if it is still live it is updated, whatever its name is now. A
missing object is created again with a new id. Nothing is ever deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from devinops.model.changes import Blocker, Change
from devinops.model.inventory import Inventory
from devinops.model.keys import FolderPath
from devinops.model.objects import Snapshot
from devinops.model.policy import Approvals, Policy
from devinops.model.target import Target
from devinops.planning.draft import PlanDraft, RollbackContext, Saved
from devinops.planning.guards import hazard_notes, hazards, needed
from devinops.planning.lifecycles import planner
from devinops.planning.own_roles import block_own
from devinops.planning.plan import Plan, generated_secret_notes
from devinops.planning.references import References
from devinops.planning.three_way import moved_outside


def rollback_plan(
    saved: Sequence[Saved],
    snapshot: Snapshot,
    target: Target,
    *,
    policy: Policy,
    run: str,
    approvals: Approvals,
    inventory: Inventory,
) -> Plan:
    """Return the plan that restores saved objects to what they were before the run.

    It names the fields that people changed since the last apply, which the `inventory` tells. Of
    the `approvals` only the accepted hazards count.
    """
    placed = [_placed(object, snapshot) for object in saved]
    restored = {object.live.object_id: object.live.key for object in placed}
    context = RollbackContext(target.api, target.scope, policy, snapshot, run, restored)
    draft = PlanDraft()
    for object in placed:
        _restore(object, context, draft)
    preferred = {object.live.key: object.live.ids for object in placed}
    references = References(
        snapshot, snapshot, preferred=preferred, again="run rollback again", scope=target.scope
    )
    references.resolve(draft)
    block_own(draft, Inventory(), snapshot)
    draft.blocked += references.blocked()
    draft.sort()
    changes = tuple(_overwriting(change, inventory) for change in draft.changes)
    notes = [note for _, note in draft.notes]
    return Plan(
        target=target,
        changes=changes,
        blocked=tuple(draft.blocked),
        notes=(
            *sorted([*notes, *hazard_notes(changes, target.scope)]),
            *generated_secret_notes(changes),
        ),
        refusals=tuple(hazards(changes, approvals, target.scope)),
        unchanged=draft.unchanged,
        approvals=needed(approvals, changes, target.scope),
        held=policy.hold,
    )


def _overwriting(change: Change, inventory: Inventory) -> Change:
    """Return a change that names the fields that people changed since the last apply."""
    live = change.live
    record = inventory.by_id.get(live.object_id) if live else None
    if live is None or record is None:
        return change
    outside = moved_outside({**record.read, **record.left_out}, live.resource)
    lost = tuple(field.name for field in change.fields if field.name in outside)
    return replace(change, overwrites=lost)


def _restore(saved: Saved, context: RollbackContext, draft: PlanDraft) -> None:
    live = context.live.by_id.get(saved.live.object_id)
    if live is not None and not live.ours:
        reason = f"it is no longer the {context.scope}'s own"
        draft.block(Blocker.CONFLICT, saved.declaration, reason, [live])
    else:
        planner(saved.live.kind).rollback(saved, live, context, draft)


def _placed(saved: Saved, snapshot: Snapshot) -> Saved:
    """Return an object under the path that its folder has now.

    The saved folder of one that waited in the root is that in which it arrived, if it did.
    """
    id, live = saved.live.folder_id, snapshot.by_id.get(saved.live.object_id)
    is_waiting = live and not (live.key.folder or saved.live.key.folder)
    if is_waiting or id is None or id not in snapshot.by_id:
        return saved
    path = FolderPath(snapshot.by_id[id].key.path)
    return saved._replace(live=saved.live.put_into(path))
