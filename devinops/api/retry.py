"""When to ask again, and after how long.

The policy is that of the vendor's Terraform provider (`client.go`): a POST that got no answer may have been
carried out, so it is repeated only on 429, where the server says that it did nothing.
"""

from __future__ import annotations

import random
import threading
from datetime import UTC
from email.utils import parsedate_to_datetime

from devinops import waiting
from devinops.model.errors import TOO_MANY

LONGEST_WAIT_S = 60.0

LONGEST_DROUGHT_S = 300.0
"""Seconds of waiting after 429s, without a success in between, after which nothing is tried again."""


def worth_repeating(method: str, status: int | None) -> bool:
    """Say whether a request may be sent again after this status; None: no answer came."""
    if status == TOO_MANY:
        return True
    return method != "POST" and (status is None or status >= 500)


def delay_s(attempt: int, backoff_s: float, asked_s: float | None) -> float:
    """Return seconds to wait after attempt number `attempt` (from 0): doubling, jittered, at least as asked."""
    own = backoff_s * float(2**attempt) * random.uniform(0.5, 1)
    return min(max(own, asked_s or 0), LONGEST_WAIT_S)


def retry_after_s(header: str | None, now: float) -> float | None:
    """Return the seconds a Retry-After header asks for, from 0 to 60; None for none and for garbage.

    `now` is the time in epoch seconds; the header holds whole seconds or an HTTP date.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        # so many digits that no float holds them are still a long wait
        return min(float(text[:6]) if len(text) <= 6 else LONGEST_WAIT_S, LONGEST_WAIT_S)
    try:
        when = parsedate_to_datetime(text)
        seconds = when.replace(tzinfo=when.tzinfo or UTC).timestamp() - now
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return min(max(seconds, 0), LONGEST_WAIT_S)


class Budget:
    """How many retries a run may spend in all: a fixed number, or a share of its requests where that is more.

    Without it a broken server would make each of a thousand requests wait for minutes.
    """

    LEAST = 50
    SHARE = 0.2

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.requests = self.spent = 0

    @property
    def allowed(self) -> int:
        return max(self.LEAST, int(self.SHARE * self.requests))

    def begin(self) -> None:
        """Count a request, whatever becomes of it."""
        with self._lock:
            self.requests += 1

    def take(self) -> bool:
        """Spend one retry; False where none is left."""
        with self._lock:
            if self.spent >= self.allowed:
                return False
            self.spent += 1
            return True

    def is_open(self) -> bool:
        """Tell whether any retry is left, and spend none: after a 429 it is not known yet whether it is breakage."""
        with self._lock:
            return self.spent < self.allowed

    def charge(self, count: int) -> None:
        """Count retries that a limit of the server asked for, and that led to no answer after all."""
        with self._lock:
            self.spent += count


class Pace:
    """How many requests may be under way: half as many after a 429, one more after a round of successes. Pure.

    Times are whatever the caller's clock says, in seconds. Requests that were under way when the limit was halved
    do not halve it again: they were sent at the old pace.
    """

    def __init__(self, most: int) -> None:
        self.most = self.limit = most
        self.under_way = 0
        self._until = 0.0
        self._era = 0
        self._successes = 0
        self._dry_s = 0.0

    def wait_s(self, now: float) -> float | None:
        """Return the seconds until the next request may start, 0 for now; None: when another one has ended."""
        if now < self._until:
            return self._until - now
        return 0.0 if self.under_way < self.limit else None

    def start(self) -> int:
        """Count a request that starts; return what `end` wants to know of it."""
        self.under_way += 1
        return self._era

    def end(self, era: int, status: int | None) -> None:
        """Count a request that ended with a status, None without an answer, and learn from it."""
        self.under_way -= 1
        if status == TOO_MANY:
            self._slow_down(era)
        elif status is not None and status < 500:
            self._speed_up()

    def hold(self, now: float, seconds: float) -> None:
        """Start nothing for so long; an earlier, longer hold stays."""
        before = max(self._until, now)
        self._until = max(before, now + seconds)
        self._dry_s += self._until - before

    @property
    def is_dry(self) -> bool:
        """Tell whether all the waiting since the last success makes it pointless to wait on."""
        return self._dry_s >= LONGEST_DROUGHT_S

    def _slow_down(self, era: int) -> None:
        if era == self._era:
            self._era += 1
            self.limit = max(1, self.limit // 2)
        self._successes = 0

    def _speed_up(self) -> None:
        self._dry_s = 0.0
        self._successes += 1
        if self._successes >= self.limit:
            self.limit, self._successes = min(self.most, self.limit + 1), 0


class Gate:
    """Lets the threads of a client through at one `Pace`.

    `hurry` ends all waiting for a better time: what was not sent yet goes at once, and nothing is sent again. `stop`
    lets nobody through any more.
    """

    def __init__(self, most: int) -> None:
        self.pace = Pace(most)
        self._stopped = False
        self._hurried = threading.Event()
        self._changed = threading.Condition()

    @property
    def hurried(self) -> bool:
        return self._hurried.is_set()

    def enter(self, *, again: bool = False) -> int | None:
        """Wait until a request may start. Returns what `leave` wants to know.

        None means that it must not start: the gate is stopped, or hurried and this would be another attempt.
        """
        with self._changed:
            while not (self._stopped or (again and self.hurried)):
                wait = 0.0 if self.hurried else self.pace.wait_s(waiting.now())
                if wait == 0:
                    return self.pace.start()
                waiting.turn(self._changed, wait)
        return None

    def leave(self, era: int, status: int | None) -> None:
        """Say that a request has ended."""
        with self._changed:
            self.pace.end(era, status)
            self._changed.notify_all()

    def hold(self, seconds: float) -> None:
        """Let nobody through for so long from now."""
        with self._changed:
            self.pace.hold(waiting.now(), seconds)

    def pause(self, seconds: float) -> None:
        """Wait so long, or until hurried."""
        waiting.pause(seconds, self._hurried)

    def hurry(self) -> None:
        self._hurried.set()
        with self._changed:
            self._changed.notify_all()

    def stop(self) -> None:
        self._stopped = True
        self.hurry()
