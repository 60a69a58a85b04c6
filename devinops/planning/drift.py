"""Finds what changed outside devinops since the last apply, without the files. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple, TypeVar

from devinops.kinds import KINDS
from devinops.model.changes import Blocked, Drift, DriftEvent, FieldChange
from devinops.model.credentials import starred_in
from devinops.model.inventory import Inventory, Record
from devinops.model.keys import Key, in_sentence, listed
from devinops.model.kind import Lifecycle, Scope
from devinops.model.objects import Declaration, Live, Snapshot
from devinops.model.values import UNSET
from devinops.planning.draft import Fields, outside_names, source_of
from devinops.planning.folders import as_declared, renamed_folders
from devinops.planning.out_of_sight import doubt, promoted
from devinops.planning.plan import PlanRequest, build_plan
from devinops.planning.three_way import moved_outside


class DriftFindings(NamedTuple):
    """Changes made outside devinops, and the live objects that are not owned; sorted by key.

    `foreign` holds the objects with the label of another owner.
    """

    drift: tuple[Drift, ...] = ()
    unmanaged: tuple[Live, ...] = ()
    foreign: tuple[Live, ...] = ()


def find_drift(
    inventory: Inventory, snapshot: Snapshot, scope: Scope = Scope.ORGANIZATION
) -> DriftFindings:
    """Compare every owned object with the values that were read at the last apply.

    The inventory holds fingerprints, so the names and live values of changed fields are known, but
    not their earlier values. The files are not used. `scope` is that of the target.
    """
    inventory = inventory.without_returned(snapshot)
    used = {record.key for record in inventory.records if record.memory}
    renamed = renamed_folders(used, snapshot, inventory)
    live = as_declared(snapshot, renamed)
    drifts = [
        Drift(
            DriftEvent.RENAMED,
            folder.declared,
            folder.live.id,
            f"its path is now {in_sentence(folder.live.key.path)}",
        )
        for folder in renamed
    ]
    drifts += [drift for record in inventory.owned if (drift := _drift(record, live, scope))]
    return DriftFindings(
        tuple(sorted(drifts, key=lambda drift: (drift.key, drift.id))),
        tuple(live.unmanaged(inventory.by_id)),
        tuple(object for object in live.objects if object.owner and not object.ours),
    )


def moves(
    declarations: Iterable[Declaration], snapshot: Snapshot, request: PlanRequest
) -> Iterator[str]:
    """Yield what the next apply moves out of the root, because its folder exists now.

    The snapshot has the kinds of which something is owned, and their folders.
    """
    kinds = {record.key.kind for record in request.inventory.owned}
    plan = build_plan((d for d in declarations if d.key.kind in kinds), snapshot, request)
    keys = [str(change.key) for change in plan.changes if change.arrives]
    if keys and not (plan.refusals or plan.held):
        yield f"the next apply moves {listed(keys)} out of the root, because the folder exists now"


_D = TypeVar("_D", Drift, Blocked)


def without_secrets(items: Iterable[_D]) -> tuple[_D, ...]:
    """Return drift or blocked steps with stars in place of passwords and tokens in their values.

    People may have pasted one in the web app.
    """
    return tuple(
        replace(
            item,
            fields=tuple(
                FieldChange(f.name, starred_in(f.before), starred_in(f.after)) for f in item.fields
            ),
        )
        for item in items
    )


def replacing_run(key: Key, inventory: Inventory) -> str:
    """Return the run that did not finish replacing an object; empty if there is none.

    It may have deleted the object, and the next apply creates it again.
    """
    if KINDS[key.kind].lifecycle is not Lifecycle.CONTRACT:
        return ""
    runs = (intent.run for intent in inventory.intents if intent.unclear and intent.key == key)
    return next(runs, "")


def _drift(record: Record, snapshot: Snapshot, scope: Scope) -> Drift | None:
    live = snapshot.by_id.get(record.object_id)
    if live is None:
        return _gone(record, snapshot, scope)
    if not live.ours:
        return _about(
            record, DriftEvent.EDITED, f"it now belongs to somebody else ({live.holder})", live
        )
    fields = _changed(record, live)
    names = outside_names(fields, record.left_out)
    return _about(record, DriftEvent.EDITED, names, live, fields) if fields else None


def _gone(record: Record, snapshot: Snapshot, scope: Scope) -> Drift:
    again = [live for live in snapshot.under(record.key) if live.id != record.id]
    if again:
        fields = _changed(record, again[0]) if len(again) == 1 else ()
        what = "under a new id" if len(again) == 1 else f"as {len(again)} objects"
        found = _about(record, DriftEvent.RECREATED, what, again[0], fields)
        return replace(found, again=tuple(live.id for live in again))
    reason = promoted(snapshot, record) or doubt(KINDS[record.key.kind], scope)
    return _about(record, DriftEvent.DELETED, reason, None)


def _changed(record: Record, live: Live) -> Fields:
    names = moved_outside({**record.read, **record.left_out}, live.resource)
    return tuple(FieldChange(name, UNSET, getattr(live.resource, name)) for name in names)


def _about(
    record: Record, moved: DriftEvent, reason: str, live: Live | None, fields: Fields = ()
) -> Drift:
    at, by = (live.updated_at, live.updated_by) if live else (None, None)
    return Drift(moved, record.key, record.id, reason, fields, source_of(record), at, by)
