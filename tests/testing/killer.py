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
    carried_out: threading.Event = field(default_factory=threading.Event)
    """Set when the request of the process that was killed has changed what it changes."""

    async def __call__(self, call: Any, ask: Any) -> Any:
        number, self.seen = self.seen, self.seen + 1
        if number != self.at:
            return await ask(call)
        self.carried_out.clear()
        try:
            if not self.after:
                self.kill()
            reply = await ask(call)
            if self.after:
                self.kill()
            return reply
        finally:
            self.carried_out.set()

    def kill(self) -> None:
        with self.starting:
            assert self.process
            assert self.process.pid
        self.killed.append(self.process.pid)
        os.kill(self.process.pid, signal.SIGKILL)

    def exit_code(self) -> int:
        """Wait until the process has ended, and all its requests with it; return what it exits with."""
        assert self.process
        self.process.join(120)
        assert self.process.exitcode is not None, "it hangs"
        assert not self.killed or self.carried_out.wait(120)
        return self.process.exitcode
