"""The kinds, one module each. `KINDS` has every module of this package that defines one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final, NamedTuple

from devinops.model.errors import UsageError
from devinops.model.keys import ROOT, Key
from devinops.model.kind import ApiVersion, Kind, OnlyObject
from devinops.model.suggest import did_you_mean


class Dropped(NamedTuple):
    """A kind that devinops no longer has: how it was named, and what took its place."""

    noun: str
    section: str
    terraform: str
    advice: str


DROPPED: Final = (
    Dropped(
        "schedule",
        "schedules",
        "devin_schedule",
        "automations have taken the place of schedules: write an automation with a trigger of "
        "schedule:recurring",
    ),
)


def dropped(name: str) -> str:
    """Return what took the place of a kind, by any of its names; empty if it was not dropped."""
    return next((each.advice for each in DROPPED if name in each[:3]), "")


def why_unknown(noun: str) -> str:
    """Return that no kind has this noun, and what it may mean or what took its place."""
    if advice := dropped(noun):
        return f'"{noun}" is no longer a kind: {advice}'
    known = KINDS.declared
    return f'"{noun}" is not a kind{did_you_mean(noun, known)}; the kinds are {", ".join(known)}'


class Registry(Mapping[str, Kind]):
    """Noun → kind, sorted by noun, and facts about all kinds together."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._by_noun = {kind.noun: kind for kind in sorted(kinds, key=lambda kind: kind.noun)}

    def __getitem__(self, noun: str) -> Kind:
        return self._by_noun[noun]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_noun)

    def __len__(self) -> int:
        return len(self._by_noun)

    @cached_property
    def sections(self) -> Mapping[str, Kind]:
        """Section of a YAML file → kind."""
        return {kind.section: kind for kind in self.values() if kind.is_declared}

    @cached_property
    def declared(self) -> tuple[str, ...]:
        """The nouns of the kinds that entries can declare."""
        return tuple(kind.noun for kind in self.sections.values())

    @cached_property
    def many(self) -> frozenset[str]:
        """The nouns of the kinds of which entries can declare many objects."""
        kinds = self.sections.values()
        return frozenset(k.noun for k in kinds if not isinstance(k.identity, OnlyObject))

    @cached_property
    def directories(self) -> frozenset[str]:
        """The directories that hold Markdown files."""
        return frozenset(kind.section for kind in self.values() if kind.document)

    @cached_property
    def files(self) -> frozenset[str]:
        """The YAML files that are read in the root; those of dropped kinds have a problem."""
        sections = (*self.sections, *(each.section for each in DROPPED))
        return frozenset(f"{section}.yaml" for section in sections)

    @cached_property
    def referred(self) -> frozenset[str]:
        """The nouns of the kinds that others refer to."""
        return frozenset(noun for kind in self.values() for noun in kind.references)

    def with_referred(self, nouns: Iterable[str]) -> frozenset[str]:
        """Return these nouns and those of the kinds that they refer to."""
        nouns = frozenset(nouns)
        return nouns.union(*(self[noun].references for noun in nouns))

    def with_needed(self, nouns: Iterable[str], api: ApiVersion) -> frozenset[str]:
        """Return these nouns and those of the kinds that have to be listed with them."""
        nouns = frozenset(nouns)
        return nouns.union(*(self[noun].needed_to_read(api) for noun in nouns))

    @cached_property
    def levels(self) -> tuple[frozenset[str], ...]:
        """The nouns in write order: a kind comes after those it refers to.

        Deletes go in reverse.
        """
        from graphlib import TopologicalSorter

        sorter = TopologicalSorter({noun: kind.references for noun, kind in self.items()})
        sorter.prepare()
        levels = []
        while ready := sorter.get_ready():
            levels.append(frozenset(ready))
            sorter.done(*ready)
        return tuple(levels)


def _walk() -> Iterator[Kind]:
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_"):
            kind: Kind = importlib.import_module(f"{__name__}.{module.name}").KIND
            yield kind


KINDS: Final = Registry(_walk())


def parse_key(text: str) -> Key:
    """Return the key that a user typed. Raises UsageError."""
    kind = KINDS.get(text)
    if kind and isinstance(kind.identity, OnlyObject):
        return Key(kind.noun, ROOT, "")
    try:
        key = Key.parse(text)
    except ValueError as error:
        step = f"{error}: write KEY as plan and inventory list print it"
        raise UsageError(dropped(text) or step) from None
    if key.kind not in KINDS.declared:
        raise UsageError(why_unknown(key.kind))
    return key
