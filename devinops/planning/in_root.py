"""Keeps objects in the root until a person creates their folder. Pure.

The key of an object stays the declared one; only the value that is sent is the root. So the
inventory has the root as what was sent, and when the folder exists, Git has moved the object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from devinops.kinds import KINDS
from devinops.model.changes import Action, Change
from devinops.model.inventory import Base, Record, fingerprint
from devinops.model.keys import ROOT, Key, in_sentence
from devinops.model.objects import Ensure, Live
from devinops.planning.draft import PlanContext, PlanDraft
from devinops.planning.match import Match, folder_of


def in_place(match: Match, context: PlanContext, draft: PlanDraft) -> Match:
    """Return a match whose entry asks for the root if its folder is missing, and note that.

    An object that is in another folder stays there. One that was put into the root stays in it,
    also if the policy has changed since then.
    """
    declaration, live = match.declaration, match.live
    kind, folder = declaration.kind, folder_of(declaration)
    if kind.parent is None or folder is None or context.live.under(folder):
        return match
    if declaration.ensure is not Ensure.PRESENT or (live and live.key.folder):
        return match
    if not (context.uses_root or (match.record and is_in_root(match.record))):
        return match
    root: Any = {kind.parent: ROOT}
    declaration = declaration._replace(resource=replace(declaration.resource, **root))
    draft.in_root.append(declaration)
    return match._replace(declaration=declaration)


def is_in_root(record: Record) -> bool:
    """Return whether an owned object was put into the root, because its folder was missing."""
    parent = KINDS[record.key.kind].parent
    return bool(record.key.folder and has_root(record.fields, parent))


def declared_key(live: Live, record: Record | None) -> Key:
    """Return the key of an object; one that waits in the root has its declared folder."""
    waits = record is not None and is_in_root(record) and not live.key.folder
    return live.key._replace(folder=record.key.folder) if record and waits else live.key


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


def explained(change: Change, context: PlanContext) -> Change:
    """Return a change whose reason says that its object waits in the root, or no longer has to."""
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
