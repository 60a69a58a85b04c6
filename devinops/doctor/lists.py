"""Reads one list, usually at most three pages of it, and says how it differs from the contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from devinops.api.contract import Reading
from devinops.api.single_request import can_be_segment
from devinops.api.size_limits import MAX_OBJECTS
from devinops.doctor.observer import Observation, Observer
from devinops.doctor.shape import Finding, differences
from devinops.render import counted
from devinops.schema.doctor import ReadingItem

MOST_PAGES: Final = 3
PAGE_SIZE: Final = 200
"""What devinops asks for, and the most that the API gives."""
_ALL_PAGES: Final = MAX_OBJECTS // PAGE_SIZE

_SIZES: Final = {
    "cursor": {"first": f"{PAGE_SIZE}"},
    "first": {"first": "20"},  # a list that grows all the time
    "whole": {},
}
"""Paging → the query of the first page."""

Get = Callable[[Mapping[str, str]], Observation]


@dataclass
class ReadList:
    """The result of reading a list, or a single object.

    `objects` are those of the pages as devinops reads them; with `is_complete`, they are all.
    `findings` counts each difference from the contract, and `faults` are what is wrong with the
    paging. `page_size` is the size of a full page, None if no page was full.
    """

    reading: Reading
    pages: list[Observation] = field(default_factory=list)
    objects: list[Mapping[str, Any]] = field(default_factory=list)
    findings: Counter[Finding] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    is_complete: bool = False
    page_size: int | None = None
    cursors: set[str] = field(default_factory=set)

    @property
    def first(self) -> Observation:
        return self.pages[0]

    @property
    def succeeded(self) -> bool:
        """Whether it can be read; a list also has to be where the contract says."""
        places = ("the response", self.reading.items)
        return self.first.succeeded and not any(place in places for place, _ in self.findings)

    @property
    def item(self) -> ReadingItem:
        """What a report says about it."""
        path, permission = self.reading.path, self.reading.permission
        status, number = self.first.status, len(self.objects)
        return ReadingItem(path, status, permission, number, self.is_complete, self.page_size)

    @property
    def ids(self) -> list[str]:
        """The ids of the objects that can be part of a path."""
        return ids_in(self.objects, self.reading.id)


def read(
    observer: Observer, reading: Reading, shapes: Mapping[str, Any], ids: Mapping[str, str]
) -> ReadList:
    """Return what a reading leads to; of a short list, the first two objects are read again."""
    result = ReadList(reading)

    def get(query: Mapping[str, str]) -> Observation:
        page = observer.get(reading.path, ids, query)
        result.pages.append(page)
        return page

    query: Mapping[str, str] | None = _SIZES[reading.paging]
    while query is not None and len(result.pages) < MOST_PAGES:
        query = _take(result, get(query), shapes)
    if result.is_complete and reading.paging == "cursor":
        total = result.pages[-1].value.get("total")
        if type(total) is int and total != len(result.objects):
            count = counted(len(result.objects), "object")
            shown = total if abs(total) < 10**9 else "a huge number"
            result.faults.append(f"total is {shown}, but the list has {count}")
        if len(result.pages) == 1 and len(result.ids) == len(result.objects) > 1:
            _try_small_pages(result, get)
    if repeated := len(result.ids) - len(set(result.ids)):
        result.faults.append(f"the list shows {counted(repeated, 'object')} twice")
    return result


def read_all(observer: Observer, reading: Reading, ids: Mapping[str, str]) -> ReadList:
    """Return all objects of a list, whatever fields they have."""
    shape = {reading.items: ["any"]} if reading.paging == "whole" else "any"
    result = ReadList(replace(reading, shape=shape))
    query: Mapping[str, str] | None = _SIZES[reading.paging]
    known: set[str] = set()
    while query is not None:
        result.pages.append(observer.get(reading.path, ids, query))
        count = len(result.objects)
        query = _take(result, result.pages[-1], {})
        new = ids_in(result.objects[count:], reading.id)
        if query and (known.issuperset(new) or len(result.pages) == _ALL_PAGES):
            result.faults.append("the list does not end")
            break
        known.update(new)
    return result


def _take(
    result: ReadList, page: Observation, shapes: Mapping[str, Any]
) -> Mapping[str, str] | None:
    """Add a page to the result; return the query of the next page, None if there is none."""
    reading, value = result.reading, page.value
    if not page.succeeded:
        return None
    if isinstance(value, list) and reading.may_be_bare:
        value = {reading.items: value}
    result.findings.update(differences(value, reading.response, shapes))
    if not result.succeeded:
        return None
    objects = objects_in(value, reading.items)
    result.objects += objects
    if reading.paging == "whole":
        result.is_complete = True
        return None
    return _next(result, value, len(objects))


def _next(result: ReadList, page: Mapping[str, Any], count: int) -> Mapping[str, str] | None:
    """Return the query of the page after one with so many objects."""
    cursor, more = page.get("end_cursor"), page.get("has_next_page")
    if more is not True:
        result.is_complete = more is False
        return None
    result.page_size = max(count, result.page_size or 0)
    if not count:
        result.faults.append("a page announces another, but is empty")
    elif not isinstance(cursor, str) or not cursor:
        result.faults.append("a page announces another, but has no end_cursor")
    elif cursor in result.cursors:
        result.faults.append("a page leads to itself")
    else:
        result.cursors.add(cursor)
        return {**_SIZES[result.reading.paging], "after": cursor}
    return None


def _try_small_pages(result: ReadList, get: Get) -> None:
    """Ask for the first two objects, each on a page of its own."""
    small = dict.fromkeys(_SIZES[result.reading.paging], "1")
    query, trial = small, ReadList(result.reading)
    while len(trial.objects) < 2:
        page = get(query)
        if not page.succeeded:
            return  # one of the pages, so the failure is said anyway
        objects = objects_in(page.value, "items")
        if len(objects) != 1:
            count = counted(len(objects), "object")
            result.faults.append(f"a page has {count}, but 1 was asked for")
            return
        trial.objects += objects
        is_last = len(trial.objects) == len(result.objects)
        following = _next(trial, page.value, 1)
        query = {**(following or {}), **small}
        if following is None and not is_last:
            result.faults += trial.faults or ["a page says that it is the last one, but is not"]
            return
    if trial.ids != result.ids[:2]:
        result.faults.append("pages of one object show other objects than a large page")


def objects_in(value: Any, member: str) -> list[Mapping[str, Any]]:
    """Return the objects in the list that a value from outside has as a member."""
    items = value.get(member) if isinstance(value, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def ids_in(values: Iterable[Any], member: str) -> list[str]:
    """Return what some values from outside have as a member, if it can be part of a path."""
    ids = (value.get(member) for value in values if isinstance(value, dict))
    return [id for id in ids if can_be_segment(id)]
