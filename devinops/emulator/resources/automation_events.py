"""The event catalog with its ready-made automations, and when a recurring event comes next.

The names of the events are the API's. Which fields an event has is known for few of them, so
conditions on other fields are taken as they are.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, cast, get_args

from dateutil.rrule import rrule, rrulestr

from devinops.emulator.records import JsonObject
from devinops.emulator.resources.automation_models import EventType

EVENT_TYPES: tuple[str, ...] = get_args(EventType)
SCHEDULE, WEBHOOK = "schedule:recurring", "webhook:incoming"

_REPLIES = ["notify_thread", "attach_thread", "post_response"]
_WITHOUT_REPLIES = ("schedule", "webhook", "snapshot_build")
_CATEGORIES = {
    "schedule": "Schedule",
    "webhook": "Webhook",
    "snapshot_build": "Environment",
    "slack": "Chat",
    "teams": "Chat",
    "linear": "Issue tracking",
    "jira": "Issue tracking",
    "pylon": "Support",
    "incident_io": "Incidents",
    "pagerduty": "Incidents",
}
_FIELDS: dict[str, dict[str, dict[str, Any]]] = {
    SCHEDULE: {"rrule": {"type": "rrule", "label": "Recurrence", "required": True}},
    "github:pull_request": {
        "repo": {"type": "github_repo", "label": "Repository"},
        "author": {"type": "string", "label": "Author"},
    },
    "github:push": {
        "repo": {"type": "github_repo", "label": "Repository"},
        "files": {"type": "file_paths", "label": "Changed files"},
    },
    "incident_io:incident_created": {"incident.name": {"type": "string", "label": "Name"}},
}


def supported_replies(event_type: str) -> list[str]:
    """Return how a session may reply to an event of this type; empty for one without a thread."""
    return [] if event_type.partition(":")[0] in _WITHOUT_REPLIES else _REPLIES


def sources() -> dict[str, dict[str, JsonObject]]:
    """Return the catalog: source to event to schema."""
    catalog: dict[str, dict[str, JsonObject]] = {}
    for event_type in EVENT_TYPES:
        source, _, event = event_type.partition(":")
        catalog.setdefault(source, {})[event] = {
            "event_type": event_type,
            "name": event.replace("_", " ").capitalize(),
            "category": _CATEGORIES.get(source, "Code"),
            "supported_replies": supported_replies(event_type),
            "fields": _FIELDS.get(event_type, {}),
        }
    return catalog


def _recurring(rule: str) -> JsonObject:
    condition = {"field": "rrule", "operator": "recurrence", "value": rule}
    return {
        "event_type": SCHEDULE,
        "conditions": {"any": [{"all": [condition]}]},
        "replies": [],
    }


TEMPLATES: dict[str, JsonObject] = {
    "template-nightly-triage": {
        "template_id": "template-nightly-triage",
        "name": "Nightly triage",
        "description": "Looks through the issues of the day.",
        "category": "Maintenance",
        "required_integrations": ["linear"],
        "required_mcps": ["linear"],
        "triggers": [_recurring("FREQ=DAILY;BYHOUR=3;BYMINUTE=0")],
        "actions": [{"type": "start_session", "prompt": "Triage the issues of the last day."}],
        "featured": True,
    },
    "template-webhook-intake": {
        "template_id": "template-webhook-intake",
        "name": "Webhook intake",
        "description": "Looks into whatever another system sends.",
        "category": "Incidents",
        "required_integrations": [],
        "required_mcps": [],
        "triggers": [{"event_type": WEBHOOK, "conditions": None, "replies": []}],
        "actions": [{"type": "start_session", "prompt": "Look into the payload."}],
        "featured": False,
    },
}


# -- recurrence rules of iCalendar (RRULE), read in UTC

_UNTIL_IN_UTC = re.compile(r"(UNTIL=\d{8}T\d{6})Z")
_REPETITIONS = re.compile(r";COUNT=\d+|COUNT=\d+;")
_WITHIN_A_DAY = re.compile(r"FREQ=(SECONDLY|MINUTELY|HOURLY)")
_BY_DATE = re.compile(r"BY(MONTH|MONTHDAY|YEARDAY|WEEKNO)=")


def check_recurrence(rule: str) -> None:
    """Raise ValueError for text that is not a rule."""
    try:
        _parsed_rule(rule, datetime(2026, 1, 1))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise ValueError(str(error)) from None


def next_time(rule: str, now: int) -> int | None:
    """Return the first time after `now` that fits a rule, in Unix seconds; None without one.

    An interval is counted from `now`: with one of several days, this is the earliest possible time.
    A number of repetitions is not counted.
    """
    if _WITHIN_A_DAY.search(rule) and _BY_DATE.search(rule):
        return None  # every second to the end of time would be tried if no date fits
    start = datetime.fromtimestamp(now, UTC).replace(second=0, tzinfo=None)
    time = _parsed_rule(rule, start).after(start)
    return int(time.replace(tzinfo=UTC).timestamp()) if time is not None else None


def _parsed_rule(rule: str, start: datetime) -> rrule:
    lines = [line for line in rule.split() if "FREQ=" in line]
    if len(lines) != 1:
        raise ValueError("expected one RRULE")
    text = _REPETITIONS.sub("", _UNTIL_IN_UTC.sub(r"\1", lines[0]))
    if "BYMONTH=" in text and "BYMONTHDAY=" in text:
        # The same days, in steps of a year instead of a day.
        text = text.replace("FREQ=DAILY", "FREQ=YEARLY")
    return cast("rrule", rrulestr(text, dtstart=start))
