"""Stores the inventory: nowhere, in a file below the root, or on a branch of its own.

A run announces its writes with `begin`, records each result with `settle`, and saves all results
with `finish`. Importing this package is cheap; the modules for files and Git are imported with the
first store.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, NamedTuple, Protocol

from devinops import waiting
from devinops.inventory.merge import open_runs
from devinops.model.errors import Stale
from devinops.model.inventory import Intent, Inventory, Record
from devinops.model.keys import Key, ObjectId, listed
from devinops.model.target import Target

__all__ = [
    "InventorySettings",
    "Store",
    "new_run",
    "open_runs",
    "open_store",
    "wait_for_runs",
]

StoreName = Literal["none", "branch", "file"]

BRANCH: Final = "devinops"
POLL_S = 2.0


class InventorySettings(NamedTuple):
    """Which store to use.

    `branch` and `remote` only matter for `store: branch`. The default remote is origin, or the only
    one.
    """

    store: StoreName = "none"
    branch: str = BRANCH
    remote: str | None = None

    def __str__(self) -> str:
        if self.store != "branch":
            return self.store
        remote = f" of {self.remote}" if self.remote else ""
        return f"branch {self.branch}{remote}"


class Store(Protocol):
    """Reads and writes an inventory. Every call raises InventoryError or ConfigError."""

    def read(self) -> Inventory:
        """Return the stored inventory, with the results in the journal of this machine."""
        ...

    def fetch(self) -> Callable[[], Inventory]:
        """Load what `read` needs, and return a function that builds the inventory from it.

        What is listed afterwards is newer than the inventory, whenever that is made.
        """
        ...

    def begin(self, run: str, intents: Sequence[Intent], base: Inventory) -> None:
        """Announce the writes of a run before the first one. The run was planned with `base`.

        What other runs have recorded since `base` is kept. Raises Stale if they recorded one of the
        same objects, or are still changing one of them.
        """
        ...

    def settle(
        self, run: str, upserts: Sequence[Record] = (), removals: Sequence[ObjectId] = ()
    ) -> None:
        """Record results durably in the journal on this machine.

        `removals` are objects that no longer exist. Cheap; call it from one thread only.
        """
        ...

    def finish(self, run: str, unclear: Collection[Key] = ()) -> None:
        """Save the results of a run and remove its intents. What other runs have recorded is kept.

        Creates of the keys `unclear`, whose outcome is unknown, stay as unclear intents. If this
        fails, the results stay in the journal on this machine, and the intents stay too.
        """
        ...

    def sweep(self) -> None:
        """Save the results of runs that died on this machine. Cheap if there are none."""
        ...

    def unlock(self, run: str) -> None:
        """Remove the intents of a run that died. Its creates stay as unclear intents."""
        ...

    def write(self, inventory: Inventory, base: Inventory, why: str = "edited") -> None:
        """Save the differences between `base`, which was read before, and `inventory`.

        Raises Stale if one of those objects has been recorded since, or a run is changing it.
        """
        ...


class NoStore:
    """The store of `store: none`: nothing is owned, and nothing is saved."""

    def read(self) -> Inventory:
        return Inventory("none")

    def fetch(self) -> Callable[[], Inventory]:
        return self.read

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


def open_store(
    settings: InventorySettings,
    root: Path,
    target: Target,
    flags: str = "",
    lock_timeout_s: float = 0,
) -> Store:
    """Return the store of a target. It reads nothing yet. Raises ConfigError.

    `flags` holds the options that lead the commands in its messages to the root and target. A save
    tries again as long as other runs save first, but no longer than `lock_timeout_s`, if that is
    longer than usual.
    """
    if settings.store == "none":
        return NoStore()
    from devinops.inventory.journaled import PATIENCE_S, JournaledStore

    if settings.store == "file":
        from devinops.inventory.backend import FileBackend

        return JournaledStore(FileBackend(root, target.name, target.previously), target, flags)
    from devinops.inventory.branch import BranchBackend

    backend = BranchBackend(root, target.name, settings.branch, settings.remote, target.previously)
    return JournaledStore(backend, target, flags, max(PATIENCE_S, lock_timeout_s))


def new_run(now: datetime) -> str:
    """Return a name for a run, such as 20260312T101500Z-1f2e3d: its start and random hex digits."""
    return f"{now:%Y%m%dT%H%M%SZ}-{os.urandom(3).hex()}"


def wait_for_runs(store: Store, timeout_s: float = 0, flags: str = "") -> Inventory:
    """Wait until no run is open, and return the inventory. Raises Stale after `timeout_s`.

    For `flags` see `open_store`.
    """
    deadline = waiting.now() + timeout_s
    while True:
        inventory = store.read()
        runs = open_runs(inventory)
        if not runs:
            return inventory
        left_s = deadline - waiting.now()
        if left_s <= 0:
            run, intents = next(iter(runs.items()))
            keys = listed(str(intent.key) for intent in intents)
            raise Stale(
                f"the run {run} has not finished {keys}: wait for it (--lock-timeout); if it died, "
                f"run devinops inventory unlock{flags} {run}. Nothing was written"
            )
        waiting.pause(min(POLL_S, left_s))
