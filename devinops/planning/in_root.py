"""Tells which objects wait in the root until a person creates their folder. Pure.

The key of an object stays the declared one; only the value that is sent is the root. So the
inventory has the root as what was sent, and when the folder exists, Git has moved the object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from devinops.kinds import KINDS
from devinops.model.inventory import Base, Inventory, Record, fingerprint
from devinops.model.keys import ROOT, Key
from devinops.model.objects import Live


def is_in_root(record: Record) -> bool:
    """Return whether an owned object was put into the root, because its folder was missing."""
    parent = KINDS[record.key.kind].parent
    return bool(record.key.folder and has_root(record.fields, parent))


def declared_key(live: Live, inventory: Inventory) -> Key:
    """Return the key of an object; one that waits in the root has its declared folder."""
    record = inventory.by_id.get(live.object_id)
    if record and is_in_root(record) and not live.key.folder:
        return live.key._replace(folder=record.key.folder)
    return live.key


def has_root(fields: Mapping[str, Base], parent: str | None) -> bool:
    """Return whether the root is what was sent as the folder of an object."""
    known = fields.get(parent or "")
    return known is not None and known.sent == fingerprint(ROOT)


def recorded(record: Record, live: Live) -> Mapping[str, Base]:
    """Return the bases of the fields of an object.

    If somebody moved it out of the root, its folder counts as sent, because Git has not moved it.
    """
    if not (is_in_root(record) and live.kind.parent and live.key.folder):
        return record.fields
    known = record.fields[live.kind.parent]
    return {**record.fields, live.kind.parent: replace(known, sent=fingerprint(record.key.folder))}
