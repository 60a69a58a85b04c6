"""What the stores of several targets share in one process.

All of them read one copy of what is stored. A run has one lock for all its targets. Their saves are
collected and made together: on a branch, each would be a commit and a push.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

from filelock import FileLock

from devinops import atomic, signals, waiting
from devinops.inventory import disk
from devinops.inventory.backend import RUNS, Backend, Stored, WriteConflict, attempts
from devinops.inventory.disk import abandoned, hold
from devinops.inventory.format import announces, dump_run, parse_header, parse_run
from devinops.inventory.merge import NO_JOB, Job, RunFile
from devinops.model.errors import DevinopsError, InventoryError, Stale
from devinops.model.keys import listed
from devinops.model.target import Target
from devinops.schema.inventory import HeaderLine

PATIENCE_S: Final = 120.0
"""How long a save is repeated if other runs save first; --lock-timeout can only make it longer."""
BATCH: Final = 50
"""How many targets are saved together at most. Each holds a lock during that."""
WINDOW_S: Final = 10.0
"""How long a target waits at most for others to save with."""
QUIET_S: Final = 1.0
"""How long a target waits for the next one."""
_LOOK_S: Final = 10.0
"""How long others may hold the new lock of a run at most, to see whether it is free."""

_CHANGING_LOCKS: Final = threading.Lock()

_RUN: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_NEW_RUN: Final = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
"""A name that `new_run` returns; it tells the lock of a run from other `.lock` files."""


def files_of(target: Target) -> list[str]:
    """Return the name of a target's file, and of those that it had under its old names."""
    return [f"{name}.jsonl" for name in (target.name, *target.previously)]


class Loaded(NamedTuple):
    """What was stored, with the files of runs. What was loaded later has a higher number."""

    number: int
    stored: Stored
    runs: Mapping[str, RunFile]


@dataclass
class Draft:
    """What is about to be saved: `texts` of targets that change, and the files of all runs."""

    loaded: Loaded
    runs: dict[str, RunFile]
    texts: dict[str, str | None] = field(default_factory=dict)

    def all_texts(self) -> dict[str, str | None]:
        """Return name → text of every file that changes; None stands for a file to delete."""
        changed = dict(self.texts)
        for run, file in self.runs.items():
            name = f"{RUNS}{run}.jsonl"
            text = dump_run(file) if file.intents else None
            if text != self.loaded.stored.texts.get(name):
                changed[name] = text
        return changed


class Update(NamedTuple):
    """A change of the inventory of one target.

    `put` puts it into a draft, and is called again for another draft if somebody saved first.
    `saved` is called at the end. Both are called while `locked` holds. A run that `has_written`
    keeps trying after a signal.
    """

    target: str
    message: str
    locked: Callable[[], AbstractContextManager[None]]
    put: Callable[[Draft], None]
    saved: Callable[[], None]
    has_written: bool = False


@dataclass
class _Waiting:
    """An update that waits to be saved, since a time of `waiting.now`; then its error, if any."""

    update: Update
    since: float
    is_done: bool = False
    error: BaseException | None = None

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Keep an error for the thread that waits: the other targets go on."""
        try:
            yield
        except DevinopsError as error:
            self.error = error


@dataclass
class _RunLock:
    """The lock of a run, and the targets that still need it."""

    lock: FileLock
    targets: set[str]


class InventoryRun:
    """Loads and saves the inventories of `targets` through one backend. Threads may share it.

    `job` tells which runs were earlier attempts of this job. All calls raise InventoryError and
    ConfigError.
    """

    def __init__(
        self,
        backend: Backend,
        targets: Collection[Target],
        job: Job = NO_JOB,
        patience_s: float = PATIENCE_S,
        at_once: int | None = None,
        beside: InventoryRun | None = None,
    ) -> None:
        """Of the targets, only `at_once` save at the same time, if it is given.

        What is `beside` has its files in the same directory, so it has the same locks of runs.
        """
        self.backend, self.job, self.patience_s = backend, job, patience_s
        self._batch = min(at_once or BATCH, BATCH)
        self._files = [file for target in targets for file in files_of(target)]
        self._open = {target.name for target in targets}
        self._reading, self._keeping = threading.Lock(), threading.Lock()
        self._condition = threading.Condition()
        self.number = 0
        """The number of what was loaded or saved last."""
        self._loaded: Loaded | None = None
        self._was_outrun = False
        self._locks: dict[str, _RunLock] = beside._locks if beside else {}
        self._waiting: list[_Waiting] = []
        self._is_saving = False

    # --- reading ----------------------------------------------------------------------------------

    def load(self, seen: int = 0) -> Loaded:
        """Return what is stored; what has at most the number `seen` is loaded again first."""
        with self._reading:
            loaded = self._loaded
            if loaded is None or loaded.number <= seen or not self.backend.is_shared:
                stored = self.backend.load(self._files)
                # What was saved since then is newer.
                return self._keep(stored, unless_newer_than=loaded)
            return loaded

    @cached_property
    def headers(self) -> Sequence[HeaderLine]:
        """The headers of all stored inventories that can be read, also of other targets."""
        stored, found = self.load().stored, []
        with suppress(InventoryError), self._reading:
            for name, text in self.backend.all_texts(stored).items():
                # Files of runs are not inventories.
                with suppress(InventoryError):
                    found.append(parse_header(text, name))
        return found

    def _keep(self, stored: Stored, *, unless_newer_than: Loaded | None = None) -> Loaded:
        files = {
            file.run: file
            for name, text in stored.texts.items()
            if name.startswith(RUNS)
            for file in (parse_run(text, self.backend.label(name)),)
        }
        with self._keeping:
            newer = self._loaded
            if unless_newer_than and newer and newer.number > unless_newer_than.number:
                return newer
            self.number += 1
            self._loaded = Loaded(self.number, stored, files)
            return self._loaded

    # --- saving -----------------------------------------------------------------------------------

    def leave(self, target: str) -> None:
        """A target saves nothing more, so that no other has to wait for it."""
        with self._condition:
            self._open.discard(target)
            self._condition.notify_all()

    def save(self, update: Update) -> None:
        """Save a change together with those of other targets, and return when it is saved.

        Raises Stale if other runs save first until `patience_s` is over; InventoryError instead, if
        the run has written.
        """
        signals.check()
        own = _Waiting(update, waiting.now())
        with self._condition:
            self._waiting.append(own)
            try:
                while not own.is_done:
                    if (seconds := self._seconds_to_wait()) > 0:
                        waiting.wait(self._condition, seconds)
                    else:
                        self._save_next()
            finally:
                if own in self._waiting:
                    self._waiting.remove(own)
        error, own.error = own.error, None
        try:
            if error:
                raise error
        finally:
            # Its traceback holds this frame: such a cycle would keep the locks of the run.
            del error

    def _seconds_to_wait(self) -> float:
        """Return how long to wait for more updates; 0 if it is time to save those that wait."""
        if self._is_saving:
            return waiting.STEP_S
        if len(self._waiting) >= min(self._size, len(self._open)):
            return 0
        due = min(self._waiting[0].since + WINDOW_S, self._waiting[-1].since + QUIET_S)
        return due - waiting.now()

    @property
    def _size(self) -> int:
        """How many updates are saved at once: files are not replaced together."""
        return self._batch if self.backend.is_shared else 1

    def _save_next(self) -> None:
        """Save the updates that have waited longest. The caller holds the condition."""
        batch = self._waiting[: self._size]
        del self._waiting[: self._size]
        self._is_saving = True
        self._condition.release()
        try:
            self._save(batch)
        except BaseException as error:
            for item in batch:
                item.error = item.error or error
        finally:
            self._condition.acquire()
            self._is_saving = False
            for item in batch:
                item.is_done = True
            self._condition.notify_all()

    def _save(self, batch: Sequence[_Waiting]) -> None:
        why = ""
        for _ in attempts(self.patience_s):
            try:
                return self._save_once([item for item in batch if not item.error])
            except WriteConflict as conflict:
                self._loaded, self._was_outrun = None, True
                why = str(conflict)
            if signals.pending() and not any(item.update.has_written for item in batch):
                break
        for item in batch:
            item.error = item.error or self._outrun(item.update, why)
        return None

    def _outrun(self, update: Update, why: str) -> DevinopsError:
        label = self.backend.label(f"{update.target}.jsonl")
        failure = f"{label}: other runs saved theirs first each time{f' ({why})' if why else ''}"
        if update.has_written:
            return InventoryError(failure)
        return Stale(
            f"{failure}: run again, or wait longer with --lock-timeout. Nothing was written"
        )

    def _save_once(self, batch: Sequence[_Waiting]) -> None:
        with ExitStack() as locks:
            # All processes take the locks in the same order, so that none waits for another.
            for item in sorted(batch, key=lambda item: item.update.target):
                with item.failing():
                    locks.enter_context(item.update.locked())
            draft = self._draft()
            for item in _without_errors(batch):
                with item.failing():
                    item.update.put(draft)
            ready = _without_errors(batch)
            if ready and (texts := draft.all_texts()):
                updates = [item.update for item in ready]
                message = f"devinops: {_message(updates)}"
                self._keep(self.backend.save(texts, draft.loaded.stored, message))
            for item in ready:
                with item.failing():
                    item.update.saved()
        self._remove_dead_locks()

    def _draft(self) -> Draft:
        # Where others save at the same time, a push onto what was loaded earlier would be in vain.
        loaded = None if self._was_outrun else self._loaded
        if loaded is None or not self.backend.is_shared:
            loaded = self._keep(self.backend.load(self._files))
        own = dict.fromkeys(self._locks if self.backend.is_shared else ())
        new = {run: RunFile(run, self.job) for run in own}
        return Draft(loaded, {**new, **loaded.runs})

    # --- locks of runs ----------------------------------------------------------------------------

    # A run holds a lock of its own while its process lives. If the lock exists and is free, the run
    # died on this machine. Then its intents no longer count: the next plan sees what the run wrote.

    def lock(self, run: str, target: str) -> None:
        """Hold the lock of a run until all its targets have released it."""
        with _CHANGING_LOCKS:
            if run not in self._locks:
                self._locks[run] = _RunLock(self._hold(run), set())
            self._locks[run].targets.add(target)

    def _hold(self, run: str) -> FileLock:
        self.backend.prepare()
        path = self._lock_path(run)
        try:
            return hold(path, _LOOK_S)
        except OSError as error:
            raise InventoryError(
                f"the run cannot be locked with {path}: {atomic.reason(error)}"
            ) from error

    def release(self, run: str, target: str) -> None:
        """Release the lock of a run, as far as this target needs it."""
        with _CHANGING_LOCKS:
            held = self._locks.get(run)
            if held is None:
                return
            held.targets.discard(target)
            if not held.targets:
                del self._locks[run]
                held.lock.release()
                disk.remove(self._lock_path(run))

    def is_dead(self, run: str, runs: Mapping[str, RunFile]) -> bool:
        """Return whether a run died on this machine, or was an earlier attempt of this job."""
        if not _RUN.fullmatch(run):
            return False
        is_superseded = run in runs and self.job.supersedes(runs[run].job)
        return is_superseded or abandoned(self._lock_path(run))

    def dead_runs(self, target: str) -> list[str]:
        """Return the runs that died on this machine, and earlier attempts that held a target."""
        superseded = (
            run
            for run, file in (self._loaded.runs if self._loaded else {}).items()
            if target in file.intents and self.job.supersedes(file.job)
        )
        return sorted({*superseded, *self._died_here()})

    def _died_here(self) -> list[str]:
        """Return the runs whose locks are on this machine and not held by any process."""
        prefix, suffix = f"{self.backend.scope}.", ".lock"
        directory = self.backend.directory
        names: list[str] = []
        with disk.inventory_errors(directory), suppress(FileNotFoundError):
            names = sorted(path.name for path in directory.iterdir())
        runs = [
            name.removeprefix(prefix).removesuffix(suffix)
            for name in names
            if name.startswith(prefix) and name.endswith(suffix)
        ]
        return [run for run in runs if _NEW_RUN.fullmatch(run) and abandoned(self._lock_path(run))]

    def _remove_dead_locks(self) -> None:
        """Remove the locks of runs that died here, once no target has intents of them."""
        for run in self._died_here():
            assert self._loaded, "what is saved was loaded"
            texts = self.backend.all_texts(self._loaded.stored).values()
            if not any(announces(text, run) for text in texts):
                disk.remove(self._lock_path(run))

    def _lock_path(self, run: str) -> Path:
        return self.backend.directory / f"{self.backend.scope}.{run}.lock"


def _without_errors(batch: Iterable[_Waiting]) -> list[_Waiting]:
    return [item for item in batch if not item.error]


def _message(updates: Sequence[Update]) -> str:
    messages = listed({update.message for update in updates})
    if len(updates) == 1:
        return f"{updates[0].target}: {messages}"
    return f"{len(updates)} targets: {messages}"
