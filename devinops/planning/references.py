"""What changes refer to: other live objects, and objects that the same plan creates. What is missing blocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from devinops.kinds import KINDS
from devinops.model.changes import Action, Blocked, Blocker, Change, FieldChange
from devinops.model.keys import ROOT, Key, ObjectId
from devinops.model.kind import Attribute, Lifecycle, references_of
from devinops.model.objects import Declaration, Ensure, Snapshot
from devinops.model.values import UNSET
from devinops.planning.draft import PlanDraft
from devinops.planning.match import Match


@dataclass
class References:
    """Resolves the references of a draft's changes, and collects what waits for something missing.

    `known` maps the keys of entries to the ids of their live objects, `preferred` the key of a change to ids that
    its object is known to refer to, by field. `declared` holds the keys of all entries.
    """

    live: Snapshot
    real: Snapshot
    known: Mapping[Key, str] = field(default_factory=dict)
    preferred: Mapping[Key, Mapping[str, str]] = field(default_factory=dict)
    declared: frozenset[Key] = frozenset()
    again: str = "plan again"
    waiting: defaultdict[Key, list[Declaration]] = field(default_factory=lambda: defaultdict(list))

    def wait_for(self, declaration: Declaration) -> None:
        """Note an entry that itself must exist and does not."""
        self.waiting[declaration.key].append(declaration)

    def resolve(self, draft: PlanDraft) -> None:
        """Give each change the ids of what it refers to; move those that must wait out of the draft."""
        made = {c.key for c in draft.changes if c.action is not Action.DELETE and not c.id}
        resolved = []
        for change in draft.changes:
            references, missing = self._references(change, made)
            if missing and change.declaration:
                for key in missing:
                    self.waiting[key].append(change.declaration)
            else:
                resolved.append(self._with_real_folder(replace(change, references=references)))
        draft.changes = resolved

    def _references(
        self, change: Change, made: set[Key]
    ) -> tuple[dict[Key, str | None], list[Key]]:
        """Return the ids of what a change refers to, and the keys that lead nowhere."""
        references: dict[Key, str | None] = {}
        missing = []
        for attribute, key in _referred(change):
            id = self._id(change, attribute, key)
            if id and attribute.name == change.kind.parent:
                references[self._real_key(ObjectId(key.kind, id), key)] = id
            elif id or key in made:
                references[key] = id
            else:
                missing.append(key)
        return references, missing

    def _real_key(self, id: ObjectId, key: Key) -> Key:
        live = self.real.by_id.get(id)
        return live.key if live else key

    def _id(self, change: Change, attribute: Attribute, key: Key) -> str | None:
        stays = attribute.name == change.kind.parent and change.live and not change.moves
        ids = change.live.ids if change.live and stays else self.preferred.get(change.key, {})
        preferred = ids.get(attribute.name)
        if preferred and (stays or ObjectId(key.kind, preferred) in self.live.by_id):
            return preferred
        lives = self.live.under(key)
        return self.known.get(key) or (lives[0].id if len(lives) == 1 else None)

    def _with_real_folder(self, change: Change) -> Change:
        """Return a change that shows the folder by the path that it has in the web app."""
        parent = change.kind.parent if change.action is not Action.DELETE else None
        if parent is None:
            return change
        before = getattr(change.live.resource, parent) if change.live else UNSET
        folders = (key.place for key in change.references if key.kind == change.kind.lives_in)
        after = next(folders, ROOT)
        fields = (
            FieldChange(parent, before, after) if shown.name == parent else shown
            for shown in change.fields
        )
        return replace(change, fields=tuple(fields))

    def blocked(self) -> Iterator[Blocked]:
        """Yield what is missing, each once, with everything that waits for it."""
        for key, waiting in self.waiting.items():
            yield self._missing(key, waiting)

    def _missing(self, key: Key, waiting: Sequence[Declaration]) -> Blocked:
        lives = self.live.under(key)
        ids = tuple(live.id for live in lives)
        needed_by = tuple(sorted(d.key for d in waiting if d.key != key))
        source = waiting[0].source
        if lives:
            reason = (
                f"{len(lives)} {key.kind}s share this {_called(key)} ({', '.join(ids)}): rename all "
                "but one in the web app"
            )
            return Blocked(Blocker.CONFLICT, key, reason, source, ids, needed_by)
        reason = f'there is no {key.kind} "{key.place}": {self._remedy(key)}'
        return Blocked(Blocker.REQUIREMENT, key, reason, source, (), needed_by)

    def _remedy(self, key: Key) -> str:
        if key in self.declared and KINDS[key.kind].lifecycle is not Lifecycle.REQUIRED:
            return f"its own entry is blocked; decide that first, then {self.again}"
        if KINDS[key.kind].lifecycle is Lifecycle.REQUIRED:
            return f"create it in the web app (no API can), then {self.again}"
        return f"declare it, or correct the name, then {self.again}"


def _called(key: Key) -> str:
    """Return what the objects of a kind are known by, in a word."""
    return "path" if KINDS[key.kind].lifecycle is Lifecycle.REQUIRED else "name"


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
    if parent and change.moves:
        # The key is what the files say; the values may show the same folder under its real path.
        written = replace(written, **{parent: change.key.folder})
    yield from references_of(change.kind, written)
