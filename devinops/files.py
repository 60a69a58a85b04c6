"""Files written whole or not at all: beside their place, onto the disk, and then moved there."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def replace(path: Path, chunks: Iterable[str], *, mode: int = 0o666) -> None:
    """Write a text file; whoever reads it sees the old one or the new one. Raises OSError, and leaves nothing behind.

    A file that is there keeps its permissions, a new one gets `mode` less the umask. What is there and no file,
    such as a device, is refused; a symbolic link is replaced, not followed.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is there, and it is no file")
    partial = path.with_name(f".{path.name[:100]}.{os.getpid()}.partial")
    with suppress(FileNotFoundError):
        partial.unlink()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        descriptor = os.open(partial, flags, mode)
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.writelines(chunks)
            file.flush()
            _keep_mode(path, partial)
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink()
    sync_directory(path.parent)


def _keep_mode(path: Path, partial: Path) -> None:
    with suppress(FileNotFoundError):
        found = path.lstat().st_mode
        if stat.S_ISREG(found):
            partial.chmod(stat.S_IMODE(found))


def sync_directory(directory: Path) -> None:
    """Make the name of a new file last, where the system can do that."""
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
