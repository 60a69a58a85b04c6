"""Saves each object to a backup file before a run overwrites or deletes it, and reads backups.

A backup is `.devinops/backups/<run>.jsonl` below the root, or `<run>.<target>.jsonl` if the run has
several targets: a header, then one object per line. Each object is on the disk before the request
is sent. A run that overwrites nothing leaves no file. A backup never holds the value of a secret,
because no response of the API does.
"""

from __future__ import annotations

import os
import re
import stat
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from devinops import atomic
from devinops.model.errors import DevinopsError, NotFound, UnusableFile
from devinops.model.keys import ObjectId, listed
from devinops.model.objects import Live, Source
from devinops.model.target import Target
from devinops.planning.draft import Saved
from devinops.schema.backup import RUN, BackupHeader, ObjectLine
from devinops.schema.base_document import (
    HEAD,
    DroppedKind,
    check_version,
    convert,
    json_line,
    load_object,
    quotable,
)
from devinops.schema.parts import written

KEEP_FILES: Final = 20
"""How many backups to keep; the oldest are deleted. Those of one run over many targets are one."""

KEEP_DAYS: Final = 90
"""How long to keep a backup, however few there are."""

DIRECTORY: Final = Path(atomic.STATE) / "backups"
LATEST: Final = "latest"

_RUN: Final = re.compile(RUN)
_TIME: Final = "%Y%m%dT%H%M%SZ"


# --- writing --------------------------------------------------------------------------------------


class Backups(AbstractContextManager["Backups"]):
    """Writes the backup of one run. A context manager; threads may share it.

    `path` is None until something is saved. `run` is the name of the run: its time in UTC, such as
    20260312T101500Z, then `-` and hex digits; several targets of one run have backups if
    `shares_run`. `keep` are backups not to delete, however old.
    """

    def __init__(
        self,
        root: Path,
        target: Target,
        run: str,
        *,
        keep: Collection[Path] = (),
        shares_run: bool = False,
    ) -> None:
        self.root, self.target, self.run, self.keep = root, target, run, keep
        self._file = f"{run}.{target.name}.jsonl" if shares_run else f"{run}.jsonl"
        self.path: Path | None = None
        self._descriptor: int | None = None
        self._lock = threading.Lock()

    def save(self, live: Live) -> None:
        """Save an object, and return once it is on the disk.

        Raises DevinopsError; then the object must not be overwritten or deleted.
        """
        try:
            with self._lock:
                if self._descriptor is None:
                    self._begin()
                assert self._descriptor is not None
                atomic.append(self._descriptor, json_line(ObjectLine.of(live)).encode("ascii"))
        except OSError as error:
            raise DevinopsError(
                f"cannot save a backup in {self.root / DIRECTORY}, so nothing was sent: "
                f"{atomic.reason(error)}"
            ) from error

    @property
    def name(self) -> str | None:
        """The path of the file relative to the root, None until something is saved."""
        return None if self.path is None else self.path.relative_to(self.root).as_posix()

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def _begin(self) -> None:
        directory = _directory(self.root)
        now = datetime.now(UTC)
        _prune(directory, now, self.run, self.keep)
        facts: dict[str, Any] = {**HEAD, "run": self.run, "target": self.target.name}
        facts["time"] = now.isoformat(timespec="seconds")
        header = BackupHeader(**written(BackupHeader, self.target, **facts))
        path = directory / self._file
        descriptor = atomic.open_lines(path, mode=0o600, new=True)
        try:
            atomic.append(descriptor, json_line(header).encode("ascii"))
        except BaseException:
            os.close(descriptor)
            path.unlink()
            raise
        self._descriptor, self.path = descriptor, path


def _directory(root: Path) -> Path:
    """Return the directory of the backups; create it if necessary. Raises OSError.

    Only its owner can read it.
    """
    atomic.state_directory(root)
    directory = root / DIRECTORY
    atomic.make_directory(directory, mode=0o700)
    directory.chmod(0o700)
    atomic.ignore(directory, "*\n")
    return directory


def _prune(directory: Path, now: datetime, run: str, keep: Collection[Path]) -> None:
    """Delete backups that are too old, or that would be too many with that of `run`."""
    oldest = (now - timedelta(days=KEEP_DAYS)).strftime(_TIME)
    starts = {_start(run)}
    for path in reversed(_files(directory)):
        starts.add(_start(path.name))
        if (len(starts) > KEEP_FILES or path.name < oldest) and path not in keep:
            path.unlink(missing_ok=True)


def run_of(path: Path) -> str:
    """Return the name of the run of a backup; those of several targets of one run have the same."""
    return path.name.partition(".")[0]


def _start(run: str) -> str:
    """Return when a run began; it is the same in all targets of the run."""
    return run.partition("-")[0]


def _files(directory: Path) -> list[Path]:
    """Return the backups in a directory, oldest first. Raises OSError.

    Symbolic links and other files are left out.
    """
    if directory.is_symlink() or directory.parent.is_symlink() or not directory.is_dir():
        return []
    lines = (path for path in directory.iterdir() if path.suffix == ".jsonl")
    timed = [(_time(path), path) for path in lines if _RUN.fullmatch(run_of(path))]
    return [path for _, path in sorted((time, path) for time, path in timed if time)]


def _time(path: Path) -> tuple[str, int] | None:
    """Return the time to sort a backup by: the second in its name, then the time of its file.

    None if it is not a regular file, or is gone: another run may delete it at the same time.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return _start(path.name), status.st_mtime_ns


# --- reading --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Backup:
    """The content of a backup. Of an object that was saved twice, it has the state before the run.

    `torn`: the last line is incomplete, because the run died while it wrote that line. It had not
    sent the request yet. `dropped` names the objects left out, with what took the
    place of their kind.
    """

    path: Path
    run: str
    time: str
    target: Target
    objects: tuple[Saved, ...]
    torn: bool = False
    dropped: tuple[str, ...] = ()


def backups(root: Path) -> list[Path]:
    """Return the files of all backups below a root, newest first. Raises UnusableFile."""
    try:
        return list(reversed(_files(root / DIRECTORY)))
    except OSError as error:
        raise UnusableFile(
            f"cannot list the backups in {root / DIRECTORY}: {atomic.reason(error)}"
        ) from error


def find(root: Path, name: str, flags: str = "") -> list[Path]:
    """Return the backups of a run by its name, or at a path, which can be a directory with them.

    `flags` holds the options that lead a command to the root and target. Raises NotFound, and
    UnusableFile for a directory with other than one run.
    """
    if not _RUN.fullmatch(name):
        place = Path(name)
        found = sorted(place.glob("*.jsonl")) if place.is_dir() else [place]
        if len({*map(run_of, found)}) != 1:
            raise UnusableFile(
                f"{place} has no backups, or those of several runs: choose the files"
            )
        return found
    if found := [path for path in backups(root) if run_of(path) == name]:
        return found
    raise NotFound(
        f"there is no backup of the run {name}; devinops rollback{flags} lists the backups"
    )


def find_latest(
    root: Path, names: Collection[str], targets: Collection[str], flags: str = ""
) -> list[Path]:
    """Return the backups of the newest run that has one of the targets `names`.

    `targets` are the names of all targets; for `flags` see `find`. Raises NotFound.
    """
    wanted, renamed = listed(names), ""
    for path in backups(root):
        # A damaged backup of another target must not stop this.
        name = target_of(path)
        if name in names:
            return find(root, run_of(path))
        if not renamed and name not in targets:
            command = f"devinops rollback{flags} {run_of(path)}"
            renamed = f"; if {name} was renamed to {wanted}, run {command}"
    what = "target" if len(names) == 1 else "targets"
    raise NotFound(f"there is no backup of the {what} {wanted} in {root / DIRECTORY}{renamed}")


def target_of(path: Path) -> str:
    """Return the target of a backup: that in its name, else in its header. Raises UnusableFile."""
    in_name = path.name.removesuffix(".jsonl").partition(".")[2]
    return in_name or _header_of(path, _lines(path)).target.name


def read_backup(path: Path, root: Path | None = None) -> Backup:
    """Return the content of a backup. Raises UnusableFile if it is damaged.

    The sources of its objects are paths relative to `root`, if the backup is below it. Those in the
    backups of one run over several targets are the same, so that equal changes stay equal.
    """
    *lines, rest = _lines(path)
    header = _header_of(path, lines)
    shown = (path.relative_to(root) if root and path.is_relative_to(root) else path).as_posix()
    in_run = Source(shown.replace(path.name, f"{run_of(path)}.*.jsonl"))
    objects, dropped = dict[ObjectId, Saved](), []
    for number, text in enumerate(lines[1:], 2):
        try:
            live = _live(path, number, text)
        except DroppedKind as error:
            dropped.append(str(error))
            continue
        source = in_run if path.stem != run_of(path) else Source(shown, number)
        objects.setdefault(live.object_id, Saved(live, source))
    saved = tuple(objects.values())
    return replace(header, objects=saved, torn=bool(rest), dropped=tuple(dropped))


def _lines(path: Path) -> list[bytes]:
    """Return the lines of a file, and at the end what follows the last LF. Raises UnusableFile."""
    if path.is_symlink():
        raise UnusableFile(f"{path} is a symbolic link: use the path of the backup itself")
    try:
        return atomic.read(path).split(b"\n")
    except OSError as error:
        raise UnusableFile(
            f"cannot read the backup {path}: {error.strerror or error}; devinops rollback lists "
            "the backups"
        ) from error


def _header_of(path: Path, lines: Sequence[bytes]) -> Backup:
    """Return a backup with the facts of its header and without objects. Raises UnusableFile."""
    if not lines:
        raise _damaged(path, 1, "the header is missing or incomplete")
    try:
        values = load_object(lines[0])
        check_version(values, path)
        header = convert(values, BackupHeader)
        return Backup(path, header.run, header.time, header.to_model(), ())
    except ValueError as error:
        raise _damaged(path, 1, error) from None


def _live(path: Path, line: int, text: bytes) -> Live:
    """Raises UnusableFile, and DroppedKind for an object of a kind that was dropped."""
    try:
        return convert(load_object(text), ObjectLine).to_model()
    except DroppedKind:
        raise
    except ValueError as error:
        raise _damaged(path, line, error) from None


def _damaged(path: Path, line: int, what: object) -> UnusableFile:
    return UnusableFile(f"{path}:{line}: {quotable(what)}; this backup is damaged, use another")


def summaries(root: Path) -> Iterator[tuple[Path, Backup | str]]:
    """Yield each backup with its path, newest first, or a message why it cannot be read."""
    for path in backups(root):
        try:
            yield path, read_backup(path)
        except UnusableFile as error:
            yield path, str(error)
