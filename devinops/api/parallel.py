"""Runs jobs in parallel. Unlike an executor, it lets Ctrl-C end a wait for a connection."""

from __future__ import annotations

import gc
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Generic, TypeVar, cast

from devinops import waiting
from devinops.model.client_protocols import PageDecoder, ignore
from devinops.model.errors import ApiError
from devinops.model.objects import Live

T = TypeVar("T")


def side_by_side(jobs: Sequence[Callable[[], T]], width: int) -> list[T]:
    """Return the results of jobs in their order, using at most `width` threads.

    If jobs fail, the others still run to their end. Then the first error in the order of the jobs
    is raised, so that the same failures always give the same message. An interrupt leaves the
    threads running; they are daemons.
    """
    if width <= 1 or len(jobs) <= 1:
        return [job() for job in jobs]
    todo: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, T | None, Exception | None]] = queue.SimpleQueue()
    for number in range(len(jobs)):
        todo.put(number)
    for _ in range(min(width, len(jobs))):
        threading.Thread(target=_work, args=(jobs, todo, done), daemon=True).start()
    results = sorted((waiting.item(done) for _ in jobs), key=lambda result: result[0])
    for _, _, error in results:
        if error is not None:
            raise error
    return [value for _, value, _ in results]  # type: ignore[misc]


def started(job: Callable[[], T]) -> Callable[[], T]:
    """Start a job in a thread, and return a function that waits for its result."""
    todo: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, T | None, Exception | None]] = queue.SimpleQueue()
    todo.put(0)
    threading.Thread(target=_work, args=([job], todo, done), daemon=True).start()

    def result() -> T:
        _, value, error = waiting.item(done)
        if error is not None:
            raise error
        return cast(T, value)

    return result


class PagedReading(Generic[T]):
    """A read in another thread, with the pages that have arrived so far.

    `read` gets a function that takes each page.
    """

    def __init__(self, read: Callable[[Callable[[PageDecoder], None]], T]) -> None:
        self._pages: queue.SimpleQueue[PageDecoder | None] = queue.SimpleQueue()
        self.result = started(partial(self._run, read))
        """Waits for the result of `read`, and returns it or raises its error."""

    def _run(self, read: Callable[[Callable[[PageDecoder], None]], T]) -> T:
        try:
            return read(self._pages.put)
        finally:
            self._pages.put(None)

    def decode(self, use: Callable[[Live], None] = ignore) -> None:
        """Decode and use the objects of each page while further pages are on their way."""
        while page := waiting.item(self._pages):
            # Raised again where it has a consequence.
            with suppress(ApiError):
                for live in page():
                    use(live)


@contextmanager
def overlapping() -> Iterator[None]:
    """Let a thread that waits for responses resume soon, even if another thread is busy.

    For 10,000 notes and 50 ms a request, short turns of the threads save about a quarter of the
    time. The collector of cycles would take about a tenth of the CPU time, and finds nothing.
    """
    usual, collects = sys.getswitchinterval(), gc.isenabled()
    sys.setswitchinterval(0.0005)
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
        sys.setswitchinterval(usual)


def _work(
    jobs: Sequence[Callable[[], T]],
    todo: queue.SimpleQueue[int],
    done: queue.SimpleQueue[tuple[int, T | None, Exception | None]],
) -> None:
    while True:
        try:
            number = todo.get_nowait()
        except queue.Empty:
            return
        try:
            done.put((number, jobs[number](), None))
        except Exception as error:
            done.put((number, None, error))
