"""Reads what a plan needs from the API while the files are still being read."""

from __future__ import annotations

import queue
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial, reduce
from typing import Final, NamedTuple, Self

from devinops.api.parallel import PagedReading, overlapping, started
from devinops.cli.progress import Progress
from devinops.inventory import open_runs
from devinops.kinds import KINDS
from devinops.model.client_protocols import PageDecoder
from devinops.model.inventory import Inventory
from devinops.model.objects import Snapshot

MIN_ENTRIES: Final = 200
"""With fewer entries, all files are read before the first response arrives."""

ListKinds = Callable[[Collection[str], Callable[[PageDecoder], None]], Snapshot]
"""Lists kinds, and passes on their pages. Several threads call it at once."""


class EarlyResult(NamedTuple):
    """An inventory without open runs, and a snapshot of `kinds` that began after it was fetched.

    Each list was read only once, so nothing has verified that it is complete.
    """

    inventory: Inventory
    kinds: frozenset[str] = frozenset()
    snapshot: Snapshot = Snapshot(())


@dataclass
class EarlyReading:
    """Reads the inventory, then lists the kinds that follow from it and those that entries declare.

    It begins when `MIN_ENTRIES` entries are counted. Failures are raised only by `take`, so that
    problems in files are reported first. Leaving the context ends the work; the caller closes the
    client.
    """

    fetch_inventory: Callable[[], Callable[[], Inventory]]
    kinds_of: Callable[[Inventory], Collection[str]]
    list_kinds: ListKinds
    progress: Progress
    with_needed: Callable[[Collection[str]], frozenset[str]] = KINDS.with_referred
    """Finds the kinds that have to be listed together with others."""
    _declared: Counter[str] = field(default_factory=Counter)
    _kinds_to_list: queue.SimpleQueue[frozenset[str] | None] = field(
        default_factory=queue.SimpleQueue
    )
    """None ends it."""
    _reading: PagedReading[EarlyResult | None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._kinds_to_list.put(None)
        self.progress.clear()

    def count_entry(self, kind: str) -> None:
        """Count an entry, and start to list its kind if nothing has started that.

        A kind that others refer to waits, since their entries may follow: it is listed with them.
        """
        self._declared[kind] += 1
        entries = self._declared.total()
        if entries == MIN_ENTRIES:
            self._kinds_to_list.put(frozenset(self._declared) - KINDS.referred)
            self._reading = PagedReading(self._read)
        elif entries > MIN_ENTRIES and self._declared[kind] == 1 and kind not in KINDS.referred:
            self._kinds_to_list.put(frozenset({kind}))

    def take(self) -> EarlyResult | None:
        """Return what was read, once all entries are counted.

        None if there were few entries, if another run is open, or the second time. Raises
        InventoryError, ApiError and ConfigError.
        """
        reading, self._reading = self._reading, None
        if reading is None:
            return None
        self._kinds_to_list.put(frozenset(self._declared))
        self._kinds_to_list.put(None)
        try:
            with overlapping():
                reading.decode()
                return reading.result()
        finally:
            self.progress.clear()

    def _read(self, pages: Callable[[PageDecoder], None]) -> EarlyResult | None:
        listed: frozenset[str] = frozenset()
        results: list[Callable[[], Snapshot]] = []

        def start(kinds: Collection[str]) -> None:
            """List these kinds and those that they need, as far as they are not on their way."""
            nonlocal listed
            if new := self.with_needed(kinds) - listed:
                listed |= new
                results.append(started(partial(self.list_kinds, new, pages)))

        parse_inventory = self.fetch_inventory()
        start(self._kinds_to_list.get() or ())
        # Parsing takes a while, in which the first lists are on their way.
        inventory = parse_inventory()
        if open_runs(inventory):
            return None
        start(self.kinds_of(inventory))
        while (kinds := self._kinds_to_list.get()) is not None:
            start(kinds)
        snapshots = [result() for result in results]
        return EarlyResult(inventory, listed, reduce(Snapshot.with_more, snapshots, Snapshot(())))
