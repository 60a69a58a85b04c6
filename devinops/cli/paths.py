"""PATHS: the files and directories below the root that a command is limited to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from devinops.model.errors import UsageError


def selected(root: Path, paths: Iterable[Path]) -> Callable[[str], bool]:
    """Return whether a path relative to the root is below one of `paths`; without any, each is.

    Raises UsageError for a path that does not exist, or is not below the root.
    """
    prefixes = [_relative(root, path) for path in paths]

    def selects(path: str) -> bool:
        return not prefixes or any(_is_below(path, prefix) for prefix in prefixes)

    return selects


def _relative(root: Path, path: Path) -> str:
    if not path.exists():
        raise UsageError(f"{path} does not exist; PATHS are files or directories below {root}")
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        raise UsageError(
            f"{path} is not below {root}; PATHS are files or directories in it"
        ) from None


def _is_below(path: str, prefix: str) -> bool:
    return prefix in (".", path) or path.startswith(f"{prefix}/")
