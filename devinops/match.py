"""Who is who: which live object each declaration means. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from devinops.model import Declaration, Key, Live, Snapshot


class Found(StrEnum):
    """How a live object was recognised."""

    KEY = "exact key"
    PREVIOUSLY = "previous key"


@dataclass(frozen=True, slots=True)
class Match:
    """A declaration and the live object it means.

    `live` is None where there is none, or where several share the key: those are `namesakes`, found under
    `key`, and only a person can say which is meant.
    """

    declaration: Declaration
    live: Live | None = None
    found: Found | None = None
    namesakes: tuple[Live, ...] = ()
    key: Key | None = None


def match(declarations: Iterable[Declaration], snapshot: Snapshot) -> list[Match]:
    """Match every declaration, in the order of their keys: first the exact key, then `previously`.

    A previous key counts only where the exact one is free, and an object that another declaration has by
    its exact key is never taken for a renamed one.
    """
    wanted = sorted(declarations, key=lambda declaration: declaration.key)
    taken = {live.id for declaration in wanted for live in snapshot.under(declaration.key)}
    return [_match(declaration, snapshot, taken) for declaration in wanted]


def _match(declaration: Declaration, snapshot: Snapshot, taken: set[str]) -> Match:
    exact = snapshot.under(declaration.key)
    if exact:
        return _one(declaration, exact, declaration.key, Found.KEY)
    for key in declaration.previously:
        free = [live for live in snapshot.under(key) if live.id not in taken]
        if free:
            taken.update(live.id for live in free)
            return _one(declaration, free, key, Found.PREVIOUSLY)
    return Match(declaration)


def _one(declaration: Declaration, lives: Sequence[Live], key: Key, found: Found) -> Match:
    if len(lives) == 1:
        return Match(declaration, lives[0], found, key=key)
    return Match(declaration, namesakes=tuple(lives), key=key)
