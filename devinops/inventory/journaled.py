"""What the file and the branch share: results go to a journal on this machine, the rest is read, changed, written.

Where the inventory lies is a `Place`. Its `save` raises Outrun when somebody else was faster; then everything is
read again and the change is made once more on what they left.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from filelock import FileLock

from devinops import atomic, signals
from devinops.inventory import disk, merge
from devinops.inventory.format import dump, dump_settled, parse, parse_settled
from devinops.inventory.lock import abandoned, hold, locked
from devinops.inventory.merge import Settled
from devinops.model.errors import DevinopsError, InventoryError, Stale
from devinops.model.inventory import Intent, Inventory, Record
from devinops.model.keys import Key, ObjectId
from devinops.model.target import Target

TRIES = 5
_RUN = re.compile(r"[A-Za-z0-9-]{1,64}")
_NEW_RUN = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
"""What `new_run` makes; nothing else that ends in .lock is taken for the lock of a run."""
FINISH_TRIES = 20
"""After the writes the results must get home, so it is tried for longer."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What lies in a place: the text, None where there is none, and the version that a save builds on."""

    text: str | None
    version: str | None = None


class Outrun(Exception):
    """Somebody else has written first, or is at it; `str()` is what git said of that, where it said something."""


class Place(Protocol):
    """Where an inventory lies. Every call raises InventoryError or ConfigError."""

    store: str

    @property
    def label(self) -> str:
        """What people call it in a message."""
        ...

    @property
    def directory(self) -> Path:
        """The directory of journal and lock on this machine. Raises InventoryError where it cannot be used."""
        ...

    def prepare(self) -> None:
        """Make the directory ready to be written to."""
        ...

    def load(self) -> Stored: ...

    def save(self, text: str, before: Stored, message: str) -> None:
        """Write, so that `load` finds it. Raises Outrun where somebody else has written since `before`."""
        ...


@dataclass
class _Run:
    """What this process knows of a run that it has begun."""

    before: Mapping[ObjectId, Record]
    results: list[Settled] = field(default_factory=list)


class KeptStore:
    """An inventory in a place; see `Store` for what each call means."""

    def __init__(
        self, place: Place, target: Target, *, pause: Callable[[float], object] = time.sleep
    ) -> None:
        self.place, self.target, self.pause = place, target, pause
        self._runs: dict[str, _Run] = {}
        self._alive: dict[str, FileLock] = {}

    @property
    def journal(self) -> Path:
        return self.place.directory / f"{self.target.name}.journal"

    def read(self) -> Inventory:
        # The journal first: what is compacted in between is then seen twice instead of never.
        journal = self._journal()
        return self._without_the_dead(merge.recover(self._parse(self.place.load()), journal))

    def begin(self, run: str, intents: Sequence[Intent], base: Inventory) -> None:
        self._show_life(run)
        try:
            self._update(
                lambda stored: merge.announce(stored, run, intents, base),
                f"{run}: {len(intents)} announced",
            )
        except DevinopsError:
            # Of an interrupted one nobody knows whether it got there: the lock that stays says that its run is dead.
            self._end(run)
            raise
        self._runs[run] = _Run(base.by_id)

    def settle(
        self, run: str, upserts: Sequence[Record] = (), removals: Sequence[ObjectId] = ()
    ) -> None:
        result = Settled(run, tuple(upserts), tuple(removals))
        self._runs.setdefault(run, _Run({})).results.append(result)
        with self._locked():
            disk.append(self.journal, dump_settled(result))

    def finish(self, run: str, unclear: Collection[Key] = ()) -> None:
        known = self._runs.get(run, _Run({}))
        count = sum(len(one.put) + len(one.drop) for one in known.results)
        self._update(
            lambda stored: merge.conclude(stored, run, known.results, known.before, unclear),
            f"{run}: {count} recorded",
            FINISH_TRIES,
        )
        self._runs.pop(run, None)
        self._end(run)

    def sweep(self) -> None:
        dead = self._dead_here()
        if dead:
            self._update(lambda stored: stored, f"{merge.listed(dead)}: died, swept up")
            for run in dead:
                disk.remove(self._life(run))

    def unlock(self, run: str) -> None:
        self._update(lambda stored: merge.ended(stored, run), f"{run}: unlocked")

    def write(self, inventory: Inventory, base: Inventory, why: str = "edited") -> None:
        self._update(lambda stored: merge.rewrite(stored, inventory, base), why)

    def _update(
        self, change: Callable[[Inventory], Inventory], message: str, tries: int = TRIES
    ) -> None:
        signals.check()
        with self._locked():
            for attempt in range(tries):
                if attempt:
                    self.pause(random.uniform(0.05, 0.2) * min(2**attempt, 16))
                try:
                    return self._try(change, f"devinops: {self.target.name}: {message}")
                except Outrun as outrun:
                    said = f" ({outrun})" if str(outrun) else ""
        raise Stale(
            f"{self.place.label}: others were faster {tries} times in a row{said}: run again; what this run has "
            f"recorded is kept in {self.journal} until then"
        )

    def _try(self, change: Callable[[Inventory], Inventory], message: str) -> None:
        journal = self._journal()
        stored = self.place.load()
        before = self._parse(stored)
        recovered = merge.recover(before, journal)
        settled = self._without_the_dead(recovered)
        text = dump(self.target, change(settled))
        if text != dump(self.target, before):
            self.place.save(text, stored, message)
        disk.remove(self.journal)
        for run in merge.open_runs(recovered).keys() - merge.open_runs(settled).keys():
            disk.remove(self._life(run))

    # A run holds a lock of its own as long as its process lives. One that is free again tells that the run died
    # on this machine, so its intents are settled: what it did is live, and the next plan sees that.

    def _life(self, run: str) -> Path:
        return self.place.directory / f"{self.target.name}.{run}.lock"

    def _show_life(self, run: str) -> None:
        self.place.prepare()
        try:
            self._alive[run] = hold(self._life(run))
        except OSError as error:
            raise InventoryError(
                f"the run cannot be locked with {self._life(run)}: {atomic.reason(error)}"
            ) from error

    def _end(self, run: str) -> None:
        lock = self._alive.pop(run, None)
        if lock:
            lock.release()
            disk.remove(self._life(run))

    def _without_the_dead(self, inventory: Inventory) -> Inventory:
        for run in merge.open_runs(inventory):
            if _RUN.fullmatch(run) and abandoned(self._life(run)):
                inventory = merge.ended(inventory, run)
        return inventory

    def _dead_here(self) -> list[str]:
        """Return the runs whose locks lie on this machine and are not held any more."""
        prefix, suffix = f"{self.target.name}.", ".lock"
        with disk.told(self.place.directory), suppress(FileNotFoundError):
            names = sorted(path.name for path in self.place.directory.iterdir())
            runs = [
                n[len(prefix) : -len(suffix)]
                for n in names
                if n.startswith(prefix) and n.endswith(suffix)
            ]
            return [run for run in runs if _NEW_RUN.fullmatch(run) and abandoned(self._life(run))]
        return []

    def _parse(self, stored: Stored) -> Inventory:
        if stored.text is None:
            return Inventory(self.place.store)
        return parse(stored.text, self.target, self.place.label, self.place.store)

    def _journal(self) -> tuple[Settled, ...]:
        text = disk.read(self.journal)
        return parse_settled(text, str(self.journal)) if text else ()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.place.prepare()
        path = self.place.directory / f"{self.target.name}.lock"
        disk.refuse_symlink(path)
        entered = False
        try:
            with locked(path):
                entered = True
                yield
        except OSError as error:
            if entered:
                raise
            raise InventoryError(
                f"the inventory cannot be locked with {path}: {atomic.reason(error)}"
            ) from error
