"""Write files and lines atomically: completely or not at all, even after a crash or on a full disk.

Every file of the command line and of the emulator is written with this module. All functions raise
OSError only; `reason` turns one into a message.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

STATE: Final = ".devinops"
"""The directory below a root for the files of devinops itself."""

IGNORED: Final = ".gitignore\nbackups/\n*.journal\n*.lock\n*.tmp\n"
"""Its .gitignore: files that are never committed. A crash may leave a `*.tmp` file."""

OUT_OF_SPACE: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_REMEDIES: Final = {
    "free up space": OUT_OF_SPACE,
    "make it readable and writable": (errno.EACCES, errno.EPERM, errno.EROFS),
    "create its directory": (errno.ENOENT,),
}
_THREADS: Final = 16
"""Threads that write files: while one waits for the disk, others go on."""
_FILES_AT_ONCE: Final = 16
"""Files that a thread writes before it can be stopped."""

_WRITE: Final = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
_NOT_A_FILE: Final = "it exists but is not a regular file"
_LINK: Final = "it is a symbolic link, which is not followed"
_BINARY: Final = getattr(os, "O_BINARY", 0)
_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0) | _BINARY


class Changed(OSError):
    """A file is not as it was when it was read, so it must stay; `filename` names it."""


class Unsuitable(OSError):
    """A path is not a regular file that may be replaced; `filename` names it."""


def reason(error: OSError) -> str:
    """Return what went wrong and what to do next, as the end of a message."""
    if isinstance(error, Changed):
        return f"it {error.strerror}: run again"
    remedies = (remedy for remedy, numbers in _REMEDIES.items() if error.errno in numbers)
    return f"{error.strerror or error}: {next(remedies, 'fix the problem')}, then run again"


# --- whole files ----------------------------------------------------------------------------------


def replace(
    path: Path,
    chunks: Iterable[str],
    *,
    mode: int = 0o666,
    encoding: str = "utf-8",
    errors: str = "backslashreplace",
    check: Callable[[], None] = lambda: None,
    beside: bool = False,
) -> None:
    """Write a text file atomically: a reader sees either the old content or the new.

    `check` is called last, and raises OSError if the old content must stay.
    An existing file keeps its permissions; a new one gets `mode` less the umask. `encoding` and
    `errors` are those of `open`: pass "strict" if the text must not be altered. With `beside`, the
    text is first written next to the path. Raises OSError, including from `check_place`, and
    UnicodeError if "strict"; then nothing is left behind.
    """
    before = _mode_of(path)
    partial = _partial(path, beside=beside)
    try:
        _write(partial, chunks, mode, before, encoding, errors)
        check()
        try:
            partial.replace(path)
        except OSError as error:
            if error.errno != errno.EXDEV or beside:
                raise
            # The repository is on another file system.
            text = read(partial).decode(encoding)
            partial.unlink()
            replace(path, [text], mode=mode, encoding=encoding, check=check, beside=True)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
    # The new file is in place already: an error now would claim that the old one still is.
    with suppress(OSError):
        sync_directory(path.parent)


class Batch:
    """Text files that are first written into a directory, and then renamed to their final paths.

    Without a directory, each is first written where `replace` would. Both steps are as safe as
    `replace`. After an error, `discard` removes what is not in its place.
    """

    def __init__(self, texts: Mapping[Path, str], directory: Path | None = None) -> None:
        self.texts = texts
        self._partials = {
            path: directory / f"{number}.tmp" if directory else _partial(path, f"-{number}")
            for number, path in enumerate(texts, 1)
        }

    def write(self) -> None:
        """Write all files, several at once, because most of the time is waiting for the disk.

        Raises OSError with the `filename` of the first file for which it failed.
        """
        from concurrent.futures import ThreadPoolExecutor

        paths = list(self.texts)
        chunks = [paths[at : at + _FILES_AT_ONCE] for at in range(0, len(paths), _FILES_AT_ONCE)]
        with ThreadPoolExecutor(_THREADS) as pool:
            try:
                for done in [pool.submit(self._write, chunk) for chunk in chunks]:
                    done.result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _write(self, paths: Iterable[Path]) -> None:
        for path in paths:
            text, partial = [self.texts[path]], self._partials[path]
            try:
                _write(partial, text, 0o666, _mode_of(path), "utf-8", "backslashreplace")
            except OSError as error:
                error.filename = str(path)
                raise

    def place(self, path: Path, check: Callable[[], None]) -> None:
        """Put a file in its place, right after `check`. Raises OSError, also that of `check`."""
        check()
        try:
            self._partials[path].replace(path)
            del self._partials[path]
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            # The directory is on another file system.
            replace(path, [self.texts[path]], check=check)

    def discard(self) -> None:
        """Remove what was written but not put in its place."""
        for partial in self._partials.values():
            with suppress(OSError):
                partial.unlink()


def _partial(path: Path, suffix: str = "", *, beside: bool = False) -> Path:
    """Return where a file is first written; `suffix` tells it from others of this process.

    In a repository, that is where Git never looks for files: a crash may leave it there. Otherwise,
    or if it must be, it is `beside` the path.
    """
    if not beside and (git := _git_directory(path.parent)):
        return git / f"devinops-{os.urandom(8).hex()}.tmp"
    return path.with_name(f".{path.name[:40]}.{os.getpid()}{suffix}.tmp")


def _git_directory(directory: Path) -> Path | None:
    """Return the directory of Git's own files for a directory; None if there is none to write to.

    Git writes `gitdir: PATH` into a file `.git` in further work trees and in submodules.
    """
    real = Path(os.path.realpath(directory))
    for git in (above / ".git" for above in (real, *real.parents)):
        with suppress(OSError):
            if git.is_file():
                git = git.parent / os.fsdecode(read(git)).removeprefix("gitdir:").strip()
            if git.is_dir():
                return git if os.access(git, os.W_OK | os.X_OK) else None
    return None


def _write(
    path: Path, chunks: Iterable[str], mode: int, before: int | None, encoding: str, errors: str
) -> None:
    """Write a new file, and return when it is on the disk.

    `before` are the permissions of the file to replace. The new file gets them, and is never
    readable by more people than that.
    """
    descriptor = _create(path, mode if before is None else mode & before)
    with open(descriptor, "wb") as file:
        file.writelines(chunk.encode(encoding, errors) for chunk in chunks)
        file.flush()
        if before is not None:
            path.chmod(before)
        os.fsync(descriptor)


def _create(path: Path, mode: int) -> int:
    """Return the descriptor of a new file; what a crash left in its place is removed."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW
    try:
        return os.open(path, flags, mode)
    except FileExistsError:
        path.unlink()
        return os.open(path, flags, mode)


def check_place(path: Path) -> None:
    """Raise OSError if a path is a symbolic link (such as /dev/stdout), a directory or a device."""
    _mode_of(path)


def check_writable(path: Path) -> None:
    """Raise OSError if a file is read-only; `replace` only needs to write to its directory."""
    is_for_nobody = not path.stat().st_mode & _WRITE
    if is_for_nobody or not os.access(path, os.W_OK):
        raise Unsuitable(errno.EACCES, "it is read-only", str(path))


def check_unchanged(path: Path, before: str | None, *, follow: bool = False) -> None:
    """Raise Changed unless a file still has the text `before`, or for None is still missing.

    A symbolic link counts as changed unless `follow`.
    """
    if before is None:
        is_same = not os.path.lexists(path)
    else:
        try:
            is_same = read(path, follow=follow) == before.encode("utf-8", "backslashreplace")
        except OSError:
            is_same = False
    if not is_same:
        raise Changed(errno.ESTALE, "changed while devinops ran", str(path))


def _mode_of(path: Path) -> int | None:
    """Return the permissions of a file, to give them to its replacement; None without a file.

    Raises OSError for what is not a regular file.
    """
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(mode):
        raise Unsuitable(errno.ELOOP, _LINK, str(path))
    if not stat.S_ISREG(mode):
        raise Unsuitable(errno.EINVAL, _NOT_A_FILE, str(path))
    return stat.S_IMODE(mode)


def read(path: Path, limit: int = -1, *, follow: bool = False) -> bytes:
    """Return the content of a file, or its first `limit` bytes; never blocks.

    Raises OSError for a pipe, a device and a symbolic link too, unless `follow`, which is for
    files that the user named.
    """
    descriptor = os.open(
        path, os.O_RDONLY | (_BINARY if follow else _NO_FOLLOW) | getattr(os, "O_NONBLOCK", 0)
    )
    with open(descriptor, "rb") as file:
        _check_regular(descriptor)
        return file.read(limit)


# --- lines ----------------------------------------------------------------------------------------


def open_lines(path: Path, *, mode: int = 0o666, new: bool = False) -> int:
    """Return the descriptor of a file for `append`; create the file if it is missing.

    Raises OSError for a symbolic link or a device too, and with `new` for anything that exists.
    """
    created = new or not os.path.lexists(path)
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | _NO_FOLLOW | (os.O_EXCL if new else 0)
    descriptor = os.open(path, flags, mode)
    try:
        _check_regular(descriptor)
        if created:
            sync_directory(path.parent)
    except BaseException:
        os.close(descriptor)
        if new:
            path.unlink(missing_ok=True)
        raise
    return descriptor


def append(descriptor: int, line: bytes) -> None:
    """Add a line to a file of `open_lines`, and return when it is on the disk.

    If it raises OSError, no part of the line remains. A partial line that a crash left is removed.
    """
    size = _cut_torn_line(descriptor)
    try:
        while line:
            line = line[os.write(descriptor, line) :]
        os.fsync(descriptor)
    except BaseException:
        # If this fails too, the next call removes the partial line.
        with suppress(OSError):
            os.ftruncate(descriptor, size)
        raise


def _cut_torn_line(descriptor: int) -> int:
    """Remove a partial line at the end of a file, and return the size of the file."""
    size = os.fstat(descriptor).st_size
    if not size:
        return 0
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    if os.read(descriptor, 1) == b"\n":
        return size
    os.lseek(descriptor, 0, os.SEEK_SET)
    complete = os.read(descriptor, size).rfind(b"\n") + 1
    os.ftruncate(descriptor, complete)
    return complete


def _check_regular(descriptor: int) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(errno.EINVAL, _NOT_A_FILE)


# --- directories ----------------------------------------------------------------------------------


def state_directory(root: Path) -> Path:
    """Return `.devinops` below a root; create it and its .gitignore if needed. Raises OSError."""
    directory = root / STATE
    make_directory(directory)
    ignore(directory, IGNORED)
    return directory


def make_directory(path: Path, *, mode: int = 0o777) -> None:
    """Create a directory if needed. Raises OSError if it is a symbolic link or a file."""
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


_IGNORING = threading.Lock()


def ignore(directory: Path, text: str) -> None:
    """Write the .gitignore of a directory unless it exists. Raises OSError."""
    path = directory / ".gitignore"
    # Several threads of a run over many targets would write to one file.
    with _IGNORING:
        if not os.path.lexists(path):
            replace(path, [text])


def sync_directory(directory: Path) -> None:
    """Flush the entries of a directory to the disk if the system supports it. Raises OSError."""
    if os.name != "posix":
        return
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except PermissionError:
        # A directory can be writable but not readable.
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
