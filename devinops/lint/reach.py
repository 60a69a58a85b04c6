"""Which entries can reach the same session: those with a common target, in the same repository.

Pure.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import product
from typing import Final, NamedTuple

_EVERYTHING: Final = 0
_UNLIMITED: Final = 1

Label = tuple[int | str, int | str]
"""One for targets and one for repositories."""


class Reach(NamedTuple):
    """Two entries can meet if one of them has a label that the other asks for.

    So entries can be indexed by label, and not every pair has to be compared.
    """

    has: frozenset[Label]
    asks: frozenset[Label]


def reach(targets: Collection[str] | None = None, repository: str | None = None) -> Reach:
    """Return the reach of an entry with these targets in this repository; None: in all."""
    repositories = None if repository is None else (repository,)
    has, asks = zip(_labels(targets), _labels(repositories), strict=True)
    return Reach(frozenset(product(*has)), frozenset(product(*asks)))


def _labels(names: Collection[str] | None) -> tuple[set[int | str], set[int | str]]:
    """Return what something limited to these names has, and what it asks for."""
    if names is None:
        return {_UNLIMITED, _EVERYTHING}, {_EVERYTHING}
    return {*names, _EVERYTHING}, {*names, _UNLIMITED}
