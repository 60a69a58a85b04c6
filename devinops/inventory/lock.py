"""A lock between processes that the system takes back when its holder dies."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devinops.model.errors import Stale

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
    descriptor = _open(path)
    try:
        _wait(descriptor, path, time.monotonic() + patience_s)
        yield
    finally:
        os.close(descriptor)


def hold(path: Path) -> int:
    """Take the lock at `path` at once and keep it; closing the returned descriptor, or dying, gives it back.

    Raises OSError, also where somebody has it.
    """
    descriptor = _taken(_open(path))
    os.ftruncate(descriptor, 0)
    os.write(descriptor, _mark(descriptor))
    return descriptor


def _mark(descriptor: int) -> bytes:
    """Return what tells a lock from a copy of it."""
    return b"%d\n" % os.fstat(descriptor).st_ino


def abandoned(path: Path) -> bool:
    """Tell whether the lock at `path` was held once and is not any more; False where it never was.

    The copy of a lock, as in a clone that was copied while a run was at work, says nothing about its run.
    """
    try:
        # Never made here: a run that ends right now takes its lock away, and did not die.
        descriptor = _taken(_open(path, 0))
    except OSError:
        return False
    try:
        return os.read(descriptor, 64) == _mark(descriptor)
    finally:
        os.close(descriptor)


def _open(path: Path, create: int = os.O_CREAT) -> int:
    return os.open(path, os.O_RDWR | create | getattr(os, "O_NOFOLLOW", 0), 0o666)


def _taken(descriptor: int) -> int:
    """Return the descriptor with its lock taken, or close it and raise OSError."""
    try:
        _take(descriptor)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _wait(descriptor: int, path: Path, until: float) -> None:
    while True:
        try:
            return _take(descriptor)
        except OSError as error:
            if time.monotonic() >= until:
                raise Stale(
                    f"another devinops holds {path}: wait for it to end, then run again"
                ) from error
        time.sleep(_STEP_S)
