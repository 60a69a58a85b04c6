"""Finds the live object that each declaration means, also after keys changed hands. Pure.

Somebody renames Deploy to Old and another note to Deploy in the web app, and the files follow. The
inventory learns that only from the next apply. Until then, the values of the entries tell which
objects they mean.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, TypeVar

from devinops.model.inventory import Inventory, Record, fingerprints
from devinops.model.keys import ROOT, Key, ObjectId
from devinops.model.kind import Resource
from devinops.model.objects import Declaration, Ensure, Live, Snapshot
from devinops.model.values import canonical_text
from devinops.planning.commands import forget_command, link_command
from devinops.planning.diff import changed_fields
from devinops.planning.folders import declared_key, folder_of

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
    object and must not be written; it is empty if nothing speaks against it. `rivals` are the
    other objects that the entry may mean then.
    """

    declaration: Declaration
    live: Live | None = None
    matched_by: MatchedBy | None = None
    namesakes: tuple[Live, ...] = ()
    key: Key | None = None
    record: Record | None = None
    doubt: str = ""
    rivals: tuple[Live, ...] = ()

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
    owned object. (5) For a new entry of a live folder, the same name and text in the root. An
    object that a step gives to one declaration is never given to another.
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
        rest = declarations
        for step in (self._by_inventory, self._by_key, self._by_previous):
            for declaration in rest:
                if matched := step(declaration):
                    matches[declaration.key] = matched
            rest = [d for d in rest if d.key not in matches]
        matches |= self._by_text(rest)
        return [matches.get(d.key) or self._in_root(d) or self._unmatched(d) for d in declarations]

    def _unmatched(self, declaration: Declaration) -> Match:
        record = self.inventory.by_key.get(declaration.key)
        return Match(declaration, record=None if self._live(record) else record)

    def _by_inventory(self, declaration: Declaration) -> Match | None:
        live = self._live(self.inventory.by_key.get(declaration.key))
        if live is None:
            return None
        claim = Claim.of(declaration, live, self.entries, self.snapshot, self.inventory)
        standing = claim.standing(self.inventory)
        if standing is Standing.STALE:
            return None
        matched = self._match(declaration, [live], declaration.key, MatchedBy.INVENTORY)
        if standing is not Standing.UNCLEAR:
            return matched
        return matched._replace(doubt=claim.doubt(self.inventory), rivals=claim.namesakes)

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

    def _in_root(self, declaration: Declaration) -> Match | None:
        """Match an object in the root that may have waited for the folder of a new entry.

        The inventory knew that and was lost. While the folder is missing, its name in use blocks.
        """
        key, folder, inventory = declaration.key, folder_of(declaration), self.inventory
        is_new = declaration.ensure is Ensure.PRESENT and key not in inventory.by_key
        if inventory.store == "none" or not (is_new and folder and self.snapshot.under(folder)):
            return None
        text, key = text_of(declaration.resource), key._replace(folder=ROOT)
        free = self._free(self.snapshot.under(key))
        lives = [live for live in free if text_of(live.resource) == text]
        return self._match(declaration, lives, key, MatchedBy.TEXT) if lives else None

    def _live(self, record: Record | None) -> Live | None:
        """Return the object of a record, if it is live and still the organization's own."""
        live = self.snapshot.by_id.get(record.object_id) if record else None
        return live if live and live.ours else None

    def _free(self, lives: Iterable[Live]) -> list[Live]:
        return [live for live in lives if live.object_id not in self.matched]

    def _match(
        self, declaration: Declaration, lives: Sequence[Live], key: Key, matched_by: MatchedBy
    ) -> Match:
        if len(lives) > 1:
            self.matched.update(live.object_id for live in lives)
            return Match(declaration, namesakes=tuple(lives), key=key)
        self.matched.add(lives[0].object_id)
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


def replaced(key: Key, snapshot: Snapshot, inventory: Inventory) -> Record | None:
    """Return the record of a key if its object is gone, so that a live one can only replace it."""
    record = inventory.by_key.get(key)
    return record if record and record.object_id not in snapshot.by_id else None


# --- keys that changed hands ----------------------------------------------------------------------


class Standing(StrEnum):
    """Whether an entry means the object that the inventory has under its key."""

    HOLDS = "holds"
    STALE = "stale"
    UNCLEAR = "unclear"


class Claim(NamedTuple):
    """An entry, the live object that the inventory has under its key, and what else may be meant.

    `namesakes` are the other live objects with the key of the entry. `heir` is another entry with
    the live key of the object, unless the heir's own object has this key too. `is_new_heir`: the
    heir has no object of its own. `is_open`: it is not clear either to whom these belong. The heir
    has no object with its values, or a namesake is owned, and has no entry with its values.
    """

    declaration: Declaration
    live: Live
    namesakes: tuple[Live, ...] = ()
    heir: Declaration | None = None
    is_new_heir: bool = False
    is_open: bool = False

    @classmethod
    def of(
        cls,
        declaration: Declaration,
        live: Live,
        entries: Mapping[Key, Declaration],
        snapshot: Snapshot,
        inventory: Inventory,
    ) -> Claim:
        """Return the claim of an entry on the live object of its record."""
        key = declaration.key
        if declared_key(live, inventory) == key:
            return cls(declaration, live)
        namesakes = snapshot.under(key)
        is_open = any(_is_lost(other, entries, inventory) for other in namesakes)
        heir = entries.get(live.key)
        own = inventory.object_of(live.key, snapshot)
        if (
            heir is None
            or heir.ensure is not Ensure.PRESENT
            or (own and declared_key(own, inventory) == heir.key)
        ):
            return cls(declaration, live, namesakes, is_open=is_open)
        is_open = is_open or not (own and _likeness(heir, own, inventory))
        return cls(declaration, live, namesakes, heir, own is None, is_open)

    @property
    def is_contested(self) -> bool:
        """Whether the object was renamed, and its old or its new key is in use."""
        return bool(self.namesakes or self.heir)

    def standing(self, inventory: Inventory) -> Standing:
        """Return whether the entry still means the object of its record."""
        if not self.is_contested:
            return Standing.HOLDS
        own, rival = _likeness(self.declaration, self.live, inventory), 0
        if len(self.namesakes) == 1:
            rival = _likeness(self.declaration, self.namesakes[0], inventory)
        if self.heir:
            rival = max(rival, _likeness(self.heir, self.live, inventory))
        if own == rival == 0:
            return Standing.UNCLEAR if self.is_open else Standing.HOLDS
        is_stale = rival > own or (rival == own and self.is_new_heir)
        if not is_stale:
            return Standing.HOLDS
        is_present = self.declaration.ensure is Ensure.PRESENT
        return Standing.STALE if is_present else Standing.UNCLEAR

    def doubt(self, inventory: Inventory) -> str:
        """Return why only a person can tell which object the entry means, and what to do."""
        entry, live, number = self.declaration.key, self.live, len(self.namesakes)
        others = "another object has" if number == 1 else f"{number} other objects have"
        facts = [f"its object is {live.key} in the web app now"]
        facts += [f"{others} the name of this entry"] if number else []
        facts += [f"{self.heir.source} has an entry with that name"] if self.heir else []
        if not self.namesakes:
            otherwise = _link_commands(live, live.key, inventory)
        elif number == 1:
            otherwise = f"{_link_commands(self.namesakes[0], entry, inventory)} with the other id"
        else:
            otherwise = f"{link_command(entry)} with the id of the right one"
        return (
            f"{', and '.join(facts)}: if its object belongs to this entry, rename it back to "
            f"{entry} in the web app; otherwise run {otherwise}"
        )


def _link_commands(live: Live, key: Key, inventory: Inventory) -> str:
    """Return the commands that link a key to an object, which may be owned under another key."""
    record = inventory.by_id.get(live.object_id)
    forget = f"{forget_command(record.key)}, then " if record else ""
    return f"{forget}{link_command(key)}"


def _is_lost(live: Live, entries: Mapping[Key, Declaration], inventory: Inventory) -> bool:
    """Return whether an object is owned, and its entry is missing or has the values of another."""
    record = inventory.by_id.get(live.object_id)
    entry = entries.get(record.key) if record else None
    return record is not None and (entry is None or not _likeness(entry, live, inventory))


def _likeness(declaration: Declaration, live: Live, inventory: Inventory) -> int:
    """Return 2 if an entry has all values of an object, 1 if only its text, 0 if neither.

    The values of the object are those that are live and those that were last applied. Its key does
    not count. The most for a kind without a text is 1.
    """
    kind, resource = declaration.kind, declaration.resource
    record = inventory.by_id.get(live.object_id)
    sent = {name: base.sent for name, base in record.fields.items()} if record else {}
    now = fingerprints(resource)
    different = {
        change.name
        for change in changed_fields(kind, resource, live.resource)
        if now.get(change.name) != sent.get(change.name)
    }
    has_text = bool(kind.text_of(resource)) and kind.document not in different
    return has_text + different.isdisjoint(now.keys() - set(kind.key_fields))
