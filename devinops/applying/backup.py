"""Backups: what a run overwrites or deletes is written to a file first, and read from there again.

`.devinops/backups/<run>.jsonl` below the root: a header, then one object a line, each on the disk before the
request is sent. A run that overwrites nothing leaves no file. Secret values are in no answer of the API, so
they cannot be in here.
"""

from __future__ import annotations

import os
import re
import stat
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from devinops import atomic
from devinops.model.errors import DevinopsError, NotFound, UnusableFile
from devinops.model.objects import Live, Source
from devinops.model.target import Target
from devinops.planning.draft import Saved
from devinops.schema.backup import RUN, BackupHeader, ObjectLine
from devinops.schema.document import (
    HEAD,
    MAJOR,
    convert,
    is_readable,
    json_line,
    load_object,
    quotable,
)

KEEP_FILES: Final = 20
"""So many backups stay, the newest."""

KEEP_DAYS: Final = 90
"""An older backup goes, however few there are."""

DIRECTORY: Final = Path(atomic.STATE) / "backups"
LATEST: Final = "latest"

_RUN: Final = re.compile(RUN)
_TIME: Final = "%Y%m%dT%H%M%SZ"


# --- writing ----------------------------------------------------------------------------------------------


class Backups:
    """The backup of one run. A context manager; threads may share it.

    `path` is None as long as nothing was saved. `run` names the run: its time in UTC, such as 20260312T101500Z,
    then `-` and hex digits. `keep` is a backup that must stay, whatever its age.
    """

    def __init__(self, root: Path, target: Target, run: str, *, keep: Path | None = None) -> None:
        self.root, self.target, self.run, self.keep = root, target, run, keep
        self.path: Path | None = None
        self._descriptor: int | None = None
        self._lock = threading.Lock()

    def save(self, live: Live) -> None:
        """Put an object on the disk; on return it is there. Raises DevinopsError, and then nothing may be sent."""
        try:
            with self._lock:
                if self._descriptor is None:
                    self._begin()
                assert self._descriptor is not None
                atomic.append(self._descriptor, json_line(ObjectLine.of(live)).encode("ascii"))
        except OSError as error:
            raise DevinopsError(
                f"cannot save a backup below {self.root / DIRECTORY}, so nothing was sent: {atomic.reason(error)}"
            ) from error

    @property
    def name(self) -> str | None:
        """The file, relative to the root where it can be."""
        return None if self.path is None else self.path.relative_to(self.root).as_posix()

    def close(self) -> None:
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _begin(self) -> None:
        directory = _directory(self.root)
        _prune(directory, datetime.now(UTC), self.keep)
        path = directory / f"{self.run}.jsonl"
        descriptor = atomic.open_lines(path, mode=0o600, new=True)
        try:
            atomic.append(descriptor, json_line(_header(self.run, self.target)).encode("ascii"))
        except BaseException:
            os.close(descriptor)
            path.unlink(missing_ok=True)
            raise
        self._descriptor, self.path = descriptor, path


def _directory(root: Path) -> Path:
    """Return the directory of the backups, made if need be and for its owner alone. Raises OSError."""
    atomic.state_directory(root)
    directory = root / DIRECTORY
    atomic.make_directory(directory, mode=0o700)
    directory.chmod(0o700)
    atomic.ignore(directory, "*\n")
    return directory


def _prune(directory: Path, now: datetime, keep: Path | None) -> None:
    """Delete backups that are too old, and all but the newest, the one that follows counted."""
    oldest = (now - timedelta(days=KEEP_DAYS)).strftime(_TIME)
    for number, path in enumerate(reversed(_files(directory))):
        if (number >= KEEP_FILES - 1 or path.name < oldest) and not (keep and path == keep):
            path.unlink(missing_ok=True)


def _files(directory: Path) -> list[Path]:
    """Return the backups in a directory, oldest first; nothing else that lies there, and no links. Raises OSError."""
    if directory.is_symlink() or directory.parent.is_symlink() or not directory.is_dir():
        return []
    found = (
        path
        for path in directory.iterdir()
        if path.suffix == ".jsonl" and _RUN.fullmatch(path.stem)
    )
    aged = ((_age(path), path) for path in found)
    return [path for _, path in sorted((age, path) for age, path in aged if age)]


def _age(path: Path) -> tuple[str, int] | None:
    """Return what backups are sorted by: the second in the name, within it the time of the file.

    None for what is no file, or none any more: another run deletes old backups too.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return (path.name.partition("-")[0], found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None


def _header(run: str, target: Target) -> BackupHeader:
    return BackupHeader(
        **HEAD,
        run=run,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        target=target.name,
        api_url=target.api_url,
        api=target.api,
        org_id=target.org_id,
        emulator=target.emulator,
        enterprise=target.enterprise,
    )


# --- reading ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Backup:
    """A backup as read. Of an object that was saved twice the first state counts: the one before the run.

    `torn`: the last line is incomplete. The run died while it wrote that line, so before it sent the request.
    """

    path: Path
    run: str
    time: str
    target: Target
    objects: tuple[Saved, ...]
    torn: bool = False


def backups(root: Path) -> list[Path]:
    """Return the files of all backups below a root, newest first. Raises UnusableFile."""
    try:
        return list(reversed(_files(root / DIRECTORY)))
    except OSError as error:
        raise UnusableFile(
            f"cannot list the backups in {root / DIRECTORY}: {atomic.reason(error)}"
        ) from error


def find(root: Path, name: str, target: str) -> Path:
    """Return the file that a path, a run or `latest` (of this target) names. Raises NotFound."""
    if name == LATEST:
        return _latest(root, target)
    if _RUN.fullmatch(name):
        path = root / DIRECTORY / f"{name}.jsonl"
        if path not in backups(root):
            raise NotFound(
                f"there is no backup of the run {name}; devinops rollback lists those that are"
            )
        return path
    return Path(name)


def _latest(root: Path, target: str) -> Path:
    for path in backups(root):
        # Only the header counts here: a damaged backup of another target must not stop this one.
        if _header_of(path, _lines(path)).target.name == target:
            return path
    raise NotFound(f"there is no backup of the target {target} below {root / DIRECTORY}")


def read_backup(path: Path, root: Path | None = None) -> Backup:
    """Read a backup. Raises UnusableFile in one line for whatever is wrong with it.

    The sources of its objects are named relative to `root`, where they lie below it.
    """
    *lines, rest = _lines(path)
    header = _header_of(path, lines)
    named = (path.relative_to(root) if root and path.is_relative_to(root) else path).as_posix()
    found: dict[tuple[str, str], Saved] = {}
    for number, text in enumerate(lines[1:], 2):
        live = _live(path, number, text)
        found.setdefault((live.key.kind, live.id), Saved(live, Source(named, number)))
    return replace(header, objects=tuple(found.values()), torn=bool(rest))


def _lines(path: Path) -> list[bytes]:
    """Return the lines of a file, the last one without its end. Raises UnusableFile."""
    if path.is_symlink():
        raise UnusableFile(f"{path} is a symbolic link: name the backup itself")
    try:
        return atomic.read(path).split(b"\n")
    except OSError as error:
        raise UnusableFile(
            f"cannot read the backup {path}: {error.strerror or error}; devinops rollback lists those that are there"
        ) from error


def _header_of(path: Path, lines: Sequence[bytes]) -> Backup:
    """Return what the header says, as a backup without objects. Raises UnusableFile."""
    if not lines:
        raise _damaged(path, 1, "the header is missing or incomplete")
    try:
        values = load_object(lines[0])
        version = values.get("format_version")
        if isinstance(version, str) and not is_readable(version):
            raise UnusableFile(
                f"{path} has format version {quotable(version[:20])}, and this devinops reads {MAJOR}.x: use the "
                "devinops that wrote it"
            )
        header = convert(values, BackupHeader)
        return Backup(path, header.run, header.time, header.to_model(), ())
    except ValueError as error:
        raise _damaged(path, 1, error) from None


def _live(path: Path, line: int, text: bytes) -> Live:
    """Raises UnusableFile."""
    try:
        return convert(load_object(text), ObjectLine).to_model()
    except ValueError as error:
        raise _damaged(path, line, error) from None


def _damaged(path: Path, line: int, what: object) -> UnusableFile:
    return UnusableFile(f"{path}:{line}: {quotable(what)}; this backup cannot be used as it is")


def summaries(root: Path) -> Iterator[tuple[Path, Backup | str]]:
    """Yield each backup, newest first, or the words that say why it cannot be read."""
    for path in backups(root):
        try:
            yield path, read_backup(path)
        except UnusableFile as error:
            yield path, str(error)
