"""The only place where a run waits, so that tests can replace the clock.

Python runs the handler of a signal between two steps of the main thread. A signal that arrives just
before a wait begins is noticed when the wait is over, so no wait takes longer than `STEP_S`.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import TypeVar

T = TypeVar("T")

STEP_S = 0.2
"""Longest uninterrupted wait, in seconds."""


def now() -> float:
    """Return the seconds of a monotonic clock; only differences are meaningful."""
    return time.monotonic()


def pause(seconds: float, until: threading.Event | None = None) -> None:
    """Wait for this number of seconds, or until the event is set."""
    event, end = until or threading.Event(), time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not event.wait(min(left, STEP_S)):
        pass


def wait(condition: threading.Condition, seconds: float | None) -> None:
    """Wait until the condition is notified, or for at most this number of seconds.

    The caller holds the lock of the condition. The wait can end early, so the caller checks again.
    """
    condition.wait(STEP_S if seconds is None else min(seconds, STEP_S))


def results(jobs: Sequence[Callable[[], T]], parallelism: Callable[[], int]) -> Iterator[T]:
    """Run jobs in threads; yield their results in the order in which they finish.

    `parallelism` returns how many may run at once, and is asked again when a job ends. If the
    system allows no more threads, those that run do the rest. Raises RuntimeError if it allows
    none.
    """
    todo: queue.SimpleQueue[Callable[[], T] | None] = queue.SimpleQueue()
    done: queue.SimpleQueue[Future[T]] = queue.SimpleQueue()
    threads: list[threading.Thread] = []
    given = 0
    try:
        for ended in range(len(jobs) + 1):
            finished = item(done) if ended else None
            may_run = max(given, min(ended + parallelism(), len(jobs)))
            for job in jobs[given:may_run]:
                todo.put(job)
            given = may_run
            _start_threads(threads, given - ended, partial(_work, todo, done))
            if finished:
                yield finished.result()
    finally:
        for _ in threads:
            todo.put(None)
        for thread in threads:
            thread.join()


def _start_threads(threads: list[threading.Thread], number: int, work: Callable[[], None]) -> None:
    """Start threads until there are so many, or as many as the system allows."""
    while len(threads) < number:
        thread = threading.Thread(target=work)
        try:
            thread.start()
        except RuntimeError:
            if threads:
                return
            raise
        threads.append(thread)


def _work(
    todo: queue.SimpleQueue[Callable[[], T] | None], done: queue.SimpleQueue[Future[T]]
) -> None:
    while job := todo.get():
        result: Future[T] = Future()
        try:
            result.set_result(job())
        except BaseException as error:
            result.set_exception(error)
        done.put(result)


def item(items: queue.SimpleQueue[T]) -> T:
    """Return the next item of a queue; wait for it if needed."""
    while True:
        with suppress(queue.Empty):
            return items.get(timeout=STEP_S)
