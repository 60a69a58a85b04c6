"""Tells whether an entry still means the object that the inventory has under its key. Pure.

Keys can change hands: somebody renames Deploy to Old and another note to Deploy in the web app, and
the files follow. The inventory learns that only from the next apply. Until then, the values of the
entries tell which objects they mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from devinops.model.inventory import Inventory, Record, fingerprints
from devinops.model.keys import Key
from devinops.model.objects import Declaration, Ensure, Live, Snapshot
from devinops.planning.commands import forget_command, link_command
from devinops.planning.diff import changed_fields
from devinops.planning.in_root import declared_key


class Standing(StrEnum):
    """Whether an entry means the object that the inventory has under its key."""

    HOLDS = "holds"
    STALE = "stale"
    UNCLEAR = "unclear"


class Claim(NamedTuple):
    """An entry, the live object that the inventory has under its key, and what else may be meant.

    `namesakes` are the other live objects with the key of the entry. `heir` is another entry with
    the live key of the object, unless the heir's own object has this key too. `is_new_heir`: the
    inventory has no live object for the heir. `is_open`: the heir does not have the values of its
    own object, or a namesake is owned, and the entry of its record is missing or has other values.
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
        namesakes = tuple(other for other in snapshot.under(key) if other.ours)
        heir = entries.get(live.key)
        known = _live_of(heir, snapshot, inventory) if heir else None
        if heir and (
            heir.ensure is not Ensure.PRESENT
            or (known and declared_key(known, inventory) == heir.key)
        ):
            heir = None
        is_new_heir = heir is not None and known is None
        is_open = heir is not None and not (known and _likeness(heir, known, inventory))
        is_open = is_open or any(_is_lost(other, entries, inventory) for other in namesakes)
        return cls(declaration, live, namesakes, heir, is_new_heir, is_open)

    @property
    def is_contested(self) -> bool:
        """Whether the object was renamed, and its old or its new key is in use."""
        return bool(self.namesakes or self.heir)

    def doubt(self, inventory: Inventory) -> str:
        """Return why only a person can tell which object the entry means, and what to do."""
        entry, live = self.declaration.key, self.live
        ids = [other.id for other in self.namesakes]
        have = "has" if len(ids) == 1 else "have"
        facts = [f"its object {live.id} is {live.key} in the web app now"]
        facts += [f"{' and '.join(ids)} {have} the name of this entry"] if ids else []
        facts += [f"{self.heir.source} has an entry with that name"] if self.heir else []
        if not self.namesakes:
            commands = _link_commands(live, live.key, inventory)
            other = f"it belongs to the other entry, run {commands}"
        elif len(self.namesakes) == 1:
            other = f"{ids[0]} does, run {_link_commands(self.namesakes[0], entry, inventory)}"
        else:
            other = f"another of them does, run {link_command(entry)}"
        return (
            f"{', and '.join(facts)}: if {live.id} belongs to this entry, rename it back to "
            f"{entry} in the web app; if {other}"
        )


def replaced(key: Key, snapshot: Snapshot, inventory: Inventory) -> Record | None:
    """Return the record of a key if its object is gone, so that a live one can only replace it."""
    record = inventory.by_key.get(key)
    return record if record and record.object_id not in snapshot.by_id else None


def _link_commands(live: Live, key: Key, inventory: Inventory) -> str:
    """Return the commands that link a key to an object, which may be owned under another key."""
    record = inventory.by_id.get(live.object_id)
    forget = f"{forget_command(record.key)}, then " if record else ""
    return f"{forget}{link_command(key, live.id)}"


def _live_of(entry: Declaration, snapshot: Snapshot, inventory: Inventory) -> Live | None:
    """Return the live object that the inventory has under the key of an entry."""
    record = inventory.by_key.get(entry.key)
    return snapshot.by_id.get(record.object_id) if record else None


def _is_lost(live: Live, entries: Mapping[Key, Declaration], inventory: Inventory) -> bool:
    """Return whether an object is owned, and its entry is missing or has the values of another."""
    record = inventory.by_id.get(live.object_id)
    entry = entries.get(record.key) if record else None
    return record is not None and (entry is None or not _likeness(entry, live, inventory))


def standing(claim: Claim, inventory: Inventory) -> Standing:
    """Return whether an entry still means the object of its record."""
    if not claim.is_contested:
        return Standing.HOLDS
    own, rival = _likeness(claim.declaration, claim.live, inventory), 0
    if len(claim.namesakes) == 1:
        rival = _likeness(claim.declaration, claim.namesakes[0], inventory)
    if claim.heir:
        rival = max(rival, _likeness(claim.heir, claim.live, inventory))
    if own == rival == 0:
        return Standing.UNCLEAR if claim.is_open else Standing.HOLDS
    is_stale = rival > own or (rival == own and claim.is_new_heir)
    if not is_stale:
        return Standing.HOLDS
    is_present = claim.declaration.ensure is Ensure.PRESENT
    return Standing.STALE if is_present else Standing.UNCLEAR


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
