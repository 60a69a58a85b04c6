"""Finds the values that were applied, of which the inventory has only fingerprints. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from devinops.load import read_entries
from devinops.load.discover import with_lf
from devinops.model.changes import Action, Change, Drift, DriftEvent, FieldChange
from devinops.model.inventory import Inventory, Record, fingerprint
from devinops.model.keys import ObjectId
from devinops.model.objects import Declaration
from devinops.model.values import UNSET
from devinops.planning.draft import names_of

Read = Callable[[Collection[str]], Mapping[str, bytes]]
"""Takes names of objects of Git, and returns the content of each that exists."""
FileAtCommit = tuple[str, str]
"""A commit, and the path of a file in it."""


def with_applied(
    drift: Sequence[Drift], inventory: Inventory, declared: Collection[Declaration], read: Read
) -> tuple[Drift, ...]:
    """Return the drift with the applied value of each field as `before`, if it can be found.

    It is looked up in the entries `declared` now, and then in Git at the commit of the last apply.
    If neither has it, the reason says why.
    """
    records = [inventory.by_id[ObjectId(item.key.kind, item.id)] for item in drift]
    drifts = [_filled(*pair, declared) for pair in zip(drift, records, strict=True)]
    files = {
        _last_applied(record)
        for item, record in zip(drifts, records, strict=True)
        if _lacks(item, record)
    }
    cloned = cloned_commits({commit for commit, _ in files if commit}, read)
    earlier = entries_at({file for file in files if file[0] in cloned}, read)
    return tuple(
        _explained(_filled(item, record, earlier.get(_last_applied(record), ())), record, cloned)
        for item, record in zip(drifts, records, strict=True)
    )


def with_versions(
    changes: Sequence[Change], inventory: Inventory, read: Read
) -> tuple[Change, ...]:
    """Return the changes; the reason of each replacement says what it replaces, if Git has that."""
    replaced = []
    for change in changes:
        record = inventory.by_id.get(change.object_id)
        if change.action is Action.REPLACE and record:
            fields = (field for field in change.fields if field.before is UNSET)
            replaced.append(Drift(DriftEvent.EDITED, change.key, record.id, fields=tuple(fields)))
    was = {
        ObjectId(item.key.kind, item.id): [
            f"{field.name} was {field.before}" for field in item.fields if field.before is not UNSET
        ]
        for item in with_applied(replaced, inventory, (), read)
    }
    return tuple(
        replace(change, reason="; ".join((change.reason, *was.get(change.object_id, ()))))
        for change in changes
    )


def _last_applied(record: Record) -> FileAtCommit:
    """Return the commit and the file of the last apply; both are empty if one is not known."""
    known = record.commit and record.source
    return (record.commit or "", record.source or "") if known else ("", "")


def _lacks(drift: Drift, record: Record) -> list[FieldChange]:
    """Return the fields whose applied value is not known; no file has one that was left out."""
    return [f for f in drift.fields if f.before is UNSET and f.name in record.fields]


def _filled(drift: Drift, record: Record, entries: Iterable[Declaration]) -> Drift:
    """Return the drift with the applied values that one of the entries has."""
    of_key = [entry.resource for entry in entries if entry.key == record.key]
    before = {
        field.name: value
        for field in _lacks(drift, record)
        for value in (getattr(resource, field.name) for resource in of_key)
        if value is not UNSET and fingerprint(value) == record.fields[field.name].sent
    }
    fields = (replace(field, before=before.get(field.name, field.before)) for field in drift.fields)
    return replace(drift, fields=tuple(fields))


def _explained(drift: Drift, record: Record, cloned: Collection[str]) -> Drift:
    """Return the drift with a reason that says why applied values are not known, if any."""
    commit, source = _last_applied(record)
    if not (lacking := _lacks(drift, record)):
        return drift
    if not commit:
        why = "the inventory does not have the commit of the last apply"
    elif commit not in cloned:
        why = (
            f"the commit {commit[:12]} of the last apply is not in this clone, so run git fetch "
            "--unshallow"
        )
    else:
        why = f"{source} at the commit {commit[:12]} is not what was applied"
    return replace(
        drift,
        reason=f"{drift.reason}; the earlier value of {names_of(lacking)} is not known: {why}",
    )


def cloned_commits(commits: Collection[str], read: Read) -> set[str]:
    """Return those commits that the repository has."""
    names = {f"{commit}^{{commit}}": commit for commit in commits}
    return {names[name] for name in (read(names) if names else ())}


def entries_at(
    files: Collection[FileAtCommit], read: Read
) -> dict[FileAtCommit, list[Declaration]]:
    """Return the entries of each file that exists.

    The texts that entries name are read together once the names are known.
    """
    texts: dict[str, str | None] = {}
    unread = {f"{commit}:./{path}" for commit, path in files}

    def text_at(commit: str, path: str) -> str | None:
        name = f"{commit}:./{path}"
        if name not in texts:
            unread.add(name)
        return texts.get(name)

    entries: dict[FileAtCommit, list[Declaration]] = {}
    while unread:
        contents = read(unread)
        texts |= {
            name: contents[name].decode("utf-8", "replace") if name in contents else None
            for name in unread
        }
        unread.clear()
        for commit, path in files:
            if text := text_at(commit, path):
                body_at = partial(text_at, commit)
                entries[commit, path], _ = read_entries(path, with_lf(text), body_at=body_at)
    return entries
