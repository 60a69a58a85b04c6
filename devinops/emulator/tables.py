"""Tables of records, their sorted listings, and the pages that a listing is cut into."""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Generic

from devinops.emulator.records import ApiError, R, Record

# Sort keys; each is unique, because a cursor is a position in the order.
ORDERS: dict[str, Callable[[Record], tuple[Any, ...]]] = {
    "created": lambda record: (record.seq,),
    "reversed": lambda record: (-record.seq,),
    "newest": lambda record: (-record.created_at, -record.seq),
    "name": lambda record: (record.label, record.seq),
    "updated": lambda record: (record.updated_at, record.seq),
}
_KEY_TYPES = {
    "created": (int,),
    "reversed": (int,),
    "newest": (int, int),
    "name": (str, int),
    "updated": (int, int),
    "offset": (int,),
}


class Table(Generic[R]):
    """Objects of one kind in order of creation; sorted listings are cached until a change."""

    def __init__(self) -> None:
        self._rows: dict[str, R] = {}
        self._by_org: defaultdict[str | None, dict[str, R]] = defaultdict(dict)
        self._listings: dict[tuple[frozenset[str | None] | None, str], list[R]] = {}

    def __iter__(self) -> Iterator[R]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def get(self, record_id: str) -> R | None:
        return self._rows.get(record_id)

    def of(self, org: str | None) -> Collection[R]:
        """Return the objects of an organization in order of creation; None: of the enterprise."""
        return self._by_org[org].values()

    def add(self, record: R) -> R:
        self._rows[record.id] = self._by_org[record.org][record.id] = record
        self.touch()
        return record

    def remove(self, record: R) -> None:
        del self._rows[record.id], self._by_org[record.org][record.id]
        self.touch()

    def touch(self) -> None:
        """Clear the cached listings: something that they show or sort by has changed."""
        self._listings.clear()

    def listing(self, orgs: Collection[str | None] | None, order: str) -> list[R]:
        """Return the records of these organizations, or of all, sorted; do not change the list."""
        key = (None if orgs is None else frozenset(orgs), order)
        if key not in self._listings:
            records = self if orgs is None else chain.from_iterable(map(self.of, orgs))
            self._listings[key] = sorted(records, key=ORDERS[order])
        return self._listings[key]


@dataclass(frozen=True)
class ListPage(Generic[R]):
    """A part of a list. `end_cursor` is None on the last page; `total` counts the whole list."""

    items: list[R]
    end_cursor: str | None
    total: int


def cut_page(
    rows: list[R], list_name: str, *, order: str, stable: bool, first: int, after: str | None
) -> ListPage[R]:
    """Return up to `first` of the sorted `rows` after the cursor `after`.

    A cursor belongs to the list called `list_name` and to its order; any other cursor is a 422. A
    stable cursor is a position in the order. Otherwise it is a count, which writes between two
    pages shift.
    """
    if after is None:
        start = 0
    elif stable:
        start = bisect_right(rows, _decode(after, list_name, order), key=ORDERS[order])
    else:
        start = max(int(_decode(after, list_name, "offset")[0]), 0)
    end = start + first
    if end >= len(rows):
        return ListPage(rows[start:], None, len(rows))
    position = ORDERS[order](rows[end - 1]) if stable else (end,)
    return ListPage(
        rows[start:end], _encode(list_name, order if stable else "offset", position), len(rows)
    )


def _encode(list_name: str, order: str, position: tuple[object, ...]) -> str:
    text = json.dumps([list_name, order, *position])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str, list_name: str, order: str) -> tuple[Any, ...]:
    try:
        raw = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        raw = None
    expected = (list_name, order, *_KEY_TYPES[order])
    if not isinstance(raw, list) or (*raw[:2], *map(type, raw[2:])) != expected:
        raise ApiError(422, "Invalid cursor", ("query", "after"), cursor)
    return tuple(raw[2:])
