"""What a pull works with: the entries of all targets, and what is known of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from devinops.ingest.places import Places
from devinops.model.grouping import grouped
from devinops.model.inventory import Inventory, MergedEdit
from devinops.model.keys import Key
from devinops.model.objects import Declaration, Snapshot, Source
from devinops.model.policy import Policy
from devinops.model.target import Target


class Declared:
    """The entries of all targets, as `Loaded.declarations` has them, and the `names` of targets."""

    def __init__(self, declarations: Iterable[Declaration], names: Sequence[str]) -> None:
        self.all, self.names = tuple(declarations), names
        self._of = grouped(
            (name, entry)
            for entry in self.all
            for name in ((None,) if entry.names is None else entry.names)
        )

    def of(self, target: str) -> list[Declaration]:
        """Return the declarations of a target."""
        return [*self._of.get(None, ()), *self._of.get(target, ())]

    @cached_property
    def written(self) -> dict[Source, Declaration]:
        """The entries as they are written, by where they are."""
        return {part.source: part for entry in self.all for part in entry.parts}

    @cached_property
    def entries_in(self) -> Mapping[str, int]:
        """Path → number of entries in the file."""
        return Counter(source.path for source in self.written)

    @cached_property
    def keys(self) -> frozenset[Key]:
        return frozenset(entry.key for entry in self.all)

    @cached_property
    def has_layers(self) -> bool:
        return any(entry.rank for entry in self.all)

    def users(self, part: Declaration, field: str | None) -> set[str]:
        """Return the targets that get a field from an entry as written, or anything of it.

        All of its targets need a field of its key, because a later layer finds it by that.
        """
        if field in part.kind.key_fields:
            field = None
        return {
            name
            for entry in self._made_of[part.source]
            if field is None or entry.giver(field).source == part.source
            for name in (self.names if entry.names is None else entry.names)
        }

    @cached_property
    def _made_of(self) -> Mapping[Source, Sequence[Declaration]]:
        """The entry as written at a source → the declarations that were made from it."""
        return grouped((part.source, entry) for entry in self.all for part in entry.parts)


@dataclass(frozen=True)
class Pulling:
    """What a pull knows of one target: the entries, the organization and the inventory.

    `declared` has the entries of all targets. `selects` tells whether the user asked for a key, and
    `named` holds the keys that were given one by one. `flags` holds the options of printed
    commands. `merged` are the live values that earlier pulls merged.
    """

    declared: Declared
    places: Places
    snapshot: Snapshot
    inventory: Inventory
    target: Target
    policy: Policy
    today: date
    selects: Callable[[Key], bool] = lambda _: True
    named: Collection[Key] = ()
    flags: str = ""
    merged: Sequence[MergedEdit] = ()

    @cached_property
    def concerned(self) -> list[Declaration]:
        """The declarations of this target."""
        return self.declared.of(self.target.name)
