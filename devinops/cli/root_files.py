"""The files below a root, for the commands that write entries: pull and import."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from devinops import atomic
from devinops.config import Project, read_repository
from devinops.ingest.pull_result import FileChange
from devinops.kinds import KINDS
from devinops.load import Loaded
from devinops.load.discover import inside
from devinops.load.globs import Ignore, read_rules
from devinops.model.errors import NotWritten, stop_on_errors


def read(root: Path) -> tuple[Project, Loaded]:
    """Return the project and its entries; there may be none.

    Raises InputError: an entry that cannot be read may be the one that would be written again.
    """
    project, loaded = read_repository(root)
    stop_on_errors(problem for problem in loaded.problems if problem.code != "no-entries")
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


def text_of(root: Path) -> Callable[[str], str | None]:
    """Return what reads a file below a root, with its own line ends; None if it is not UTF-8."""

    def read(path: str) -> str | None:
        try:
            return atomic.read(root / path).decode()
        except (OSError, UnicodeDecodeError):
            return None

    return read


def ignored(project: Project) -> Callable[[str], bool]:
    """Return what tells whether devinops.yaml ignores a path."""
    rules, _ = read_rules(project.ignore)
    return Ignore(rules.values())


def write(root: Path, changes: Iterable[FileChange]) -> None:
    """Write, change and delete files. A new file never replaces another one. Raises NotWritten."""
    with Writing(root) as writing:
        writing.prepare(changes)
        writing.finish()


class Writing:
    """Changes of files below a root; nothing of what is only prepared stays after the `with`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.changes: tuple[FileChange, ...] = ()
        self._batch = atomic.Batch({})
        self._made: list[Path] = []
        """New directories, each after the one above it."""

    def __enter__(self) -> Writing:
        return self

    def __exit__(self, *exception: object) -> None:
        self._batch.discard()
        for directory in reversed(self._made):
            with suppress(OSError):  # it has files
                directory.rmdir()

    def prepare(self, changes: Iterable[FileChange]) -> None:
        """Write the texts next to their final paths, replacing what was prepared before.

        Raises NotWritten.
        """
        self._batch.discard()
        self.changes = tuple(changes)
        texts = {self.root / file.path: file.text for file in self.changes if file.text is not None}
        self._batch = atomic.Batch(texts)
        self._make_directories()
        with _failures():
            self._batch.write()

    def _make_directories(self) -> None:
        top = os.path.realpath(self.root)
        for directory in sorted({path.parent for path in self._new()}):
            missing = [above for above in (directory, *directory.parents) if not above.exists()]
            with _failures(directory):
                directory.mkdir(parents=True, exist_ok=True)
                if not inside(os.path.realpath(directory), top):
                    raise NotADirectoryError(20, "a symbolic link above it leads outside the root")
            self._made += reversed(missing)

    def _new(self) -> Iterator[Path]:
        return (self.root / change.path for change in self.changes if change.is_new)

    def finish(self) -> None:
        """Put the files in their places, and delete those that go. Raises NotWritten."""
        for path in self._new():
            with _failures(path):
                if os.path.lexists(path):
                    raise FileExistsError(17, "another program has created it")
        with _failures():
            self._batch.place()
            for change in self.changes:
                if change.text is None:
                    (self.root / change.path).unlink()


@contextmanager
def _failures(path: Path | None = None) -> Iterator[None]:
    """Turn an OSError into a NotWritten that names the path, by default the one of the error."""
    try:
        yield
    except OSError as error:
        place = path or error.filename
        raise NotWritten(f"cannot write {place}: {atomic.reason(error)}") from error
