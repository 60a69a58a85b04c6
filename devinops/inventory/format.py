"""The inventory as text: JSON Lines, sorted, one object a line, so that Git diffs and merges it well.

The first line is the header, then come records, then intents. Only ASCII, only LF, keys in a fixed order. What
cannot be read is an `InventoryError` with its place, never an empty inventory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from devinops.inventory.merge import Settled
from devinops.model.errors import InventoryError
from devinops.model.inventory import Intent, Inventory, Record
from devinops.model.keys import Key, ObjectId
from devinops.model.target import Target
from devinops.schema.document import convert, json_line, load_object, quotable
from devinops.schema.inventory import (
    LINE_VERSION,
    EndLine,
    HeaderLine,
    IntentLine,
    Line,
    RecordLine,
    SettledLine,
)

RESTORE: Final = (
    "restore it from the history of Git, or delete it: what equals its entry is adopted again"
)
DELETE_JOURNAL: Final = "delete the journal: its objects are adopted again"
_VERSION_KEY: Final = "devinops_inventory"
_CONFLICT_MARKERS: Final = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")
_END: Final = EndLine(True)
"""The last line: without it a file that was cut at the end of a line would pass for a smaller one."""


# --- writing ----------------------------------------------------------------------------------------------


def dump(target: Target, inventory: Inventory) -> str:
    """Return the text of an inventory; equal inventories have equal texts."""
    return "".join(map(json_line, _written(target, inventory)))


def _written(target: Target, inventory: Inventory) -> Iterator[Line]:
    yield HeaderLine.of(target)
    yield from map(RecordLine.of, sorted(inventory.records, key=lambda r: (r.key, r.id)))
    intents = sorted(set(inventory.intents), key=lambda i: (i.run, i.key, i.id or "", i.action))
    yield from map(IntentLine.of, intents)
    yield _END


def dump_settled(settled: Settled) -> str:
    """Return one line of a journal."""
    put = tuple(map(RecordLine.of, settled.put))
    return json_line(SettledLine(settled.run, put, settled.drop))


# --- reading ----------------------------------------------------------------------------------------------


def parse(text: str, expected: Target, place: str, store: str = "file") -> Inventory:
    """Read an inventory that `place` names to people. The order of records and intents does not matter.

    Raises InventoryError with place and line for anything that is not whole, well formed and of `expected`.
    """
    lines = _lines(text, place)
    try:
        header = _header(lines[0], f"{place}:1")
    except ValueError as error:
        raise _damaged(place, 1, error) from None
    _check_header(header, expected, f"{place}:1")
    whole = len(lines) > 1 and f"{lines[-1]}\n" == json_line(_END)
    items = []
    for number, line in enumerate(lines[1:-1] if whole else lines[1:], 2):
        try:
            items.append(_item(line))
        except ValueError as error:
            raise _damaged(place, number, error) from None
    records = _records(items, place)
    if not whole:
        raise _damaged(place, len(lines), "the end is missing, so the file is cut off here")
    return Inventory.of(store, records, [item for item in items if isinstance(item, Intent)])


def parse_settled(text: str, place: str) -> tuple[Settled, ...]:
    """Read a journal. A last line without its end was never acknowledged, and is left out."""
    whole = text[: text.rfind("\n") + 1]
    steps = []
    for number, line in enumerate(whole.split("\n")[:-1], 1):
        try:
            step = convert(load_object(line), SettledLine)
            put = tuple(record.to_model() for record in step.put)
        except ValueError as error:
            raise _damaged(place, number, error, DELETE_JOURNAL) from None
        drop = tuple(ObjectId(*id) for id in step.drop)
        steps.append(Settled(step.run, put, drop))
    return tuple(steps)


def _damaged(place: str, line: int, what: object, advice: str = RESTORE) -> InventoryError:
    return InventoryError(f"{place}:{line}: {quotable(what)}: {advice}")


def _lines(text: str, place: str) -> list[str]:
    """Return the lines; refuse what is empty, in conflict or cut off."""
    text = text.removeprefix("\ufeff")
    lines = text.replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines, 1):
        if line.startswith(_CONFLICT_MARKERS):
            raise InventoryError(
                f"{place}:{number}: a conflict marker of Git: this inventory was merged and not resolved. Take one "
                "side whole (git checkout --ours or --theirs): what it misses is adopted again"
            )
    if not text.strip():
        raise _damaged(place, 1, "the inventory is empty, not even a header is left")
    if lines.pop():
        raise _damaged(place, len(lines) + 1, "the last line is cut off")
    return lines


def _header(line: str, place: str) -> HeaderLine:
    """Raises ValueError for what is no header, InventoryError for one of a later version."""
    values = load_object(line)
    version = values.get(_VERSION_KEY)
    if version is None:
        raise ValueError(f'the header with "{_VERSION_KEY}" is missing')
    if isinstance(version, int) and version > LINE_VERSION:
        raise InventoryError(
            f"{place}: this inventory was written by a newer devinops (format {version}, here {LINE_VERSION} is "
            "known): upgrade devinops"
        )
    return convert(values, HeaderLine)


def _check_header(header: HeaderLine, expected: Target, place: str) -> None:
    wanted_header = HeaderLine.of(expected)
    owner = {True: "an enterprise", False: "an organization"}
    facts = (
        ("of the target", header.target, wanted_header.target),
        ("of the api_host", header.api_host, wanted_header.api_host),
        ("of", owner[header.enterprise], owner[wanted_header.enterprise]),
        ("of the org_id", header.org_id, wanted_header.org_id),
    )
    for fact, actual, wanted in facts:
        if actual != wanted:
            raise InventoryError(
                f"{place}: this inventory is {fact} {quotable(actual or '(none)')}, the run is for "
                f"{wanted or '(none)'}: choose the target that it belongs to; if the organization has moved, delete "
                "the inventory: what equals its entry is adopted again"
            )


def _item(line: str) -> Record | Intent:
    """Raises ValueError."""
    values = load_object(line)
    if _VERSION_KEY in values:
        raise ValueError("a second header")
    if "intent" in values:
        return convert(values, IntentLine).to_model()
    return convert(values, RecordLine).to_model()


def _records(items: list[Record | Intent], place: str) -> list[Record]:
    """Return the records. Raises InventoryError if two of them have one id or one key."""
    seen: dict[object, int] = {}
    for number, item in enumerate(items, 2):
        for what in (item.key, (item.key.kind, item.id)) if isinstance(item, Record) else ():
            before = seen.setdefault(what, number)
            if before != number:
                shown = what if isinstance(what, Key) else " ".join(what)
                advice = "keep the line that was applied last"
                raise _damaged(place, number, f"{shown} stands in line {before} already", advice)
    return [item for item in items if isinstance(item, Record)]
