"""The program: from the first line on Ctrl-C and SIGTERM end it with one line and their exit code."""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from typing import NoReturn

from devinops.errors import Interrupted, Terminated


def run() -> NoReturn:
    """Entry point of the `devinops` program."""
    try:
        signal.signal(signal.SIGTERM, _terminate)
        # Only now: this takes most of the time before a command begins.
        from devinops.cli import main

        code = main()
        # What is left is tidying up, which nobody needs to wait for.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    except (KeyboardInterrupt, Terminated) as stop:
        ended = Interrupted(stop)
        with suppress(OSError):
            sys.stderr.write(f"{ended}\n")
        code = ended.exit_code
    sys.exit(code)


def _terminate(*_: object) -> NoReturn:
    raise Terminated


if __name__ == "__main__":
    run()
