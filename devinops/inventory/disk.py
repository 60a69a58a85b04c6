"""The local files of an inventory, and the locks that protect them.

Files are written in place, never through a symlink. The system releases a lock when the process
that holds it dies.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from devinops import atomic
from devinops.model.errors import InventoryError, Stale

LOCK_TIMEOUT_S = 180.0
"""A push from the same clone may take as long as Git's own time limit."""
_CHECKING = threading.Lock()
"""Held while a thread checks a lock: another one would find the lock held, by the check."""


@contextmanager
def inventory_errors(path: Path) -> Iterator[None]:
    """Turn an OSError into an InventoryError that names the file."""
    try:
        yield
    except OSError as error:
        raise InventoryError(f"the inventory cannot use {path}: {atomic.reason(error)}") from error


# --- files ----------------------------------------------------------------------------------------


def refuse_symlink(path: Path) -> None:
    """Raise InventoryError for a symlink: it could lead to a file that nobody reviewed."""
    is_symlink = False
    with inventory_errors(path), suppress(FileNotFoundError):
        is_symlink = stat.S_ISLNK(os.lstat(path).st_mode)
    if is_symlink:
        raise InventoryError(
            f"{path} is a symbolic link, but devinops reads and writes the inventory only in "
            "place: remove the link"
        )


def read(path: Path) -> str | None:
    """Return the text of a file, None if it does not exist. Raises InventoryError."""
    refuse_symlink(path)
    data = None
    with inventory_errors(path), suppress(FileNotFoundError):
        data = atomic.read(path)
    try:
        return data if data is None else data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InventoryError(
            f"{path} is not UTF-8 text: restore it from the Git history"
        ) from error


def replace(path: Path, text: str) -> None:
    """Write a whole file or nothing, and keep its permissions. Raises InventoryError.

    Only one process may write at a time.
    """
    refuse_symlink(path)
    with inventory_errors(path):
        atomic.replace(path, [text], encoding="ascii", errors="strict")


def append(path: Path, line: str) -> None:
    """Add a line, and return once it is on the disk.

    Raises InventoryError; then no part of the line stays in the file.
    """
    refuse_symlink(path)
    with inventory_errors(path):
        descriptor = atomic.open_lines(path)
        try:
            atomic.append(descriptor, line.encode("ascii"))
        finally:
            os.close(descriptor)


def remove(path: Path) -> None:
    """Delete a file if it exists. Raises InventoryError."""
    with inventory_errors(path), suppress(FileNotFoundError):
        path.unlink()


# --- locks ----------------------------------------------------------------------------------------


@contextmanager
def locked(path: Path, timeout_s: float = LOCK_TIMEOUT_S) -> Iterator[None]:
    """Hold the lock at `path`; its file stays. Raises OSError, and Stale after `timeout_s`."""
    try:
        lock = hold(path, timeout_s)
    except Timeout as error:
        message = f"another devinops holds {path}: wait for it to end, then run again"
        raise Stale(message) from error
    try:
        yield
    finally:
        lock.release()


def hold(path: Path, timeout_s: float = 0) -> FileLock:
    """Return the lock at `path`, held until its `release` or the end of the process.

    Raises OSError, including if another process holds the lock.
    """
    lock = FileLock(path, timeout=timeout_s, thread_local=False)
    lock.acquire()
    return lock


def abandoned(path: Path) -> bool:
    """Return whether a lock exists at `path` that no process holds.

    A run removes its lock when it ends. A lock that is removed during this check is not abandoned,
    and the check leaves no file behind.
    """
    try:
        # While this file is open, no new file can get the same inode number.
        with _CHECKING, path.open("rb") as file:
            return _is_free(path, os.fstat(file.fileno()))
    except OSError:
        return False


def _is_free(path: Path, before: os.stat_result) -> bool:
    """Return whether no process holds a lock and its file is the same as before.

    Raises OSError if a process holds the lock or its file is gone.
    """
    lock = hold(path)
    try:
        is_same = os.path.samestat(before, path.stat())
        if not is_same:
            path.unlink()
        return is_same
    finally:
        lock.release()
