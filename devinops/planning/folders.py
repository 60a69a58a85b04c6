"""Folders that were renamed in the web app, and objects that wait in the root for theirs. Pure.

No API renames or creates a folder, so a person does. The key of an object that waits in the root
stays the declared one; only the value that is sent is the root. The inventory records that value:
once the folder exists, the declared folder differs from it, so the plan moves the object.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, NamedTuple

from devinops.kinds import KINDS
from devinops.model.changes import Action, Change
from devinops.model.inventory import Base, Inventory, Record, fingerprint
from devinops.model.keys import ROOT, FolderPath, Key, ObjectId, in_sentence
from devinops.model.kind import Lifecycle
from devinops.model.objects import Declaration, Ensure, Live, Snapshot
from devinops.planning.draft import PlanContext, PlanDraft


def folder_of(declaration: Declaration) -> Key | None:
    """Return the key of the folder that an entry names, or that it is; None for the root."""
    kind = declaration.kind
    if kind.lives_in:
        return _folder_key(kind.lives_in, declaration.key.folder)
    return declaration.key if kind.lifecycle is Lifecycle.REQUIRED else None


@lru_cache(10_000)  # of thousands of entries, most are in the same folders
def _folder_key(noun: str, path: str) -> Key | None:
    return Key.parse(f"{noun}:{path}") if path else None


def used_folders(declarations: Iterable[Declaration]) -> frozenset[Key]:
    """Return the keys of all folders that declarations use, including the folders above them."""
    used: set[Key] = set()
    for declaration in declarations:
        key = folder_of(declaration)
        while key and key not in used:  # those above a used folder are used too
            used.add(key)
            key = _folder_key(key.kind, key.folder)
    return frozenset(used)


def folder_records(used: Iterable[Key], snapshot: Snapshot, inventory: Inventory) -> list[Record]:
    """Return new records of the used folders that the inventory lacks or has with another id."""
    if inventory.store == "none":
        return []
    records = []
    for key in sorted(used, key=lambda key: key.path):
        new = [Record(live.key, live.id, memory=True) for live in snapshot.under(key)]
        if len(new) == 1 and inventory.by_key.get(key) != new[0]:
            records += new
    return records


# --- folders renamed in the web app ---------------------------------------------------------------


class RenamedFolder(NamedTuple):
    """A folder whose live path differs from that in the files and the inventory."""

    declared: Key
    live: Live


def renamed_folders(
    used: Collection[Key], snapshot: Snapshot, inventory: Inventory
) -> list[RenamedFolder]:
    """Return the folders that now have another path than in the files, found by their ids.

    A folder is left out if the files also use its live path, because that means another entry.
    """
    renamed = []
    for key in sorted(used):
        live = inventory.object_of(key, snapshot)
        if live and not snapshot.under(key) and live.key not in used:
            renamed.append(RenamedFolder(key, live))
    return renamed


def as_declared(snapshot: Snapshot, renamed: Sequence[RenamedFolder]) -> Snapshot:
    """Return the snapshot with renamed folders and their contents under the paths in the files."""
    if not renamed:
        return snapshot
    return Snapshot.of(under_declared_paths(snapshot.objects, renamed))


def under_declared_paths(lives: Iterable[Live], renamed: Sequence[RenamedFolder]) -> list[Live]:
    """Return objects under the paths in the files, for comparing them with declarations."""
    keys: dict[ObjectId | None, Key] = {item.live.object_id: item.declared for item in renamed}
    return [_relocated(live, keys) for live in lives]


def _relocated(live: Live, keys: Mapping[ObjectId | None, Key]) -> Live:
    if live.object_id in keys:
        values = live.kind.identity.values(keys[live.object_id])
        return replace(live, resource=replace(live.resource, **values))
    folder = keys.get(live.folder_id)
    return live.put_into(FolderPath(folder.path)) if folder else live


# --- objects in the root until their folder exists ------------------------------------------------


_ROOT_SENT: Final = fingerprint(ROOT)


def is_in_root(record: Record) -> bool:
    """Return whether an owned object was put into the root, because its folder was missing."""
    parent = KINDS[record.key.kind].parent
    return bool(record.key.folder and has_root(record.fields, parent))


def has_root(fields: Mapping[str, Base], parent: str | None) -> bool:
    """Return whether the root is what was sent as the folder of an object."""
    base = fields.get(parent or "")
    return base is not None and base.sent == _ROOT_SENT


def declared_key(live: Live, inventory: Inventory) -> Key:
    """Return the key of an object; one that waits in the root has its declared folder."""
    record = inventory.by_id.get(live.object_id)
    if record and is_in_root(record) and not live.key.folder:
        return live.key._replace(folder=record.key.folder)
    return live.key


def recorded(record: Record, live: Live) -> Mapping[str, Base]:
    """Return the bases of the fields of an object.

    If somebody moved it out of the root, its folder counts as sent, because Git has not moved it.
    """
    if not (is_in_root(record) and live.kind.parent and live.key.folder):
        return record.fields
    base = record.fields[live.kind.parent]
    return {**record.fields, live.kind.parent: replace(base, sent=fingerprint(record.key.folder))}


def asking_for_root(
    declaration: Declaration, live: Live | None, record: Record | None, context: PlanContext
) -> Declaration:
    """Return an entry that asks for the root if its folder is missing; else the same entry.

    An object that is in another folder stays there. One that was put into the root stays in it,
    even if the policy has changed since then.
    """
    parent, folder = declaration.kind.parent, folder_of(declaration)
    if parent is None or folder is None or context.live.under(folder):
        return declaration
    if declaration.ensure is not Ensure.PRESENT or (live and live.key.folder):
        return declaration
    if not (context.uses_root or (record and is_in_root(record))):
        return declaration
    root: Any = {parent: ROOT}
    return declaration._replace(resource=replace(declaration.resource, **root))


def explain_root(draft: PlanDraft, context: PlanContext) -> None:
    """Add to the reasons that an object waits in the root, or no longer has to."""
    draft.changes = [_explained(change, context) for change in draft.changes]


def _explained(change: Change, context: PlanContext) -> Change:
    entry, parent = change.declaration, change.kind.parent
    waits = entry and parent and entry.key.folder and getattr(entry.resource, parent) == ROOT
    record = context.inventory.by_id.get(change.object_id)
    arrives = change.action is Action.RENAME and change.moves and record and is_in_root(record)
    if not (waits or arrives):
        return change
    folder = f"{KINDS[change.kind.lives_in or ''].name} {in_sentence(change.key.folder)}"
    why = f"it was in the root until the {folder} existed"
    if waits:
        why = f"in the root until the {folder} exists, then apply moves it there"
    return replace(change, reason=f"{change.reason}; {why}")
