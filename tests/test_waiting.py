"""Waiting: in short steps, or a signal that came in the moment before a wait would be noticed at its end only."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from typing import Any

from devinops.waiting import STEP_S, item, pause, results, wait


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


def test_results_come_as_they_are_ready() -> None:
    futures: list[Future[int]] = [Future() for _ in range(3)]
    futures[2].set_result(2)
    found = results(futures)
    assert next(found) == 2
    futures[1].set_result(1)
    assert next(found) == 1
    futures[0].set_result(0)
    assert list(found) == [0]
