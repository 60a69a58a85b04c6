"""Schedules, which automations replace: they can be read and deleted, not declared. API v3 only.

Sources: docs.devin.ai, v3 schedules (deprecated); the vendor's Terraform provider
(`schedule_resource.go`). An organization that was moved to automations returns 403 to a create.
Cron texts are in UTC.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from devinops.kinds._automation import SCHEDULE, START
from devinops.kinds._nested import record, text
from devinops.kinds._recurrence import from_cron
from devinops.model.kind import (
    Api,
    FieldNames,
    Kind,
    Named,
    Paging,
    Resource,
    Superseded,
    attribute,
)
from devinops.model.values import Unset

NO_RULE = "FREQ=…"
"""Placeholder for a rule that a person must write."""


def _read_only(name: str, type: str, description: str, example: Any) -> Any:
    """Declare a field that is read but never written."""
    return attribute(
        schema={"type": [type, "null"], "description": description, "example": example},
        names={"v3": FieldNames(read=name)},
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule(Resource):
    name: str | Unset = attribute(
        schema=text("Name on the schedules page.", minLength=1, example="Weekly report"),
        required=True,
        names={"v3": FieldNames(read="name")},
    )
    prompt: str | None | Unset = _read_only(
        "prompt", "string", "The prompt of the session.", "Report flaky tests."
    )
    enabled: bool | None | Unset = _read_only(
        "enabled", "boolean", "false: it does not run.", False
    )
    schedule_type: str | None | Unset = _read_only(
        "schedule_type", "string", "recurring (the default) or one_time.", "recurring"
    )
    frequency: str | None | Unset = _read_only(
        "frequency", "string", "A cron expression, in UTC.", "0 9 * * 1"
    )
    scheduled_at: str | None | Unset = _read_only(
        "scheduled_at", "string", "When it runs, if it runs once.", "2027-03-01T09:00:00Z"
    )
    interval_count: int | None | Unset = _read_only(
        "interval_count", "integer", "It runs only every n-th time.", 2
    )
    agent: str | None | Unset = _read_only("agent", "string", "devin or data_analyst.", "devin")
    playbook: Mapping[str, Any] | None | Unset = attribute(
        schema=record(
            "The playbook that the session follows: {playbook_id, title}.",
            {
                "playbook_id": text("Its id.", example="playbook-0123abcd"),
                "title": text("Its title.", nullable=True, example="Triage an incident"),
            },
            nullable=True,
        ),
        names={"v3": FieldNames(read="playbook")},
    )
    notify_on: str | None | Unset = _read_only(
        "notify_on", "string", "always, failure or never.", "failure"
    )
    bypass_approval: bool | None | Unset = _read_only(
        "bypass_approval", "boolean", "true: the session does not wait for approvals.", True
    )
    tags: Sequence[str] | None | Unset = attribute(
        schema={
            "type": ["array", "null"],
            "items": {"type": "string", "example": "nightly"},
            "description": "Tags of the session.",
        },
        names={"v3": FieldNames(read="tags")},
    )
    platform: str | None | Unset = _read_only(
        "platform", "string", "The machine that the session runs on.", "linux"
    )
    slack_team_id: str | None | Unset = _read_only(
        "slack_team_id", "string", "Workspace of Slack.", "T0123ABCD"
    )
    slack_channel_id: str | None | Unset = _read_only(
        "slack_channel_id", "string", "Channel of Slack.", "C0123ABCD"
    )
    target_devin_id: str | None | Unset = _read_only(
        "target_devin_id",
        "string",
        "The session that it messages, if it runs once.",
        "devin-0123abcd",
    )


def as_automation(schedule: Any) -> str:
    """Return how to write a schedule as an automation."""
    if schedule.schedule_type == "one_time":
        return f"it runs once, at {schedule.scheduled_at}; an automation cannot do that"
    is_plain = schedule.interval_count in (None, 1) or isinstance(schedule.interval_count, Unset)
    rule = from_cron(schedule.frequency or "") if is_plain else ""
    condition = {"field": "rrule", "operator": "recurrence", "value": rule or NO_RULE}
    prompt = "\n\n".join(filter(None, (schedule.prompt or "", _mention(schedule)))) or "…"
    facts = {name: getattr(schedule, name) for name in ("bypass_approval", "tags", "platform")}
    session = {name: value for name, value in facts.items() if value}
    entry = {
        "name": schedule.name,
        **({"enabled": False} if schedule.enabled is False else {}),
        "triggers": [{"event_type": SCHEDULE, "conditions": {"any": [{"all": [condition]}]}}],
        "actions": [{"type": START, "prompt": prompt, **({"session": session} if session else {})}],
    }
    text = json.dumps([entry], ensure_ascii=False)
    return f"write it as an automation instead: automations: {text}{_remarks(schedule, rule)}"


def _mention(schedule: Any) -> str:
    """Return the token for the playbook of a schedule, with its title if a token can hold it."""
    playbook = schedule.playbook or {}
    title, id = (str(playbook.get(name) or "") for name in ("title", "playbook_id"))
    if title and not {'"', "\n"} & set(title):
        return f'@playbook:"{title}"'
    return f"@playbook:{id}" if id else ""


def _remarks(schedule: Any, rule: str) -> str:
    remarks = []
    if not rule:
        count = schedule.interval_count or 1
        share = f", but only one of every {count} times" if count != 1 else ""
        remarks.append(
            f"replace {NO_RULE} with the RRULE for {schedule.frequency or 'its times'}{share}"
        )
    defaults = {"agent": "devin", "notify_on": "failure", "slack_channel_id": None}
    lost = [name for name, value in defaults.items() if (getattr(schedule, name) or value) != value]
    if lost:
        remarks.append(f"it leaves out {', '.join(lost)}")
    return "".join(f"; {remark}" for remark in remarks)


def _is_replaced(schedule: Any, automation: Any) -> bool:
    """Return whether an automation has the name of a schedule, or its prompt in an action."""
    if automation.name == schedule.name:
        return True
    prompts = (action.get("prompt") or "" for action in automation.actions or ())
    return bool(schedule.prompt) and any(schedule.prompt in prompt for prompt in prompts)


KIND = Kind(
    noun="schedule",
    section="schedules",
    title="A schedule, which automations replace: delete it (ensure: absent) or leave it as it is.",
    resource=Schedule,
    identity=Named("name"),
    renames=False,
    superseded=Superseded(by="automation", advice=as_automation, replaces=_is_replaced),
    apis={
        "v3": Api(
            path="schedules",
            id="scheduled_session_id",
            paging=Paging.OFFSET,
            reads_one=True,
            creates=False,
            update=None,
            read_permission="ManageOrgSchedules",
            write_permission="ManageOrgSchedules",
        ),
    },
)
