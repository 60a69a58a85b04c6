"""Schedules, which automations have replaced."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field, StrictBool

from devinops.emulator import access
from devinops.emulator.models import NUMBER, Answer, RequestBody, Text
from devinops.emulator.records import ApiError, JsonObject, Schedule
from devinops.emulator.resource import (
    ORGANIZATION,
    Create,
    Delete,
    Listing,
    Mount,
    Omitted,
    Paging,
    RequestContext,
    Resource,
    Update,
    id_of,
    view_of,
)
from devinops.emulator.resources.v1 import created_at, iso
from devinops.emulator.store import Store

Agent = Literal["devin", "data_analyst"]
NotifyOn = Literal["always", "failure", "never"]
Type = Literal["recurring", "one_time"]
Moment = Annotated[Text, Field(json_schema_extra={"format": "date-time"})]


class Clearable(RequestBody):
    """The fields that null clears in an update."""

    frequency: Text | None = None
    scheduled_at: Moment | None = None
    playbook_id: Text | None = None
    tags: list[Text] | None = None
    platform: Text | None = None
    slack_team_id: Text | None = None
    slack_channel_id: Text | None = None
    target_devin_id: Text | None = None


class ScheduleCreate(Clearable):
    """Create a schedule. It starts enabled."""

    name: Text
    prompt: Text
    schedule_type: Type = "recurring"
    interval_count: Annotated[int, NUMBER] = 1
    agent: Agent = "devin"
    notify_on: NotifyOn = "failure"
    bypass_approval: StrictBool = False
    create_as_user_id: Text | None = None


class SchedulePatch(Clearable):
    """Change a schedule. Null keeps what cannot be cleared."""

    name: Text | None = None
    prompt: Text | None = None
    enabled: StrictBool | None = None
    schedule_type: Type | None = None
    interval_count: Annotated[int, NUMBER] | None = None
    agent: Agent | None = None
    notify_on: NotifyOn | None = None
    bypass_approval: StrictBool | None = None
    run_as_user_id: Text | None = None


class PlaybookInfo(Answer):
    playbook_id: str
    title: str | None


class ScheduleAnswer(Answer):
    scheduled_session_id: str
    org_id: str
    name: str
    prompt: str
    enabled: bool
    schedule_type: Type
    frequency: str | None
    scheduled_at: str | None
    interval_count: int
    agent: Agent
    playbook: PlaybookInfo | None
    notify_on: NotifyOn
    bypass_approval: bool
    tags: list[str] | None
    platform: str | None
    slack_team_id: str | None
    slack_channel_id: str | None
    target_devin_id: str | None
    created_at: str
    created_by: str | None
    updated_at: str
    last_edited_by: str | None
    last_executed_at: str | None
    last_error_at: str | None
    last_error_message: str | None
    consecutive_failures: int


def _playbook(store: Store, schedule: Schedule) -> JsonObject | None:
    if schedule.playbook_id is None:
        return None
    playbook = store.table("playbook").get(schedule.playbook_id)
    return {"playbook_id": schedule.playbook_id, "title": playbook.title if playbook else None}


_view_schedule = view_of(
    ScheduleAnswer,
    scheduled_session_id=id_of,
    org_id=lambda _, schedule: schedule.org,
    playbook=_playbook,
    created_at=created_at,
    updated_at=lambda _, schedule: iso(schedule.updated_at),
    last_edited_by=lambda _, schedule: schedule.updated_by,
)


def _new(context: RequestContext, fields: JsonObject) -> JsonObject:
    if context.store.quirks.schedule_created == "403":
        raise ApiError(403, "This organization was moved to automations")
    _check_impersonation(context, fields.pop("create_as_user_id"))
    _check(context, fields)
    return fields


def _changes(context: RequestContext, fields: JsonObject) -> JsonObject:
    _check_impersonation(context, fields.pop("run_as_user_id", None))
    changes = {
        name: value
        for name, value in fields.items()
        if value is not None or name in Clearable.model_fields
    }
    schedule: Schedule = context.store.find("schedule", context.org, context.id)
    if {"schedule_type", "frequency", "scheduled_at", "playbook_id"} & changes.keys():
        _check(context, {**{name: getattr(schedule, name) for name in _RULED}, **changes}, changes)
    return changes


_RULED = ("schedule_type", "frequency", "scheduled_at", "playbook_id", "target_devin_id")


def _check_impersonation(context: RequestContext, user_id: str | None) -> None:
    if user_id is not None and not context.caller.principal.may(("ImpersonateOrgSessions",)):
        raise ApiError(403, "Missing permission: ImpersonateOrgSessions")


def _check(context: RequestContext, fields: JsonObject, sent: JsonObject | None = None) -> None:
    """Refuse a schedule without the time of its type, and an unknown playbook."""
    once = fields["schedule_type"] == "one_time"
    needed = "scheduled_at" if once else "frequency"
    if fields[needed] is None:
        raise ApiError(422, f"{needed} is required", ("body", needed), None)
    if needed in (fields if sent is None else sent):
        (_check_future if once else _check_cron)(context, fields[needed])
    if fields["target_devin_id"] is not None and not once:
        raise ApiError(
            422, "Only with one_time", ("body", "target_devin_id"), fields["target_devin_id"]
        )
    playbook_id = fields["playbook_id"]
    if playbook_id is not None and not context.store.has_playbook(context.org, playbook_id):
        raise ApiError(404, "Playbook not found")


# Numbers and names with ranges, steps and lists; of each part the largest number.
_CRON = re.compile(r"(\*|\d{1,2}|[A-Za-z]{3})(-(\d{1,2}|[A-Za-z]{3}))?(/[1-9]\d?)?", re.ASCII)
_LARGEST = (59, 23, 31, 12, 7)


def _check_cron(_: RequestContext, text: str) -> None:
    parts = zip(text.split(), _LARGEST, strict=False)
    items = [(item, most) for part, most in parts for item in part.split(",")]
    known = len(text.split()) == 5 and all(_CRON.fullmatch(item) for item, _ in items)
    if not known or any(int(n) > most for item, most in items for n in re.findall(r"\d+", item)):
        raise ApiError(422, "Not a cron expression", ("body", "frequency"), text)


def _check_future(context: RequestContext, text: str) -> None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ApiError(422, "Not a time", ("body", "scheduled_at"), text) from None
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    if time.timestamp() <= context.store.now():
        raise ApiError(422, "The time is past", ("body", "scheduled_at"), text)


SCHEDULES = Resource(
    kind="schedule",
    nouns=("schedule", "schedules"),
    path="/schedules",
    mounts=(Mount(ORGANIZATION, access.SCHEDULES, access.SCHEDULES),),
    id_field="schedule_id",
    view=_view_schedule,
    answer=ScheduleAnswer,
    listing=Listing(paging=Paging.OFFSET),
    create=Create(body=ScheduleCreate, clean=_new),
    update=Update(method="PATCH", body=SchedulePatch, omitted=Omitted.KEEPS, clean=_changes),
    delete=Delete(),
    deprecated=True,
)
