"""The inventory as text: sorted JSON Lines, one object per line, which Git diffs and merges well.

The header comes first, then the records, then the intents, then the end. The text is ASCII with LF
line ends and a fixed order of keys. Damaged text is an `InventoryError` with its file and line,
never an empty inventory.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Final

from devinops.inventory.merge import Settled
from devinops.model.errors import InventoryError
from devinops.model.inventory import Intent, Inventory, Record
from devinops.model.keys import Key, ObjectId
from devinops.model.target import Target
from devinops.schema.base_document import convert, json_line, load_object, quotable
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
    "restore it from the Git history, or delete it: the next apply adopts objects that equal their "
    "entries"
)
DELETE_JOURNAL: Final = "delete the journal: the next apply adopts its objects again"
_VERSION_KEY: Final = "devinops_inventory"
_CONFLICT_MARKERS: Final = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")
_END: Final = EndLine(True)
"""The last line. Without it, a file that was cut off at a line end would look complete."""


# --- writing --------------------------------------------------------------------------------------


def dump(target: Target, inventory: Inventory) -> str:
    """Return the text of an inventory; equal inventories have equal texts."""
    return "".join(map(json_line, _all_lines(target, inventory)))


def _all_lines(target: Target, inventory: Inventory) -> Iterator[Line]:
    yield HeaderLine.of(target)
    yield from map(RecordLine.of, sorted(inventory.records, key=lambda r: (r.key, r.id)))
    intents = sorted(set(inventory.intents), key=lambda i: (i.run, i.key, i.id or "", i.action))
    yield from map(IntentLine.of, intents)
    yield _END


def dump_settled(settled: Settled) -> str:
    """Return one line of a journal."""
    upserts = tuple(map(RecordLine.of, settled.upserts))
    return json_line(SettledLine(settled.run, put=upserts, drop=settled.removals))


# --- reading --------------------------------------------------------------------------------------


def parse(text: str, expected: Target, label: str, store: str = "file") -> Inventory:
    """Return the inventory that the text holds, its records and intents in any order.

    `label` names the text in messages. Raises InventoryError with its line if the text is
    incomplete, malformed or belongs to a target other than `expected`, under all its names.
    """
    lines = _lines(text, label)
    try:
        header = _header(lines[0], f"{label}:1")
    except ValueError as error:
        raise _damaged(label, 1, error) from None
    _check_header(header, expected, f"{label}:1")
    complete = len(lines) > 1 and f"{lines[-1]}\n" == json_line(_END)
    items = list(_items(lines[1:-1] if complete else lines[1:], label))
    _check_unique(items, label)
    if not complete:
        raise _damaged(label, len(lines), "the end is missing, so the file is cut off here")
    records = [item for item in items if isinstance(item, Record)]
    return Inventory.of(store, records, [item for item in items if isinstance(item, Intent)])


def parse_settled(text: str, label: str) -> tuple[Settled, ...]:
    """Return the steps that a journal holds. A last line without its line end is left out.

    No run relied on such a line: `append` did not return. Raises InventoryError.
    """
    complete = text[: text.rfind("\n") + 1]
    steps = []
    for number, line in enumerate(complete.split("\n")[:-1], 1):
        try:
            step = convert(load_object(line), SettledLine)
            upserts = tuple(record.to_model() for record in step.put)
        except ValueError as error:
            raise _damaged(label, number, error, DELETE_JOURNAL) from None
        removals = tuple(ObjectId(*id) for id in step.drop)
        steps.append(Settled(step.run, upserts, removals))
    return tuple(steps)


def _damaged(label: str, line: int, what: object, advice: str = RESTORE) -> InventoryError:
    return InventoryError(f"{label}:{line}: {quotable(what)}: {advice}")


def _lines(text: str, label: str) -> list[str]:
    """Return the lines of a text. Raises InventoryError if it is empty, in conflict or cut off."""
    text = text.removeprefix("\ufeff")
    lines = text.replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines, 1):
        if line.startswith(_CONFLICT_MARKERS):
            raise InventoryError(
                f"{label}:{number}: this is a conflict marker of Git: a merge of this inventory is "
                "not resolved. Take one whole side (git checkout --ours or --theirs): the next "
                "apply adopts the objects that are missing there"
            )
    if not text.strip():
        raise _damaged(label, 1, "the inventory is empty, not even a header is left")
    if lines.pop():
        raise _damaged(label, len(lines) + 1, "the last line is cut off")
    return lines


def _header(line: str, position: str) -> HeaderLine:
    """Raises ValueError if the line is not a header, InventoryError if its version is newer."""
    values = load_object(line)
    version = values.get(_VERSION_KEY)
    if version is None:
        raise ValueError(f'the header with "{_VERSION_KEY}" is missing')
    if isinstance(version, int) and version > LINE_VERSION:
        raise InventoryError(
            f"{position}: this inventory was written by a newer devinops (format {version}; this "
            f"devinops reads format {LINE_VERSION}): upgrade devinops"
        )
    return convert(values, HeaderLine)


def _check_header(header: HeaderLine, target: Target, position: str) -> None:
    name = header.target if header.target in target.previously else target.name
    bound_to = _bound_to(HeaderLine.of(dataclasses.replace(target, name=name)))
    for actual, expected in zip(_bound_to(header), bound_to, strict=True):
        if actual != expected:
            raise InventoryError(
                f"{position}: this inventory belongs to {quotable(actual)}, but the run is for "
                f"{expected}: choose the target that the inventory belongs to; if the organization "
                "has moved, delete the inventory: the next apply adopts objects that equal their "
                "entries"
            )


def _bound_to(header: HeaderLine) -> tuple[str, str, str]:
    organization = f"the organization {header.org_id or '(none)'}"
    return (
        f"the target {header.target}",
        f"the API host {header.api_host}",
        "an enterprise" if header.enterprise else organization,
    )


def _items(lines: Iterable[str], label: str) -> Iterator[Record | Intent]:
    """Yield the records and intents below a header. Raises InventoryError."""
    for number, line in enumerate(lines, 2):
        try:
            yield item(line)
        except ValueError as error:
            raise _damaged(label, number, error) from None


def item(line: str) -> Record | Intent:
    """Raises ValueError."""
    values = load_object(line)
    if _VERSION_KEY in values:
        raise ValueError("a second header")
    if "intent" in values:
        return convert(values, IntentLine).to_model()
    return convert(values, RecordLine).to_model()


def _check_unique(items: list[Record | Intent], label: str) -> None:
    """Raise InventoryError if two records have the same id or the same key."""
    lines: dict[Key | ObjectId, int] = {}
    for number, item in enumerate(items, 2):
        if isinstance(item, Record):
            for name in (item.key, item.object_id):
                first = lines.setdefault(name, number)
                if first != number:
                    shown = name if isinstance(name, Key) else " ".join(name)
                    advice = "keep the line that was applied last"
                    raise _damaged(label, number, f"{shown} is already on line {first}", advice)
