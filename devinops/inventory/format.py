"""The inventory as text: JSON Lines, sorted, one object a line, so that Git diffs and merges it well.

The first line is the header, then come records, then intents. Only ASCII, only LF, keys in a fixed order. What
cannot be read is an `InventoryError` with its place, never an empty inventory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from devinops.kinds import KINDS
from devinops.model.changes import Action
from devinops.model.errors import InventoryError
from devinops.model.inventory import Base, Intent, Inventory, Record
from devinops.model.keys import FolderPath, Key, decode_part
from devinops.model.target import Target

FORMAT_VERSION: Final = 1
VERSION_KEY: Final = "devinops_inventory"
RESTORE: Final = (
    "restore it from the history of Git, or delete it: what equals its entry is adopted again"
)

_RECORD_KEYS = ("key", "id", "source", "commit", "protect", "fields")
_INTENT_KEYS = ("intent", "action", "key", "id", "unclear")
_CONFLICT_MARKERS = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")


@dataclass(frozen=True, slots=True)
class Settled:
    """What one step of a run came to: records to put, and (kind, id) to drop. One line of a journal."""

    run: str
    put: tuple[Record, ...] = ()
    drop: tuple[tuple[str, str], ...] = ()


END: Final = {"devinops_inventory_end": True}
_END_LINE: Final = json.dumps(END)
"""The last line: without it a file that was cut at the end of a line would pass for a smaller one."""


# --- writing ----------------------------------------------------------------------------------------------


def dump(target: Target, inventory: Inventory) -> str:
    """Return the text of the inventory of a target; equal inventories have equal texts."""
    return "".join(f"{json.dumps(one)}\n" for one in _objects(target, inventory))


def _objects(target: Target, inventory: Inventory) -> Iterator[dict[str, Any]]:
    yield {VERSION_KEY: FORMAT_VERSION, **_bound_to(target)}
    for record in sorted(inventory.records, key=lambda r: (r.key, r.id)):
        yield _record_object(record)
    for intent in sorted(
        set(inventory.intents), key=lambda i: (i.run, i.key, i.id or "", i.action)
    ):
        yield _intent_object(intent)
    yield END


def _bound_to(target: Target) -> dict[str, str | None]:
    """Return the members of a header that say which organization an inventory is of."""
    return {"api_host": target.host, "org_id": target.org_id, "target": target.name}


def _record_object(record: Record) -> dict[str, Any]:
    fields = {
        name: base.sent if base.sent == base.read else [base.sent, base.read]
        for name, base in sorted(record.fields.items())
    }
    values = (str(record.key), record.id, record.source, record.commit, record.protect, fields)
    return _without_empty(dict(zip(_RECORD_KEYS, values, strict=True)))


def _intent_object(intent: Intent) -> dict[str, Any]:
    values = (intent.run, intent.action.value, str(intent.key), intent.id, intent.unclear)
    return _without_empty(dict(zip(_INTENT_KEYS, values, strict=True)))


def _without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, False, {})}


def dump_settled(settled: Settled) -> str:
    """Return one line of a journal."""
    put = [_record_object(record) for record in settled.put]
    return (
        json.dumps({"run": settled.run, "put": put, "drop": [list(one) for one in settled.drop]})
        + "\n"
    )


# --- reading ----------------------------------------------------------------------------------------------


class _Damage(Exception):
    """What is wrong with a line, without its place."""


def parse(text: str, expected: Target, place: str, store: str = "file") -> Inventory:
    """Read an inventory that `place` names to people. The order of records and intents does not matter.

    Raises InventoryError with place and line for anything that is not whole, well formed and of `expected`.
    """
    lines = _lines(text, place)
    _at(place, 1, _check_header, lines[0], expected)
    records: list[Record] = []
    intents: list[Intent] = []
    seen: dict[object, int] = {}
    whole = len(lines) > 1 and lines[-1] == _END_LINE
    for number, line in enumerate(lines[1:-1] if whole else lines[1:], 2):
        one = _at(place, number, _line, line)
        if isinstance(one, Intent):
            intents.append(one)
        else:
            _at(place, number, _check_new, one, seen, number)
            records.append(one)
    if not whole:
        raise InventoryError(
            f"{place}:{len(lines)}: the end is missing, so the file is cut off here: {RESTORE}"
        )
    return Inventory.of(store, records, intents)


def parse_settled(text: str, place: str) -> tuple[Settled, ...]:
    """Read a journal. A last line without its end was never acknowledged, and is left out."""
    whole = text[: text.rfind("\n") + 1]
    return tuple(
        _at(place, number, _settled, line) for number, line in enumerate(whole.split("\n")[:-1], 1)
    )


def _at(place: str, number: int, read: Any, *arguments: Any) -> Any:
    try:
        return read(*arguments)
    except _Damage as damage:
        raise InventoryError(f"{place}:{number}: {_printable(str(damage))}") from None


def _printable(text: str) -> str:
    """Return a message that quotes a damaged file, with what cannot be printed as escapes."""
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in text)


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
        raise InventoryError(
            f"{place}:1: the inventory is empty, not even a header is left: {RESTORE}"
        )
    if lines.pop():
        raise InventoryError(f"{place}:{len(lines) + 1}: the last line is cut off: {RESTORE}")
    return lines


def _object(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise _Damage(f"this is not JSON: {RESTORE}") from None
    if not isinstance(value, dict):
        raise _Damage(f"expected a JSON object: {RESTORE}")
    return value


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Damage(f"a name stands twice in one object: {RESTORE}")
    return found


def _check_header(line: str, expected: Target) -> None:
    found = _object(line)
    version = found.get(VERSION_KEY)
    if version is None:
        raise _Damage(f'the header with "{VERSION_KEY}" is missing: {RESTORE}')
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise _Damage(f'"{VERSION_KEY}" is a whole number, not {json.dumps(version)}: {RESTORE}')
    if version > FORMAT_VERSION:
        raise _Damage(
            f"this inventory was written by a newer devinops (format {version}, here {FORMAT_VERSION} is known): "
            "upgrade devinops"
        )
    _check_names(found, (VERSION_KEY, "api_host", "org_id", "target"))
    bound_to = _bound_to(expected)
    for name in ("target", "api_host", "org_id"):
        said, wanted = _text(found, name, optional=name == "org_id"), bound_to[name]
        if said != wanted:
            raise _Damage(
                f"this inventory is of the {name} {said or '(none)'}, the run is for {wanted or '(none)'}: choose the "
                "target that it belongs to; if the organization has moved, delete the inventory: what equals its "
                "entry is adopted again"
            )


def _line(line: str) -> Record | Intent:
    found = _object(line)
    if VERSION_KEY in found:
        raise _Damage(f"a second header: {RESTORE}")
    return _intent(found) if "intent" in found else _record(found)


def _record(found: Any) -> Record:
    if not isinstance(found, dict):
        raise _Damage(f"expected a record: {RESTORE}")
    _check_names(found, _RECORD_KEYS)
    fields = found.get("fields", {})
    if not isinstance(fields, dict):
        raise _Damage(f'"fields" is an object: {RESTORE}')
    return Record(
        key=_key(found),
        id=_required(found, "id"),
        source=_text(found, "source", optional=True),
        commit=_text(found, "commit", optional=True),
        protect=_flag(found, "protect"),
        fields={name: _base(name, value) for name, value in fields.items()},
    )


def _base(name: str, value: Any) -> Base:
    if isinstance(value, str):
        return Base(value, value)
    match value:
        case [str(sent), str() | None as read]:
            return Base(sent, read)
    raise _Damage(
        f'the field "{name}" holds one text, or a list of what was sent and read: {RESTORE}'
    )


def _intent(found: dict[str, Any]) -> Intent:
    _check_names(found, _INTENT_KEYS)
    action = _required(found, "action")
    if action not in list(Action):
        raise _Damage(f'"{action}" is no action; known are {", ".join(Action)}: {RESTORE}')
    run, id = _required(found, "intent"), _text(found, "id", optional=True)
    return Intent(run, Action(action), _key(found), id, _flag(found, "unclear"))


def _settled(line: str) -> Settled:
    found = _object(line)
    _check_names(found, ("run", "put", "drop"))
    put, drop = found.get("put"), found.get("drop")
    if not isinstance(put, list) or not isinstance(drop, list):
        raise _Damage(
            '"put" and "drop" are lists: delete the journal; its objects are adopted again'
        )
    return Settled(
        _required(found, "run"),
        tuple(_record(one) for one in put),
        tuple(_dropped(one) for one in drop),
    )


def _dropped(value: Any) -> tuple[str, str]:
    match value:
        case [str(kind), str(id)]:
            return kind, id
    raise _Damage(
        '"drop" holds pairs of kind and id: delete the journal; its objects are adopted again'
    )


def _key(found: Mapping[str, Any]) -> Key:
    """Read a key exactly as `str()` wrote it: unlike one that a person typed, it is not tidied."""
    text = _required(found, "key")
    kind, _, place = text.partition(":")
    folder, _, name = place.rpartition("/")
    key = Key(kind, FolderPath(folder), decode_part(name))
    if kind not in KINDS or str(key) != text:
        raise _Damage(
            f"{json.dumps(text)} is no key of a known kind ({', '.join(KINDS)}): {RESTORE}"
        )
    return key


def _check_names(found: Mapping[str, Any], known: Sequence[str]) -> None:
    if unknown := [name for name in found if name not in known]:
        raise _Damage(
            f"unknown key {json.dumps(unknown[0])}; known here are {', '.join(known)}: remove it, or {RESTORE}"
        )


def _required(found: Mapping[str, Any], name: str) -> str:
    value = _text(found, name)
    assert value is not None
    return value


def _text(found: Mapping[str, Any], name: str, *, optional: bool = False) -> str | None:
    value = found.get(name)
    if isinstance(value, str) and value:
        return value
    if value is None and optional:
        return None
    raise _Damage(f'"{name}" is {"missing" if value is None else "not a text"}: {RESTORE}')


def _flag(found: Mapping[str, Any], name: str) -> bool:
    value = found.get(name, False)
    if not isinstance(value, bool):
        raise _Damage(f'"{name}" is true or false: {RESTORE}')
    return value


def _check_new(record: Record, seen: dict[object, int], number: int) -> None:
    for what in ((record.key.kind, record.id), record.key):
        if (before := seen.setdefault(what, number)) != number:
            shown = what if isinstance(what, Key) else " ".join(what)
            raise _Damage(
                f"{shown} stands in line {before} already: keep the line that was applied last"
            )
