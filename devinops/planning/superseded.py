"""Objects of kinds that another kind replaces: advice, and deletes after the new entry. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from devinops.model.changes import Action, Blocked, Blocker, Change, DriftEvent
from devinops.model.keys import Key
from devinops.model.objects import Declaration, Ensure, Live, Snapshot, Source
from devinops.planning.draft import PlanDraft


def advice(
    snapshot: Snapshot, changes: Iterable[Change], declarations: Iterable[Declaration]
) -> Iterator[tuple[Key, str]]:
    """Yield key and note for each object that stays although another kind replaces its kind.

    If it has an entry and a replacement, there is nothing to advise.
    """
    entries = list(declarations)
    deleted = {change.object_id for change in changes if change.action is Action.DELETE}
    for live in snapshot.objects:
        if not live.ours or live.kind.superseded is None or live.object_id in deleted:
            continue
        replacements = _replacements(live, entries)
        if not replacements:
            yield live.key, f"{live.key}: {live.kind.superseded.advice(live.resource)}"
        elif all(entry.key != live.key for entry in entries):
            note = (
                f"{live.key}: {min(replacements)} probably replaces it: to delete it after that is "
                "written, declare it with ensure: absent"
            )
            yield live.key, note


def after_replacements(
    draft: PlanDraft, declarations: Iterable[Declaration], waiting: Collection[Key]
) -> None:
    """Order each delete of such an object after the entry that probably replaces it.

    The delete is blocked if that entry is: `waiting` holds the keys of blocked entries.
    """
    entries = list(declarations)
    gone = {drift.key for drift in draft.drift if drift.moved is DriftEvent.DELETED}
    written = {change.key for change in draft.changes if change.action is not Action.DELETE}
    changes = []
    for change in draft.changes:
        keys = _replacements(change.live, entries) if change.live else set()
        missing, successors = keys & {*waiting, *gone}, keys & written
        if missing:
            successor = min(missing)
            why = "was deleted outside devinops" if successor in gone else "is blocked"
            draft.blocked.append(waits_for(successor, change.key, change.id, change.source, why))
        else:
            later = replace(change, successor=min(successors)) if successors else change
            changes.append(later)
    draft.changes = changes


def _replacements(live: Live, entries: Iterable[Declaration]) -> set[Key]:
    """Return the keys of the entries that probably replace an object."""
    superseded = live.kind.superseded
    if superseded is None:
        return set()
    present = (entry for entry in entries if entry.ensure is Ensure.PRESENT)
    candidates = (entry for entry in present if entry.key.kind == superseded.by)
    return {e.key for e in candidates if superseded.replaces(live.resource, e.resource)}


def waits_for(
    successor: Key, key: Key, id: str | None, source: Source | None, why: str = "is blocked"
) -> Blocked:
    """Return the blocked delete of an object whose probable successor cannot be written.

    `why` says what is wrong with the successor.
    """
    reason = (
        f"{successor} probably replaces this object but {why}: this object stays until that is "
        "resolved"
    )
    return Blocked(Blocker.CONFLICT, key, reason, source, (id,) if id else ())
