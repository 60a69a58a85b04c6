"""At which rate to send when a server limits it. Pure: the caller tells the time, in seconds.

A server only tells which requests it refuses, so its limit is learned: between two refusals it
admitted as many requests as the limit allows. Usual limits are a bucket of tokens that fills at a
steady rate, and a number for each window of time. Both let through at once some of what was not
sent before, so the pace also saves up while it waits.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final

IDLE_S: Final = 1.0
"""After this long without a request the count begins again, since an idle server saves tokens."""

KNOWN: Final = 0.85
ENOUGH: Final = 20
"""After a refusal the rate counts as known if the new estimate is at least this share of it, and
comes from at least so many requests."""

GROWTH_OF_A_SECOND: Final = 0.05
GROWTH_OF_A_REQUEST: Final = 0.02
"""The largest shares by which the rate grows in a second and with a request, at first."""

SLOWLY: Final = 0.02
"""The share of that growth once the rate is known: it only finds out if the limit was raised."""

DOUBLING_S: Final = 5.0
DOUBLING_OF_KNOWN_S: Final = 30.0
"""After so many seconds without a refusal, growth is twice as fast."""

MOST_GROWTH: Final = 1.0
MOST_DOUBLINGS: Final = 20
"""Bounds that keep the numbers finite in a run of hours."""

LEAST: Final = 1.0
"""Requests a second that are always tried: a server that is only busy admits few for a while."""

MOST_REMEMBERED: Final = 10_000

NEWEST: Final = 0.1
"""The weight of one request in the average of their durations."""

CAUTION: Final = 0.9
"""The share of what the server has probably saved that is sent at once."""


class Pace:
    """Decides when the next request may be sent. Without a refusal, that is always now."""

    def __init__(self) -> None:
        self.rate = math.inf
        """Requests a second."""
        self.held_until = 0.0
        self._is_known = False
        self._next_at = 0.0
        self._most_saved = math.inf
        """How many requests the server lets through at once after a long wait."""
        self._saved = 0.0
        """How many it had saved at the end of the last wait, as far as is known."""
        self._full_s = 0.0
        """How much longer the last wait took than its first refusal asked for.

        By then the server had probably saved as much as it can.
        """
        self._in_flight = 0
        self._latency_s = 0.0
        self._admitted = 0
        self._counted_since = 0.0
        self._admitted_at: deque[float] = deque(maxlen=MOST_REMEMBERED)
        """When requests were admitted before the first refusal."""
        self._last_at = -math.inf

    @property
    def most_in_flight(self) -> float:
        """How many requests may be in flight: as many as the rate needs, and two more."""
        return self.rate * self._latency_s + 2 if self.rate < math.inf else math.inf

    def wait_s(self, now: float) -> float:
        """Return the seconds until the next request may be sent; 0 if it may be sent now."""
        return max(self.held_until - now, self._next_at - now, 0.0)

    def sent(self, now: float) -> None:
        """Count a request that is sent now."""
        busy_until = max(self._last_at, self.held_until, self._next_at)
        if self._in_flight == 0 and now - busy_until > IDLE_S:
            self._begin_count(now)
        self._in_flight += 1
        behind_s = self._saved / self.rate
        self._next_at = max(self._next_at, now - behind_s) + 1 / self.rate

    def ended(self, now: float, took_s: float, *, admitted: bool) -> None:
        """Count a request that ends now. `admitted`: the server did not refuse it for the rate."""
        self._in_flight -= 1
        self._latency_s += (took_s - self._latency_s) * (NEWEST if self._latency_s else 1)
        passed_s, self._last_at = now - self._last_at, now
        if admitted:
            self._admitted += 1
            if self.rate == math.inf:
                self._admitted_at.append(now)
            else:
                self.rate *= 1 + self._growth(now, passed_s)

    def _growth(self, now: float, passed_s: float) -> float:
        """Return the share by which the rate grows with a request."""
        share, doubling_s = (SLOWLY, DOUBLING_OF_KNOWN_S) if self._is_known else (1, DOUBLING_S)
        growth = min(GROWTH_OF_A_REQUEST, GROWTH_OF_A_SECOND * passed_s) * share
        doublings = min((now - self.held_until) / doubling_s, MOST_DOUBLINGS)
        return min(growth * 2**doublings, MOST_GROWTH)

    def refused(self, now: float, wait_s: float) -> None:
        """Send nothing for `wait_s` seconds, and then at the rate that the server has admitted."""
        if now >= self.held_until:
            # Requests that were sent before the last refusal are refused as well, and say no more.
            self._learn(now, wait_s)
            self.held_until = now
            self._full_s = -wait_s
        longer_s = max(now + wait_s - self.held_until, 0.0)
        self.held_until += longer_s
        self._full_s += longer_s

    def _learn(self, now: float, wait_s: float) -> None:
        if self.rate == math.inf:
            self.rate = self._first_estimate(now, wait_s)
        else:
            self._correct(now)
        # A server that asks for a wait admits at least one request after it.
        self.rate = max(self.rate, LEAST, 1 / max(wait_s, 0.001))
        self._saved = min(CAUTION * self.rate * wait_s, self._most_saved)
        self._next_at = now + wait_s - self._saved / self.rate
        self._begin_count(now)

    def _first_estimate(self, now: float, wait_s: float) -> float:
        """Return the largest rate that explains what was admitted up to now.

        Before, the server had probably saved as much as it saves while nothing is sent: in any time
        it admitted at most what the limit allows in this time and the wait together.
        """
        newest_first = enumerate(reversed(self._admitted_at), start=1)
        return max((n / max(now - at + wait_s, 0.001) for n, at in newest_first), default=0.0)

    def _correct(self, now: float) -> None:
        """Correct what is known of the server after a further refusal."""
        estimate = self._admitted / max(now - self._counted_since - self._full_s, 0.001)
        if self._admitted < self._saved and estimate < self.rate / 2:
            self._most_saved = max(self._admitted, 1)
            return
        if self._most_saved < math.inf:
            # It could not save much during the wait, so the wait does not count.
            counted_s = max(now - max(self.held_until, self._counted_since), 0.001)
            estimate = max(estimate, (self._admitted - self._saved) / counted_s)
        estimate = min(max(estimate, self.rate / 2), self.rate)
        self._is_known = estimate >= KNOWN * self.rate and self._admitted >= ENOUGH
        self.rate = estimate

    def _begin_count(self, now: float) -> None:
        self._counted_since, self._admitted = now, 0
