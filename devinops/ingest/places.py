"""Decides which file gets a new entry, and which targets get the entry. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from devinops.ingest.pull_result import Left, LeftToYou
from devinops.model.grouping import grouped
from devinops.model.keys import listed
from devinops.model.objects import Declaration, Live
from devinops.planning.layers import Layer
from devinops.writers import FileChange
from devinops.writers.new_files import Accepted, Checks, NewFile, write_entries

_ROOT: Final = Layer("", 0, frozenset())


@dataclass(frozen=True)
class Places:
    """The directories that can get new entries.

    `organizations` are the targets that get an entry of the root; empty if there are not several
    targets. `layers` is as `Layers.exact`. `taken` returns the paths of the files in a directory,
    from there. `ignored` and `text_of` get the path of a file from the root. `checks` remembers
    which entries a file can hold.
    """

    taken: Callable[[str], Collection[str]]
    ignored: Callable[[str], bool] = lambda _: False
    text_of: Callable[[str], str | None] = lambda _: None
    are_many: bool = False
    organizations: frozenset[str] = frozenset()
    layers: Mapping[frozenset[str], Layer] = field(default_factory=dict)
    checks: Checks = field(default_factory=Checks)

    def own(self, target: str) -> Layer | None:
        """Return the layer that only one target gets."""
        return self.layers.get(frozenset({target}))


class NewObject(NamedTuple):
    """A live object of a target, with an entry for it as a file can hold it."""

    target: str
    is_enterprise: bool
    live: Live
    item: Accepted

    def written_in(self, layer: Layer) -> Accepted:
        """Return the entry as it stands in a layer; that of one target needs no mark."""
        is_marked = self.is_enterprise and not layer.is_named
        return self.item.with_options(enterprise=True) if is_marked else self.item


class Placed(NamedTuple):
    """New files, the entries that each target gets, and what is left to the user."""

    files: list[FileChange]
    entries: defaultdict[str, list[Declaration]]
    left: list[LeftToYou]


Entry = tuple[Accepted, Sequence[NewObject]]
"""An entry, and the objects that it is for."""


def place(objects: Iterable[NewObject], places: Places) -> Placed:
    """Return the files for new objects, of which each target gets its own.

    What is equal in all organizations is in the root, what is equal in all targets of a layer is
    there, and the rest is in the layer of each target. A target without a layer is among the
    `targets` of an entry in the root.
    """
    by_layer = grouped(pair for group in equal(objects) for pair in _places_of(group, places))
    placed = Placed([], defaultdict(list), [])
    for layer, entries in by_layer.items():
        write_into(layer, entries, places, placed)
    return placed


def equal(objects: Iterable[NewObject]) -> Iterable[list[NewObject]]:
    """Return the objects in groups with one entry each, the largest first."""
    groups = grouped(
        ((each.item.key, each.is_enterprise, repr(each.item.values)), each) for each in objects
    )
    return sorted(groups.values(), key=len, reverse=True)


def _places_of(group: Sequence[NewObject], places: Places) -> Iterator[tuple[Layer, Entry]]:
    first, names = group[0], _targets(group)
    if not places.are_many or (len(names) > 1 and names == places.organizations):
        yield _ROOT, (first.written_in(_ROOT), group)
    elif not first.is_enterprise and (layer := places.layers.get(names)):
        yield layer, (first.item, group)
    else:
        others = []
        for each in group:
            if own := places.own(each.target):
                yield own, (each.written_in(own), [each])
            else:
                others.append(each)
        if others:
            targets = [each.target for each in others]
            yield _ROOT, (first.item.with_options(targets=targets), others)


def _targets(group: Iterable[NewObject]) -> frozenset[str]:
    return frozenset(each.target for each in group)


def write_into(layer: Layer, entries: Sequence[Entry], places: Places, placed: Placed) -> None:
    """Add the files for entries in the directory of a layer to what is `placed`."""
    objects = {id(item.entry): group for item, group in entries}
    files, left_out = write_entries(
        (item for item, _ in entries),
        taken=places.taken(layer.path),
        ignored=places.ignored,
        text_of=places.text_of,
        directory=f"{layer.path}/" if layer.path else "",
    )
    placed.files.extend(map(_change, files))
    for file in files:
        for written, declaration in zip(file.entries, file.declarations, strict=True):
            names = _targets(objects[id(written)])
            declaration = declaration._replace(rank=layer.rank, audience=names)
            for name in names:
                placed.entries[name].append(declaration)
    for item in left_out:
        reason = f"{item.reason}; the file is not written"
        for each in objects[id(item.entry)]:
            live = each.live
            placed.left.append(
                LeftToYou(live.key, Left.UNWRITABLE, (live.id,), reason, each.target)
            )


def _change(file: NewFile) -> FileChange:
    keys = tuple(declaration.key for declaration in file.declarations)
    return FileChange(file.path, file.text, keys, is_new=not file.extended)


Unread = Callable[[str], Collection[str]]
"""Returns the targets that were selected, but whose objects of a kind could not be read."""


def without_waiting(
    objects: Sequence[NewObject], places: Places, unread: Unread, left: list[LeftToYou]
) -> list[NewObject]:
    """Return the objects without those that may belong into the root.

    If some targets were not read, these are left to the user, once for each group of equal ones.
    """
    ready: list[NewObject] = []
    for group in equal(objects):
        key, lacking = group[0].item.key, places.organizations - _targets(group)
        if group[0].is_enterprise or not lacking or not lacking.issubset(unread(key.kind)):
            ready += group
            continue
        reason = (
            "it is equal in all organizations that were read, but not written to the root, because "
            f"{listed(sorted(lacking))} could not be read: pull again when that works"
        )
        left.append(LeftToYou(key, Left.NOT_READ, (), reason))
    return ready
