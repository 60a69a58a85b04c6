"""A lock between processes that the system takes back when its holder dies."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devinops.errors import Stale

PATIENCE_S = 180.0
"""A push within the same clone may take as long as git is given for it."""
_STEP_S = 0.02

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def locked(path: Path, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Hold the lock at `path`; its file stays. Raises OSError, and Stale after `patience_s`."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
    try:
        _wait(descriptor, path, time.monotonic() + patience_s)
        yield
    finally:
        os.close(descriptor)


def _wait(descriptor: int, path: Path, until: float) -> None:
    while True:
        try:
            return _take(descriptor)
        except OSError as error:
            if time.monotonic() >= until:
                raise Stale(f"another devinops holds {path}: wait for it to end, then run again") from error
        time.sleep(_STEP_S)
