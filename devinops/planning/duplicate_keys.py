"""Blocks changes that would give two objects the same key, because no API refuses that."""

from __future__ import annotations

from collections.abc import Sequence

from devinops.model.changes import Action, Blocker, Change
from devinops.model.keys import Key, in_sentence
from devinops.model.objects import Live
from devinops.planning.commands import link_command
from devinops.planning.draft import PlanContext, PlanDraft


def block_duplicate_keys(draft: PlanDraft, context: PlanContext) -> None:
    """Block each change that would give an object a key that another one keeps."""
    while duplicates := _duplicates(draft, context):
        for key, change, others in duplicates:
            draft.changes.remove(change)
            assert change.declaration
            names = _names(others, context)
            have, them = ("has", "it") if len(others) == 1 else ("have", "them")
            remedy = f"rename {them} in the web app, or rename this entry"
            if not others:
                names, have, remedy = "another entry of this plan", "gets", "rename one of them"
            if key.folder != change.key.folder:
                remedy += f", or create {in_sentence(change.key.folder)} in the web app"
                owned = context.inventory.by_id
                if len(others) == 1 and not (change.id or others[0].object_id in owned):
                    remedy += f"; if it belongs to this entry, run {link_command(change.key)}"
            reason = f"{names} already {have} the key {key}: {remedy}"
            draft.block(Blocker.CONFLICT, change.declaration, reason, others)


def _duplicates(draft: PlanDraft, context: PlanContext) -> list[tuple[Key, Change, list[Live]]]:
    """Return each change that cannot be made, with its new key and the other objects that keep it.

    There are no others if an earlier change gives the key to its own object: entries have different
    keys, but in the root, where they wait for their folders, they can be the same.
    """
    moving = []
    for change in draft.changes:
        key = _key_after(change, context)
        if key != _key_now(change, context):
            moving.append((change, key))
    leaving = {change.object_id for change, _ in moving}
    duplicates, taken = [], set()
    for change, key in moving:
        if key is None:
            continue
        staying = [live for live in context.live.under(key) if live.object_id not in leaving]
        if staying or key in taken:
            duplicates.append((key, change, staying))
        taken.add(key)
    return duplicates


def _key_now(change: Change, context: PlanContext) -> Key | None:
    live = context.live.by_id.get(change.object_id)
    return live.key if live else None


def _key_after(change: Change, context: PlanContext) -> Key | None:
    """Return the key of an object after a change, with the paths in the files; None if deleted."""
    if change.action is Action.DELETE:
        return None
    now = _key_now(change, context)
    if now is None:
        assert change.declaration
        return change.kind.key(change.declaration.resource)
    key = change.kind.key(change.written())
    return key._replace(folder=change.key.folder if change.moves else now.folder)


def _names(others: Sequence[Live], context: PlanContext) -> str:
    """Return how many other objects there are, and under which keys they are owned, if so."""
    records = [context.inventory.by_id.get(live.object_id) for live in others]
    owned = " and ".join(str(record.key) for record in records if record)
    number = "another object" if len(others) == 1 else f"{len(others)} other objects"
    return f"{number} (owned as {owned})" if owned else number
