"""Resolves the references of changes to live objects and to objects of the same plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from devinops.kinds import KINDS
from devinops.model.changes import (
    Action,
    Blocked,
    Blocker,
    Change,
    Drift,
    DriftEvent,
    FieldChange,
)
from devinops.model.keys import ROOT, Key, ObjectId
from devinops.model.kind import Attribute, Lifecycle, Scope, references_of
from devinops.model.objects import Declaration, Ensure, Live, Snapshot
from devinops.model.values import UNSET
from devinops.planning.draft import PlanDraft
from devinops.planning.match import Match


@dataclass
class References:
    """Resolves the references of a draft's changes, and collects what waits for missing objects.

    `known` maps the keys of entries to the ids of their live objects. `preferred` maps the key of a
    change to field → id, where a reference of the object is known. `declared` holds the keys of all
    entries. `again` is the command to run after a missing object was created. `scope` is that of
    the target, which may lack what an object refers to.
    """

    live: Snapshot
    real: Snapshot
    known: Mapping[Key, str] = field(default_factory=dict)
    preferred: Mapping[Key, Mapping[str, str]] = field(default_factory=dict)
    declared: frozenset[Key] = frozenset()
    again: str = "plan again"
    scope: Scope = Scope.ORGANIZATION
    waiting: defaultdict[Key, list[Declaration]] = field(default_factory=lambda: defaultdict(list))

    def wait_for(self, declaration: Declaration) -> None:
        """Record an entry whose object must exist but is missing."""
        self.waiting[declaration.key].append(declaration)

    @property
    def waiting_entries(self) -> set[Key]:
        """The keys of the entries that wait for a missing object."""
        return {entry.key for entries in self.waiting.values() for entry in entries}

    def resolve(self, draft: PlanDraft) -> None:
        """Give each change its references; move changes that must wait out of the draft."""
        created = {c.key for c in draft.changes if c.action is not Action.DELETE and not c.id}
        resolved = []
        for change in draft.changes:
            references, missing = self._references(change, created)
            if missing and change.declaration:
                for key in missing:
                    self.waiting[key].append(change.declaration)
            else:
                resolved.append(self._with_real_folder(replace(change, references=references)))
        draft.changes = resolved

    def _references(
        self, change: Change, created: set[Key]
    ) -> tuple[dict[Key, str | None], list[Key]]:
        """Return key → id of what a change refers to, and the keys of missing objects."""
        references: dict[Key, str | None] = {}
        missing = []
        for attribute, key in _referred(change):
            id = self._id(change, attribute, key)
            if id and attribute.name == change.kind.parent:
                folder = self.real.by_id.get(ObjectId(key.kind, id))
                references[folder.key if folder else key] = id
            elif id or key in created:
                references[key] = id
            elif any(api.serves(self.scope) for api in KINDS[key.kind].apis.values()):
                missing.append(key)
        return references, missing

    def _id(self, change: Change, attribute: Attribute, key: Key) -> str | None:
        stays = attribute.name == change.kind.parent and change.live and not change.moves
        ids = change.live.ids if change.live and stays else self.preferred.get(change.key, {})
        preferred = ids.get(attribute.name)
        if preferred and (stays or ObjectId(key.kind, preferred) in self.live.by_id):
            return preferred
        return self.known.get(key) or self._only(key)

    def _only(self, key: Key) -> str | None:
        ids = {live.id for live in self._meant(key)}
        return ids.pop() if len(ids) == 1 else None

    def _meant(self, key: Key) -> tuple[Live, ...]:
        """Return the objects with a key, and the one whose id stands for its name."""
        lives = tuple(self.live.under(key))
        named = self.live.by_id.get(ObjectId(key.kind, key.name))
        return lives if KINDS[key.kind].is_declared or named is None else (*lives, named)

    def _with_real_folder(self, change: Change) -> Change:
        """Return a change that shows its folder by the path in the web app."""
        parent = change.kind.parent if change.action is not Action.DELETE else None
        if parent is None:
            return change
        before = getattr(change.live.resource, parent) if change.live else UNSET
        folders = (key.path for key in change.references if key.kind == change.kind.lives_in)
        after = next(folders, ROOT)
        fields = (
            FieldChange(parent, before, after) if field.name == parent else field
            for field in change.fields
        )
        return replace(change, fields=tuple(fields))

    def blocked(self, drift: Iterable[Drift] = ()) -> Iterator[Blocked]:
        """Yield each missing object once, with everything that waits for it.

        `drift` tells which of them were deleted outside devinops.
        """
        deleted = {moved.key: moved for moved in drift if moved.moved is DriftEvent.DELETED}
        for key, waiting in self.waiting.items():
            yield self._missing(key, waiting, deleted.get(key))

    def _missing(self, key: Key, waiting: Sequence[Declaration], deleted: Drift | None) -> Blocked:
        kind, lives = KINDS[key.kind], self._meant(key)
        ids = tuple(live.id for live in lives)
        needed_by = tuple(sorted(d.key for d in waiting if d.key != key))
        source = waiting[0].source
        name, is_path = kind.name, kind.lifecycle is Lifecycle.REQUIRED and kind.is_declared
        if lives:
            by_id = "" if kind.is_declared else "write the id of the right one, or "
            reason = (
                f"{kind.counted(len(lives))} share this {'path' if is_path else 'name'} "
                f"({', '.join(ids)}): {by_id}rename all but one in the web app"
            )
            return Blocked(Blocker.CONFLICT, key, reason, source, ids, needed_by)
        reason = f'the {name} "{key.path}" is missing: {self._remedy(key)}'
        if deleted:
            reason = (
                f'the {name} "{key.path}" was deleted outside devinops: decide about its entry '
                f"first ({deleted.source}), then {self.again}"
            )
        return Blocked(Blocker.REQUIREMENT, key, reason, source, (), needed_by)

    def _remedy(self, key: Key) -> str:
        if key in self.declared and KINDS[key.kind].lifecycle is not Lifecycle.REQUIRED:
            return f"its own entry is blocked; resolve that first, then {self.again}"
        if KINDS[key.kind].lifecycle is Lifecycle.REQUIRED:
            return f"{KINDS[key.kind].remedy}, then {self.again}"
        return f"declare it, or correct the name, then {self.again}"


def known_ids(matches: Iterable[Match]) -> dict[Key, str]:
    """Return the ids of the live objects that entries mean, by the keys of the entries."""
    return {
        match.declaration.key: match.live.id
        for match in matches
        if match.live and match.declaration.ensure is not Ensure.ABSENT
    }


def _referred(change: Change) -> Iterator[tuple[Attribute, Key]]:
    if change.action is Action.DELETE:
        return
    written: Any = change.written()
    parent = change.kind.parent
    if parent and change.moves and getattr(written, parent) != ROOT:
        # The key is what the files say; the values may show the same folder under its real path.
        written = replace(written, **{parent: change.key.folder})
    yield from references_of(change.kind, written)
