"""The inventory as text: sorted JSON Lines, one object per line, which Git diffs and merges well.

The header comes first, then the records, then the intents, then the end. The text is ASCII with LF
line ends and a fixed order of keys. Damaged text is an `InventoryError` with its file and line,
never an empty inventory.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias, TypeVar

from devinops.inventory.merge import Job, RunFile, Settled
from devinops.model.errors import InventoryError
from devinops.model.inventory import Deleted, Failed, Intent, Inventory, Record
from devinops.model.keys import Key, ObjectId
from devinops.model.target import Target
from devinops.schema.base_document import (
    DroppedKind,
    convert,
    json_line,
    load_object,
    quotable,
)
from devinops.schema.inventory import (
    LINE_VERSION,
    DeletedLine,
    EndLine,
    FailedLine,
    HeaderLine,
    IntentLine,
    Line,
    RecordLine,
    RunLine,
    SettledLine,
)

RESTORE: Final = (
    "restore it from the Git history, or delete it: the next apply adopts objects that equal their "
    "entries"
)
DELETE_JOURNAL: Final = "delete the journal: the next apply adopts its objects again"
_VERSION_KEY: Final = "devinops_inventory"
_RUN_KEY: Final = "devinops_run"
_CONFLICT_MARKERS: Final = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")
_END: Final = EndLine(True)
"""The last line. Without it, a file that was cut off at a line end would look complete."""

Item: TypeAlias = Record | Intent | Deleted | Failed
"""What is in a line of an inventory."""

H = TypeVar("H", HeaderLine, RunLine)
T = TypeVar("T")


# --- writing --------------------------------------------------------------------------------------


def dump(target: Target, inventory: Inventory) -> str:
    """Return the text of an inventory; equal inventories have equal texts."""
    return "".join(map(json_line, _all_lines(target, inventory)))


def _all_lines(target: Target, inventory: Inventory) -> Iterator[Line]:
    yield HeaderLine.of(target)
    yield from map(RecordLine.of, sorted(inventory.records, key=lambda r: (r.key, r.id)))
    yield from map(DeletedLine.of, sorted(inventory.deleted))
    yield from map(FailedLine.of, sorted(inventory.failed))
    yield from map(IntentLine.of, _sorted(inventory.intents))
    yield _END


def _sorted(intents: Iterable[Intent]) -> list[Intent]:
    return sorted(set(intents), key=lambda i: (i.run, i.key, i.id or "", i.action))


def dump_run(file: RunFile) -> str:
    """Return the text of the file of a run."""
    lines = [
        IntentLine.of(intent, target)
        for target, intents in sorted(file.intents.items())
        for intent in _sorted(intents)
    ]
    head = RunLine(LINE_VERSION, file.run, file.job.name, file.job.attempt)
    return "".join(map(json_line, [head, *lines, _END]))


def announces(text: str, run: str) -> bool:
    """Return whether a text that devinops has written has open intents of a run."""
    intent = f'"intent": {json.dumps(run)},'
    return any(intent in line and '"unclear": true' not in line for line in text.splitlines())


def dump_settled(settled: Settled) -> str:
    """Return one line of a journal."""
    upserts = tuple(map(RecordLine.of, settled.upserts))
    return json_line(SettledLine(settled.run, upserts, settled.removals, settled.at))


# --- reading --------------------------------------------------------------------------------------


def parse(text: str, expected: Target, label: str, store: str = "file") -> Inventory:
    """Return the inventory that the text holds, its lines in any order.

    `label` names the text in messages. Raises InventoryError with its line if the text is
    incomplete, malformed or belongs to a target other than `expected`, under all its names.
    """
    lines = _lines(text, label)
    _check_header(_header(lines[0], label, _VERSION_KEY, HeaderLine), expected, f"{label}:1")
    items = _body(lines, label, item)
    _check_unique(items, label)
    _check_complete(lines, label)
    by_type: defaultdict[type, list[Any]] = defaultdict(list)
    for each in items:
        by_type[type(each)].append(each)
    inventory = Inventory.of(store, by_type[Record], by_type[Intent])
    deleted, failed = tuple(by_type[Deleted]), tuple(by_type[Failed])
    dropped = tuple(dict.fromkeys(each.key for each in by_type[DroppedKind]))
    return replace(inventory, deleted=deleted, failed=failed, dropped=dropped)


def parse_header(text: str, label: str) -> HeaderLine:
    """Return the first line of an inventory. Raises InventoryError."""
    return _header(_lines(text, label)[0], label, _VERSION_KEY, HeaderLine)


def parse_run(text: str, label: str) -> RunFile:
    """Return the file of a run that the text holds. Raises InventoryError with its line."""
    lines = _lines(text, label)
    head = _header(lines[0], label, _RUN_KEY, RunLine)
    intents: defaultdict[str, list[Intent]] = defaultdict(list)
    for announced in _body(lines, label, _announced):
        if not isinstance(announced, DroppedKind):
            target, intent = announced
            intents[target].append(intent)
    _check_complete(lines, label)
    return RunFile(head.run, Job(head.job, head.attempt), intents)


def _announced(line: str) -> tuple[str, Intent]:
    """Return the target and the intent of a line. Raises ValueError."""
    announced = convert(load_object(line), IntentLine)
    return announced.target, announced.to_model()


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
        steps.append(Settled(step.run, upserts, removals, step.at))
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
        raise _damaged(label, 1, "the inventory is empty: even its header is missing")
    if lines.pop():
        raise _damaged(label, len(lines) + 1, "the last line is cut off")
    return lines


def _header(line: str, label: str, key: str, kind: type[H]) -> H:
    """Return the first line, in which `key` is the version. Raises InventoryError."""
    try:
        values = load_object(line)
        version = values.get(key)
        if version is None:
            raise ValueError(f'the header with "{key}" is missing')
        if not (isinstance(version, int) and version > LINE_VERSION):
            return convert(values, kind)
    except ValueError as error:
        raise _damaged(label, 1, error) from None
    raise InventoryError(
        f"{label}:1: this inventory was written by a newer devinops (format {version}; this "
        f"devinops reads format {LINE_VERSION}): upgrade devinops"
    )


def _check_header(header: HeaderLine, target: Target, position: str) -> None:
    name = header.target if header.target in target.previously else target.name
    bound_to = _bound_to(HeaderLine.of(replace(target, name=name)))
    for actual, expected in zip(_bound_to(header), bound_to, strict=True):
        if actual != expected:
            raise InventoryError(
                f"{position}: this inventory belongs to {quotable(actual)}, but the run is for "
                f"{expected}: choose the target that the inventory belongs to; if the organization "
                "was replaced by another one, see devinops inventory forget --help"
            )


def _bound_to(header: HeaderLine) -> tuple[str, str, str]:
    organization = f"the organization {header.org_id or '(none)'}"
    return (
        f"the target {header.target}",
        f"the API host {header.api_host}",
        "an enterprise" if header.enterprise else organization,
    )


def _body(lines: list[str], label: str, read: Callable[[str], T]) -> list[T | DroppedKind]:
    """Return what the lines between the header and the end, if any, hold. Raises InventoryError."""
    items: list[T | DroppedKind] = []
    for number, line in enumerate(lines[1:-1] if _is_complete(lines) else lines[1:], 2):
        try:
            items.append(read(line))
        except DroppedKind as dropped:
            items.append(dropped)
        except ValueError as error:
            raise _damaged(label, number, error) from None
    return items


def _is_complete(lines: list[str]) -> bool:
    return len(lines) > 1 and f"{lines[-1]}\n" == json_line(_END)


def _check_complete(lines: list[str], label: str) -> None:
    if not _is_complete(lines):
        raise _damaged(label, len(lines), "the file is cut off here: its last line is missing")


def item(line: str) -> Item:
    """Raises ValueError."""
    values = load_object(line)
    if _VERSION_KEY in values:
        raise ValueError("a second header")
    if "deleted" in values:
        return convert(values, DeletedLine).to_model()
    if "failed" in values:
        return convert(values, FailedLine).to_model()
    if "intent" in values:
        return convert(values, IntentLine).to_model()
    return convert(values, RecordLine).to_model()


def _check_unique(items: Sequence[Item | DroppedKind], label: str) -> None:
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
