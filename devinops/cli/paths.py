"""PATHS on the command line, which narrow what a command shows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from devinops.model.errors import UsageError


def below_root(paths: Iterable[Path], root: Path) -> list[str]:
    """Return the paths relative to the root, with `/`. Raises UsageError."""
    prefixes = []
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} does not exist; PATHS are files or directories below {root}")
        try:
            prefixes.append(path.resolve().relative_to(root.resolve()).as_posix())
        except ValueError:
            raise UsageError(
                f"{path} is not below {root}; PATHS are files or directories in it"
            ) from None
    return prefixes


def is_below(path: str, prefix: str) -> bool:
    """Return whether a path is that of a prefix, or below it; `.` is the root."""
    return prefix in (".", path) or path.startswith(f"{prefix}/")
