"""What the resources of v1 share: no pages, the organization of the key, ISO times and a `-v1` id.

v1 shows the objects that v3 shows, without those of the enterprise and of people.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from devinops.emulator.records import JsonObject, Kind, Record
from devinops.emulator.resource import RequestContext, SuccessStatus
from devinops.emulator.store import Store

DELETED = SuccessStatus(200, "v1_delete", (204,))


def rows(kind: Kind) -> Callable[[RequestContext], list[Any]]:
    """Return the function that lists the organization's own objects."""

    def own_rows(context: RequestContext) -> list[Any]:
        listing = context.store.listing(kind, context.org)
        return [row for row in listing if row.org == context.org and row.access_type == "org"]

    return own_rows


def listed_as(name: str) -> Callable[[RequestContext, list[JsonObject]], object]:
    """Return the function that makes a list's content, bare or in an object (`v1_lists`)."""

    def content(context: RequestContext, items: list[JsonObject]) -> object:
        return items if context.store.quirks.v1_lists == "bare" else {name: items}

    return content


def shown_id(store: Store, record: Record) -> str:
    """Return the id that v1 shows for a note or a playbook."""
    return f"{record.id}-v1" if store.quirks.v1_ids == "separate" else record.id


def stored_id(store: Store, shown: str) -> str:
    """Return the store's id for one that v1 shows; if ids are separate, an id of v3 is unknown."""
    if store.quirks.v1_ids == "shared":
        return shown
    return shown.removesuffix("-v1") if shown.endswith("-v1") else ""


def iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def created_at(_: Store, record: Record) -> str:
    return iso(record.created_at)


def replaced(context: RequestContext, fields: JsonObject) -> JsonObject:
    """Return what a replacement sets; the `v1_put_nullable` quirk can keep missing fields."""
    if context.store.quirks.v1_put_nullable == "kept":
        sent = context.body.model_fields_set
        return {name: value for name, value in fields.items() if name in sent}
    return fields
