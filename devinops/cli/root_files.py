"""The files below a root, for the commands that write entries: pull and import."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from devinops import atomic
from devinops.config import Project, read_repository
from devinops.ingest.result import FileChange
from devinops.kinds import KINDS
from devinops.load import Loaded
from devinops.load.discover import inside
from devinops.load.globs import Ignore, read_rules
from devinops.model.errors import InputError, NotWritten
from devinops.model.objects import Severity


def read(root: Path) -> tuple[Project, Loaded]:
    """Return the project and its entries; there may be none.

    Raises InputError: an entry that cannot be read may be the one that would be written again.
    """
    project, loaded = read_repository(root)
    problems = tuple(problem for problem in loaded.problems if problem.code != "no-entries")
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise InputError(problems)
    return project, loaded


def taken(root: Path) -> frozenset[str]:
    """Return the path of each file that is in the way of a new one."""
    return frozenset(_files(root)) if root.is_dir() else frozenset()


def _files(root: Path) -> Iterator[str]:
    yield from (path.name for path in root.iterdir() if not path.is_dir())
    for directory in sorted(KINDS.directories):
        for above, _, names in os.walk(root / directory):
            relative = Path(above).relative_to(root).as_posix()
            yield from (f"{relative}/{name}" for name in names)


def ignored(project: Project) -> Callable[[str], bool]:
    """Return what tells whether devinops.yaml ignores a path."""
    rules, _ = read_rules(project.ignore)
    return Ignore(rules.values())


def write(root: Path, changes: Iterable[FileChange]) -> None:
    """Write, change and delete files. A new file never replaces another one. Raises NotWritten.

    No file is touched if the place of one of them cannot be used.
    """
    changes = tuple(changes)
    _make_directories(root, [change.path for change in changes if change.is_new])
    texts = {root / change.path: change.text for change in changes if change.text is not None}
    try:
        atomic.replace_all(texts)
        for change in changes:
            if change.text is None:
                (root / change.path).unlink()
    except OSError as error:
        raise _not_written(Path(error.filename), error) from error


def _make_directories(root: Path, paths: Iterable[str]) -> None:
    """Create the directories of new files. Raises NotWritten."""
    top = os.path.realpath(root)
    checked: set[Path] = set()
    for path in (root / name for name in paths):
        try:
            if path.parent not in checked:
                path.parent.mkdir(parents=True, exist_ok=True)
                if not inside(os.path.realpath(path.parent), top):
                    raise NotADirectoryError(20, "a symbolic link above it leads outside the root")
                checked.add(path.parent)
            if os.path.lexists(path):
                raise FileExistsError(17, "another program has created it")
        except OSError as error:
            raise _not_written(path, error) from error


def _not_written(path: Path, error: OSError) -> NotWritten:
    return NotWritten(f"cannot write {path}: {atomic.reason(error)}")
