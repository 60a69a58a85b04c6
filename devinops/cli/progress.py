"""Shows progress on stderr, only on a terminal and only after a second."""

from __future__ import annotations

import os
import sys
import threading
import time

from devinops.cli.declarations.options import Options
from devinops.cli.output import echo_err
from devinops.environment import is_ci
from devinops.render.terminal import Terminal

DELAY_S = 1.0


class Progress:
    """Shows the progress of some work: a bar if the `length` is known, else a count."""

    def __init__(self, options: Options, label: str, length: int | None = None) -> None:
        self.label, self.length = label, length
        is_quiet = options.quiet or options.verbose or is_ci(os.environ)
        self.is_shown = sys.stderr.isatty() and not is_quiet
        self.terminal = Terminal(options.color)
        self.started = time.monotonic()
        self.drawn = False
        self.done = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exception: object) -> None:
        self.clear()

    def clear(self) -> None:
        """Remove the line from the terminal; it is drawn again if there is further progress."""
        with self._lock:
            if self.drawn:
                self.drawn = False
                echo_err("\r\x1b[K")

    def step(self) -> None:
        """Count one more step as done."""
        self.at(self.done + 1)

    def at(self, done: int) -> None:
        """Set the number of steps that are done. Any thread may call it."""
        with self._lock:
            self.done = done
            if not self.is_shown or time.monotonic() - self.started < DELAY_S:
                return
            self.drawn = True
            line = self.terminal.progress(self.label, self.done, self.length)
            echo_err(f"\r\x1b[K{line}")
