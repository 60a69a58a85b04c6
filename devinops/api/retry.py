"""Which requests are retried, and when.

The policy is that of the vendor's Terraform provider (`client.go`): a POST or PATCH without a
response may have been carried out, so it is retried only after a 429, which means that the server
did nothing. A PATCH is also retried if the caller reads the object before each retry: all our
patches set values, so repeating one over an unchanged object does no harm.
"""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime

from devinops import run_facts, waiting
from devinops.api.pacing import Pace
from devinops.api.window import Window
from devinops.model.errors import TOO_MANY

MAX_WAIT_S = 60.0
"""The longest wait before one retry, whatever Retry-After asks for."""

MAX_RATE_LIMITED_WAIT_S = 300.0
"""Total wait after 429s without a success in between; after that, nothing is retried."""

LAST_RATE_LIMITED_WAIT_S = 60.0
"""The same if the targets with all other keys are planned, and wait for this one."""


def is_retryable(method: str, status: int | None, *, checked: bool = False) -> bool:
    """Return whether a request may be sent again after this status, None if there was no response.

    `checked`: the object is read before each retry.
    """
    if status == TOO_MANY:
        return True
    may_repeat = method != "POST" and (method != "PATCH" or checked)
    return may_repeat and (status is None or status >= 500)


def delay_s(attempt: int, backoff_s: float, status: int | None, asked_s: float | None) -> float:
    """Return the seconds to wait after an attempt: doubled each time, with jitter.

    `attempt` counts from 0. `asked_s` is what Retry-After asks for; the wait is at least that, and
    exactly that after a 429: more would waste what the server would let through. Less than a second
    is only what is left of a date, which is rounded down.
    """
    if status == TOO_MANY and asked_s is not None and asked_s >= 1:
        return min(asked_s, MAX_WAIT_S)
    own = backoff_s * float(2**attempt) * random.uniform(0.5, 1)
    return min(max(own, asked_s or 0), MAX_WAIT_S)


def retry_after_s(header: str | None, now: float) -> float | None:
    """Return the seconds from 0 to 60 that a Retry-After header asks for; None if unreadable.

    `now` is the time in epoch seconds; the header holds whole seconds or an HTTP date.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), MAX_WAIT_S)
    try:
        when = parsedate_to_datetime(text)
        seconds = when.replace(tzinfo=when.tzinfo or UTC).timestamp() - now
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return min(max(seconds, 0), MAX_WAIT_S)


class RetryBudget:
    """Counts the retries of one run: it may make 50, or a fifth of its requests if that is more.

    Without this limit, a broken server would make each of a thousand requests wait for minutes.
    Retries after a 429 are not counted: the server works, and `MAX_RATE_LIMITED_WAIT_S` limits
    them.
    """

    MINIMUM = 50
    SHARE = 0.2

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests = self._spent = 0

    @property
    def limit(self) -> int:
        return max(self.MINIMUM, int(self.SHARE * self._requests))

    def count_request(self) -> None:
        with self._lock:
            self._requests += 1

    def spend(self) -> bool:
        """Spend one retry; return False if none is left."""
        with self._lock:
            if self._spent >= self.limit:
                return False
            self._spent += 1
            return True


class RateLimiter:
    """Decides when the threads of a client may send. A 429 to one of them slows down all.

    After a 429, nothing is sent until the wait is over, and then no faster than the server has
    admitted requests: see `Pace`. Retries go first. No more requests are in flight than the
    `Window` allows; `many` and `shards` are those of `Window`. All shards together send at most
    `rate` requests a second. `is_last` returns whether only this client keeps others waiting.
    """

    def __init__(
        self,
        parallelism: int | None,
        *,
        many: bool = False,
        shards: int = 1,
        rate: float = math.inf,
        is_last: Callable[[], bool] = lambda: False,
    ) -> None:
        self._window = Window(parallelism, many=many, shards=shards)
        self._in_flight = 0
        self._pace = Pace(rate / shards)
        self._rate_limited_wait_s = 0.0
        self._retries_waiting = 0
        self._counted_until = 0.0
        self.waits = 0
        """How often 429s have made the threads wait since the last success."""
        self._is_last = is_last
        self._stopped = False
        self._no_waiting = threading.Event()
        self._changed = threading.Condition()

    @property
    def rate(self) -> float:
        """How many requests a second may be sent; infinite before the first 429."""
        return self._pace.rate

    @property
    def parallelism(self) -> int:
        """How many requests may be in flight now."""
        return self._window.size

    @property
    def waiting_stopped(self) -> bool:
        return self._no_waiting.is_set()

    @property
    def patience_s(self) -> float:
        """The total wait after which nothing is retried any more."""
        return LAST_RATE_LIMITED_WAIT_S if self._is_last() else MAX_RATE_LIMITED_WAIT_S

    @property
    def gave_up(self) -> bool:
        """Return whether the waits since the last success were too long to go on."""
        ahead_s = max(self._pace.paused_until - waiting.now(), 0.0)
        return self._rate_limited_wait_s - ahead_s >= self.patience_s

    def enter(self, *, retry: bool = False) -> bool:
        """Wait until a request may be sent; return False if it must not be sent any more."""
        with self._changed:
            self._retries_waiting += retry
            try:
                return self._wait_for_turn(retry)
            finally:
                self._retries_waiting -= retry
                self._changed.notify_all()

    def _wait_for_turn(self, retry: bool) -> bool:
        while not (self._stopped or (retry and self.waiting_stopped)):
            wait_s = self._wait_s(retry)
            if wait_s == 0:
                self._in_flight += 1
                self._pace.sent(waiting.now())
                return True
            before = waiting.now()
            waiting.wait(self._changed, wait_s)
            if wait_s:
                self._count_wait(before)
        return False

    def _count_wait(self, since: float) -> None:
        """Count a wait for the pace; several at the same time count as one."""
        now = waiting.now()
        run_facts.count_limited(now - max(since, self._counted_until))
        self._counted_until = now

    def leave(self, status: int | None, took_s: float = 0.0, sort: str = "") -> None:
        """Count a request that ended with this status, None if there was no response.

        `sort` is that of `Window.ended`.
        """
        with self._changed:
            self._in_flight -= 1
            self._window.ended(sort, status, took_s)
            admitted = status is not None and status != TOO_MANY
            self._pace.ended(waiting.now(), took_s, admitted=admitted)
            if status is not None and status < 500 and status != TOO_MANY:
                self._rate_limited_wait_s, self.waits = 0.0, 0
            self._changed.notify_all()

    def hold(self, seconds: float) -> None:
        """Send nothing for this many seconds after a 429."""
        with self._changed:
            now = waiting.now()
            before = max(self._pace.paused_until, now)
            self.waits += now >= self._pace.paused_until
            self._pace.refused(now, seconds)
            self._rate_limited_wait_s += self._pace.paused_until - before

    def pause(self, seconds: float) -> None:
        """Wait this many seconds, or until `stop_waiting` is called."""
        waiting.pause(seconds, self._no_waiting)

    def stop_waiting(self) -> None:
        """From now on, send first attempts at once and no retries. Safe in a signal handler."""
        self._no_waiting.set()
        with self._changed:
            self._changed.notify_all()

    def stop(self) -> None:
        """From now on, send nothing."""
        self._stopped = True
        self.stop_waiting()

    def _wait_s(self, retry: bool = False) -> float | None:
        """Return the seconds until a request may be sent; None if another request must go first."""
        if self.waiting_stopped:
            return 0.0
        wait_s = self._pace.wait_s(waiting.now())
        if wait_s > 0:
            return wait_s
        has_room = self._in_flight < min(self.parallelism, self._pace.most_in_flight)
        return 0.0 if has_room and (retry or not self._retries_waiting) else None
