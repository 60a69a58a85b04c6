"""Waiting: in short steps, or a signal that came in the moment before a wait would be noticed at its end only."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from devinops.waiting import STEP_S, item, pause, results, wait
from tests.testing.waiting import LONG_S, until


class Steps(list[float]):
    """Notes what each step may take; all but the last end without what is waited for."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.most = count

    def __call__(self, seconds: float) -> bool:
        self.append(seconds)
        return len(self) == self.most


class Event(threading.Event):
    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self.steps = steps

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        return self.steps(timeout)


def test_a_long_pause_is_taken_in_steps_and_ends_with_the_event() -> None:
    steps = Steps(4)
    pause(600, Event(steps))
    assert steps == [STEP_S] * 4


def test_a_pause_ends_by_itself() -> None:
    steps = Steps(1_000_000)
    pause(0.001, Event(steps))
    assert steps
    assert max(steps) <= 0.001


def test_no_wait_for_a_condition_is_longer_than_a_step() -> None:
    class Condition(threading.Condition):
        def wait(self, timeout: float | None = None) -> bool:
            waited.append(timeout)
            return True

    waited: list[float | None] = []
    for seconds in (None, 600, STEP_S / 2):
        wait(Condition(), seconds)
    assert waited == [STEP_S, STEP_S, STEP_S / 2]


def test_an_item_is_waited_for_in_steps() -> None:
    class Queue:
        def get(self, *, timeout: float) -> str:
            if not steps(timeout):
                raise queue.Empty
            return "the item"

    steps, waiting = Steps(3), Queue()
    found: Any = item(waiting)  # type: ignore[arg-type]
    assert (found, steps) == ("the item", [STEP_S] * 3)


class Jobs:
    """Jobs that end when they are told to."""

    def __init__(self, count: int) -> None:
        self.ends = [threading.Event() for _ in range(count)]
        self.started: list[int] = []
        self.parallelism = count

    def results(self) -> Iterator[int]:
        jobs = [partial(self._work, number) for number in range(len(self.ends))]
        return results(jobs, lambda: self.parallelism)

    def _work(self, number: int) -> int:
        self.started.append(number)
        assert self.ends[number].wait(LONG_S)
        return number

    def wait_for(self, started: int) -> None:
        """Wait until exactly so many have started."""
        until(lambda: len(self.started) >= started)
        assert len(self.started) == started

    def end(self, number: int) -> None:
        self.ends[number].set()


def test_results_come_as_they_are_ready() -> None:
    jobs = Jobs(3)
    found = jobs.results()
    for number in (2, 1, 0):
        jobs.end(number)
        assert next(found) == number
    assert list(found) == []


def test_as_many_jobs_run_at_once_as_may_run_now() -> None:
    """Also if fewer may run than are running: the others end, and no new one starts."""
    jobs = Jobs(9)
    found = jobs.results()
    for number, parallelism, started in [
        (0, 3, 4),
        (1, 3, 5),
        (2, 1, 5),
        (3, 1, 5),
        (4, 1, 6),
        (5, 2, 8),
        (6, 9, 9),
    ]:
        jobs.parallelism = parallelism
        jobs.end(number)
        assert next(found) == number
        jobs.wait_for(started)
    jobs.end(7)
    jobs.end(8)
    assert sorted(found) == [7, 8]


def test_after_an_error_no_other_job_starts() -> None:
    def fail() -> int:
        raise ValueError("a bug")

    started: list[int] = []
    with pytest.raises(ValueError, match="a bug"):
        list(results([fail, *[lambda: started.append(1) or 1] * 9], lambda: 1))
    assert len(started) <= 1


def limit_threads(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Let the system refuse more threads than this, as in a container with few processes."""
    start, started = threading.Thread.start, list[threading.Thread]()

    def refuse(thread: threading.Thread) -> None:
        if len(started) == most:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)


def test_the_threads_that_the_system_allows_do_all_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    limit_threads(monkeypatch, 2)
    assert sorted(results([partial(int, number) for number in range(9)], lambda: 4)) == [*range(9)]


def test_without_any_thread_no_job_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    limit_threads(monkeypatch, 0)
    with pytest.raises(RuntimeError, match="new thread"):
        list(results([partial(int, 1)], lambda: 4))


def test_no_jobs_have_no_results() -> None:
    assert list(results([], lambda: 8)) == []
