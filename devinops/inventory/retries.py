"""Repeats what another run can spoil by being faster."""

from __future__ import annotations

import random
from collections.abc import Iterator

from devinops import waiting

_SHORTEST_S, _LONGEST_S = 0.2, 3.2


def attempts(seconds: float) -> Iterator[None]:
    """Yield at once, and again after pauses that grow, until this number of seconds is over.

    The pauses are random: runs that fail together must not all try again at the same moment.
    """
    end, longest_s = waiting.now() + seconds, _SHORTEST_S
    yield
    while (left_s := end - waiting.now()) > 0:
        waiting.pause(min(left_s, random.uniform(longest_s / 4, longest_s)))
        longest_s = min(2 * longest_s, _LONGEST_S)
        yield
