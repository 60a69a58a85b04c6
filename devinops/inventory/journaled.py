"""The store for `store: file` and `store: branch`.

The results of a run go to a journal on this machine first. Every other change loads the inventory
from a backend, changes it and saves it, and then deletes the journal, whose results it contains. If
another process has saved in between, all of this is repeated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from filelock import FileLock

from devinops import atomic, signals
from devinops.inventory import disk, merge
from devinops.inventory.backend import Backend, VersionedText, WriteConflict, attempts
from devinops.inventory.disk import abandoned, hold, locked
from devinops.inventory.format import dump, dump_settled, parse, parse_settled
from devinops.inventory.merge import Settled
from devinops.model.errors import DevinopsError, InventoryError, Stale
from devinops.model.inventory import Intent, Inventory, Record
from devinops.model.keys import Key, ObjectId, listed
from devinops.model.target import Target

PATIENCE_S = 120.0
"""How long a save is repeated if other runs save first; --lock-timeout can only make it longer."""

_RUN = re.compile(r"[A-Za-z0-9-]{1,64}")
_NEW_RUN = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
"""A name that `new_run` returns; it tells the lock of a run from other `.lock` files."""


@dataclass
class _OwnRun:
    """A run of this process: the records before it, and its results so far."""

    before: Mapping[ObjectId, Record]
    results: list[Settled] = field(default_factory=list)


class JournaledStore:
    """Stores the inventory through a backend and journals results locally until they are saved.

    `Store` describes each call.
    """

    def __init__(
        self,
        backend: Backend,
        target: Target,
        flags: str = "",
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.backend, self.target, self.flags = backend, target, flags
        self.patience_s = patience_s
        self._runs: dict[str, _OwnRun] = {}
        self._run_locks: dict[str, FileLock] = {}

    @property
    def journal(self) -> Path:
        return self._journals[0]

    @property
    def _journals(self) -> list[Path]:
        """The journal, and those under the old names of the target."""
        return [self.backend.directory / f"{name}.journal" for name in self._names]

    @property
    def _names(self) -> tuple[str, ...]:
        return (self.target.name, *self.target.previously)

    def read(self) -> Inventory:
        parse_fetched = self.fetch()
        return parse_fetched()

    def fetch(self) -> Callable[[], Inventory]:
        # The journal first: results that are saved in between are then read twice instead of never.
        journal = self._journal()
        stored = self.backend.load()
        return lambda: self._without_dead_runs(merge.recover(self._parse(stored), journal))

    def begin(self, run: str, intents: Sequence[Intent], base: Inventory) -> None:
        self._lock_run(run)
        try:
            self._update(
                lambda stored: merge.announce(stored, run, intents, base, self.flags),
                f"{run}: {len(intents)} announced",
            )
        except DevinopsError as error:
            # If the announcement may be saved, such as on a remote whose answer was lost, the lock
            # stays: once this process ends, it shows that the run is dead.
            is_surely_not_saved = isinstance(error, Stale) or self.backend.store == "file"
            if is_surely_not_saved:
                self._unlock_run(run)
            if not isinstance(error, InventoryError):
                raise
            raise InventoryError(f"{str(error).rstrip('.')}. Nothing was written") from error
        self._runs[run] = _OwnRun(base.by_id)

    def settle(
        self, run: str, upserts: Sequence[Record] = (), removals: Sequence[ObjectId] = ()
    ) -> None:
        result = Settled(run, tuple(upserts), tuple(removals))
        self._runs.setdefault(run, _OwnRun({})).results.append(result)
        with self._locked():
            disk.append(self.journal, dump_settled(result))

    def finish(self, run: str, unclear: Collection[Key] = ()) -> None:
        state = self._runs.get(run, _OwnRun({}))
        count = sum(len(result.upserts) + len(result.removals) for result in state.results)
        try:
            self._update(
                lambda stored: merge.conclude(stored, run, state.results, state.before, unclear),
                f"{run}: {count} recorded",
                has_written=True,
            )
        except DevinopsError as error:
            raise InventoryError(
                f"{str(error).rstrip('.')}. What the run wrote to the organization is recorded "
                f"only in {self.journal}: run devinops apply{self.flags} here again, which saves "
                f"it; in any other clone, run devinops inventory unlock{self.flags} {run} first"
            ) from error
        self._runs.pop(run, None)
        self._unlock_run(run)

    def sweep(self) -> None:
        dead = self._dead_runs()
        if dead:
            self._update(lambda stored: stored, f"{listed(dead)}: closed, because it died")
            for run in dead:
                disk.remove(self._run_lock_path(run))

    def unlock(self, run: str) -> None:
        self._update(lambda stored: merge.without_run(stored, run), f"{run}: unlocked")

    def write(self, inventory: Inventory, base: Inventory, why: str = "edited") -> None:
        self._update(lambda stored: merge.rewrite(stored, inventory, base, self.flags), why)

    def _update(
        self,
        change: Callable[[Inventory], Inventory],
        message: str,
        *,
        has_written: bool = False,
    ) -> None:
        """Save a change. Raises Stale if other runs save first until `patience_s` is over.

        A run that `has_written` gets an InventoryError instead, and keeps trying after a signal.
        """
        signals.check()
        for _ in attempts(self.patience_s):
            try:
                with self._locked():
                    return self._save_once(change, f"devinops: {self.target.name}: {message}")
            except WriteConflict as conflict:
                reason = f" ({conflict})" if str(conflict) else ""
            if signals.pending() and not has_written:
                break
        failure = f"{self.backend.label}: other runs kept saving first{reason}"
        if has_written:
            raise InventoryError(failure)
        raise Stale(
            f"{failure}: run again, or wait longer with --lock-timeout. Nothing was written"
        )

    def _save_once(self, change: Callable[[Inventory], Inventory], message: str) -> None:
        journal = self._journal()
        stored = self.backend.load()
        before = self._parse(stored)
        recovered = merge.recover(before, journal)
        without_dead = self._without_dead_runs(recovered)
        text = dump(self.target, change(without_dead))
        if text != dump(self.target, before):
            self.backend.save(text, stored, message)
        for path in self._journals:
            disk.remove(path)
        dead = merge.open_runs(recovered).keys() - merge.open_runs(without_dead).keys()
        for run in dead:
            for path in self._run_lock_paths(run):
                disk.remove(path)

    # A run holds a lock of its own while its process lives. If the lock exists and is free, the run
    # died on this machine. Then its intents no longer count: the next plan sees what the run wrote.

    def _run_lock_path(self, run: str) -> Path:
        return self._run_lock_paths(run)[0]

    def _run_lock_paths(self, run: str) -> list[Path]:
        """Return the lock of a run, and where it is if the target had an old name then."""
        return [self.backend.directory / f"{name}.{run}.lock" for name in self._names]

    def _lock_run(self, run: str) -> None:
        self.backend.prepare()
        path = self._run_lock_path(run)
        try:
            self._run_locks[run] = hold(path)
        except OSError as error:
            raise InventoryError(
                f"the run cannot be locked with {path}: {atomic.reason(error)}"
            ) from error

    def _unlock_run(self, run: str) -> None:
        lock = self._run_locks.pop(run, None)
        if lock:
            lock.release()
            disk.remove(self._run_lock_path(run))

    def _without_dead_runs(self, inventory: Inventory) -> Inventory:
        unrecorded: set[ObjectId] = set()
        for run, intents in merge.open_runs(inventory).items():
            if _RUN.fullmatch(run) and any(map(abandoned, self._run_lock_paths(run))):
                inventory = merge.without_run(inventory, run)
                unrecorded.update(intent.object_id for intent in intents)
        return replace(inventory, unrecorded=frozenset(unrecorded))

    def _dead_runs(self) -> list[str]:
        """Return the runs whose locks are on this machine and not held by any process."""
        prefix, suffix = f"{self.target.name}.", ".lock"
        directory = self.backend.directory
        names: list[str] = []
        with disk.inventory_errors(directory), suppress(FileNotFoundError):
            names = sorted(path.name for path in directory.iterdir())
        runs = [
            name.removeprefix(prefix).removesuffix(suffix)
            for name in names
            if name.startswith(prefix) and name.endswith(suffix)
        ]
        return [
            run for run in runs if _NEW_RUN.fullmatch(run) and abandoned(self._run_lock_path(run))
        ]

    def _parse(self, stored: VersionedText) -> Inventory:
        if stored.text is None:
            return Inventory(self.backend.store)
        return parse(stored.text, self.target, self.backend.label, self.backend.store)

    def _journal(self) -> tuple[Settled, ...]:
        # The newest name is last: what was recorded later counts.
        texts = ((disk.read(path), path) for path in reversed(self._journals))
        return tuple(
            step for text, path in texts if text for step in parse_settled(text, str(path))
        )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.backend.prepare()
        path = self.backend.directory / f"{self.target.name}.lock"
        disk.refuse_symlink(path)
        is_locked = False
        try:
            with locked(path):
                is_locked = True
                yield
        except OSError as error:
            if is_locked:  # the error is one of the caller
                raise
            raise InventoryError(
                f"the inventory cannot be locked with {path}: {atomic.reason(error)}"
            ) from error
