"""How a run waits: the one place, so that tests can put a clock here that need not.

Python runs the handler of a signal between two steps of the main thread. One that comes in the moment before a wait
begins is noticed when the wait is over, so no wait takes longer than `STEP_S` at a time.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

STEP_S = 0.2


def now() -> float:
    """Return seconds on a clock that never goes back; only differences mean something."""
    return time.monotonic()


def pause(seconds: float, until: threading.Event | None = None) -> None:
    """Wait so many seconds, or until the event is set."""
    event, end = until or threading.Event(), time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not event.wait(min(left, STEP_S)):
        pass


def turn(condition: threading.Condition, seconds: float | None) -> None:
    """Wait until somebody notifies the condition, whose lock the caller holds, or for so many seconds at most.

    It can be over before either, so the caller looks again.
    """
    condition.wait(STEP_S if seconds is None else min(seconds, STEP_S))


def results(futures: Sequence[Future[T]]) -> Iterator[T]:
    """Yield the results of futures as they come."""
    done: queue.SimpleQueue[Future[T]] = queue.SimpleQueue()
    for future in futures:
        future.add_done_callback(done.put)
    for _ in futures:
        yield item(done).result()


def item(waiting: queue.SimpleQueue[T]) -> T:
    """Return the next item of a queue."""
    while True:
        with suppress(queue.Empty):
            return waiting.get(timeout=STEP_S)
