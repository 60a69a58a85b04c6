"""Folders: known from a list or from what is in them, renamed in the web app, or missing. Pure.

No API renames or creates a folder, so a person does. The key of an object that waits in the root
stays the declared one; only the value that is sent is the root. The inventory records that value:
once the folder exists, the declared folder differs from it, so the plan moves the object.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, NamedTuple

from devinops.kinds import KINDS
from devinops.model.changes import ENDING, Action, Change
from devinops.model.inventory import Base, Inventory, Record, fingerprint
from devinops.model.keys import (
    ROOT,
    FolderPath,
    Key,
    ObjectId,
    decode_part,
    encode_part,
    in_sentence,
    join_folder,
)
from devinops.model.kind import Lifecycle
from devinops.model.objects import Declaration, Ensure, Live, Snapshot
from devinops.model.suggest import is_typo
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
    return _with_those_above(map(folder_of, declarations))


def _with_those_above(keys: Iterable[Key | None]) -> frozenset[Key]:
    """Return the keys of folders, and of all folders above them."""
    folders: set[Key] = set()
    for key in keys:
        while key and key not in folders:
            folders.add(key)
            key = _folder_key(key.kind, key.folder)
    return frozenset(folders)


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


# --- folders that were not listed -----------------------------------------------------------------


def with_folders(snapshot: Snapshot, folders: Snapshot) -> Snapshot:
    """Return a snapshot that lacks its folders, with `folders` and their paths."""
    keys: dict[ObjectId | None, Key] = {live.object_id: live.key for live in folders.objects}
    objects = tuple(_relocated(live, keys) for live in snapshot.objects)
    return replace(snapshot, objects=objects).with_more(folders)


def with_seen_folders(
    snapshot: Snapshot, used: Collection[Key], inventory: Inventory
) -> Snapshot | None:
    """Return a snapshot that lacks its folders, with those that its objects are in.

    None if only a list of the folders can tell which ones exist: one that is `used` was not seen,
    or one was seen under another path or id than the inventory remembers. Or an owned object is
    missing and no folder was seen, as in a list that is empty by mistake.
    """
    seen = _seen_folders(snapshot, used, inventory)
    is_missing = any(record.object_id not in snapshot.by_id for record in inventory.owned)
    if not seen:
        return None if seen is None or is_missing else snapshot
    folders = []
    for id, key in seen.items():
        kind = KINDS[key.kind]
        folders.append(Live(id.id, kind.resource(**kind.identity.values(key))))
    return with_folders(snapshot, Snapshot.of(folders))


def _seen_folders(
    snapshot: Snapshot, used: Collection[Key], inventory: Inventory
) -> dict[ObjectId, Key] | None:
    """Return the folders that objects are in, and those that are used; None if that is in doubt.

    The path on an object does not tell a `/` inside a name from one between names. The inventory
    remembers that, for the folders that entries used at the last apply. Without an inventory, the
    path counts as it is shown.
    """
    remembered = {record.object_id: record.key for record in inventory.records if record.memory}
    has_inventory, paths = inventory.store != "none", set(map(_shown_path, used))
    shown = {
        (id, live.key.folder, live.object_id in inventory.by_id)
        for live in snapshot.objects
        if (id := live.folder_id)
    }
    folders, certain = {}, []
    for id, path, is_owned in shown:
        key = remembered.get(id)
        in_doubt = is_owned or path in paths if key is None else path != _shown_path(key)
        if in_doubt and has_inventory:
            return None
        folders[id] = key or Key.parse(f"{id.kind}:{path}")
        if key or not has_inventory:
            certain.append(folders[id])
    if not _with_those_above(certain).issuperset(used):
        return None
    if has_inventory:
        if not inventory.by_key.keys() >= set(used):
            return None
        folders |= {inventory.by_key[key].object_id: key for key in used}
    return folders


def _shown_path(folder: Key) -> FolderPath:
    """Return the path of a folder as its contents show it, where each `/` is between names."""
    return join_folder(filter(None, decode_part(folder.path).split("/")))


def needs_all_folders(changes: Iterable[Change], snapshot: Snapshot, inventory: Inventory) -> bool:
    """Return whether changes that are planned with the seen folders need a list of all.

    Two folders may share a path, so nothing is put into a folder without the list. Its counts also
    show whether a list with nothing in any folder is empty by mistake, in which case a create would
    make a duplicate. Without an inventory, the path of an object may be that of another folder.
    """
    is_any_seen = any(live.folder_id for live in snapshot.objects)
    return inventory.store == "none" or any(
        bool(change.live or change.key.folder) or not is_any_seen
        for change in changes
        if change.action not in ENDING and change.kind.parent and change.moves
    )


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
    declared = Snapshot.of(under_declared_paths(snapshot.objects, renamed))
    return replace(declared, of_enterprise=snapshot.of_enterprise)


def under_declared_paths(lives: Iterable[Live], renamed: Sequence[RenamedFolder]) -> list[Live]:
    """Return objects under the paths in the files, for comparing them with declarations."""
    keys: dict[ObjectId | None, Key] = {item.live.object_id: item.declared for item in renamed}
    return [_relocated(live, keys) for live in lives]


def _relocated(live: Live, keys: Mapping[ObjectId | None, Key]) -> Live:
    if live.object_id in keys:
        values = live.kind.identity.values(keys[live.object_id])
        return replace(live, resource=replace(live.resource, **values))
    folder = keys.get(live.folder_id)
    if folder is None or folder.path == live.key.folder:
        return live
    return live.put_into(FolderPath(folder.path))


# --- objects in the root until their folder exists ------------------------------------------------


_ROOT_SENT: Final = fingerprint(ROOT)


def is_in_root(record: Record | None) -> bool:
    """Return whether an owned object was put into the root, because its folder was missing."""
    if record is None or not record.key.folder:
        return False
    return has_root(record.fields, KINDS[record.key.kind].parent)


def has_root(fields: Mapping[str, Base], parent: str | None) -> bool:
    """Return whether the root is what was sent as the folder of an object."""
    return parent is not None and parent in fields and fields[parent].sent == _ROOT_SENT


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


def misspelled_folders(used: Iterable[Key], snapshot: Snapshot) -> dict[Key, str]:
    """Return missing folder → the path that it was probably meant to have.

    It, or a folder above it, is missing and has nearly the name of a live folder beside it.
    """
    beside: defaultdict[FolderPath, list[Key]] = defaultdict(list)
    for live in snapshot.objects:
        if live.kind.lifecycle is Lifecycle.REQUIRED:
            beside[live.key.folder].append(live.key)
    meant: dict[Key, str] = {}
    for key in sorted(used, key=lambda key: key.path):  # a folder comes before those in it
        if snapshot.under(key):
            continue
        near = (live.path for live in sorted(beside[key.folder]) if is_typo(key.name, live.name))
        above = meant.get(_folder_key(key.kind, key.folder) or key)
        if path := next(near, above and f"{above}/{encode_part(key.name)}"):
            meant[key] = path
    return meant


def asking_for_root(
    declaration: Declaration, live: Live | None, record: Record | None, context: PlanContext
) -> Declaration:
    """Return an entry that asks for the root if its folder is missing; else the same entry.

    One that was put into the root stays in it, even if the policy has changed since then.
    """
    parent, folder = declaration.kind.parent, folder_of(declaration)
    if parent is None or folder is None or context.live.under(folder):
        return declaration
    if declaration.ensure is not Ensure.PRESENT or (live and _was_in_folder(live, record)):
        return declaration
    if not (context.uses_root(folder) or is_in_root(record)):
        return declaration
    root: Any = {parent: ROOT}
    return declaration._replace(resource=replace(declaration.resource, **root))


def _was_in_folder(live: Live, record: Record | None) -> bool:
    """Return whether an object is in a folder, or was until somebody moved it or deleted that."""
    base = record.fields.get(live.kind.parent or "") if record else None
    return bool(live.key.folder or (base and base.sent != _ROOT_SENT))


def explain_root(draft: PlanDraft, context: PlanContext) -> None:
    """Add to the reasons that an object waits in the root, or no longer has to."""
    draft.changes = [_explained(change, context) for change in draft.changes]


def _explained(change: Change, context: PlanContext) -> Change:
    entry, parent = change.declaration, change.kind.parent
    if entry is None or parent is None or not entry.key.folder:
        return change
    folder = f"{KINDS[change.kind.lives_in or ''].name} {in_sentence(change.key.folder)}"
    if getattr(entry.resource, parent) == ROOT:
        why = f"; in the root until the {folder} exists, then apply moves it there"
        return replace(change, reason=f"{change.reason}{why}")
    record = context.inventory.by_id.get(change.object_id)
    leaves_root = change.moves and change.live and not change.live.key.folder
    # A move to another folder than the recorded one is new, and has to be reviewed.
    waited = is_in_root(record) and record and record.key.folder == entry.key.folder
    if not (change.action is Action.RENAME and leaves_root and waited):
        return change
    why = f"; it was in the root until the {folder} existed"
    return replace(change, reason=f"{change.reason}{why}", arrives=True)


def whether_folder_exists(change: Change) -> Change:
    """Return what a change is whether the folder of its object exists or not: the digest has that.

    A person may create the folder between the review and the apply, or delete it.
    """
    kind = KINDS[change.key.kind]
    if change.arrives and change.action is Action.RENAME:
        fields = tuple(field for field in change.fields if field.name != kind.parent)
        is_renamed = any(field.name in kind.key_fields for field in fields)
        action = Action.RENAME if is_renamed else Action.UPDATE
        return replace(change, fields=fields, action=action)
    if change.action is not Action.CREATE:
        return change
    waits = (kind.parent, ROOT)
    fields = tuple(
        replace(field, after=change.key.folder) if (field.name, field.after) == waits else field
        for field in change.fields
    )
    return replace(change, fields=fields)
