"""Reads what a plan needs from the API while the files are still being read."""

from __future__ import annotations

import queue
from collections import Counter
from collections.abc import Callable, Collection
from functools import partial, reduce
from typing import Final, NamedTuple, Self

from devinops.api.parallel import PagedReading, overlapping, started
from devinops.cli.progress import Progress
from devinops.inventory import open_runs
from devinops.kinds import KINDS
from devinops.model.client_protocols import PageDecoder
from devinops.model.inventory import Inventory
from devinops.model.objects import Snapshot

FEW: Final = 200
"""With fewer entries, the files are read before a first response could arrive."""


ListKinds = Callable[[Collection[str], Callable[[PageDecoder], None]], Snapshot]
"""Lists kinds, and passes on their pages. Several threads call it at once."""


class Early(NamedTuple):
    """An inventory without open runs, and a later snapshot of `kinds`; lists were read once."""

    inventory: Inventory
    kinds: frozenset[str] = frozenset()
    snapshot: Snapshot = Snapshot(())


class EarlyReading:
    """Reads the inventory, then lists the kinds that follow from it and those that entries declare.

    It begins with the `FEW`th entry. Failures are raised only by `take`, so that problems in files
    are reported first. Leaving the context ends the work; the caller closes the client.
    """

    def __init__(
        self,
        fetch_inventory: Callable[[], Callable[[], Inventory]],
        kinds_of: Callable[[Inventory], Collection[str]],
        snapshot: ListKinds,
        progress: Progress,
    ) -> None:
        self._fetch_inventory = fetch_inventory
        self._kinds_of = kinds_of
        self._snapshot = snapshot
        self._progress = progress
        self._declared: Counter[str] = Counter()
        self._kinds: queue.SimpleQueue[frozenset[str] | None] = queue.SimpleQueue()
        self._reading: PagedReading[Early | None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._kinds.put(None)
        self._progress.clear()

    def declared(self, kind: str) -> None:
        """Count an entry, and list its kind if that is not under way.

        A kind that others refer to waits, since their entries may follow: it is listed with them.
        """
        self._declared[kind] += 1
        entries = self._declared.total()
        if entries == FEW:
            self._kinds.put(frozenset(self._declared) - KINDS.referred)
            self._reading = PagedReading(self._read)
        elif entries > FEW and self._declared[kind] == 1 and kind not in KINDS.referred:
            self._kinds.put(frozenset({kind}))

    def take(self) -> Early | None:
        """Return what was read when all entries are known; None the second time.

        None as well if there were few entries, or if another run is open. Raises InventoryError,
        ApiError and ConfigError.
        """
        reading, self._reading = self._reading, None
        if reading is None:
            return None
        self._kinds.put(frozenset(self._declared))
        self._kinds.put(None)
        try:
            with overlapping():
                reading.decode()
                return reading.result()
        finally:
            self._progress.clear()

    def _read(self, pages: Callable[[PageDecoder], None]) -> Early | None:
        make_inventory = self._fetch_inventory()
        lists = _Lists(lambda kinds: self._snapshot(kinds, pages))
        lists.start(self._kinds.get() or ())
        # Making the inventory takes a while; the first list is on its way.
        inventory = make_inventory()
        if open_runs(inventory):
            return None
        lists.start(self._kinds_of(inventory))
        while (kinds := self._kinds.get()) is not None:
            lists.start(kinds)
        return Early(inventory, lists.kinds, lists.snapshot())


class _Lists:
    """Lists of kinds that are on their way."""

    def __init__(self, snapshot: Callable[[Collection[str]], Snapshot]) -> None:
        self._snapshot = snapshot
        self._results: list[Callable[[], Snapshot]] = []
        self.kinds: frozenset[str] = frozenset()

    def start(self, kinds: Collection[str]) -> None:
        """List these kinds and those that they refer to, as far as they are not on their way."""
        new = KINDS.with_referred(kinds) - self.kinds
        if new:
            self.kinds |= new
            self._results.append(started(partial(self._snapshot, new)))

    def snapshot(self) -> Snapshot:
        """Return all objects of the kinds when their lists have arrived."""
        snapshots = [result() for result in self._results]
        return reduce(Snapshot.with_more, snapshots, Snapshot(()))
