"""Who edited a note, according to the v3 audit log, which only an enterprise key may read.

The API names the last editor of playbooks and secrets, but not of notes. If the log does not show
the author either, the author stays unknown and the plan goes on. Source: docs.devin.ai, v3 audit
logs: `time_after` and `time_before` are epoch seconds, at most 100 days apart; `data` is an object
without a fixed shape.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from devinops.api.error_messages import clean
from devinops.api.http_client import Call, Getter, segment
from devinops.api.pages import pages
from devinops.model.changes import Blocked, Drift, DriftEvent
from devinops.model.client_protocols import Author, Reader
from devinops.model.errors import ApiError

WINDOW_S: Final = 100 * 24 * 60 * 60
MAX_WINDOWS: Final = 4
"""Windows to read, going back from `until`: 400 days."""

MAX_PAGES: Final = 20
"""Pages to read of one window."""

PAGE_SIZE: Final = 200
CLOCK_SKEW_S: Final = 60 * 60
"""How long before the first edit and after the last to read the audit log: clocks differ."""

_NAMES: Final = ("user_email", "service_user_name", "user_id", "service_user_id")


def with_editors(
    drift: Sequence[Drift], blocked: Sequence[Blocked], reader: Reader
) -> tuple[tuple[Drift, ...], tuple[Blocked, ...]]:
    """Return drift and conflicts with the people who caused them, if the API names them.

    The lists name the last editor of a playbook; for notes the audit log is read.
    """
    unnamed = {d.id: d.at for d in drift if d.moved is DriftEvent.EDITED and d.by is None}
    conflicts = [step for step in blocked if step.changed_at and step.changed_by is None]
    unnamed |= {id: step.changed_at for step in conflicts for id in step.ids}
    times = [at for at in unnamed.values() if at is not None]
    if not times:
        return tuple(drift), tuple(blocked)
    editors = reader.authors(list(unnamed), min(times) - CLOCK_SKEW_S, max(times) + CLOCK_SKEW_S)
    names = {id: author.who for id, author in editors.items()}

    def named(step: Blocked) -> Blocked:
        who = next((names[id] for id in step.ids if id in names), step.changed_by)
        return replace(step, changed_by=who) if step in conflicts else step

    edits = (replace(edit, by=names.get(edit.id, edit.by)) for edit in drift)
    return tuple(edits), tuple(map(named, blocked))


def authors(
    http: Getter, org_id: str, ids: Collection[str], since: int, until: int
) -> dict[str, Author]:
    """Return id → author of the newest event about that object. Times are epoch seconds.

    If the log cannot be read to the end, return the authors known so far, which may be none.
    """
    known: dict[str, Author] = {}
    try:
        for event in _events(http, org_id, since, until):
            author = _author(event)
            if author is not None:
                known |= dict.fromkeys(_subjects(event, ids) - known.keys(), author)
            if known.keys() == set(ids):
                break
    except ApiError:
        return known
    return known


def _events(http: Getter, org_id: str, since: int, until: int) -> Iterator[Mapping[str, Any]]:
    """Yield the events between `since` and `until`, newest first."""
    path = f"/v3/enterprise/organizations/{segment(org_id, 'org_id')}/audit-logs"
    call = Call("GET", path, permission="ManageEnterpriseSettings")
    end = until
    for _ in range(MAX_WINDOWS):
        start = max(since, end - WINDOW_S)
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
    for events, _ in pages(http, replace(call, query=query), MAX_PAGES):
        yield from events


def _subjects(event: Mapping[str, Any], ids: Collection[str]) -> set[str]:
    """Return the ids that occur as a value in the data of an event."""
    data = event.get("data")
    values = data.values() if isinstance(data, Mapping) else ()
    return {value for value in values if isinstance(value, str)} & set(ids)


def _author(event: Mapping[str, Any]) -> Author | None:
    at = event.get("created_at")
    for member in _NAMES:
        name = event.get(member)
        who = clean(name, 100) if isinstance(name, str) else ""
        if who:
            return Author(who, at if type(at) is int else None)
    return None
