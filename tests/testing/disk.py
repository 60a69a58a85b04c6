"""A disk that is full or goes wrong, on demand."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

try:
    import resource
except ImportError:  # pragma: no cover - Windows has none
    resource = None  # type: ignore[assignment]

limited = pytest.mark.skipif(resource is None, reason="this system limits no file sizes")
WRONG = [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES, errno.ENOENT]


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def not_flushed(descriptor: int) -> None:
    """Stand for `os.fsync`, whose waits for the disk would be most of the time of many tests.

    A killed process loses nothing without it. Only a machine without power does, and no test is one.
    """
    os.fstat(descriptor)  # raises as `fsync` does if this is no open file


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond `size` bytes: the system itself then refuses, after a short write."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def failing(
    number: int, after: int = 0, real: Callable[..., Any] | None = None
) -> Callable[..., Any]:
    """Return a call that raises this error from the time on that it was made `after` times."""
    made = [0]

    def call(*arguments: Any, **named: Any) -> Any:
        made[0] += 1
        if made[0] > after:
            raise OSError(number, os.strerror(number))
        return real(*arguments, **named) if real else None

    return call


def breaks(patch: pytest.MonkeyPatch, step: str, number: int, after: int = 0) -> None:
    """Let a step of writing fail: `open`, `write`, `fsync`, `ftruncate`, or `replace`, which is the rename."""
    home = Path if step == "replace" else os
    patch.setattr(home, step, failing(number, after, getattr(home, step)))
