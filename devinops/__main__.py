"""The program `devinops`.

From its first line on, Ctrl-C, SIGTERM and SIGHUP end it with one line and their exit code: see
`signals`.
"""

from __future__ import annotations

import signal


def run() -> None:
    """Entry point of the `devinops` program. Does not return."""
    early: list[int] = []
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
            signal.signal(number, lambda number, _: early.append(number))
    # Imported only now, because imports take most of the time before a command starts.
    import sys

    from devinops import signals

    signals.take_over()
    for early_number in early:
        signals.on_signal(early_number)
    sys.unraisablehook = signals.unraisable
    from devinops.cli.main import main

    signals.leave(main())


if __name__ == "__main__":
    run()
