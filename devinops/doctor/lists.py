"""Reads one list, at most three pages of it, and says how it differs from what devinops expects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from devinops.doctor.contract import Reading
from devinops.doctor.observer import Observation, Observer
from devinops.doctor.shape import Finding, differences
from devinops.render import counted

MOST_PAGES: Final = 3
PAGE_SIZE: Final = 200
"""What devinops asks for, and the most that the API gives."""

_FEW: Final = 20
"""Objects of a list that grows all the time, of which one page is enough."""


@dataclass
class List:
    """What was read of a list, or of a response that is no list.

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

    @property
    def first(self) -> Observation:
        return self.pages[0]

    @property
    def succeeded(self) -> bool:
        """Whether it can be read; a list also has to be where the contract says."""
        return self.first.succeeded and not any(
            finding.path in ("the response", self.reading.items) for finding in self.findings
        )

    @property
    def ids(self) -> list[str]:
        """The ids of the objects that can be part of a path."""
        ids = (item.get(self.reading.id) for item in self.objects)
        return [id for id in ids if isinstance(id, str) and id not in ("", ".", "..")]


def read(
    observer: Observer, reading: Reading, shapes: Mapping[str, Any], ids: Mapping[str, str]
) -> List:
    """Return what a reading leads to; a list with pages is also asked for a page of one object."""
    result = List(reading)

    def get(**query: str) -> Observation:
        page = observer.get(reading.path, ids, query)
        result.pages.append(page)
        return page

    if reading.paging == "whole":
        _take(result, get(), shapes)
        result.is_complete = result.succeeded
    elif reading.paging == "first":
        _take(result, get(first=str(_FEW)), shapes)
    elif reading.paging == "offset":
        _read_offsets(result, get, shapes)
    else:
        _read_cursors(result, get, shapes)
    _check_repeats(result)
    return result


def _take(result: List, page: Observation, shapes: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Add a page to the result; return its objects."""
    if not page.succeeded:
        return []
    reading, value = result.reading, page.value
    if isinstance(value, list) and "form" in {how[0] for how in reading.settles.values()}:
        value = {reading.items: value}  # some editions of v1 answer with the list itself
    result.findings.update(differences(value, reading.response, shapes))
    items = value.get(reading.items) if isinstance(value, dict) else None
    found: list[Mapping[str, Any]] = []
    if isinstance(items, list):
        found = [item for item in items if isinstance(item, dict)]
    result.objects += found
    return found


def _read_cursors(result: List, get: Callable[..., Observation], shapes: Mapping[str, Any]) -> None:
    page = get(first=str(PAGE_SIZE))
    cursors: set[str] = set()
    while True:
        items = _take(result, page, shapes)
        if not result.succeeded or not page.succeeded:
            return
        cursor, more = page.value.get("end_cursor"), page.value.get("has_next_page")
        if len(items) > PAGE_SIZE:
            result.faults.append(f"a page has {len(items)} objects, but {PAGE_SIZE} were asked for")
        if more is not True:
            result.is_complete = more is False
            break
        result.page_size = max(len(items), result.page_size or 0)
        if fault := _bad_cursor(cursor, cursors, items):
            result.faults.append(fault)
            return
        if len(result.pages) == MOST_PAGES:
            return
        cursors.add(cursor)
        page = get(first=str(PAGE_SIZE), after=cursor)
    _check_total(result, page)
    if len(result.pages) == 1 and len(result.ids) == len(result.objects) > 1:
        _try_small_pages(result, get)


def _bad_cursor(cursor: Any, cursors: set[str], items: list[Any]) -> str:
    """Return what is wrong with the cursor of a page that is not the last; empty if nothing is."""
    if not isinstance(cursor, str) or not cursor:
        return "a page announces another, but has no end_cursor"
    if cursor in cursors:
        return "a page leads to itself"
    return "" if items else "a page announces another, but is empty"


def _check_total(result: List, page: Observation) -> None:
    total = page.value.get("total")
    if isinstance(total, int) and total != len(result.objects):
        result.faults.append(f"total is {total}, but the list has {len(result.objects)} objects")


def _try_small_pages(result: List, get: Callable[..., Observation]) -> None:
    """Ask for pages of one object, and check that they show the first two, one after the other."""
    expected = result.ids[:2]
    shown: list[Any] = []
    query = {"first": "1"}
    for _ in expected:
        page = get(**query)
        items = _items(page)
        if not page.succeeded:
            result.faults.append("a page of one object cannot be read")
            return
        if len(items) != 1:
            result.faults.append(f"a page has {len(items)} objects, but 1 was asked for")
            return
        shown.append(items[0].get(result.reading.id))
        cursor, more = page.value.get("end_cursor"), page.value.get("has_next_page")
        is_last = len(shown) == len(result.objects)
        if more is not True and not is_last:
            result.faults.append("has_next_page is not true on a page that is not the last")
            return
        if not is_last and (fault := _bad_cursor(cursor, set(), items)):
            result.faults.append(fault)
            return
        query = {"first": "1", "after": str(cursor)}
    _check_steps(result, shown, expected)


def _check_steps(result: List, shown: list[Any], expected: list[str]) -> None:
    if len(shown) == 2 and shown[0] == shown[1]:
        result.faults.append("a cursor does not move: its page repeats an object")
    elif shown != expected:
        result.faults.append("pages of one object show other objects than a large page")


def _read_offsets(result: List, get: Callable[..., Observation], shapes: Mapping[str, Any]) -> None:
    while len(result.pages) < MOST_PAGES:
        page = get(limit=str(PAGE_SIZE), offset=str(len(result.objects)))
        items = _take(result, page, shapes)
        if not result.succeeded or not page.succeeded:
            return
        more = page.value.get("has_next_page") is True
        if len(items) < PAGE_SIZE and not more:
            result.is_complete = True
            _check_total(result, page)
            break
        result.page_size = max(len(items), result.page_size or 0)
        if not items:
            result.faults.append("a page announces another, but is empty")
            return
    if len(result.pages) == 1 and len(result.ids) > 1:
        page = get(limit="1", offset="1")
        shown = [item.get(result.reading.id) for item in _items(page)]
        if shown != result.ids[1:2]:
            result.faults.append("an offset of 1 does not lead to the second object")


def _check_repeats(result: List) -> None:
    repeated = len(result.ids) - len(set(result.ids))
    if repeated:
        result.faults.append(f"the list shows {counted(repeated, 'object')} twice")


def _items(page: Observation) -> list[Mapping[str, Any]]:
    items = page.value.get("items") if isinstance(page.value, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
