"""Reads lists, whole or not at all.

From an incomplete list a plan would create what exists already and delete what is only not listed.
So a list that cannot be proved complete is an error. Source: docs.devin.ai, pagination (`first` up
to 200, `after`, `has_next_page`, `end_cursor`, `total` often absent).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from devinops.api import size_limits
from devinops.api.http_client import Call, Getter
from devinops.api.size_limits import ResponseBudget
from devinops.kinds import KINDS
from devinops.model.client_protocols import ignore
from devinops.model.errors import BadResponse
from devinops.model.kind import Api, Counted, Paging

PAGE_SIZE: Final = 200
_EMPTY_PAGES: Final = 100
"""Pages in a row that may be empty and announce more; one more counts as a loop."""

MOST_READS: Final = 4
"""A list of several pages is read at most this many times."""

Item = Mapping[str, Any]


_NOT_USED: Final = "; the list cannot be proved complete and is not used; run again"


def list_budget() -> ResponseBudget:
    """Return the budget for one read of one list."""
    return ResponseBudget(size_limits.LARGEST_LIST, "list")


class Reading(NamedTuple):
    """A list as it was read. `unverified`: it had several pages and was read only once."""

    items: list[Item]
    ids: frozenset[str] = frozenset()
    unverified: bool = False


def read_list(
    http: Getter,
    call: Call,
    api: Api,
    seen: Callable[[list[Item]], None],
    *,
    before: Collection[str] | None = None,
    verify: bool = True,
) -> Reading:
    """Return all objects of a list; `seen` gets the objects of each page as it arrives.

    If an object is deleted between two pages and the cursor is a position, all later objects move
    up and one is never shown. No page reveals this: `total` stays the same if an object was created
    as well. So a list of several pages is read until a read shows everything that the previous
    one showed: then nothing was deleted in between. `before` holds the ids of an earlier read.
    Without `verify`, the first read is returned. Raises ApiError.
    """
    if api.paging is Paging.WHOLE:
        return Reading(unpaged(http.get(call, list_budget()), call, api, seen))
    for _ in range(MOST_READS):
        items, pages = _read(http, call, api, seen)
        ids = _ids(items, api)
        if pages == 1 or not verify:
            return Reading(items, ids, unverified=pages > 1)
        if before is not None and ids.issuperset(before):
            return Reading(items, ids)
        # Two reads at once would take twice the memory.
        del items
        before, seen = ids, ignore
    raise incomplete(call, f"objects were deleted during each of {MOST_READS} reads")


def _read(
    http: Getter, call: Call, api: Api, seen: Callable[[list[Item]], None]
) -> tuple[list[Item], int]:
    """Read a list once; return its objects and its number of pages."""
    items: list[Item] = []
    pages = 0
    for page in _pages(http, call, api):
        items += page
        pages += 1
        _check_count(len(items), call)
        seen(page)
    _check_repeats(items, call, api)
    return items, pages


def unpaged(
    response: Any, call: Call, api: Api, seen: Callable[[list[Item]], None], *, shared: bool = False
) -> list[Item]:
    """Return the objects of a response that has the whole list.

    A response that several kinds share is never a bare list.
    """
    if not shared and isinstance(response, list):
        response = {api.items: response}
    items = _items(response, call, api)
    if response.get("has_next_page"):
        raise incomplete(call, "the list has more pages, but should have only one")
    if _total(response) > len(items):
        raise incomplete(call, f"the list shows {len(items)} of {_total(response)} objects")
    _check_count(len(items), call)
    _check_repeats(items, call, api)
    seen(items)
    return items


def _check_count(count: int, call: Call) -> None:
    if count > size_limits.MAX_OBJECTS:
        raise incomplete(call, f"the list has more than {size_limits.MAX_OBJECTS} objects")


def _pages(http: Getter, call: Call, api: Api) -> Iterator[list[Item]]:
    cursors: set[str] = set()
    query = {"first": str(PAGE_SIZE)}
    count = empty = total = 0
    budget = list_budget()
    while True:
        response = http.get(dataclasses.replace(call, query=query), budget)
        page = _items(response, call, api)
        count += len(page)
        empty = 0 if page else empty + 1
        total = max(total, _total(response))
        yield page
        cursor = _next(response, call)
        if cursor is None:
            break
        if cursor in cursors or empty > _EMPTY_PAGES:
            raise incomplete(call, "the pages of the list repeat endlessly")
        if len(cursors) >= size_limits.MAX_PAGES:
            raise incomplete(call, f"the list has more than {size_limits.MAX_PAGES} pages")
        cursors.add(cursor)
        query = {"first": str(PAGE_SIZE), "after": cursor}
    if total > count:
        raise incomplete(call, f"the list shows {count} of {total} objects")


def _next(response: Item, call: Call) -> str | None:
    """Return the cursor of the next page, None after the last."""
    more, cursor = response.get("has_next_page"), response.get("end_cursor")
    if more is False:
        return None
    if more is not True:
        raise incomplete(call, "has_next_page is neither true nor false")
    if not isinstance(cursor, str) or not cursor:
        raise incomplete(call, "the list has more pages, but no end_cursor that leads to them")
    if len(cursor) > size_limits.LONGEST_CURSOR:
        raise incomplete(call, f"end_cursor has more than {size_limits.LONGEST_CURSOR} characters")
    return cursor


def _total(response: Item) -> int:
    """Return the total number of objects according to a page; 0 if it does not say."""
    total = response.get("total")
    return total if isinstance(total, int) else 0


def _items(response: Any, call: Call, api: Api) -> list[Item]:
    if not isinstance(response, Mapping):
        raise incomplete(call, "the response is not an object")
    items = response.get(api.items)
    if not isinstance(items, list):
        raise incomplete(call, f"{api.items} is not a list")
    if not all(isinstance(item, Mapping) for item in items):
        raise incomplete(call, f"{api.items} holds something that is not an object")
    return items


def _check_repeats(items: list[Item], call: Call, api: Api) -> None:
    seen: set[str] = set()
    for item in items:
        id = item.get(api.id)
        if not isinstance(id, str):
            continue  # decoding reports it in more detail
        if id in seen:
            raise incomplete(call, "the list shows an object twice, so others may be missing")
        seen.add(id)


def _ids(items: Iterable[Item], api: Api) -> frozenset[str]:
    ids = (item.get(api.id) for item in items)
    return frozenset(id for id in ids if isinstance(id, str))


def incomplete(call: Call, what: str) -> BadResponse:
    return BadResponse(f"{call}: {what}{_NOT_USED}")


def check_counts(counted: Counted, holders: Iterable[Item], contents: Iterable[Item]) -> None:
    """Raise BadResponse if `holders` count objects, but no object in a holder was listed.

    An empty list looks as complete as any other; if it were believed, everything would be created
    again. The numbers themselves are not compared: it is not documented whether a holder also
    counts the objects in the holders below it.
    """
    counts = (holder.get(counted.member) for holder in holders)
    total = sum(count for count in counts if isinstance(count, int))
    if total > 0 and not any(item.get(counted.by) for item in contents):
        raise BadResponse(
            f"{counted.member} adds up to {total}, but no {KINDS[counted.kind].name} with "
            f"{counted.by} was listed: the list cannot be proved complete and is not used; run "
            "again"
        )
