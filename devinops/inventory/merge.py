"""How results, intents and what others did meanwhile come together in one inventory. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from devinops.model.changes import Action
from devinops.model.errors import Stale
from devinops.model.inventory import MAKING, Intent, Inventory, Record
from devinops.model.keys import Key, ObjectId

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Settled:
    """What one step of a run came to: records to put, and (kind, id) to drop. One line of a journal."""

    run: str
    put: tuple[Record, ...] = ()
    drop: tuple[ObjectId, ...] = ()


def open_runs(inventory: Inventory) -> dict[str, list[Intent]]:
    """Return the runs that have announced writes and not settled them all, with those."""
    found: defaultdict[str, list[Intent]] = defaultdict(list)
    for intent in inventory.intents:
        if not intent.unclear:
            found[intent.run].append(intent)
    return dict(sorted(found.items()))


def fold(inventory: Inventory, results: Iterable[Settled]) -> Inventory:
    """Return the inventory with results laid over in their order, and without the intents that they settle.

    A key has one object: of two records under one key the one that was put last stays.
    """
    records: dict[ObjectId, Record] = dict(inventory.by_id)
    results = tuple(results)
    for result in results:
        for gone in result.drop:
            records.pop(gone, None)
        for record in result.put:
            records.pop(record.object_id, None)
            records[record.object_id] = record
    by_key = {record.key: record for record in records.values()}
    left = _unsettled(inventory.intents, results)
    return Inventory.of(inventory.store, by_key.values(), left)


def _unsettled(intents: Iterable[Intent], results: Iterable[Settled]) -> list[Intent]:
    done: set[tuple[str, Key | ObjectId]] = set()
    gone: set[tuple[str, ObjectId]] = set()
    found: set[Key] = set()
    for result in results:
        found |= {record.key for record in result.put}
        done |= {(result.run, record.key) for record in result.put}
        done |= {(result.run, record.object_id) for record in result.put}
        gone |= {(result.run, one) for one in result.drop}
    left = [intent for intent in intents if not _is_settled(intent, done, gone)]
    return [intent for intent in left if not (intent.unclear and intent.key in found)]


def _is_settled(
    intent: Intent, done: set[tuple[str, Key | ObjectId]], gone: set[tuple[str, ObjectId]]
) -> bool:
    if (intent.run, intent.key) in done:
        return True
    if intent.id is None:
        return False
    own = (intent.run, intent.object_id)
    # A replaced object is gone first and made again afterwards: only that is the end of it.
    return own in done or (own in gone and intent.action is not Action.REPLACE)


def recover(inventory: Inventory, journal: Iterable[Settled]) -> Inventory:
    """Lay over what a journal on this machine holds of runs that are still open.

    A run without open intents was finished, or given up by a person; then the inventory knows better.
    """
    running = open_runs(inventory)
    return fold(inventory, (one for one in journal if one.run in running))


def announce(stored: Inventory, run: str, intents: Sequence[Intent], base: Inventory) -> Inventory:
    """Return the stored inventory with the intents of a run that was planned with `base`.

    Raises Stale where another run is at work on the same objects, or has recorded them since.
    """
    ids, keys = _touched(intents)
    busy: defaultdict[str, set[str]] = defaultdict(set)
    for other in stored.intents:
        if other.unclear or other.run == run:
            continue
        if other.key in keys or (other.id and other.object_id in ids):
            busy[other.run].add(str(other.key))
    for name, theirs in sorted(busy.items()):
        raise Stale(
            f"the run {name} is at work on {listed(theirs)}: wait for it and plan again; if it died, devinops "
            f"inventory unlock {name}. Nothing was written"
        )
    _check_unchanged(stored, base, ids, keys)
    others = [i for i in stored.intents if i.run != run and not (i.unclear and i.key in keys)]
    return replace(stored, intents=(*others, *intents))


def _touched(intents: Iterable[Intent]) -> tuple[set[ObjectId], set[Key]]:
    intents = tuple(intents)
    return {i.object_id for i in intents if i.id}, {i.key for i in intents}


def _check_unchanged(
    stored: Inventory, base: Inventory, ids: Iterable[ObjectId], keys: Iterable[Key]
) -> None:
    moved = {str(key) for key in keys if stored.by_key.get(key) != base.by_key.get(key)}
    for one in ids:
        now, then = stored.by_id.get(one), base.by_id.get(one)
        if now != then:
            known = now or then
            assert known is not None
            moved.add(str(known.key))
    if moved:
        raise Stale(
            f"the inventory has changed since it was read, for {listed(moved)}: plan again. Nothing was written"
        )


def conclude(
    stored: Inventory,
    run: str,
    results: Sequence[Settled],
    before: Mapping[ObjectId, Record],
    unclear: Collection[Key] = (),
) -> Inventory:
    """Return the stored inventory with all results of a run, and of its intents only the `unclear` creates.

    `before` are the records as the run began. A record that is neither that nor of this run was made by
    somebody who came later, and stays.
    """
    own: defaultdict[ObjectId, list[Record | None]] = defaultdict(list)
    for result in results:
        for gone in result.drop:
            own[gone].append(None)
        for record in result.put:
            own[record.object_id].append(record)
    foreign = {
        one
        for one, states in own.items()
        if (now := stored.by_id.get(one)) != before.get(one) and now not in states
    }
    ours = [
        Settled(
            one.run,
            tuple(r for r in one.put if r.object_id not in foreign),
            tuple(gone for gone in one.drop if gone not in foreign),
        )
        for one in results
    ]
    return ended(fold(stored, ours), run, unclear)


def ended(inventory: Inventory, run: str, unclear: Collection[Key] | None = None) -> Inventory:
    """Return the inventory without the intents of a run, but for creates of which nobody saw the end.

    `unclear` are the keys of those; None, for a run that died: whatever it has not settled.
    """

    def left(intent: Intent) -> Intent | None:
        if intent.run != run or intent.unclear:
            return intent
        makes = intent.action in MAKING
        if makes and (unclear is None or intent.key in unclear):
            return Intent(run, Action.CREATE, intent.key, unclear=True)
        return None

    return replace(inventory, intents=tuple(filter(None, map(left, inventory.intents))))


def rewrite(stored: Inventory, wanted: Inventory, base: Inventory) -> Inventory:
    """Return the stored inventory with the differences between `base` and `wanted`.

    Raises Stale where one of those objects has changed since `base`, or a run is at work on it. What is stored as
    wanted already is fine: a push of it got there, and only its answer did not.
    """
    ids = {
        one
        for one in base.by_id.keys() | wanted.by_id.keys()
        if wanted.by_id.get(one) not in (base.by_id.get(one), stored.by_id.get(one))
    }
    put = [wanted.by_id[one] for one in ids if one in wanted.by_id]
    keys = {record.key for record in put}
    busy = {
        i.run
        for i in stored.intents
        if not i.unclear and (i.key in keys or (i.id and i.object_id in ids))
    }
    if busy:
        raise Stale(
            f"the run {min(busy)} is at work on this: wait for it; if it died, devinops inventory unlock "
            f"{min(busy)}. Nothing was written"
        )
    _check_unchanged(stored, base, ids, keys)
    return fold(
        stored, [Settled("", tuple(put), tuple(one for one in ids if one not in wanted.by_id))]
    )


def listed(names: Iterable[str]) -> str:
    """Return some names in order, and how many more there are."""
    names = sorted(names)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
