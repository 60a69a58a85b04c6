"""When to ask again, and after how long.

The policy is that of the vendor's Terraform provider (`client.go`): a POST that got no answer may have been
carried out, so it is repeated only on 429, where the server says that it did nothing.
"""

from __future__ import annotations

import random
import threading
import time
from datetime import UTC
from email.utils import parsedate_to_datetime

TOO_MANY = 429
LONGEST_WAIT_S = 60.0


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


class Gate:
    """Holds all threads back after one of them was told to slow down. `stop` wakes them for good."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._until = 0.0

    def hold(self, seconds: float) -> None:
        """Let nobody through for so long from now; an earlier, longer hold stays."""
        with self._lock:
            self._until = max(self._until, time.monotonic() + seconds)

    def wait(self) -> bool:
        """Wait until the way is free. Returns False when stopped."""
        while (left := self._until - time.monotonic()) > 0:
            if not self.pause(left):
                return False
        return not self._stopped.is_set()

    def pause(self, seconds: float) -> bool:
        """Wait so long, interruptibly. Returns False when stopped."""
        return not self._stopped.wait(seconds)

    def stop(self) -> None:
        self._stopped.set()
