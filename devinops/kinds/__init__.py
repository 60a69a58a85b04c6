"""The kinds, one module each. `KINDS` is found by walking this folder, so none can be forgotten."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from graphlib import TopologicalSorter
from types import MappingProxyType

from devinops.model.kind import Kind


def _walk() -> dict[str, Kind]:
    found: dict[str, Kind] = {}
    modules = (m for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    for module in modules:
        kind: Kind = importlib.import_module(f"{__name__}.{module.name}").KIND
        found[kind.noun] = kind
    return dict(sorted(found.items()))


KINDS: Mapping[str, Kind] = MappingProxyType(_walk())
"""noun → kind, in the order of the nouns."""

SECTIONS: Mapping[str, Kind] = MappingProxyType({kind.section: kind for kind in KINDS.values()})
"""section of a YAML file → kind."""


def _levels() -> tuple[frozenset[str], ...]:
    sorter = TopologicalSorter({noun: kind.references for noun, kind in KINDS.items()})
    sorter.prepare()
    levels = []
    while ready := sorter.get_ready():
        levels.append(frozenset(ready))
        sorter.done(*ready)
    return tuple(levels)


LEVELS: tuple[frozenset[str], ...] = _levels()
"""The nouns so that what is referred to comes in an earlier set; deletes go the other way."""
