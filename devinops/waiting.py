"""How a run waits: the one place, so that tests can put a clock here that need not."""

from __future__ import annotations

import threading
import time


def now() -> float:
    """Return seconds on a clock that never goes back; only differences mean something."""
    return time.monotonic()


def pause(seconds: float, until: threading.Event | None = None) -> None:
    """Wait so many seconds, or until the event is set."""
    (until or threading.Event()).wait(seconds)


def turn(condition: threading.Condition, seconds: float | None) -> None:
    """Wait until somebody notifies the condition, whose lock the caller holds, or for so many seconds."""
    condition.wait(seconds)
