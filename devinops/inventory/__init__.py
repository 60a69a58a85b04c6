"""Stores the inventory: nowhere, in a file below the root, or on a branch of its own.

A run announces its writes with `begin`, records each result with `settle`, and saves all results
with `finish`. Importing this package is cheap; the modules for files and Git are imported with the
first store.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

from devinops import waiting
from devinops.inventory.merge import NO_JOB, Job, open_runs
from devinops.model.errors import Stale
from devinops.model.inventory import Failed, Intent, Inventory, Record
from devinops.model.keys import Key, ObjectId
from devinops.model.target import Target

if TYPE_CHECKING:
    from devinops.inventory.backend import Backend

__all__ = [
    "InventorySettings",
    "Job",
    "Place",
    "Store",
    "busy",
    "new_run",
    "open_runs",
    "open_store",
    "open_stores",
    "started",
    "wait_for_runs",
]

StoreName = Literal["none", "branch", "file"]

BRANCH: Final = "devinops"
POLL_S = 2.0
_STARTED: Final = "%Y%m%dT%H%M%SZ"


class InventorySettings(NamedTuple):
    """Which store to use.

    `branch` and `remote` only matter for `store: branch`. The default remote is origin, or the only
    one.
    """

    store: StoreName
    branch: str = BRANCH
    remote: str | None = None

    def __str__(self) -> str:
        if self.store != "branch":
            return self.store
        remote = f" of {self.remote}" if self.remote else ""
        return f"branch {self.branch}{remote}"


class Store(Protocol):
    """Reads and writes an inventory. Every call raises InventoryError or ConfigError."""

    @property
    def label(self) -> str:
        """The name of the inventory in messages, such as `.devinops/production.jsonl`."""
        ...

    def read(self) -> Inventory:
        """Return the stored inventory, with the results in the journal of this machine."""
        ...

    def fetch(self) -> Callable[[], Inventory]:
        """Load what `read` needs, and return a function that builds the inventory from it.

        What is listed afterwards is newer than the inventory, whenever that is made.
        """
        ...

    def other_name(self) -> str:
        """Return the target whose inventory is of the same organization, if this one has none.

        Probably this target had that name. Empty if there is no such inventory.
        """
        ...

    def begin(self, run: str, intents: Sequence[Intent], base: Inventory) -> None:
        """Announce the writes of a run before the first one. The run was planned with `base`.

        What other runs have recorded since `base` is kept. Raises Stale if they recorded one of the
        same objects, or are still changing one of them.
        """
        ...

    def settle(
        self,
        run: str,
        upserts: Sequence[Record] = (),
        removals: Sequence[ObjectId] = (),
        at: str = "",
    ) -> None:
        """Record results durably in the journal on this machine.

        `removals` are objects that no longer exist; those that have a record are remembered as
        deleted at the time `at`. Cheap; call it from one thread only.
        """
        ...

    def finish(
        self, run: str, unclear: Collection[Key] = (), failed: Sequence[Failed] = ()
    ) -> None:
        """Save the results of a run and remove its intents. What other runs have recorded is kept.

        Creates of the keys `unclear`, whose outcome is unknown, stay as unclear intents. The
        changes that `failed` are remembered. If this
        fails, the results stay in the journal on this machine, and the intents stay too.
        """
        ...

    def sweep(self) -> None:
        """Save the results of runs that died on this machine. Cheap if there are none."""
        ...

    def unlock(self, run: str) -> tuple[str, ...]:
        """Remove the intents of a run that died. Its creates stay as unclear intents.

        With `store: branch`, this frees all targets of the run; return the names of the others.
        """
        ...

    def write(self, inventory: Inventory, base: Inventory, why: str = "edited") -> None:
        """Save the differences between `base`, which was read before, and `inventory`.

        Raises Stale if one of those objects has been recorded since, or a run is changing it.
        """
        ...

    def receive(self, inventory: Inventory, why: str) -> None:
        """Save an inventory that was elsewhere. Raises InventoryError if anything is recorded here.

        Nothing of it is lost, such as creates with an unknown outcome.
        """
        ...

    def clear(self) -> None:
        """Remove all that is stored about the target, even if it cannot be read.

        Raises Stale if it can be read, and a run is open.
        """
        ...

    def close(self) -> None:
        """Say that nothing more is saved, so that no other target waits to be saved with it."""
        ...


class NoStore:
    """The store of `store: none`: nothing is owned, and nothing is saved."""

    label = ""

    def read(self) -> Inventory:
        return Inventory("none")

    def fetch(self) -> Callable[[], Inventory]:
        return self.read

    def other_name(self) -> str:
        return ""

    def unlock(self, run: str) -> tuple[str, ...]:
        return ()

    def _save_nothing(self, *_: object, **__: object) -> None:
        pass

    begin = settle = finish = sweep = write = receive = clear = close = _save_nothing


class Place(NamedTuple):
    """Where the inventory of a target is; `flags` lead the commands in messages to the target."""

    target: Target
    settings: InventorySettings
    flags: str = ""


def open_store(
    settings: InventorySettings,
    root: Path,
    target: Target,
    flags: str = "",
    lock_timeout_s: float = 0,
    job: Job = NO_JOB,
) -> Store:
    """Return the store of one target; see `open_stores`."""
    (store,) = open_stores([Place(target, settings, flags)], root, lock_timeout_s, job).values()
    return store


def open_stores(
    places: Iterable[Place],
    root: Path,
    lock_timeout_s: float = 0,
    job: Job = NO_JOB,
    at_once: int | None = None,
) -> dict[str, Store]:
    """Return the store of each target by its name. They read nothing yet. Raises ConfigError.

    Those on one branch share what they read, and save together; threads may use them side by side,
    but only `at_once`, if it is given.
    A save tries again as long as other runs save first, but no longer than `lock_timeout_s`, if
    that is longer than usual. Runs of earlier attempts of the `job` count as dead.
    """
    stores: dict[str, Store] = {}
    groups: defaultdict[tuple[InventorySettings, str], list[Place]] = defaultdict(list)
    for place in places:
        if place.settings.store == "none":
            stores[place.target.name] = NoStore()
            continue
        # Files have nothing to share, and each target would read those of all.
        alone = place.target.name if place.settings.store == "file" else ""
        groups[place.settings, alone].append(place)
    beside = None
    for (settings, alone), group in groups.items():
        from devinops.inventory.inventory_run import PATIENCE_S, InventoryRun
        from devinops.inventory.journaled import JournaledStore

        targets, patience_s = [place.target for place in group], max(PATIENCE_S, lock_timeout_s)
        given = (_backend(settings, root), targets, job, patience_s, at_once)
        shared = InventoryRun(*given, beside if alone else None)
        beside = shared if alone else beside
        for place in group:
            stores[place.target.name] = JournaledStore(shared, place.target, place.flags)
    return stores


def _backend(settings: InventorySettings, root: Path) -> Backend:
    if settings.store == "file":
        from devinops.inventory.backend import FileBackend

        return FileBackend(root)
    from devinops.inventory.branch import BranchBackend

    return BranchBackend(root, settings.branch, settings.remote)


def new_run(now: datetime) -> str:
    """Return a name for a run, such as 20260312T101500Z-1f2e3d: its start and random hex digits."""
    return f"{now.strftime(_STARTED)}-{os.urandom(3).hex()}"


def started(run: str) -> datetime | None:
    """Return when a run started, from its name; None if that is not one of `new_run`."""
    try:
        return datetime.strptime(run.partition("-")[0], _STARTED).replace(tzinfo=UTC)
    except ValueError:
        return None


def wait_for_runs(
    store: Store, timeout_s: float = 0, flags: str = "", *, go_on: bool = False
) -> Inventory:
    """Wait until no run is open, and return the inventory. Raises Stale after `timeout_s`.

    With `go_on`, return the inventory then, although a run is open. For `flags` see `Place`.
    """
    deadline = waiting.now() + timeout_s
    while True:
        inventory = store.read()
        runs = open_runs(inventory)
        left_s = deadline - waiting.now()
        if not runs or (go_on and left_s <= 0):
            return inventory
        if left_s <= 0:
            (message, *_) = busy(inventory, flags)
            raise Stale(f"{message}. Nothing was written")
        waiting.pause(min(POLL_S, left_s))


def busy(inventory: Inventory, flags: str = "") -> list[str]:
    """Return, for each open run, that it has not finished and what to do about it."""
    return [
        f"the run {_described(run, inventory)} has not finished: wait for it (--lock-timeout); if "
        f"it died, run devinops inventory unlock{flags} {run}"
        for run in open_runs(inventory)
    ]


def _described(run: str, inventory: Inventory) -> str:
    """Return the name of a run, with its job and its start if they are known."""
    since = started(run)
    facts = (inventory.jobs.get(run, ""), f"since {since:%Y-%m-%d %H:%M} UTC" if since else "")
    known = ", ".join(filter(None, facts))
    return f"{run} ({known})" if known else run
