"""Puts together what belongs together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


def grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, list[V]]:
    """Return the first members of pairs → the second ones beside each; all are in their order."""
    groups: dict[K, list[V]] = {}
    for first, second in pairs:
        groups.setdefault(first, []).append(second)
    return groups
