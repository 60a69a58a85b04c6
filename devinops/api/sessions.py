"""Reads sessions with their analyses, newest first.

The vendor's description of the API does not have them: the paths, filters and pages are known from
the vendor's pages and from other people's clients, those of the enterprise only from the latter. An
unknown filter is ignored in silence, and so is a wrong cursor, which then loops on one page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from devinops.api.http_client import Call, Getter
from devinops.api.size_limits import LONGEST_CURSOR
from devinops.model.client_protocols import SessionPages
from devinops.model.errors import BadResponse

_PAGE_SIZE: Final = "200"


def read_sessions(http: Getter, call: Call, most: int) -> SessionPages:
    """Return the sessions of at most so many pages; a repeated cursor ends them.

    What is not an object is left out. Raises ApiError.
    """
    items: list[Mapping[str, Any]] = []
    query, cursors = {"first": _PAGE_SIZE, **call.query}, set[str]()
    for _ in range(most):
        page = http.get(replace(call, query=query))
        listed = page.get("items") if isinstance(page, Mapping) else None
        if not isinstance(listed, list):
            raise BadResponse(f"{call}: the response has no list of items")
        items += [item for item in listed if isinstance(item, Mapping)]
        cursor = page.get("end_cursor")
        is_usable = isinstance(cursor, str) and 0 < len(cursor) <= LONGEST_CURSOR
        if not is_usable or cursor in cursors or page.get("has_next_page") is False:
            return SessionPages(items, has_more=page.get("has_next_page") is True)
        cursors.add(cursor)
        query["after"] = cursor
    return SessionPages(items, has_more=True)
