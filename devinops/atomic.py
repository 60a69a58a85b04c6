"""Files written whole or not at all: beside their place, onto the disk, and then moved there; lines likewise.

Every file of the command line and of the emulator is written through here. All raise OSError alone, and `reason`
puts one into words.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

STATE: Final = ".devinops"
"""The directory below a root where devinops keeps what is its own."""

IGNORED: Final = "backups/\n*.journal\n*.lock\n*.tmp\n"
"""What of it is never committed; `*.tmp` is what a crash may leave of a file."""

NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_NEXT: Final = {
    "make room": NO_ROOM,
    "make it readable and writable": (errno.EACCES, errno.EPERM, errno.EROFS),
    "make its directory": (errno.ENOENT,),
}
_NO_FILE: Final = "it is there, and it is no file"
_LINK: Final = "it is a symbolic link, which is not followed"
_IN_PLACE: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def reason(error: OSError) -> str:
    """Return what went wrong and what to do about it, for the end of a message."""
    todo = next((todo for todo, numbers in _NEXT.items() if error.errno in numbers), "fix that")
    return f"{error.strerror or error}: {todo}, then run again"


# --- whole files ----------------------------------------------------------------------------------


def replace(
    path: Path,
    chunks: Iterable[str],
    *,
    mode: int = 0o666,
    encoding: str = "utf-8",
    errors: str = "backslashreplace",
) -> None:
    """Write a text file; whoever reads it sees the old one or the new one. Raises OSError, and leaves nothing behind.

    A file that is there keeps its permissions, a new one gets `mode` less the umask. What `check_place` refuses stays
    as it is. `encoding` and `errors` are those of `open`: a text that must not be altered takes "strict", and
    UnicodeError.
    """
    check_place(path)
    partial = path.with_name(f".{path.name[:40]}.{os.getpid()}.tmp")
    with suppress(FileNotFoundError):
        partial.unlink()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _IN_PLACE
    try:
        descriptor = os.open(partial, flags, mode & _mode_of(path, mode))
        with open(descriptor, "w", encoding=encoding, errors=errors, newline="\n") as file:
            file.writelines(chunks)
            file.flush()
            _keep_mode(path, partial)
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink()
    # It is in its place: an error from here on would say that the old one still is.
    with suppress(OSError):
        sync_directory(path.parent)


def check_place(path: Path) -> None:
    """Raise OSError where no file may be put: in the place of a symbolic link (/dev/stdout is one) or a device."""
    if path.is_symlink():
        raise OSError(errno.ELOOP, _LINK)
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, _NO_FILE)


def _mode_of(path: Path, default: int) -> int:
    """Return the permissions of a file: what it does not show must not be shown while it is written."""
    with suppress(FileNotFoundError):
        return stat.S_IMODE(path.lstat().st_mode)
    return default


def _keep_mode(path: Path, partial: Path) -> None:
    with suppress(FileNotFoundError):
        found = path.lstat().st_mode
        if stat.S_ISREG(found):
            partial.chmod(stat.S_IMODE(found))


def read(path: Path, most: int = -1, *, follow: bool = False) -> bytes:
    """Return what is in a file, or its first `most` bytes. Raises OSError, also for a pipe or a device; never blocks.

    A symbolic link is refused as well, but for a file that the user has named, with `follow`.
    """
    descriptor = os.open(
        path, os.O_RDONLY | (0 if follow else _IN_PLACE) | getattr(os, "O_NONBLOCK", 0)
    )
    with open(descriptor, "rb") as file:
        _refuse_what_is_no_file(descriptor)
        return file.read(most)


# --- lines ----------------------------------------------------------------------------------------


def open_lines(path: Path, *, mode: int = 0o666, new: bool = False) -> int:
    """Open a file that `append` adds to, made if need be; return its descriptor.

    Raises OSError, also for a symbolic link and for what is no file, and with `new` for whatever is there.
    """
    made = new or not os.path.lexists(path)
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | _IN_PLACE | (os.O_EXCL if new else 0)
    descriptor = os.open(path, flags, mode)
    try:
        _refuse_what_is_no_file(descriptor)
        if made:
            sync_directory(path.parent)
    except BaseException:
        os.close(descriptor)
        if new:
            path.unlink(missing_ok=True)
        raise
    return descriptor


def append(descriptor: int, line: bytes) -> None:
    """Add a line to a file of `open_lines`, and return once it is on the disk.

    Raises OSError, and then nothing of it stays. What a crash left of a line before it is cut off.
    """
    size = _cut_torn_line(descriptor)
    try:
        while line:
            line = line[os.write(descriptor, line) :]
        os.fsync(descriptor)
    except BaseException:
        # Where this fails too, the next line cuts off what is left.
        with suppress(OSError):
            os.ftruncate(descriptor, size)
        raise


def _cut_torn_line(descriptor: int) -> int:
    """Return the size of a file, which then ends with a whole line."""
    size = os.fstat(descriptor).st_size
    if not size:
        return 0
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    if os.read(descriptor, 1) == b"\n":
        return size
    os.lseek(descriptor, 0, os.SEEK_SET)
    whole = os.read(descriptor, size).rfind(b"\n") + 1
    os.ftruncate(descriptor, whole)
    return whole


def _refuse_what_is_no_file(descriptor: int) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(errno.EINVAL, _NO_FILE)


# --- directories ----------------------------------------------------------------------------------


def state_directory(root: Path) -> Path:
    """Make `.devinops` below a root, with a .gitignore for what is never committed; return it. Raises OSError."""
    directory = root / STATE
    make_directory(directory)
    ignore(directory, IGNORED)
    return directory


def make_directory(path: Path, *, mode: int = 0o777) -> None:
    """Make a directory if need be. Raises OSError, also where a symbolic link or a file is in its place."""
    if path.is_symlink():
        raise OSError(errno.ELOOP, _LINK)
    try:
        path.mkdir(mode=mode)
    except FileExistsError as error:
        if not path.is_dir():
            raise NotADirectoryError(
                errno.ENOTDIR, "there is a file where a directory belongs"
            ) from error
    else:
        sync_directory(path.parent)


def ignore(directory: Path, text: str) -> None:
    """Write the .gitignore of a directory; whatever is there already stays. Raises OSError."""
    path = directory / ".gitignore"
    if not os.path.lexists(path):
        replace(path, [text])


def sync_directory(directory: Path) -> None:
    """Make the name of a new file last, where the system can do that. Raises OSError."""
    if os.name != "posix":
        return
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except PermissionError:
        # Who may write into a directory need not be able to read it.
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
