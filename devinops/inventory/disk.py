"""The files of an inventory: in place, never through a symlink, and an InventoryError for whatever fails."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from devinops import atomic
from devinops.model.errors import InventoryError


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn an OSError into an InventoryError that names the file."""
    try:
        yield
    except OSError as error:
        raise InventoryError(f"the inventory cannot use {path}: {atomic.reason(error)}") from error


def refuse_symlink(path: Path) -> None:
    """Raise InventoryError where a symlink would lead out of the place that was reviewed."""
    linked = False
    with told(path), suppress(FileNotFoundError):
        linked = stat.S_ISLNK(os.lstat(path).st_mode)
    if linked:
        raise InventoryError(
            f"{path} is a symlink: the inventory is read and written in place; remove the link"
        )


def read(path: Path) -> str | None:
    """Return the text of a file, None where there is none. Raises InventoryError."""
    refuse_symlink(path)
    data = None
    with told(path), suppress(FileNotFoundError):
        data = atomic.read(path)
    try:
        return data if data is None else data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InventoryError(
            f"{path}: this is not UTF-8: restore it from the history of Git"
        ) from error


def replace(path: Path, text: str) -> None:
    """Write a file whole or not at all; its permissions are kept. One writer at a time. Raises InventoryError."""
    refuse_symlink(path)
    with told(path):
        atomic.replace(path, [text], encoding="ascii", errors="strict")


def append(path: Path, line: str) -> None:
    """Add a line, and return once it is on the disk. Raises InventoryError, and then nothing of it stays."""
    refuse_symlink(path)
    with told(path):
        descriptor = atomic.open_lines(path)
        try:
            atomic.append(descriptor, line.encode("ascii"))
        finally:
            os.close(descriptor)


def remove(path: Path) -> None:
    """Delete a file if it is there. Raises InventoryError."""
    with told(path), suppress(FileNotFoundError):
        path.unlink()
