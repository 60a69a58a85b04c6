"""Files that survive a crash: written whole or not at all, appended to line by line, never through a symlink."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from devinops.errors import InventoryError


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn an OSError into an InventoryError that names the file."""
    try:
        yield
    except OSError as error:
        name = error.filename or path
        raise InventoryError(
            f"{name}: {error.strerror or error}: the inventory needs to read and write here"
        ) from error


def refuse_symlink(path: Path) -> None:
    """Raise InventoryError where a symlink would lead out of the place that was reviewed."""
    if path.is_symlink():
        raise InventoryError(
            f"{path} is a symlink: the inventory is read and written in place; remove the link"
        )


def read(path: Path) -> str | None:
    """Return the text of a file, None where there is none."""
    refuse_symlink(path)
    try:
        with told(path):
            return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InventoryError(f"{path}: this is not UTF-8: restore it from the history of Git") from error
    except InventoryError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise


def replace(path: Path, text: str) -> None:
    """Write a file beside its place and move it there; its permissions are kept. One writer at a time."""
    refuse_symlink(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with told(path):
        try:
            with suppress(FileNotFoundError):
                partial.unlink()
            with open(partial, "x", encoding="ascii", newline="\n") as file:
                file.write(text)
                file.flush()
                with suppress(FileNotFoundError):
                    partial.chmod(stat.S_IMODE(path.stat().st_mode))
                os.fsync(file.fileno())
            partial.replace(path)
        except BaseException:
            with suppress(OSError):
                partial.unlink()
            raise
        _sync_directory(path.parent)


def append(path: Path, line: str) -> None:
    """Add a line, and return once it is on the disk. What a crash left of a line before it is cut off."""
    refuse_symlink(path)
    with told(path):
        is_new = not path.exists()
        with open(path, "a+b") as file:
            _cut_torn_line(file.fileno())
            file.write(line.encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            _sync_directory(path.parent)


def _cut_torn_line(descriptor: int) -> None:
    size = os.fstat(descriptor).st_size
    if not size:
        return
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    if os.read(descriptor, 1) == b"\n":
        return
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.ftruncate(descriptor, os.read(descriptor, size).rfind(b"\n") + 1)


def remove(path: Path) -> None:
    with told(path), suppress(FileNotFoundError):
        path.unlink()


def _sync_directory(path: Path) -> None:
    """Make a new name in a directory durable, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
