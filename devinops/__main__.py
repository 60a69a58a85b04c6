"""The program. From the first line on, Ctrl-C and SIGTERM end it with one line and their exit code: see `signals`."""

from __future__ import annotations

import sys
from typing import NoReturn

from devinops import signals


def run() -> NoReturn:
    """Entry point of the `devinops` program."""
    signals.take_over()
    sys.unraisablehook = signals.unraisable
    # Only now: this takes most of the time before a command begins.
    from devinops.cli import main

    signals.leave(main())


if __name__ == "__main__":
    run()
