"""Automations: events that start sessions, and the prompts of the sessions. API v3 only.

Sources: docs.devin.ai, v3 automations; the vendor's OpenAPI document of mid 2026. PATCH is a
merge patch, but for some organizations it replaces each group that it contains; a group is sent in
its full form, which is right for both. A label is the only way to mark an owner. The API shows the
secret of a webhook once, in the response to the write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from devinops.kinds import _automation as values
from devinops.kinds import _network as network
from devinops.kinds._nested import Schema, choice, full, short, switch, text
from devinops.kinds._spend import REPLY_ACCESS, risk
from devinops.model.kind import (
    Api,
    FieldNames,
    FieldPath,
    GeneratedSecret,
    Hazard,
    Kind,
    Mention,
    Named,
    Omitted,
    Paging,
    Resource,
    Revealed,
    Update,
    attribute,
    everywhere,
)
from devinops.model.values import Unset


def _group(name: str, schema: Schema, **facts: Any) -> Any:
    """Declare a field with parts: compared in its short form, sent in its full one."""
    forms = {"normalize": partial(short, schema), "to_api": lambda value, _: full(schema, value)}
    return attribute(schema=schema, names={"v3": everywhere(name)}, **(forms | facts))


@dataclass(frozen=True, kw_only=True, slots=True)
class Automation(Resource):
    name: str | Unset = attribute(
        schema=text(
            "Name on the automations page, at most 500 characters.",
            minLength=1,
            maxLength=500,
            example="Triage a failed build",
        ),
        required=True,
        names={"v3": everywhere("name")},
    )
    enabled: bool | Unset = attribute(
        schema=switch("false: nothing starts it. Missing: a new one is enabled.", example=False),
        names={"v3": everywhere("enabled")},
    )
    triggers: Sequence[Mapping[str, Any]] | Unset = attribute(
        schema=values.TRIGGERS,
        required=True,
        element="event_type",
        names={"v3": everywhere("triggers")},
        normalize=values.short_triggers,
        to_api=lambda value, _: full(values.TRIGGERS, value),
        describe=values.in_words,
    )
    actions: Sequence[Mapping[str, Any]] | Unset = attribute(
        schema=values.ACTIONS,
        required=True,
        names={"v3": everywhere("actions")},
        mention=Mention("playbook", "@playbook:"),
        element="type",
        normalize=values.short_actions,
        to_api=values.full_actions,
    )
    run_as: Mapping[str, Any] | Unset = attribute(
        schema=values.RUN_AS,
        names={"v3": everywhere("run_as")},
        normalize=values.short_run_as,
        default={"type": "organization"},
    )
    metadata: Mapping[str, str] | Unset = attribute(
        schema=values.METADATA,
        names={"v3": everywhere("metadata")},
        normalize=values.short_metadata,
        to_api=values.full_metadata,
        usual={},
    )
    concurrency: Mapping[str, Any] | None | Unset = _group("concurrency", values.CONCURRENCY)
    limits: Mapping[str, Any] | None | Unset = _group("limits", values.LIMITS)
    notifications: Mapping[str, Any] | None | Unset = _group("notifications", values.NOTIFICATIONS)
    security_profile: Mapping[str, Any] | None | Unset = attribute(
        schema=values.SECURITY_PROFILE,
        names={"v3": everywhere("security_profile")},
        normalize=values.short_profile,
    )
    session_settings: Mapping[str, Any] | None | Unset = _group(
        "session_settings",
        values.SESSION_SETTINGS,
        normalize=values.short_settings,
        to_api=values.full_settings,
        completed=values.completed_settings,
        usual={},
    )
    tools: Mapping[str, Any] | None | Unset = _group("tools", values.TOOLS)
    preflight: Any = attribute(
        schema={
            "type": ["object", "array", "string", "number", "boolean", "null"],
            "description": "Decides for each event whether the actions run. Any shape; compared "
            "and sent as a whole. Missing: the live value stays.",
            "example": {"script": "check.sh"},
        },
        names={"v3": everywhere("preflight")},
    )
    slack_reply_access: str | Unset = attribute(
        schema=choice(
            "Who in Slack may reply to its sessions.", *REPLY_ACCESS["slack_reply_access"]
        ),
        names={"v3": everywhere("slack_reply_access")},
    )
    teams_reply_access: str | Unset = attribute(
        schema=choice(
            "Who in Teams may reply to its sessions.", *REPLY_ACCESS["teams_reply_access"]
        ),
        names={"v3": everywhere("teams_reply_access")},
    )
    template_id: str | None | Unset = attribute(
        schema=text(
            "The ready-made automation that it is created from; never changes.",
            nullable=True,
            example="template-0123abcd",
        ),
        names={"v3": FieldNames(read="template_id", create="template_id")},
    )


def _check(automation: Automation) -> Iterator[tuple[FieldPath, str]]:
    yield from values.trigger_problems(automation.triggers)
    yield from values.action_problems(automation.actions)
    yield from values.run_as_problems(automation.run_as)
    concurrency: Any = automation.concurrency or {}
    if concurrency.get("max_queue_depth") is not None and not concurrency.get(
        "max_concurrent_runs"
    ):
        yield (
            ("concurrency", "max_queue_depth"),
            "max_queue_depth needs max_concurrent_runs as well",
        )


def _has_webhook(automation: Any) -> bool:
    triggers = automation.triggers if automation else None
    return any(trigger["event_type"] == values.WEBHOOK for trigger in triggers or ())


def _generates_secret(before: Any, after: Any) -> bool:
    return _has_webhook(after) and not _has_webhook(before)


def _revealed(response: Mapping[str, Any]) -> Revealed | None:
    triggers = response.get("triggers")
    for trigger in triggers if isinstance(triggers, list) else ():
        webhook = trigger.get("webhook") if isinstance(trigger, Mapping) else None
        if not isinstance(webhook, Mapping):
            continue
        secret = webhook.get("secret")
        if isinstance(secret, str) and secret:
            return Revealed(str(webhook.get("url")), secret)
    return None


KIND = Kind(
    noun="automation",
    section="automations",
    title="Events that start sessions, and the prompts of the sessions. API v3 only.",
    resource=Automation,
    identity=Named("name"),
    label="metadata",
    out_of_sight="may be hidden from this key, if it runs as its creator",
    check=_check,
    hazards=(Hazard("spend", risk), Hazard("network", network.risk)),
    generated_secret=GeneratedSecret(
        title="webhook secret",
        expected=_generates_secret,
        revealed=_revealed,
        renewed="its webhook has a new address and a new secret: update every caller of it",
        deleted="its webhook address stops working",
        lost="remove its trigger webhook:incoming, apply, and add it again for a new one",
    ),
    apis={
        "v3": Api(
            path="automations",
            id="automation_id",
            paging=Paging.CURSOR,
            reads_one=True,
            update=Update(verb="PATCH", omitted=Omitted.KEPT),
            read_permission="ViewOrgAutomations",
            write_permission="ManageOrgAutomations",
        ),
    },
)
