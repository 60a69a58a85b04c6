"""Learns how many requests a server handles at once. Pure: the caller passes how long each took.

The window begins small and grows slowly. If a server has too much to do, its responses take longer
before it refuses any, so the window shrinks as soon as they do.
"""

from __future__ import annotations

import bisect
from typing import Final

from devinops.model.errors import TOO_MANY

START: Final = 8
MOST: Final = 32
"""Requests at once. With more connections, httpx itself takes most of the time."""

LEARNING: Final = 100
"""The window does not grow before so many responses."""

USUAL_COUNT: Final = 50
"""The usual time is the median of so many first responses."""

GROWTH: Final = 0.5
"""Added after each round: as many responses as the window is wide, which takes one round trip."""

SLOW: Final = 4 / 3
SHRINKING: Final = 3 / 4
"""If most responses of two rounds take so many times their usual time, the window shrinks to this
share: a server that handles a fixed number a second is then as fast as usual again. A single pause
of the server, or of this machine, makes only one round slow."""


class Window:
    """Decides how many requests may be in flight: always `parallelism`, if it is given.

    Otherwise 8 at first, and then up to 32 while the server responds as quickly as at first. `many`
    targets go on when one of them fails: the window can grow again, and only the pace follows 429.
    It also learns twice as fast for them, because they have one list each. Of several `shards`,
    each has its share of these numbers, but at least 1.
    """

    def __init__(
        self, parallelism: int | None = None, *, many: bool = False, shards: int = 1
    ) -> None:
        self._many = many
        self._least = max((parallelism or START) // shards, 1)
        self._most = max((parallelism or MOST) // shards, 1)
        self._size: float = self._least
        self._first_times: dict[str, list[float]] = {}
        """Sort of request → how long the first ones took, sorted."""
        self._growth = GROWTH * 2 if many else GROWTH
        self._counted = -LEARNING // 2 if many else -LEARNING
        """The responses in this round; those below 0 do not count."""
        self._slow = 0
        """How many of them were slow."""
        self._was_slow = False
        """Whether the round before was slow."""

    @property
    def size(self) -> int:
        """How many requests may be in flight now."""
        return int(self._size)

    def ended(self, sort: str, status: int | None, took_s: float) -> None:
        """Count a request that ended with this status, None if there was no response.

        Its time is compared with that of other requests of this sort, and with nothing if `sort` is
        empty.
        """
        if status is None or status >= 500 or status == TOO_MANY:
            if not self._many:
                self._size = self._most = self._least
            elif status != TOO_MANY:
                self._size = max(self._size * SHRINKING, self._least)
        elif sort:
            self._count(sort, took_s)

    def _count(self, sort: str, took_s: float) -> None:
        times = self._first_times.setdefault(sort, [])
        if len(times) < USUAL_COUNT:
            bisect.insort(times, took_s)
        self._counted += 1
        self._slow += self._counted > 0 and took_s > SLOW * times[len(times) // 2]
        if self._counted >= self.size:
            self._end_round()

    def _end_round(self) -> None:
        is_slow = self._slow * 2 > self.size
        if not is_slow:
            self._size = min(self._size + self._growth, self._most)
        elif self._was_slow:
            self._size = max(self._size * SHRINKING, self._least)
            # The next round is of requests that were sent before, so it says little that is new.
            is_slow = False
        self._was_slow, self._counted, self._slow = is_slow, 0, 0
