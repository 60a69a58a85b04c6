"""Finds the live object that each declaration means. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple, TypeVar

from devinops.model.inventory import Inventory, Record
from devinops.model.keys import ROOT, FolderPath, Key, ObjectId
from devinops.model.kind import Lifecycle, Resource
from devinops.model.objects import Declaration, Ensure, Live, Snapshot
from devinops.model.values import canonical_text
from devinops.planning.stale_records import Claim, Standing, standing

T = TypeVar("T")


class MatchedBy(StrEnum):
    """How a live object was recognized."""

    INVENTORY = "inventory"
    KEY = "exact key"
    PREVIOUSLY = "previous key"
    TEXT = "same text"


class Match(NamedTuple):
    """A declaration and the live object it means.

    `live` is None if there is none, or if several objects share the key. Those are the `namesakes`,
    found under `key`, and only a person can tell which one is meant. `record` is the inventory's
    record of `live`, or of the object that existed before. `doubt` says why `live` may be the wrong
    object and must not be written; it is empty if nothing speaks against it.
    """

    declaration: Declaration
    live: Live | None = None
    matched_by: MatchedBy | None = None
    namesakes: tuple[Live, ...] = ()
    key: Key | None = None
    record: Record | None = None
    doubt: str = ""

    @property
    def lives(self) -> tuple[Live, ...]:
        """The live objects that the declaration means, or may mean."""
        return (self.live,) if self.live else self.namesakes


def match(
    declarations: Iterable[Declaration], snapshot: Snapshot, inventory: Inventory | None = None
) -> list[Match]:
    """Match every declaration, in the order of their keys.

    The steps are: (1) The id in the inventory, if live; a new name or folder is a rename. A record
    is passed over if its object was renamed and the entry has the values of another. (2) The exact
    key; among namesakes, the one that has our label. (3) A previous key, if no object has the
    exact key and the entry is not a tombstone. (4) The same non-empty text as exactly one unmatched
    owned object. An object that a step gives to one declaration is never given to another.
    """
    in_order = sorted(declarations, key=lambda declaration: declaration.key)
    return _Matcher(in_order, snapshot, inventory or Inventory()).run()


class _Matcher:
    def __init__(
        self, declarations: Sequence[Declaration], snapshot: Snapshot, inventory: Inventory
    ) -> None:
        self.snapshot, self.inventory = snapshot, inventory
        self.matched: set[ObjectId] = set()
        self.entries = {declaration.key: declaration for declaration in declarations}

    def run(self) -> list[Match]:
        declarations = list(self.entries.values())
        matches: dict[Key, Match] = {}
        for step in (self._by_inventory, self._by_key, self._by_previous):
            for declaration in declarations:
                if declaration.key not in matches and (matched := step(declaration)):
                    matches[declaration.key] = matched
        matches |= self._by_text([d for d in declarations if d.key not in matches])
        return [matches.get(d.key) or self._unmatched(d) for d in declarations]

    def _unmatched(self, declaration: Declaration) -> Match:
        record = self.inventory.by_key.get(declaration.key)
        return Match(declaration, record=None if self._live(record) else record)

    def _by_inventory(self, declaration: Declaration) -> Match | None:
        live = self._live(self.inventory.by_key.get(declaration.key))
        if live is None:
            return None
        claim = Claim.of(declaration, live, self.entries, self.snapshot, self.inventory)
        held = standing(claim, self.inventory)
        if held is Standing.STALE:
            return None
        found = self._match(declaration, [live], declaration.key, MatchedBy.INVENTORY)
        return (
            found._replace(doubt=claim.doubt(self.inventory)) if held is Standing.UNCLEAR else found
        )

    def _by_key(self, declaration: Declaration) -> Match | None:
        key = declaration.key
        lives = _labeled(self._free(self.snapshot.under(key)))
        if not lives and key in self.inventory.unclear:
            # A create that got no response may have put it into the root.
            lives = self._free(self.snapshot.under(key._replace(folder=ROOT)))
        return self._match(declaration, lives, key, MatchedBy.KEY) if lives else None

    def _by_previous(self, declaration: Declaration) -> Match | None:
        if declaration.ensure is Ensure.ABSENT:
            # Another object may have the old name today: it may be renamed, but not deleted.
            return None
        for key in declaration.previously:
            owned = self._live(self.inventory.by_key.get(key))
            lives = self._free([owned] if owned else self.snapshot.under(key))
            if lives:
                return self._match(declaration, lives, key, MatchedBy.PREVIOUSLY)
        return None

    def _by_text(self, declarations: Sequence[Declaration]) -> dict[Key, Match]:
        """Pair declarations with owned objects of the same text, if the pair is unique."""
        free = self._free(filter(None, map(self._live, self.inventory.owned)))
        owned = _by_their_text((live, live.resource) for live in free)
        present = (d for d in declarations if d.ensure is Ensure.PRESENT)
        unmatched = _by_their_text((declaration, declaration.resource) for declaration in present)
        pairs = ((unmatched[text], owned.get(text, [])) for text in unmatched)
        return {
            entries[0].key: self._match(entries[0], lives, lives[0].key, MatchedBy.TEXT)
            for entries, lives in pairs
            if len(entries) == len(lives) == 1
        }

    def _live(self, record: Record | None) -> Live | None:
        """Return the object of a record, if it is live and still the organization's own."""
        live = self.snapshot.by_id.get(record.object_id) if record else None
        return live if live and live.ours else None

    def _free(self, lives: Iterable[Live]) -> list[Live]:
        return [live for live in lives if live.object_id not in self.matched]

    def _match(
        self, declaration: Declaration, lives: Sequence[Live], key: Key, matched_by: MatchedBy
    ) -> Match:
        self.matched.update(live.object_id for live in lives)
        if len(lives) > 1:
            return Match(declaration, namesakes=tuple(lives), key=key)
        record = self.inventory.by_id.get(lives[0].object_id)
        return Match(declaration, lives[0], matched_by, key=key, record=record)


def _by_their_text(items: Iterable[tuple[T, Resource]]) -> dict[tuple[str, str], list[T]]:
    """Return (kind, text) → items, without items that have no text."""
    groups: defaultdict[tuple[str, str], list[T]] = defaultdict(list)
    for item, resource in items:
        if text := text_of(resource):
            groups[resource.kind.noun, text].append(item)
    return groups


def _labeled(lives: Sequence[Live]) -> Sequence[Live]:
    """Return the only object with our label; all of them if there is not exactly one."""
    labeled = [live for live in lives if live.owner]
    return labeled if len(labeled) == 1 else lives


def text_of(resource: Resource) -> str:
    """Return the prose of an object in its canonical form; empty if it has none."""
    return canonical_text(resource.kind.text_of(resource))


# --- containers renamed in the web app ------------------------------------------------------------


class RenamedFolder(NamedTuple):
    """A folder whose live path differs from that in the files and the inventory."""

    id: ObjectId
    declared: Key
    live: Live


def used_folders(declarations: Iterable[Declaration]) -> frozenset[Key]:
    """Return the keys of all folders that declarations use, including the folders above them."""
    used: set[Key] = set()
    for declaration in declarations:
        key = folder_of(declaration)
        while key:
            used.add(key)
            key = folder_key(key.kind, key.folder)
    return frozenset(used)


def folder_of(declaration: Declaration) -> Key | None:
    """Return the key of the folder that an entry names, or that it is; None for the root."""
    kind = declaration.kind
    if kind.lives_in:
        return folder_key(kind.lives_in, declaration.key.folder)
    return declaration.key if kind.lifecycle is Lifecycle.REQUIRED else None


def folder_key(noun: str, path: str) -> Key | None:
    """Return the key of a folder from its path; None for the root."""
    return Key.parse(f"{noun}:{path}") if path else None


def renamed_folders(
    used: Collection[Key], snapshot: Snapshot, inventory: Inventory
) -> list[RenamedFolder]:
    """Return the folders whose path in the files is no longer live, found by their ids.

    A folder is left out if the files also use its live path, because that means another entry.
    """
    renamed = []
    for key in sorted(used):
        record = inventory.by_key.get(key)
        live = snapshot.by_id.get(record.object_id) if record else None
        if live and not snapshot.under(key) and live.key not in used:
            renamed.append(RenamedFolder(live.object_id, key, live))
    return renamed


def as_declared(snapshot: Snapshot, renamed: Sequence[RenamedFolder]) -> Snapshot:
    """Return the snapshot with renamed folders and their contents under the paths in the files."""
    if not renamed:
        return snapshot
    return Snapshot.of(under_declared_paths(snapshot.objects, renamed))


def under_declared_paths(lives: Iterable[Live], renamed: Sequence[RenamedFolder]) -> list[Live]:
    """Return objects under the paths in the files, for comparing them with declarations."""
    keys = {folder.id: folder.declared for folder in renamed}
    return [_relocated(live, keys) for live in lives]


def _relocated(live: Live, keys: Mapping[ObjectId, Key]) -> Live:
    if live.object_id in keys:
        path = live.kind.identity.values(keys[live.object_id])
        return replace(live, resource=replace(live.resource, **path))
    kind = live.kind
    if not (kind.parent and kind.lives_in and kind.parent in live.ids):
        return live
    folder = keys.get(ObjectId(kind.lives_in, live.ids[kind.parent]))
    return live.put_into(FolderPath(folder.path)) if folder else live
