"""Writes the files of pull, import and inventory repair below a root, and reads what is there."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from devinops import atomic
from devinops.cli.output import writing
from devinops.cli.setup.editor_files import with_schema_line
from devinops.config.project import Project
from devinops.config.reading import read_repository
from devinops.ingest.pull_result import Left, Unwritten
from devinops.kinds import KINDS
from devinops.load import Loaded
from devinops.load.discover import is_inside
from devinops.load.globs import Ignore, read_patterns
from devinops.load.merge_records import DIRECTORY as MERGED
from devinops.model.errors import stop_on_errors
from devinops.model.grouping import grouped
from devinops.model.keys import Key
from devinops.model.objects import Declaration
from devinops.writers import FileChange

Raws = dict[str, str]
"""The texts of files as they were read, with their own line ends, by path from the root."""


def read(
    root: Path, raws: Raws | None = None, *, creates_layers: bool = False
) -> tuple[Project, Loaded]:
    """Return the project and its entries; there may be none. `raws` gets the texts of all files.

    If the command `creates_layers`, their directories may be missing.

    Raises InputError: an entry that cannot be read may be the one that would be written again.
    """
    project, loaded = read_repository(root, raws=raws)
    harmless = {"no-entries", *(("missing-layer",) if creates_layers else ())}
    stop_on_errors(problem for problem in loaded.problems if problem.code not in harmless)
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


def text_of(root: Path, raws: Raws) -> Callable[[str], str | None]:
    """Return a function that reads a file below a root; it returns None if that is not UTF-8.

    It keeps the file's own line ends, and reads each file once: into `raws`.
    """

    def read(path: str) -> str | None:
        if path not in raws:
            with suppress(OSError, UnicodeDecodeError):
                raws[path] = atomic.read(root / path).decode()
        return raws.get(path)

    return read


def ignored(project: Project) -> Callable[[str], bool]:
    """Return a function that tells whether devinops.yaml ignores a path."""
    rules, _ = read_patterns(project.ignore)
    return Ignore(rules.values())


def write(
    root: Path, changes: Iterable[FileChange], raws: Raws, entries: Iterable[Declaration] = ()
) -> list[Unwritten]:
    """Write, change and delete files as `Writing` does; return what was not. Raises NotWritten."""
    with Writing(root, raws, entries) as writing:
        writing.prepare(changes)
        writing.finish()
    return writing.unwritten


class Writing:
    """Changes of files below a root; nothing of what is only prepared stays after the `with`.

    `raws` are the texts of files as they were read. Right before a file is replaced or deleted, it
    is compared with its text there, and so are the files of the `entries` that the change is about.
    If one differs, the change is not made, but is `unwritten`. A new file never replaces one.
    """

    def __init__(self, root: Path, raws: Raws, entries: Iterable[Declaration] = ()) -> None:
        self.root = root
        self.raws = raws
        self.changes: list[FileChange] = []
        self.unwritten: list[Unwritten] = []
        self._at = cache(root.joinpath)
        self._top = os.path.realpath(root)
        read_in = {root / path.rpartition("/")[0] for path in raws}
        self._directories = {directory: os.path.realpath(directory) for directory in read_in}
        """The real path of each directory when it was seen first."""
        self._batch = atomic.Batch({})
        self._made: list[Path] = []
        """New directories, each after the one above it."""
        self._prepared = ExitStack()
        self._files: defaultdict[Key, list[set[str]]] = defaultdict(list)
        """The files of each entry with a key: several targets may have one each."""
        for entry in entries:
            paths = {path for part in entry.parts for path in (part.source.path, part.text_file)}
            self._files[entry.key].append(paths - {""})

    def __enter__(self) -> Writing:
        return self

    def __exit__(self, *exception: object) -> None:
        self._discard()
        for directory in reversed(self._made):
            with suppress(OSError):  # it has files
                directory.rmdir()

    def _discard(self) -> None:
        self._batch.discard()
        self._prepared.close()

    def prepare(self, changes: Iterable[FileChange]) -> None:
        """Write the texts below `.devinops`, replacing what was prepared before.

        Raises NotWritten.
        """
        self._discard()
        self.unwritten = []
        # The record of a merge is last, so that it is not written if a file of the merge is not.
        changes = sorted(
            map(self._with_schema, changes), key=lambda change: change.path.startswith(f"{MERGED}/")
        )
        # The new entries of other targets depend on nothing.
        paths_by_key = grouped(
            (key, change.path)
            for change in changes
            if change.fields or change.text is None or change.path.startswith(f"{MERGED}/")
            for key in change.keys
        )
        self.changes = [
            change
            for change in changes
            if self._try(change, partial(self._check_first, change, paths_by_key))
        ]
        self._make_directories()
        texts = {self._at(file.path): file.text for file in self.changes if file.text is not None}
        directory = self._prepared.enter_context(_directory(self.root)) if texts else None
        self._batch = atomic.Batch(texts, directory)
        with writing():
            self._batch.write()

    def _with_schema(self, change: FileChange) -> FileChange:
        if change.text is None or not (change.is_new and change.path.endswith(".yaml")):
            return change
        return replace(change, text=with_schema_line(self.root, change.path, change.text))

    def _make_directories(self) -> None:
        new = (self._at(change.path) for change in self.changes if change.is_new)
        for directory in sorted({path.parent for path in new}):
            missing = [above for above in (directory, *directory.parents) if not above.exists()]
            with writing(directory):
                directory.mkdir(parents=True, exist_ok=True)
            self._made += reversed(missing)

    def finish(self, may_delete: Callable[[str], bool] = lambda _: True) -> None:
        """Put the files in their places, and delete those that go. Raises NotWritten.

        `may_delete` is asked again about each file that goes.
        """
        for change in self.changes:
            with writing(self._at(change.path)):
                if self._try(change, partial(self._make, change, may_delete)):
                    self.raws.pop(change.path, None)
                    if change.text is not None:
                        self.raws[change.path] = change.text
        for directory in {self._at(change.path).parent for change in self.changes}:
            with suppress(OSError):
                atomic.sync_directory(directory)

    def _make(self, change: FileChange, may_delete: Callable[[str], bool]) -> None:
        path, check = self._at(change.path), partial(self._check, change)
        if change.text is not None:
            self._batch.place(path, check)
        elif may_delete(change.path):
            check()
            path.unlink()
        else:
            reason = "changed in Git while devinops ran"
            raise atomic.Changed(errno.ESTALE, reason, str(path))

    def _try(self, change: FileChange, step: Callable[[], None]) -> bool:
        """Take a step of a change; if a file must stay, the change is unwritten."""
        try:
            step()
        except (atomic.Changed, atomic.Unsuitable) as error:
            why = Left.SAVED if isinstance(error, atomic.Changed) else Left.UNWRITABLE
            path = os.path.relpath(error.filename, self.root).replace(os.sep, "/")
            stays = "it" if path == change.path else change.path
            what, _, remedy = atomic.reason(error).removeprefix("it ").partition(": ")
            reason = f"{path} {what}, so {stays} was left as it is: {remedy}"
            self.unwritten.append(Unwritten(change, path, reason, why))
            return False
        return True

    def _check_first(self, change: FileChange, paths_by_key: Mapping[Key, list[str]]) -> None:
        """Raise Changed as `_check`, or Unsuitable for a symbolic link or a read-only file.

        `paths_by_key` has the files that change with an object: if one must stay, those of the
        same entry do.
        """
        self._check(change, follow=True)
        together = {path for key in change.keys for path in paths_by_key.get(key, ())}
        of_entry = self._concerned(change)
        together = {path for path in together if path in of_entry or path.startswith(f"{MERGED}/")}
        for file in map(self._at, sorted({change.path, *together})):
            if os.path.lexists(file):
                atomic.check_place(file)
                atomic.check_writable(file)

    def _concerned(self, change: FileChange) -> set[str]:
        """Return the files of the entries that a change is about."""
        entries = [paths for key in change.keys for paths in self._files[key]]
        return set[str]().union(*([paths for paths in entries if change.path in paths] or entries))

    def _check(self, change: FileChange, follow: bool = False) -> None:
        """Raise Changed unless all files that a change depends on are as they were read.

        Raises Unsuitable if a directory above the file is a symbolic link that was not there
        before, or leads outside the root.
        """
        directory = self._at(change.path).parent
        real = os.path.realpath(directory)
        if not is_inside(real, self._top) or real != self._directories.setdefault(directory, real):
            what = "it is below a symbolic link, which is not followed"
            raise atomic.Unsuitable(errno.ELOOP, what, str(self._at(change.path)))
        for path in sorted(self._concerned(change) - {change.path}):
            atomic.check_unchanged(self._at(path), self.raws.get(path), follow=True)
        before = None if change.is_new else self.raws.get(change.path)
        atomic.check_unchanged(self._at(change.path), before, follow=follow)


@contextmanager
def _directory(root: Path) -> Iterator[Path | None]:
    """Hold a new directory below `.devinops`; None if there cannot be one.

    First removes those of killed processes: a process that lives holds the lock of its directory.
    """
    from devinops.inventory import disk

    try:
        state = atomic.state_directory(root)
        for path in state.glob("prepared-*.lock"):
            if disk.abandoned(path):
                _remove_prepared(path)
        path = state / f"prepared-{secrets.token_hex(8)}.lock"
        lock = disk.hold(path, timeout_s=5)
        directory = path.with_suffix(".tmp")
        directory.mkdir(mode=0o700)
    except (OSError, NotImplementedError):
        # NotImplementedError means that filelock cannot lock on this file system. The caller then
        # prepares each file beside its path; only leftovers of a killed process are not cleared.
        yield None
        return
    try:
        yield directory
    finally:
        _remove_prepared(path)
        lock.release()


def _remove_prepared(lock: Path) -> None:
    shutil.rmtree(lock.with_suffix(".tmp"), ignore_errors=True)
    with suppress(OSError):
        lock.unlink()
