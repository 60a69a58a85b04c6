"""Learns at which rate a server accepts requests, and keeps to a limit that people set.

Pure: the caller passes the time, in seconds.

A server does not say what its limit is, only that it refuses a request. Between two refusals it
admitted as many requests as the limit allows, which gives an estimate. Usual limits are a bucket of
tokens that fills at a steady rate, and a number for each window of time. After a wait both admit a
*burst*: several requests at once, up to a maximum. So the pace allows a burst after a wait, too.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final

IDLE_S: Final = 1.0
"""After this long without a request the count begins again: an idle server admits a burst."""

CONFIRMING_SHARE: Final = 0.85
CONFIRMING_REQUESTS: Final = 20
"""After a refusal the rate counts as known if the new estimate is at least this share of it, and
comes from at least so many requests."""

MAX_GROWTH_PER_SECOND: Final = 0.05
MAX_GROWTH_PER_REQUEST: Final = 0.02
"""The largest shares by which the rate grows in a second and with a request, until it is known or
growth doubles."""

GROWTH_SHARE_OF_KNOWN: Final = 0.02
"""The share of that growth once the rate is known: then growth only finds out whether the server
raised its limit."""

DOUBLING_S: Final = 5.0
DOUBLING_OF_KNOWN_S: Final = 30.0
"""After so many seconds without a refusal, growth is twice as fast."""

MAX_GROWTH: Final = 1.0
MAX_DOUBLINGS: Final = 20
"""Bounds that keep the numbers finite in a run of hours."""

MIN_RATE: Final = 1.0
"""Requests a second. A server that is only busy admits few for a while, which is not its limit."""

MAX_REMEMBERED: Final = 10_000

LATENCY_WEIGHT: Final = 0.1
"""The weight of the newest request in the moving average of their durations."""

IN_FLIGHT: Final = 1.1
"""Times what the rate needs may be in flight. With a long latency, a burst would otherwise take so
long that the rate grows too far before the server refuses a request."""

BURST_SHARE: Final = 0.9
"""The share that is sent of the burst that the server probably admits; that is only an estimate."""

LATE_S: Final = 0.1
"""Under a limit, the time in which nothing was sent counts for at most so many seconds: a thread of
a busy machine wakes up late."""

SHORTEST_S: Final = 0.001
"""No time counts as shorter, so that nothing is divided by zero."""


class Pace:
    """Decides when the next request may be sent. Without a refusal and a limit, that is always now.

    `limit` is in requests a second, whatever the server admits.
    """

    def __init__(self, limit: float = math.inf) -> None:
        self._limit = limit
        self.rate = math.inf
        """Requests a second, as far as the server's limit is known."""
        self.paused_until = 0.0
        """Until then, nothing may be sent, because the server refused a request."""
        self._is_known = False
        self._next_at = 0.0
        self._max_burst = math.inf
        """The largest burst that the server admits, as far as it is known."""
        self._burst = 0.0
        """How many requests may be sent at once after the last wait."""
        self._extra_wait_s = 0.0
        """How much longer the last wait took than its first refusal asked for.

        The burst probably did not grow any more in this time.
        """
        self._in_flight = 0
        self._latency_s = 0.0
        self._admitted = 0
        self._counted_since = 0.0
        self._admitted_at: deque[float] = deque(maxlen=MAX_REMEMBERED)
        """When requests were admitted before the first refusal."""
        self._last_at = -math.inf

    @property
    def most_in_flight(self) -> float:
        """How many requests may be in flight: a few more than the rate needs."""
        return self.rate * self._latency_s * IN_FLIGHT + 2 if self.rate < math.inf else math.inf

    def wait_s(self, now: float) -> float:
        """Return the seconds until the next request may be sent; 0 if it may be sent now."""
        return max(self.paused_until - now, self._next_at - now, 0.0)

    def sent(self, now: float) -> None:
        """Count a request that is sent now."""
        busy_until = max(self._last_at, self.paused_until, self._next_at)
        if self._in_flight == 0 and now - busy_until > IDLE_S:
            self._begin_count(now)
        self._in_flight += 1
        # The time in which nothing was sent counts for at most a burst.
        burst_s = self._burst / self.rate if self.rate <= self._limit else LATE_S
        self._next_at = max(self._next_at, now - burst_s) + 1 / min(self.rate, self._limit)

    def ended(self, now: float, took_s: float, *, admitted: bool) -> None:
        """Count a request that ends now. `admitted`: the server did not refuse it for the rate."""
        self._in_flight -= 1
        weight = LATENCY_WEIGHT if self._latency_s else 1
        self._latency_s += (took_s - self._latency_s) * weight
        passed_s, self._last_at = now - self._last_at, now
        if admitted:
            self._admitted += 1
            if self.rate == math.inf:
                self._admitted_at.append(now)
            else:
                self.rate *= 1 + self._growth(now, passed_s)

    def _growth(self, now: float, passed_s: float) -> float:
        """Return the share by which the rate grows with a request."""
        growth = min(MAX_GROWTH_PER_REQUEST, MAX_GROWTH_PER_SECOND * passed_s)
        doubling_s = DOUBLING_S
        if self._is_known:
            growth, doubling_s = growth * GROWTH_SHARE_OF_KNOWN, DOUBLING_OF_KNOWN_S
        doublings = min((now - self.paused_until) / doubling_s, MAX_DOUBLINGS)
        return min(growth * 2**doublings, MAX_GROWTH)

    def refused(self, now: float, wait_s: float) -> None:
        """Send nothing for `wait_s` seconds, and then at the rate that the server has admitted."""
        until = now + wait_s
        if now >= self.paused_until:
            self._learn(now, wait_s)
            self.paused_until, self._extra_wait_s = until, 0.0
        elif until > self.paused_until:
            # Sent before the pause: its refusal says nothing new, but may ask for a longer wait.
            self._extra_wait_s += until - self.paused_until
            self.paused_until = until

    def _learn(self, now: float, wait_s: float) -> None:
        if self.rate == math.inf:
            self.rate = self._first_estimate(now, wait_s)
        else:
            self._correct(now)
        # A server that asks for a wait admits at least one request after it.
        self.rate = max(self.rate, MIN_RATE, 1 / max(wait_s, SHORTEST_S))
        self._burst = min(BURST_SHARE * self.rate * wait_s, self._max_burst)
        self._next_at = now + wait_s - self._burst / self.rate
        self._begin_count(now)

    def _first_estimate(self, now: float, wait_s: float) -> float:
        """Return the largest rate that explains what was admitted up to now.

        The server probably started with as large a burst as it saves up for in this wait. So in any
        time it admitted at most what the limit allows in this time and the wait together.
        """
        newest_first = enumerate(reversed(self._admitted_at), start=1)
        return max(
            (count / max(now - at + wait_s, SHORTEST_S) for count, at in newest_first), default=0.0
        )

    def _correct(self, now: float) -> None:
        """Correct the rate or the largest burst after a further refusal."""
        counted_s = now - self._counted_since - self._extra_wait_s
        estimate = self._admitted / max(counted_s, SHORTEST_S)
        if self._admitted < self._burst and estimate < self.rate / 2:
            # Refused within the burst: the burst was too large, not the rate.
            self._max_burst = max(self._admitted, 1)
            return
        if self._max_burst < math.inf:
            # The wait did not make the burst larger, so only the time after it counts.
            sending_s = max(now - max(self.paused_until, self._counted_since), SHORTEST_S)
            estimate = max(estimate, (self._admitted - self._burst) / sending_s)
        estimate = min(max(estimate, self.rate / 2), self.rate)
        is_close = estimate >= CONFIRMING_SHARE * self.rate
        self._is_known = is_close and self._admitted >= CONFIRMING_REQUESTS
        self.rate = estimate

    def _begin_count(self, now: float) -> None:
        self._counted_since, self._admitted = now, 0
