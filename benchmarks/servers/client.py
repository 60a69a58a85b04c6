"""Starts a server of this package and tells it what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Server:
    """A running server; see `serving` for its settings."""

    url: str
    process: subprocess.Popen[str]

    def latency(self, milliseconds: float) -> None:
        self._tell(f"latency {milliseconds}")
        self.counts()  # answered only after the line before it was read

    def slows_beyond(self, count: float) -> None:
        """Let responses take longer if more requests than this are in flight."""
        self._tell(f"slows-beyond {count}")

    def reset(self) -> None:
        """Let the server forget everything that was written to it."""
        self._tell("reset")
        self.counts()

    def counts(self) -> dict[str, int]:
        """Return what was counted since the last call."""
        self._tell("counts")
        assert self.process.stdout
        counts: dict[str, int] = json.loads(self.process.stdout.readline())
        return counts

    def _tell(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()


@contextmanager
def server(module: str, *arguments: str, latency_ms: float = 0) -> Iterator[Server]:
    """Run `benchmarks.servers.MODULE` while the block runs."""
    command = [sys.executable, "-m", f"benchmarks.servers.{module}", *arguments]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            url = process.stdout.readline().split()[-1]
            running = Server(url, process)
            running.latency(latency_ms)
            yield running
        finally:
            process.stdin.close()
