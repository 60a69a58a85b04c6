"""Ends a process before or after one of its requests to the emulator."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from typing import Any


@dataclass
class Killer:
    """A layer of the emulator: ends the client before or after the request number `at` is carried out."""

    at: int | None = None
    after: bool = False
    seen: int = 0
    process: BaseProcess | None = None
    starting: threading.Lock = field(default_factory=threading.Lock)
    killed: list[int] = field(default_factory=list)

    async def __call__(self, call: Any, ask: Any) -> Any:
        number, self.seen = self.seen, self.seen + 1
        if number == self.at and not self.after:
            self.kill()
        reply = await ask(call)
        if number == self.at and self.after:
            self.kill()
        return reply

    def kill(self) -> None:
        with self.starting:
            assert self.process
            assert self.process.pid
        self.killed.append(self.process.pid)
        os.kill(self.process.pid, signal.SIGKILL)
