"""A clock that stands still, and ways to wait for what another thread or process does."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # its import takes half a second, which a process without an emulator saves
    from devinops.emulator.middleware import Call, Next, Reply

LONG_S = 60.0
"""How long a test waits for another thread or process: a hang ends then, and no slow machine needs as long."""


def until(condition: Callable[[], object]) -> None:
    """Wait for what another thread or process does."""
    end = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.005)


class Door:
    """A layer of an emulator that holds the requests that `wanted` names, until it is opened."""

    def __init__(self, wanted: Callable[[Call], bool]) -> None:
        self.wanted = wanted
        self.methods: list[str] = []
        """Of all requests, in the order in which they came."""
        self._knocked, self._opened = threading.Event(), threading.Event()

    async def __call__(self, call: Call, ask: Next) -> Reply:
        held = self.wanted(call)
        self.methods.append(call.method)
        while held and not self._opened.is_set():
            self._knocked.set()
            await asyncio.sleep(0.005)
        return await ask(call)

    def wait(self) -> None:
        """Wait until a request is held."""
        assert self._knocked.wait(LONG_S), "no such request came"

    def open(self) -> None:
        self._opened.set()


class Waits(list[float]):
    """The seconds that this process would have waited, in order; none of them pass.

    Time stands still but for these waits. `instead`, if a test sets it, is called in place of each wait.
    """

    def __init__(self) -> None:
        super().__init__()
        self.instead: Callable[[float], object] = lambda _: None
        self._lock = threading.Lock()
        self._passed = 0.0

    def now(self) -> float:
        return self._passed

    def pause(self, seconds: float, until: threading.Event | None = None) -> None:
        with self._lock:
            self.append(seconds)
        self.instead(seconds)
        with self._lock:
            self._passed += seconds

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        if seconds is None:
            condition.wait()
            return
        condition.release()
        try:
            self.pause(seconds)
        finally:
            condition.acquire()
        # What it waits for is done by another thread, which this one would only keep from its work.
        condition.wait(0.001)
