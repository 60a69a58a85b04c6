"""Merges results, intents and what other runs have recorded into one inventory. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from devinops.model.changes import Action
from devinops.model.errors import Stale
from devinops.model.grouping import grouped
from devinops.model.inventory import MAKING, TIME, Deleted, Failed, Intent, Inventory, Record
from devinops.model.keys import Key, ObjectId, listed

_REMEMBERED: Final = timedelta(days=90)
"""How long it is remembered that an object was deleted, or that a change failed."""


class Settled(NamedTuple):
    """The results of one step of a run: new records, and objects that are gone.

    `at` is the time of the step if the objects are to be remembered as deleted. One line of a
    journal.
    """

    run: str
    upserts: tuple[Record, ...] = ()
    removals: tuple[ObjectId, ...] = ()
    at: str = ""

    def without(self, ids: Collection[ObjectId]) -> Settled:
        """Return these results without those for some objects."""
        upserts = tuple(record for record in self.upserts if record.object_id not in ids)
        return self._replace(
            upserts=upserts, removals=tuple(id for id in self.removals if id not in ids)
        )


class Job(NamedTuple):
    """The CI job of a run, and which attempt it is; without a name outside CI."""

    name: str = ""
    attempt: int = 0

    def supersedes(self, other: Job) -> bool:
        """Return whether this is a later attempt of the same job, so that the other one is over."""
        return bool(self.name) and self.name == other.name and self.attempt > other.attempt


NO_JOB: Final = Job()


class RunFile(NamedTuple):
    """The intents of a run for all its targets, by the name of the target."""

    run: str
    job: Job = NO_JOB
    intents: Mapping[str, Sequence[Intent]] = {}

    def announcing(self, names: Sequence[str], intents: Sequence[Intent]) -> RunFile:
        """Return this file with these intents for a target, under the first of its names."""
        others = {name: kept for name, kept in self.intents.items() if name not in names}
        return self._replace(intents=others | ({names[0]: intents} if intents else {}))

    def unlocked(self) -> RunFile:
        """Return this file with only the creates, whose outcome is unknown."""
        closed = {name: _closed(intents, self.run) for name, intents in self.intents.items()}
        return self._replace(intents={name: intents for name, intents in closed.items() if intents})


def open_runs(inventory: Inventory) -> dict[str, list[Intent]]:
    """Return run → the intents that it has announced and not settled, without finished runs."""
    runs = grouped((intent.run, intent) for intent in inventory.intents if not intent.unclear)
    return dict(sorted(runs.items()))


# --- results --------------------------------------------------------------------------------------


def fold(inventory: Inventory, results: Iterable[Settled]) -> Inventory:
    """Return the inventory with results added in their order, without the intents that they settle.

    Two records never share a key: the later one replaces the earlier one.
    """
    records: dict[ObjectId, Record] = dict(inventory.by_id)
    deleted = {item.key: item for item in inventory.deleted}
    failed = {item.key: item for item in inventory.failed}
    # Records of objects that stay, or that were deleted before this run, are removed without an
    # intent.
    announced = {intent.object_id for intent in inventory.intents}
    progress, now = _Progress(), ""
    for result in results:
        progress.add(result)
        now = max(now, result.at)
        for removal in result.removals:
            record = records.pop(removal, None)
            if record and result.at and removal in announced:
                deleted[record.key] = Deleted(record.key, record.id, result.at)
                failed.pop(record.key, None)
        for record in result.upserts:
            records.pop(record.object_id, None)
            records[record.object_id] = record
            deleted.pop(record.key, None)
            failed.pop(record.key, None)
    by_key = {record.key: record for record in records.values()}
    intents = [intent for intent in inventory.intents if not progress.settles(intent)]
    return replace(
        Inventory.of(inventory.store, by_key.values(), intents),
        deleted=tuple(sorted(item for item in deleted.values() if not _is_old(item, now))),
        failed=tuple(sorted(item for item in failed.values() if not _is_old(item, now))),
        jobs=inventory.jobs,
        moves_from=inventory.moves_from,
        dropped=inventory.dropped,
    )


def _is_old(past: Deleted | Failed, now: str) -> bool:
    """Return whether something happened long before `now`, which is empty if it is not known."""
    if not now:
        return False
    return past.at < (datetime.strptime(now, TIME) - _REMEMBERED).strftime(TIME)


@dataclass
class _Progress:
    """What runs have recorded: keys and ids of upserts and ids of removals, each with its run."""

    upserts: set[tuple[str, Key | ObjectId]] = field(default_factory=set)
    removals: set[tuple[str, ObjectId]] = field(default_factory=set)
    keys: set[Key] = field(default_factory=set)

    def add(self, result: Settled) -> None:
        for record in result.upserts:
            self.upserts |= {(result.run, record.key), (result.run, record.object_id)}
            self.keys.add(record.key)
        self.removals |= {(result.run, id) for id in result.removals}

    def settles(self, intent: Intent) -> bool:
        """Return whether an intent is done. Anybody's record of an unclear key makes it clear."""
        if intent.unclear and intent.key in self.keys:
            return True
        if (intent.run, intent.key) in self.upserts:
            return True
        if intent.id is None:
            return False
        own = (intent.run, intent.object_id)
        if own in self.upserts:
            return True
        # A replaced object is deleted first: only creating it again settles the intent.
        return own in self.removals and intent.action is not Action.REPLACE


def recover(inventory: Inventory, journal: Iterable[Settled]) -> Inventory:
    """Return the inventory with the results in the journal of this machine for runs that are open.

    Results of any other run are out of date: it has finished, or a person has unlocked it.
    """
    running = open_runs(inventory)
    return fold(inventory, (result for result in journal if result.run in running))


# --- changes --------------------------------------------------------------------------------------


def announce(
    stored: Inventory, run: str, intents: Sequence[Intent], base: Inventory, flags: str
) -> Inventory:
    """Return the stored inventory with the intents of a run that was planned with `base`.

    Raises Stale if another run is changing one of the objects, or has recorded one since `base`.
    For `flags` see `Place`.
    """
    ids = {intent.object_id for intent in intents if intent.id}
    keys = {intent.key for intent in intents}
    _check_idle(stored, run, ids, keys, flags)
    _check_unchanged(stored, base, ids, keys)
    others = [
        intent
        for intent in stored.intents
        if intent.run != run and not (intent.unclear and intent.key in keys)
    ]
    return replace(stored, intents=(*others, *intents))


def _check_idle(
    stored: Inventory,
    run: str,
    ids: Collection[ObjectId],
    keys: Collection[Key],
    flags: str,
) -> None:
    """Raise Stale if a run has announced a write of one of the objects; `run` itself may."""
    busy: defaultdict[str, set[str]] = defaultdict(set)
    for intent in stored.intents:
        if intent.run != run and _concerns(intent, ids, keys):
            busy[intent.run].add(str(intent.key))
    for name, names in sorted(busy.items()):
        raise Stale(
            f"the run {name} is changing {listed(names)}: wait for it and run again; if it died, "
            f"run devinops inventory unlock{flags} {name}. Nothing was written"
        )


def _concerns(intent: Intent, ids: Collection[ObjectId], keys: Collection[Key]) -> bool:
    """Return whether a run has announced this and may still write one of the objects."""
    if intent.unclear:
        return False
    return intent.key in keys or bool(intent.id and intent.object_id in ids)


def _check_unchanged(
    stored: Inventory, base: Inventory, ids: Iterable[ObjectId], keys: Iterable[Key]
) -> None:
    """Raise Stale if the stored record of an object differs from the one in `base`."""
    changed = {str(key) for key in keys if stored.by_key.get(key) != base.by_key.get(key)}
    for id in ids:
        current, earlier = stored.by_id.get(id), base.by_id.get(id)
        if current != earlier:
            record = current or earlier
            assert record is not None
            changed.add(str(record.key))
    if changed:
        raise Stale(
            f"another run changed the inventory for {listed(changed)}: plan again. Nothing was "
            "written"
        )


def conclude(
    stored: Inventory,
    run: str,
    results: Sequence[Settled],
    before: Mapping[ObjectId, Record],
    unclear: Collection[Key],
    failed: Sequence[Failed] = (),
) -> Inventory:
    """Return the stored inventory with all results of a run, and only the `unclear` of its intents.

    `failed` are the changes that it could not make. `before` are the records when the run began. A
    record that is neither from then nor from this run was made by a later run, and stays.
    """
    own: defaultdict[ObjectId, list[Record | None]] = defaultdict(list)
    for result in results:
        for removal in result.removals:
            own[removal].append(None)
        for record in result.upserts:
            own[record.object_id].append(record)
    foreign = {
        id for id, records in own.items() if stored.by_id.get(id) not in [before.get(id), *records]
    }
    after = fold(stored, [result.without(foreign) for result in results])
    latest = {item.key: item for item in (*after.failed, *failed)}
    after = replace(after, failed=tuple(sorted(latest.values())))
    return without_run(after, run, unclear)


def without_run(
    inventory: Inventory, run: str, unclear: Collection[Key] | None = None
) -> Inventory:
    """Return the inventory without the intents of a run, except creates with an unknown outcome.

    `unclear` are the keys of those creates. None, for a run that died, means all its open creates.
    """
    return replace(inventory, intents=_closed(inventory.intents, run, unclear))


def _closed(
    intents: Iterable[Intent], run: str, unclear: Collection[Key] | None = None
) -> tuple[Intent, ...]:
    """Return intents without those of a run, except its creates; see `without_run`."""

    def remaining(intent: Intent) -> Intent | None:
        if intent.run != run or intent.unclear:
            return intent
        creates = intent.action in MAKING
        if creates and (unclear is None or intent.key in unclear):
            return Intent(run, Action.CREATE, intent.key, unclear=True)
        return None

    return tuple(filter(None, map(remaining, intents)))


def rewrite(stored: Inventory, edited: Inventory, base: Inventory, flags: str) -> Inventory:
    """Return the stored inventory with the differences between `base` and `edited`.

    Raises Stale if one of those objects has been recorded since `base`, or a run is changing it.
    Differences that are stored already count as done: their push succeeded without a response. For
    `flags` see `Place`.
    """
    ids = _edited(stored, edited, base)
    upserts = tuple(edited.by_id[id] for id in ids if id in edited.by_id)
    keys = {record.key for record in upserts}
    _check_idle(stored, "", ids, keys, flags)
    _check_unchanged(stored, base, ids, keys)
    removals = tuple(id for id in ids if id not in edited.by_id)
    return fold(stored, [Settled("", upserts, removals)])


def check_closed(stored: Inventory, flags: str) -> None:
    """Raise Stale if a run is open. For `flags` see `Place`."""
    for run in open_runs(stored):
        raise Stale(
            f"the run {run} has not finished: wait for it; if it died, run devinops inventory "
            f"unlock{flags} {run}. Nothing was forgotten"
        )


def _edited(stored: Inventory, edited: Inventory, base: Inventory) -> set[ObjectId]:
    """Return the objects whose records were edited, and are not stored like that already."""
    return {
        id
        for id in base.by_id.keys() | edited.by_id.keys()
        if edited.by_id.get(id) not in (base.by_id.get(id), stored.by_id.get(id))
    }
