"""Reads lists of which no inventory depends, so that a page that leads nowhere just ends them.

What is known of their cursors comes from pages of the vendor and from other people's clients: a
wrong cursor is ignored in silence, and then loops on one page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from devinops.api.http_client import Call, Getter
from devinops.api.size_limits import LONGEST_CURSOR
from devinops.model.errors import BadResponse

Page = tuple[Sequence[Mapping[str, Any]], bool]
"""The objects of a page, empty if an item is none, and whether there are more on others."""


def pages(http: Getter, call: Call, most: int) -> Iterator[Page]:
    """Yield at most so many pages; a repeated cursor ends them. Raises ApiError."""
    query, cursors = dict(call.query), set[str]()
    for _ in range(most):
        page = http.get(replace(call, query=query))
        items = page.get("items") if isinstance(page, Mapping) else None
        if not isinstance(items, list):
            raise BadResponse(f"{call}: the response has no list of items")
        cursor, has_more = page.get("end_cursor"), page.get("has_next_page")
        leads_on = has_more is not False and _is_cursor(cursor) and cursor not in cursors
        objects = [item if isinstance(item, Mapping) else {} for item in items]
        yield objects, leads_on or has_more is True
        if not leads_on:
            return
        cursors.add(cursor)
        query["after"] = cursor


def _is_cursor(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_CURSOR
