"""Who is who: which live object each declaration means. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from devinops.model.changes import Change
from devinops.model.inventory import Inventory, Record
from devinops.model.keys import FolderPath, Key
from devinops.model.objects import Declaration, Ensure, Live, Resource, Snapshot, canonical_text


class Found(StrEnum):
    """How a live object was recognised."""

    INVENTORY = "inventory"
    KEY = "exact key"
    PREVIOUSLY = "previous key"
    BODY = "same body"


@dataclass(frozen=True, slots=True)
class Match:
    """A declaration and the live object it means.

    `live` is None where there is none, or where several share the key: those are `namesakes`, found under
    `key`, and only a person can say which is meant. `record` is the inventory's of `live`; where nothing is
    live, of the object that was.
    """

    declaration: Declaration
    live: Live | None = None
    found: Found | None = None
    namesakes: tuple[Live, ...] = ()
    key: Key | None = None
    record: Record | None = None


def match(
    declarations: Iterable[Declaration], snapshot: Snapshot, inventory: Inventory | None = None
) -> list[Match]:
    """Match every declaration, in the order of their keys.

    (1) The inventory's id, if live: a new name or folder is a rename. (2) The exact key. (3) A previous key,
    only if the exact one is free and the entry is not a tombstone. (4) The same non-empty body among owned
    objects that nothing else means, one to one. An object that an earlier step gives to one declaration is
    never given to another.
    """
    return _Matcher(snapshot, inventory or Inventory()).run(
        sorted(declarations, key=lambda d: d.key)
    )


class _Matcher:
    def __init__(self, snapshot: Snapshot, inventory: Inventory) -> None:
        self.snapshot, self.inventory = snapshot, inventory
        self.taken: set[tuple[str, str]] = set()

    def run(self, wanted: Sequence[Declaration]) -> list[Match]:
        found: dict[Key, Match] = {}
        for step in (self._by_inventory, self._by_key, self._by_previous):
            for declaration in wanted:
                if declaration.key not in found and (one := step(declaration)):
                    found[declaration.key] = one
        left = [declaration for declaration in wanted if declaration.key not in found]
        found |= self._by_body(left)
        return [
            found.get(d.key) or Match(d, record=self.inventory.by_key.get(d.key)) for d in wanted
        ]

    def _by_inventory(self, declaration: Declaration) -> Match | None:
        record = self.inventory.by_key.get(declaration.key)
        live = self._live(record)
        return self._match(declaration, [live], declaration.key, Found.INVENTORY) if live else None

    def _by_key(self, declaration: Declaration) -> Match | None:
        lives = self._free(self.snapshot.under(declaration.key))
        return self._match(declaration, lives, declaration.key, Found.KEY) if lives else None

    def _by_previous(self, declaration: Declaration) -> Match | None:
        if declaration.ensure is Ensure.ABSENT:
            # Whoever has the old name today can be a stranger: a rename may take it, a delete must not.
            return None
        for key in declaration.previously:
            remembered = self._live(self.inventory.by_key.get(key))
            lives = self._free([remembered] if remembered else self.snapshot.under(key))
            if lives:
                return self._match(declaration, lives, key, Found.PREVIOUSLY)
        return None

    def _by_body(self, left: Sequence[Declaration]) -> dict[Key, Match]:
        """Pair what is left with owned objects of the same body, where each has only the other."""
        orphans = defaultdict(list)
        for record in self.inventory.owned:
            live = self._live(record)
            if live and (object_id(live) not in self.taken) and (body := body_of(live.resource)):
                orphans[live.key.kind, body].append(live)
        seekers = defaultdict(list)
        for declaration in left:
            if declaration.ensure is Ensure.PRESENT and (body := body_of(declaration.resource)):
                seekers[declaration.key.kind, body].append(declaration)
        pairs = ((ones, orphans[text]) for text, ones in seekers.items() if text in orphans)
        return {
            ones[0].key: self._match(ones[0], lives, lives[0].key, Found.BODY)
            for ones, lives in pairs
            if len(ones) == len(lives) == 1
        }

    def _live(self, record: Record | None) -> Live | None:
        """Return the object that a record means, if it is live and still the organization's own."""
        if record is None:
            return None
        live = self.snapshot.by_id.get((record.key.kind, record.id))
        return live if live and live.ours else None

    def _free(self, lives: Iterable[Live]) -> list[Live]:
        return [live for live in lives if object_id(live) not in self.taken]

    def _match(
        self, declaration: Declaration, lives: Sequence[Live], key: Key, found: Found
    ) -> Match:
        self.taken.update(map(object_id, lives))
        if len(lives) > 1:
            return Match(declaration, namesakes=tuple(lives), key=key)
        record = self.inventory.by_id.get(object_id(lives[0]))
        return Match(declaration, lives[0], found, key=key, record=record)


def object_id(live: Live) -> tuple[str, str]:
    return live.key.kind, live.id


def body_of(resource: Resource) -> str:
    """Return the text of an object in its canonical form; empty where it has none."""
    body = getattr(resource, "body", None)
    return canonical_text(body) if isinstance(body, str) else ""


# --- folders renamed in the web app -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RenamedFolder:
    """A folder that has another path than the files and the inventory say."""

    id: str
    declared: Key
    live: Live


def renamed_folders(
    used: Iterable[FolderPath], snapshot: Snapshot, inventory: Inventory
) -> list[RenamedFolder]:
    """Return the folders that the files call by a path which is no longer live, found by their ids.

    A path that the files use as well stands for itself, so files that follow a rename are never misread.
    """
    paths = frozenset(used)
    found = []
    for path in sorted(paths):
        key = folder_key(path)
        record = inventory.by_key.get(key)
        live = snapshot.by_id.get(("folder", record.id)) if record else None
        if live and not snapshot.under(key) and live.key.place not in paths:
            found.append(RenamedFolder(live.id, key, live))
    return found


def as_declared(snapshot: Snapshot, renamed: Sequence[RenamedFolder]) -> Snapshot:
    """Return the snapshot with renamed folders, and the notes in them, under the paths that the files use."""
    if not renamed:
        return snapshot
    return Snapshot.of(under_declared_paths(snapshot.objects, renamed))


def under_declared_paths(lives: Iterable[Live], renamed: Sequence[RenamedFolder]) -> list[Live]:
    """Return objects as the files call their folders, for comparing them with what is declared or remembered."""
    keys = {one.id: one.declared for one in renamed}
    return [_relocated(live, keys) for live in lives]


def _relocated(live: Live, keys: Mapping[str, Key]) -> Live:
    if live.key.kind == "folder" and live.id in keys:
        return replace(live, key=keys[live.id])
    if live.folder_id is not None and live.folder_id in keys:
        path = FolderPath(keys[live.folder_id].place)
        return replace(
            live, key=replace(live.key, folder=path), resource=_in_folder(live.resource, path)
        )
    return live


def _in_folder(resource: Resource, path: FolderPath) -> Resource:
    return replace(resource, folder=path)  # type: ignore[call-arg]


def in_its_folder(change: Change, snapshot: Snapshot) -> Change | None:
    """Return a change with the id of the folder that its object will be in; None if no one folder has that path.

    An object that the change does not move stays in its live folder, wherever its entry says it belongs.
    """
    if change.live and not change.moves:
        return replace(change, folder_id=change.live.folder_id)
    if not change.key.folder:
        return change
    lives = snapshot.under(folder_key(change.key.folder))
    return replace(change, folder_id=lives[0].id) if len(lives) == 1 else None


def folder_key(path: str) -> Key:
    """Return the key of a folder from its path."""
    return Key.parse(f"folder:{path}")
