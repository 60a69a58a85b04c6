"""PATHS on the command line, which narrow what a command shows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from devinops.model.errors import UsageError

if TYPE_CHECKING:
    from devinops.load import Loaded


class Selection(NamedTuple):
    """The files at and below PATHS; without PATHS, all files of the root.

    `prefixes` are PATHS relative to the root, with `/` and without symbolic links; None without
    PATHS. They are empty if all PATHS were outside the root and skipped.
    """

    root: str
    prefixes: frozenset[str] | None = None

    @classmethod
    def of(cls, paths: Sequence[Path], root: Path, *, skip_outside: bool = False) -> Selection:
        """Return what PATHS select. Raises UsageError."""
        real = root.resolve()
        below = _below(paths, root, real, skip_outside=skip_outside)
        return cls(str(real), frozenset(below) if paths else None)

    def includes(self, path: str) -> bool:
        """Return whether a file is selected, by its path from the root or that of its target."""
        if self.prefixes is None or self._has(path):
            return True
        real = os.path.realpath(os.path.join(self.root, path))  # noqa: PTH118
        return bool(self.prefixes) and self._has(os.path.relpath(real, self.root))

    def _has(self, path: str) -> bool:
        return not (self.prefixes or frozenset()).isdisjoint(_at_and_above(path))


def unread(paths: Iterable[Path], root: Path, loaded: Loaded) -> list[Path]:
    """Return the PATHS at and below which no file is read."""
    # Imported late: the help of a command needs none of it.
    from devinops.load.file_names import CONFIG

    top = root.resolve()

    def below(path: str | Path) -> str:
        return os.path.relpath(path, top).replace(os.sep, "/")

    with_problems = (problem.source.path for problem in loaded.problems if problem.code != "unread")
    files = {*loaded.files, CONFIG, *with_problems}
    missing = _not_among(files, {path: below(path.resolve()) for path in paths})
    if missing:
        # Files behind links, which take longer to find.
        reals = (*loaded.bodies, *(os.path.realpath(top / file) for file in files))
        missing = _not_among(map(below, reals), missing)
    return list(missing)


def _not_among(files: Iterable[str], names: Mapping[Path, str]) -> dict[Path, str]:
    """Return those of the names that are neither one of the files nor a directory above one."""
    known = {above for file in files for above in _at_and_above(file)}
    return {path: name for path, name in names.items() if name not in known}


def shown_unread(paths: Iterable[Path], root: Path, untracked: frozenset[str]) -> Iterator[str]:
    """Yield PATHS that are not read; one that is not in Git says so."""
    # Imported late, as above.
    from devinops.load.discover import is_at_or_below

    top = str(root.resolve())
    for path in paths:
        is_untracked = is_at_or_below(str(path.resolve()), top, untracked)
        yield f"{path} (Git does not track it)" if is_untracked else str(path)


def _below(paths: Iterable[Path], root: Path, real: Path, *, skip_outside: bool) -> Iterator[str]:
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} does not exist; PATHS are files or directories below {root}")
        try:
            yield path.resolve().relative_to(real).as_posix()
        except ValueError:
            if not skip_outside:
                message = f"{path} is not below {root}; PATHS are files or directories in it"
                raise UsageError(message) from None


def _at_and_above(path: str) -> Iterator[str]:
    """Yield a path, then the directories above it, up to the root."""
    while path:
        yield path
        path = path.rpartition("/")[0]
    yield "."
