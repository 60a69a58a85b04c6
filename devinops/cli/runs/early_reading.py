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


class EarlyReading:
    """Reads the inventory, then lists the kinds that follow from it and those that entries declare.

    It begins when `MIN_ENTRIES` entries are counted. Failures are raised only by `take`, so that
    problems in files are reported first. Leaving the context ends the work; the caller closes the
    client.
    """

    def __init__(
        self,
        fetch_inventory: Callable[[], Callable[[], Inventory]],
        kinds_of: Callable[[Inventory], Collection[str]],
        list_kinds: ListKinds,
        progress: Progress,
        with_needed: Callable[[Collection[str]], frozenset[str]] = KINDS.with_referred,
    ) -> None:
        """Use `with_needed` to find the kinds that have to be listed together with others."""
        self._fetch_inventory = fetch_inventory
        self._kinds_of = kinds_of
        self._list_kinds = list_kinds
        self._progress = progress
        self._with_needed = with_needed
        self._declared: Counter[str] = Counter()
        self._kinds_to_list: queue.SimpleQueue[frozenset[str] | None] = queue.SimpleQueue()
        """None ends it."""
        self._reading: PagedReading[EarlyResult | None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._kinds_to_list.put(None)
        self._progress.clear()

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
            self._progress.clear()

    def _read(self, pages: Callable[[PageDecoder], None]) -> EarlyResult | None:
        parse_inventory = self._fetch_inventory()
        lists = _Lists(lambda kinds: self._list_kinds(kinds, pages), self._with_needed)
        lists.start(self._kinds_to_list.get() or ())
        # Parsing takes a while, in which the first lists are on their way.
        inventory = parse_inventory()
        if open_runs(inventory):
            return None
        lists.start(self._kinds_of(inventory))
        while (kinds := self._kinds_to_list.get()) is not None:
            lists.start(kinds)
        return EarlyResult(inventory, lists.kinds, lists.snapshot())


class _Lists:
    """The lists that were started, each in a thread of its own."""

    def __init__(
        self,
        snapshot: Callable[[Collection[str]], Snapshot],
        with_needed: Callable[[Collection[str]], frozenset[str]],
    ) -> None:
        self._snapshot, self._with_needed = snapshot, with_needed
        self._results: list[Callable[[], Snapshot]] = []
        self.kinds: frozenset[str] = frozenset()

    def start(self, kinds: Collection[str]) -> None:
        """List these kinds and those that they need, as far as they are not on their way."""
        new = self._with_needed(kinds) - self.kinds
        if new:
            self.kinds |= new
            self._results.append(started(partial(self._snapshot, new)))

    def snapshot(self) -> Snapshot:
        """Wait for all lists, and return their objects."""
        snapshots = [result() for result in self._results]
        return reduce(Snapshot.with_more, snapshots, Snapshot(()))
