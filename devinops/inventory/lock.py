"""A lock between processes that the system takes back when its holder dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from devinops.model.errors import Stale

PATIENCE_S = 180.0
"""A push within the same clone may take as long as git is given for it."""


@contextmanager
def locked(path: Path, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Hold the lock at `path`; its file stays. Raises OSError, and Stale after `patience_s`."""
    try:
        lock = hold(path, patience_s)
    except Timeout as error:
        message = f"another devinops holds {path}: wait for it to end, then run again"
        raise Stale(message) from error
    try:
        yield
    finally:
        lock.release()


def hold(path: Path, patience_s: float = 0) -> FileLock:
    """Take the lock at `path`; its `release`, or dying, gives it back.

    Raises OSError, also if another process holds it.
    """
    lock = FileLock(path, timeout=patience_s, thread_local=False)
    lock.acquire()
    return lock


def abandoned(path: Path) -> bool:
    """Tell whether there is a lock at `path` that nobody holds.

    A run that ends removes its lock. If that happens just now, the lock is not abandoned, and none is left behind.
    """
    try:
        # As long as this is open, no new file can have the same number.
        with path.open("rb") as file:
            return _is_free(path, os.fstat(file.fileno()))
    except OSError:
        return False


def _is_free(path: Path, before: os.stat_result) -> bool:
    """Tell whether nobody holds a lock, and it still is the file that it was. Raises OSError if it is held or gone."""
    lock = hold(path)
    try:
        same = os.path.samestat(before, path.stat())
        if not same:
            path.unlink(missing_ok=True)
        return same
    finally:
        lock.release()
