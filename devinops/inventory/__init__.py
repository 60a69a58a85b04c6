"""Where the inventory is kept: nowhere, in a file below the root, or on a branch of its own.

A run announces its writes with `begin`, tells each result with `settle`, and puts all of it in its place with
`finish`. Importing this package is cheap; files and git come with the first store.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, Protocol

from devinops.inventory.merge import listed, open_runs
from devinops.model.errors import Stale
from devinops.model.inventory import Intent, Inventory, Record
from devinops.model.keys import Key, ObjectId
from devinops.model.target import Target

__all__ = [
    "InventorySettings",
    "Store",
    "listed",
    "new_run",
    "open_runs",
    "open_store",
    "wait_for_runs",
]

StoreName = Literal["none", "branch", "file"]

BRANCH: Final = "devinops"
POLL_S = 2.0


@dataclass(frozen=True, slots=True)
class InventorySettings:
    """Which store. `branch` and `remote` are for a branch; without a remote it is origin, or the only one."""

    store: StoreName = "none"
    branch: str = BRANCH
    remote: str | None = None

    def __str__(self) -> str:
        if self.store != "branch":
            return self.store
        return f"branch {self.branch}{f' of {self.remote}' if self.remote else ''}"


class Store(Protocol):
    """Where an inventory is kept. Every call raises InventoryError or ConfigError (both exit 1)."""

    def read(self) -> Inventory:
        """Return what is stored, with the results that a run on this machine left in its journal."""
        ...

    def begin(self, run: str, intents: Sequence[Intent], base: Inventory) -> None:
        """Announce the writes of a run that was planned with `base`, before the first of them.

        What others recorded meanwhile is kept. Raises Stale where it is of the same objects, or where another
        run is at work on one of them.
        """
        ...

    def settle(
        self, run: str, upserts: Sequence[Record] = (), removals: Sequence[ObjectId] = ()
    ) -> None:
        """Record results durably on this machine: records, and (kind, id) that are gone. Cheap; one thread."""
        ...

    def finish(self, run: str, unclear: Collection[Key] = ()) -> None:
        """Put the results of a run in their place and take its intents away, beside what others did meanwhile.

        Creates of the keys `unclear`, of which nobody saw the end, are remembered as that. Where this fails, the
        journal on this machine still has the results, and the intents stay.
        """
        ...

    def sweep(self) -> None:
        """Put in its place what runs that died on this machine have left. Cheap where there were none."""
        ...

    def unlock(self, run: str) -> None:
        """Take away the intents of a run that died; its creates stay as unclear."""
        ...

    def write(self, inventory: Inventory, base: Inventory, why: str = "edited") -> None:
        """Store the differences between `base`, as it was read, and `inventory`.

        Raises Stale where one of those objects has changed since, or a run is at work on it.
        """
        ...


class NoStore:
    """No inventory: nothing is owned, and nothing is kept."""

    def read(self) -> Inventory:
        return Inventory("none")

    def begin(self, run: str, intents: Sequence[Intent], base: Inventory) -> None:
        pass

    def settle(
        self, run: str, upserts: Sequence[Record] = (), removals: Sequence[ObjectId] = ()
    ) -> None:
        pass

    def finish(self, run: str, unclear: Collection[Key] = ()) -> None:
        pass

    def sweep(self) -> None:
        pass

    def unlock(self, run: str) -> None:
        pass

    def write(self, inventory: Inventory, base: Inventory, why: str = "edited") -> None:
        pass


def open_store(settings: InventorySettings, root: Path, target: Target) -> Store:
    """Return the store of a target that the settings name; nothing is read yet. Raises ConfigError."""
    if settings.store == "none":
        return NoStore()
    from devinops.inventory.journaled import KeptStore

    if settings.store == "file":
        from devinops.inventory.file import FilePlace

        return KeptStore(FilePlace(root, target.name), target)
    from devinops.inventory.branch import BranchPlace

    return KeptStore(BranchPlace(root, target.name, settings.branch, settings.remote), target)


def new_run(now: datetime) -> str:
    """Return a name for a run: when it began, and a few signs that tell it from others of that second."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def wait_for_runs(
    store: Store,
    timeout_s: float = 0,
    *,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], object] = time.sleep,
) -> Inventory:
    """Read the inventory once no run is open any more. Raises Stale, naming the run, after `timeout_s`."""
    until = clock() + timeout_s
    while True:
        inventory = store.read()
        runs = open_runs(inventory)
        if not runs:
            return inventory
        if clock() >= until:
            run, intents = next(iter(runs.items()))
            raise Stale(
                f"the run {run} has not settled {listed(str(intent.key) for intent in intents)}: wait for it "
                f"(--lock-timeout); if it died, devinops inventory unlock {run}. Nothing was written"
            )
        pause(min(POLL_S, max(until - clock(), 0)))
