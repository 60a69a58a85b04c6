"""Puts objects into the root until a person creates their folder; see `in_root`. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from devinops.kinds import KINDS
from devinops.model.changes import Action, Change
from devinops.model.keys import ROOT, in_sentence
from devinops.model.objects import Ensure
from devinops.planning.draft import PlanContext, PlanDraft
from devinops.planning.in_root import is_in_root
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
