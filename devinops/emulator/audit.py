"""The audit log of v3: who did what, for the enterprise's key alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from devinops.emulator import access, models, views
from devinops.emulator.dependencies import (
    After,
    Caller,
    First,
    StoreDep,
    in_enterprise,
    in_enterprise_about_organization,
)
from devinops.emulator.openapi import error_responses, operation_id
from devinops.emulator.records import ApiError, Event
from devinops.emulator.responses import page_response
from devinops.emulator.store import Store

router = APIRouter(prefix="/v3/enterprise", generate_unique_id_function=operation_id)

LONGEST_S = 100 * 24 * 60 * 60
Seconds = Annotated[int | None, Query(description="Unix seconds")]


@dataclass
class Wanted:
    """What to list: from `time_after` on and before `time_before`, which needs the former beside it."""

    first: First = 100
    after: After = None
    order: Annotated[Literal["asc", "desc"], Query()] = "desc"
    time_after: Seconds = None
    time_before: Seconds = None
    action: Annotated[str | None, Query()] = None

    def takes(self, event: Event) -> bool:
        return (
            (self.action is None or event.action == self.action)
            and (self.time_after is None or event.created_at >= self.time_after)
            and (self.time_before is None or event.created_at < self.time_before)
        )

    def check(self, now: int) -> None:
        """Reject a range without a beginning, and one of more than 100 days."""
        if self.time_after is None:
            if self.time_before is not None:
                raise ApiError(
                    422, "time_before needs time_after", ("query", "time_before"), self.time_before
                )
            return
        end = now if self.time_before is None else self.time_before
        if end - self.time_after > LONGEST_S:
            raise ApiError(
                422, "The range is longer than 100 days", ("query", "time_after"), self.time_after
            )


@router.get("/audit-logs", response_model=models.AuditPage, responses=error_responses())
async def list_audit_logs(
    store: StoreDep,
    caller: Annotated[Caller, in_enterprise(*access.AUDIT)],
    wanted: Annotated[Wanted, Depends()],
) -> Response:
    """List what was done in the enterprise and its organizations, newest first."""
    return _list(store, caller.org, wanted)


@router.get(
    "/organizations/{org_id}/audit-logs",
    response_model=models.AuditPage,
    responses=error_responses(404),
)
async def list_organization_audit_logs(
    store: StoreDep,
    caller: Annotated[Caller, in_enterprise_about_organization(*access.AUDIT)],
    wanted: Annotated[Wanted, Depends()],
) -> Response:
    """List what was done in one organization, newest first."""
    return _list(store, caller.org, wanted)


def _list(store: Store, org: str | None, wanted: Wanted) -> Response:
    order = "created" if wanted.order == "asc" else "reversed"
    with store.lock:
        wanted.check(store.now())
        rows = store.events.listing(org, order, lambda event: org is None or event.org == org)
        rows = [event for event in rows if wanted.takes(event)]
        page = store.page(f"audit {org}", rows, wanted.first, wanted.after, order)
        return page_response(store, page, views.event_v3)
