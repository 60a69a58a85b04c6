"""Who edited a note: the audit log of v3, which only a key of the enterprise may read.

A note does not say who edited it last, playbooks and secrets do. What is not found here is unknown, and no
plan fails for it. Source: docs.devin.ai, v3 audit logs: at most 100 days between `time_after` and
`time_before`, both in epoch seconds; `data` is an object without a fixed shape.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from devinops.api import Author
from devinops.api.error_text import clean
from devinops.api.http import Call, Getter, segment
from devinops.api.limits import LONGEST_CURSOR
from devinops.errors import ApiError

LONGEST_S: Final = 100 * 24 * 60 * 60
MOST_WINDOWS: Final = 4
"""So far back is looked, from `until`: 400 days."""

MOST_PAGES: Final = 20
"""So many pages of a window are read."""

PAGE_SIZE: Final = 200
_NAMES: Final = ("user_email", "service_user_name", "user_id", "service_user_id")


def authors(
    http: Getter,
    org_id: str,
    ids: Collection[str],
    since: int,
    until: int,
) -> dict[str, Author]:
    """Return id → who is named by the newest event about that object. Times in epoch seconds.

    Without the right to read the log, or where it fails, only what was found until then: nothing, mostly.
    """
    found: dict[str, Author] = {}
    try:
        for event in _events(http, org_id, since, until):
            for id in _about(event, ids) - found.keys():
                if author := _author(event):
                    found[id] = author
            if found.keys() >= set(ids):
                break
    except ApiError:
        return found
    return found


def _events(http: Getter, org_id: str, since: int, until: int) -> Iterator[Mapping[str, Any]]:
    """Yield the events from `since` on and before `until`, newest first."""
    path = f"/v3/enterprise/organizations/{segment(org_id, 'org_id')}/audit-logs"
    call = Call("GET", path, permission="ManageEnterpriseSettings")
    end = until
    for _ in range(MOST_WINDOWS):
        start = max(since, end - LONGEST_S)
        if start >= end:
            return
        yield from _window(http, call, start, end)
        end = start


def _window(http: Getter, call: Call, start: int, end: int) -> Iterator[Mapping[str, Any]]:
    query = {
        "first": str(PAGE_SIZE),
        "order": "desc",
        "time_after": str(start),
        "time_before": str(end),
    }
    for _ in range(MOST_PAGES):
        answer = http.get(Call(call.method, call.path, query, permission=call.permission))
        items = answer.get("items") if isinstance(answer, Mapping) else None
        if not isinstance(items, list):
            return
        yield from (item for item in items if isinstance(item, Mapping))
        cursor = answer.get("end_cursor")
        if answer.get("has_next_page") is not True or not isinstance(cursor, str):
            return
        if len(cursor) > LONGEST_CURSOR:
            return
        query["after"] = cursor


def _about(event: Mapping[str, Any], ids: Collection[str]) -> set[str]:
    """Return which of the ids an event names, under whatever name."""
    data = event.get("data")
    values = data.values() if isinstance(data, Mapping) else ()
    named = {value for value in values if isinstance(value, str)}
    return named & set(ids)


def _author(event: Mapping[str, Any]) -> Author | None:
    names = (clean(name, 100) for key in _NAMES if isinstance(name := event.get(key), str))
    who = next(filter(None, names), None)
    at = event.get("created_at")
    return Author(who, at if type(at) is int else None) if who else None
