"""The store for `store: file` and `store: branch`.

The results of a run go to a journal on this machine first. Every other change puts the inventory as
it is stored, with the change, into a draft that is saved, and then deletes the journal, whose
results it contains. If another process has saved in between, all of this is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from devinops import atomic
from devinops.inventory import disk, merge
from devinops.inventory.disk import locked
from devinops.inventory.format import dump, dump_settled, parse, parse_settled
from devinops.inventory.inventory_run import Draft, InventoryRun, Update, files_of
from devinops.inventory.merge import RunFile, Settled
from devinops.model.changes import Action
from devinops.model.errors import DevinopsError, InventoryError, Stale
from devinops.model.inventory import Failed, Intent, Inventory, Record
from devinops.model.keys import Key, ObjectId, listed
from devinops.model.target import Target


@dataclass
class _OwnRun:
    """A run of this process: the records before it, and its results so far."""

    before: Mapping[ObjectId, Record]
    results: list[Settled] = field(default_factory=list)


class JournaledStore:
    """The store of one target, which journals results locally until they are saved.

    `shared` is what it shares with other targets. `Store` describes each call.
    """

    def __init__(self, shared: InventoryRun, target: Target, flags: str = "") -> None:
        self.shared, self.backend = shared, shared.backend
        self.target, self.flags = target, flags
        self._seen = 0
        self._runs: dict[str, _OwnRun] = {}

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

    @property
    def label(self) -> str:
        return self.backend.label(files_of(self.target)[0])

    def read(self) -> Inventory:
        parse_fetched = self.fetch()
        return parse_fetched()

    def fetch(self) -> Callable[[], Inventory]:
        # The journal first: results that are saved in between are then read twice instead of never.
        journal = self._journal()
        loaded = self.shared.load(self._seen)
        self._seen = loaded.number

        def parsed() -> Inventory:
            inventory = merge.recover(self._parse(loaded.stored.texts, loaded.runs), journal)
            return self._without_dead_runs(inventory, loaded.runs)

        return parsed

    def other_name(self) -> str:
        headers = {header.target: header for header in self.shared.headers}
        if not (self.target.org_id and headers.keys().isdisjoint(self._names)):
            return ""
        place = (self.target.host, self.target.org_id)
        same = (name for name, h in headers.items() if (h.api_host, h.org_id) == place)
        return next(same, "")

    def begin(self, run: str, intents: Sequence[Intent], base: Inventory) -> None:
        self.shared.lock(run, self.target.name)
        try:
            self._update(
                lambda stored: merge.announce(stored, run, intents, base, self.flags),
                f"{run}: {len(intents)} announced",
            )
        except DevinopsError as error:
            # If the announcement may be saved, such as on a remote whose answer was lost, the lock
            # stays: once this process ends, it shows that the run is dead.
            is_surely_not_saved = isinstance(error, Stale) or not self.backend.is_shared
            if is_surely_not_saved:
                self.shared.release(run, self.target.name)
            if not isinstance(error, InventoryError):
                raise
            raise InventoryError(f"{str(error).rstrip('.')}. Nothing was written") from error
        self._runs[run] = _OwnRun(base.by_id)

    def settle(
        self,
        run: str,
        upserts: Sequence[Record] = (),
        removals: Sequence[ObjectId] = (),
        at: str = "",
    ) -> None:
        result = Settled(run, tuple(upserts), tuple(removals), at)
        self._runs.setdefault(run, _OwnRun({})).results.append(result)
        with self._locked():
            disk.append(self.journal, dump_settled(result))

    def finish(
        self, run: str, unclear: Collection[Key] = (), failed: Sequence[Failed] = ()
    ) -> None:
        state = self._runs.get(run, _OwnRun({}))
        count = sum(len(result.upserts) + len(result.removals) for result in state.results)
        try:
            self._update(
                lambda stored: merge.conclude(
                    stored, run, state.results, state.before, unclear, failed
                ),
                f"{run}: {count} recorded",
                has_written=True,
            )
        except DevinopsError as error:
            raise InventoryError(
                f"{str(error).rstrip('.')}. Only {self.journal} records what the run wrote to the "
                f"organization: to save it, run devinops apply{self.flags} here again; in another "
                f"clone, run devinops inventory unlock{self.flags} {run} first"
            ) from error
        self._runs.pop(run, None)
        self.shared.release(run, self.target.name)

    def sweep(self) -> None:
        dead = self.shared.dead_runs(self.target.name)
        if dead:
            self._update(lambda stored: stored, f"{listed(dead)}: closed, because it died")

    def unlock(self, run: str) -> tuple[str, ...]:
        others: set[str] = set()

        def unlocked(draft: Draft) -> None:
            self._put(lambda stored: merge.without_run(stored, run), draft)
            if run in draft.runs:
                intents = draft.runs[run].intents.items()
                others.update(name for name, each in intents if not all(i.unclear for i in each))
                draft.runs[run] = draft.runs[run].unlocked()

        self._save(unlocked, f"{run}: unlocked")
        return tuple(sorted(others))

    def write(self, inventory: Inventory, base: Inventory, why: str = "edited") -> None:
        self._update(lambda stored: merge.rewrite(stored, inventory, base, self.flags), why)

    def receive(self, inventory: Inventory, why: str) -> None:
        def received(stored: Inventory) -> Inventory:
            if stored.records:
                raise InventoryError(
                    f"{self.label} already has records of {self.target.name}, and only a person "
                    "can decide which are right. To remove the wrong ones, name their place in "
                    f"devinops.yaml, run devinops inventory forget --all{self.flags}, and name "
                    "the right place again"
                )
            intents = (*stored.intents, *inventory.intents)
            return replace(inventory, store=stored.store, intents=intents)

        self._update(received, why)

    def clear(self) -> None:
        def remove(draft: Draft) -> None:
            stored = draft.loaded.stored.texts
            # Nobody could unlock a run in an inventory that cannot be read.
            with suppress(InventoryError):
                known = merge.recover(self._parse(stored, draft.runs), self._journal())
                merge.check_closed(self._without_dead_runs(known, draft.runs), self.flags)
            draft.texts |= {file: None for file in files_of(self.target) if file in stored}

        self._save(remove, "forgotten")

    def close(self) -> None:
        self.shared.leave(self.target.name)

    def _update(
        self, change: Callable[[Inventory], Inventory], message: str, *, has_written: bool = False
    ) -> None:
        """Save a change, see `InventoryRun.save`."""
        self._save(lambda draft: self._put(change, draft), message, has_written=has_written)

    def _save(
        self, put: Callable[[Draft], None], message: str, *, has_written: bool = False
    ) -> None:
        """Save what `put` puts into a draft, and delete the journals, whose results it contains."""

        def saved() -> None:
            for path in self._journals:
                disk.remove(path)
            self._seen = self.shared.number

        name = self.target.name
        self.shared.save(Update(name, message, self._locked, put, saved, has_written))

    def _put(self, change: Callable[[Inventory], Inventory], draft: Draft) -> None:
        """Put the changed inventory into a draft, unless it is stored like that already."""
        before = self._parse(draft.loaded.stored.texts, draft.runs)
        recovered = merge.recover(before, self._journal())
        after = change(self._without_dead_runs(recovered, draft.runs))
        is_old = before.moves_from or before.dropped
        if dump(self.target, after) == dump(self.target, before) and not is_old:
            return
        announced = merge.open_runs(after)
        for run, file in draft.runs.items():
            draft.runs[run] = file.announcing(self._names, announced.get(run, ()))
        # An older devinops has put the intents of its runs here.
        intents = tuple(i for i in after.intents if i.unclear or i.run not in draft.runs)
        text, stored = dump(self.target, replace(after, intents=intents)), draft.loaded.stored.texts
        name, *old_names = files_of(self.target)
        if text != stored.get(name):
            draft.texts[name] = text
        draft.texts |= dict.fromkeys(filter(stored.__contains__, old_names))

    def _without_dead_runs(self, inventory: Inventory, runs: Mapping[str, RunFile]) -> Inventory:
        unrecorded: dict[ObjectId, Action] = {}
        for run, intents in merge.open_runs(inventory).items():
            if self.shared.is_dead(run, runs):
                inventory = merge.without_run(inventory, run)
                unrecorded.update((intent.object_id, intent.action) for intent in intents)
        return replace(inventory, unrecorded=unrecorded)

    def _parse(self, texts: Mapping[str, str], runs: Mapping[str, RunFile]) -> Inventory:
        store, files = self.backend.store, files_of(self.target)
        inventory = Inventory(store)
        if stored := [file for file in files if file in texts]:
            label = self.backend.label(stored[0])
            inventory = parse(texts[stored[0]], self.target, label, store)
            if stored[0] != files[0]:
                inventory = replace(inventory, moves_from=stored[0].removesuffix(".jsonl"))
        announced = [
            intent
            for file in runs.values()
            for name in self._names
            for intent in file.intents.get(name, ())
        ]
        jobs = {run: file.job.name for run, file in runs.items() if file.job.name}
        return replace(inventory, intents=(*inventory.intents, *announced), jobs=jobs)

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
