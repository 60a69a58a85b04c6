"""Lists, read whole or not at all.

A list that is too short would make a plan create what exists and delete what is only out of sight; so what
cannot be proved complete is an error. Source: docs.devin.ai, pagination (`first` up to 200, `after`,
`has_next_page`, `end_cursor`, `total` often absent; a few lists take `limit` and `offset` instead, and say nothing of a
next page).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from devinops.api import limits
from devinops.api.http import Call, Getter
from devinops.api.limits import ResponseBudget
from devinops.model.client import ignore
from devinops.model.errors import BadAnswer
from devinops.model.kind import Api, Counted, Paging

PAGE_SIZE: Final = 200
_EMPTY_PAGES: Final = 100
"""So many pages in a row may be empty and promise more; then it is taken for a loop."""

MOST_READINGS: Final = 4
"""A list of several pages is read at most this many times."""

Item = Mapping[str, Any]

_REPEATED: Final = "it shows one object twice, so others may be missing"

_NOT_USED: Final = "; the list cannot be proved complete and is not used; run again"


def list_budget() -> ResponseBudget:
    """Return the budget for one reading of one list."""
    return ResponseBudget(limits.LARGEST_LIST, "list")


@dataclass(frozen=True)
class Reading:
    """A list as it was read. `unproved`: it had several pages, and they were read only once."""

    items: list[Item]
    ids: frozenset[str] = frozenset()
    unproved: bool = False


def read_list(
    http: Getter,
    call: Call,
    api: Api,
    progress: Callable[[int], None],
    *,
    before: Collection[str] | None = None,
    sure: bool = True,
) -> Reading:
    """Return all objects of a list; `progress` gets the number of those that a page added. Raises ApiError.

    If somebody deletes an object between two pages and a cursor is a count, all later objects move up and one is
    never shown. No page tells: `total` is the same again if something was created as well. So a list of several
    pages is read until a reading shows everything that the reading before showed: then nothing was deleted in
    between. `before` holds the ids of an earlier reading. Without `sure` the first reading is returned.
    """
    if api.paging is Paging.WHOLE:
        return Reading(unpaged(http.get(call, list_budget()), call, api, progress))
    for _ in range(MOST_READINGS):
        items, pages = _read(http, call, api, progress)
        ids = _ids(items, api)
        if pages == 1 or not sure:
            return Reading(items, ids, unproved=pages > 1)
        if before is not None and ids.issuperset(before):
            return Reading(items, ids)
        # The next reading takes the place of this one in memory.
        del items
        before, progress = ids, ignore
    raise incomplete(call, f"objects were deleted during each of {MOST_READINGS} readings")


def _read(
    http: Getter, call: Call, api: Api, progress: Callable[[int], None]
) -> tuple[list[Item], int]:
    """Read a list once; return its objects and the number of its pages."""
    items: list[Item] = []
    pages = 0
    read_pages = _offset_pages if api.paging is Paging.OFFSET else _pages
    for page in read_pages(http, call, api):
        items += page
        pages += 1
        _check_count(len(items), call)
        progress(len(page))
    _without_repeats(items, call, api)
    return items, pages


def unpaged(
    answer: Any,
    call: Call,
    api: Api,
    progress: Callable[[int], None],
    *,
    shared: bool = False,
) -> list[Item]:
    """Return the objects of an answer that holds the whole list. One that kinds share is never a bare list."""
    if not shared and isinstance(answer, list):
        answer = {api.items: answer}
    items = _items(answer, call, api)
    if answer.get("has_next_page"):
        raise incomplete(call, "it has more pages, which this list should not have")
    if _total(answer) > len(items):
        raise incomplete(call, f"it counts {_total(answer)} objects and showed {len(items)}")
    _check_count(len(items), call)
    _without_repeats(items, call, api)
    progress(len(items))
    return items


def _check_count(count: int, call: Call) -> None:
    if count > limits.MAX_OBJECTS:
        raise incomplete(call, f"it has more than {limits.MAX_OBJECTS} objects")


def _pages(http: Getter, call: Call, api: Api) -> Iterator[list[Item]]:
    cursors: set[str] = set()
    query = {"first": str(PAGE_SIZE)}
    came = empty = total = 0
    budget = list_budget()
    while True:
        answer = http.get(dataclasses.replace(call, query=query), budget)
        page = _items(answer, call, api)
        came += len(page)
        empty = 0 if page else empty + 1
        total = max(total, _total(answer))
        yield page
        cursor = _next(answer, call)
        if cursor is None:
            break
        if cursor in cursors or empty > _EMPTY_PAGES:
            raise incomplete(call, "its pages go round in a circle")
        if len(cursors) >= limits.MAX_PAGES:
            raise incomplete(call, f"it has more than {limits.MAX_PAGES} pages")
        cursors.add(cursor)
        query = {"first": str(PAGE_SIZE), "after": cursor}
    if total > came:
        raise incomplete(call, f"it counts {total} objects and showed {came}")


def _offset_pages(http: Getter, call: Call, api: Api) -> Iterator[list[Item]]:
    """Yield the pages of a list until one is short, and neither it nor a total promises more."""
    seen: set[str] = set()
    came = total = 0
    budget = list_budget()
    for _ in range(limits.MAX_PAGES):
        query = {"limit": str(PAGE_SIZE), "offset": str(came)}
        answer = http.get(dataclasses.replace(call, query=query), budget)
        page = _items(answer, call, api)
        ids = _ids(page, api)
        if seen & ids:
            raise incomplete(call, _REPEATED)
        seen |= ids
        came += len(page)
        total = max(total, _total(answer))
        yield page
        has_more = total > came or answer.get("has_next_page") is True
        if not page and has_more:
            raise incomplete(call, f"it promises more than the {came} objects that it showed")
        if not page or (len(page) < PAGE_SIZE and not has_more):
            return
    raise incomplete(call, f"it has more than {limits.MAX_PAGES} pages")


def _next(answer: Item, call: Call) -> str | None:
    """Return the cursor of the next page, None after the last."""
    more, cursor = answer.get("has_next_page"), answer.get("end_cursor")
    if more is False:
        return None
    if more is not True:
        raise incomplete(call, "has_next_page is neither true nor false")
    if not isinstance(cursor, str) or not cursor:
        raise incomplete(call, "it has more pages, but no end_cursor that leads to them")
    if len(cursor) > limits.LONGEST_CURSOR:
        raise incomplete(call, f"its end_cursor has more than {limits.LONGEST_CURSOR} characters")
    return cursor


def _total(answer: Item) -> int:
    """Return how many objects a page says there are in all, 0 where it does not say. Any page's word counts."""
    total = answer.get("total")
    return total if isinstance(total, int) else 0


def _items(answer: Any, call: Call, api: Api) -> list[Item]:
    if not isinstance(answer, Mapping):
        raise incomplete(call, "the answer is not an object")
    items = answer.get(api.items)
    if not isinstance(items, list):
        raise incomplete(call, f"{api.items} is not a list")
    if not all(isinstance(item, Mapping) for item in items):
        raise incomplete(call, f"{api.items} holds something that is not an object")
    return items


def _without_repeats(items: list[Item], call: Call, api: Api) -> None:
    seen: set[str] = set()
    for item in items:
        found = item.get(api.id)
        if not isinstance(found, str):
            continue  # decoding says more about it
        if found in seen:
            raise incomplete(call, _REPEATED)
        seen.add(found)


def _ids(items: Iterable[Item], api: Api) -> frozenset[str]:
    return frozenset(found for item in items if isinstance(found := item.get(api.id), str))


def incomplete(call: Call, what: str) -> BadAnswer:
    return BadAnswer(f"{call}: {what}{_NOT_USED}")


def check_counts(counted: Counted, holders: Iterable[Item], held: Iterable[Item]) -> None:
    """Raise BadAnswer if `holders` count objects, and not one that is in a holder was listed.

    An empty list is as whole as any other by its own words; if it were believed, everything would be created again.
    Only this much is compared: whether a count includes the holders below is not documented.
    """
    counts = (holder.get(counted.member) for holder in holders)
    total = sum(count for count in counts if isinstance(count, int))
    if total > 0 and not any(item.get(counted.by) for item in held):
        raise BadAnswer(
            f"{counted.member} adds up to {total}, but no {counted.kind} with {counted.by} was "
            "listed: the list cannot be proved complete and is not used; run again"
        )
