"""Two entries for one object: a problem on each, naming the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from devinops.load.codes import problem
from devinops.model import Declaration, Key, Problem


def duplicates(declarations: Iterable[Declaration]) -> Iterator[Problem]:
    """Yield a problem for each entry that shares a key, now or before, with another for the same target."""
    claims: defaultdict[Key, list[Declaration]] = defaultdict(list)
    for declaration in declarations:
        for key in (declaration.key, *declaration.previously):
            claims[key].append(declaration)
    for key, claimants in claims.items():
        if len(claimants) > 1:
            yield from _clashes(key, sorted(claimants, key=lambda one: one.source))


def _clashes(key: Key, claimants: list[Declaration]) -> Iterator[Problem]:
    """Yield one problem for each claimant that clashes, naming the first other one."""
    for one in claimants:
        twin = next((other for other in claimants if other is not one and not _apart(one, other)), None)
        if twin:
            yield problem(one.source, "duplicate-declaration", _message(key, one, twin))


def _message(key: Key, one: Declaration, other: Declaration) -> str:
    here = "" if key == one.key else "the old name "
    there = "" if key == other.key else " as an old name"
    where = f"{other.source.path}:{other.source.line}"
    return f"{here}{key} is also declared{there} in {where}: keep one of them, or give each its own `targets`"


def _apart(one: Declaration, other: Declaration) -> bool:
    """Tell whether no target is concerned by both."""
    return one.targets is not None and other.targets is not None and not {*one.targets} & {*other.targets}
