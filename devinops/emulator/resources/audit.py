"""The audit log of v3: who did what. Only a key of the enterprise can read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Query

from devinops.emulator import access, models, records
from devinops.emulator.records import ApiError, JsonObject
from devinops.emulator.resource import (
    ABOUT_ORGANIZATION,
    ENTERPRISE,
    Context,
    Filters,
    Listing,
    Place,
    Resource,
)
from devinops.emulator.store import Store

LONGEST_RANGE_S = 100 * 24 * 60 * 60
Seconds = Annotated[int | None, Query(description="Unix seconds")]


class AuditLog(models.Answer):
    audit_log_id: str
    action: str
    created_at: int
    data: dict[str, Any] | None
    org_id: str | None
    service_user_id: str | None
    service_user_name: str | None
    user_id: str | None
    user_email: str | None


def view(store: Store, event: records.Event) -> JsonObject:
    actor = store.actor(event.created_by)
    return {
        "audit_log_id": event.id,
        "action": event.action,
        "created_at": event.created_at,
        "data": event.data,
        "org_id": event.org,
        "service_user_id": None if event.email else actor.id,
        "service_user_name": None if event.email else actor.name,
        "user_id": actor.id if event.email else None,
        "user_email": event.email,
    }


@dataclass
class AuditFilters(Filters):
    """Which events to list; `time_after` is inclusive, `time_before` is not."""

    order: Annotated[Literal["asc", "desc"], Query()] = "desc"
    time_after: Seconds = None
    time_before: Seconds = None
    action: Annotated[str | None, Query()] = None

    def shows(self, context: Context, event: records.Event) -> bool:
        return (
            self.action in (None, event.action)
            and (self.time_after is None or event.created_at >= self.time_after)
            and (self.time_before is None or event.created_at < self.time_before)
        )

    def check(self, now: int) -> None:
        """Raise a 422 for a range without a beginning, or of more than 100 days."""
        start, end = self.time_after, self.time_before
        if start is None and end is not None:
            raise ApiError(422, "time_before needs time_after", ("query", "time_before"), end)
        if start is not None and (now if end is None else end) - start > LONGEST_RANGE_S:
            detail = "The range is longer than 100 days"
            raise ApiError(422, detail, ("query", "time_after"), start)


def _order(context: Context) -> str:
    return "created" if context.filters.order == "asc" else "reversed"


def _rows(context: Context) -> list[Any]:
    context.filters.check(context.store.now())
    return context.store.listing("event", context.org, _order(context))


AUDIT_LOGS = Resource(
    kind="event",
    nouns=("audit_log", "audit_logs"),
    path="/audit-logs",
    places=(Place(ENTERPRISE, access.AUDIT), Place(ABOUT_ORGANIZATION, access.AUDIT)),
    id_field="audit_log_id",
    view=view,
    answer=AuditLog,
    listing=Listing(order=_order, rows=_rows, filters=AuditFilters),
    readable=False,
)
