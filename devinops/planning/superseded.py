"""Objects of kinds that another kind replaces: advice, and deletes after the new entry. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from devinops.model.changes import Action, Blocked, Blocker, Change, DriftEvent
from devinops.model.keys import Key
from devinops.model.objects import Declaration, Ensure, Snapshot, Source
from devinops.planning.draft import PlanDraft


def advice(snapshot: Snapshot, changes: Iterable[Change]) -> Iterator[tuple[Key, str]]:
    """Yield key and note for each live object of such a kind that stays."""
    deleted = {change.object_id for change in changes if change.action is Action.DELETE}
    for live in snapshot.objects:
        if live.ours and live.kind.superseded and live.object_id not in deleted:
            yield live.key, f"{live.key}: {live.kind.superseded.advice(live.resource)}"


def after_replacements(
    draft: PlanDraft, declarations: Iterable[Declaration], waiting: Collection[Key]
) -> None:
    """Let each delete of such an object come after the entry that probably replaces it.

    The delete is blocked if that entry is: `waiting` holds the keys of blocked entries.
    """
    present = [d for d in declarations if d.ensure is Ensure.PRESENT]
    gone = {drift.key for drift in draft.drift if drift.moved is DriftEvent.DELETED}
    written = {change.key for change in draft.changes if change.action is not Action.DELETE}
    for change in list(draft.changes):
        keys = _replacements(change, present)
        if blocked := keys & {*waiting, *gone}:
            draft.changes.remove(change)
            draft.blocked.append(waits_for(min(blocked), change.key, change.id, change.source))
        elif successors := keys & written:
            successor = replace(change, successor=min(successors))
            draft.changes[draft.changes.index(change)] = successor


def _replacements(change: Change, entries: Iterable[Declaration]) -> set[Key]:
    """Return the keys of the entries that probably replace what a change deletes."""
    superseded = change.kind.superseded
    if superseded is None or change.action is not Action.DELETE or change.live is None:
        return set()
    old = change.live.resource
    candidates = (entry for entry in entries if entry.key.kind == superseded.by)
    return {entry.key for entry in candidates if superseded.replaces(old, entry.resource)}


def waits_for(successor: Key, key: Key, id: str | None, source: Source | None) -> Blocked:
    """Return the blocked delete of an object whose probable successor is blocked."""
    reason = (
        f"{successor} probably replaces this object but is blocked: this object stays until that "
        "is resolved"
    )
    return Blocked(Blocker.CONFLICT, key, reason, source, (id,) if id else ())
