"""The nested values of automations: their schemas, both forms, and checks beyond a schema.

Sources: docs.devin.ai, v3 automations; the vendor's OpenAPI document of mid 2026 for the shapes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from devinops.kinds import _recurrence
from devinops.kinds._nested import (
    Schema,
    as_json,
    choice,
    count,
    full,
    record,
    sequence,
    set_of,
    short,
    switch,
    text,
)
from devinops.model.kind import FieldPath
from devinops.model.values import UNSET

SCHEDULE: Final = "schedule:recurring"
WEBHOOK: Final = "webhook:incoming"
START, MESSAGE, MONITOR = "start_session", "message_session", "monitor_session"

_EVENTS: Final = {
    "github": (
        "issue_comment issues pull_request pull_request_review pull_request_review_comment "
        "check_run push"
    ),
    "gitlab": "merge_request note issue issue_note push pipeline",
    "azure_devops": "pull_request pull_request_comment push build",
    "bitbucket_data_center": "pull_request pull_request_comment push",
    "schedule": "recurring",
    "slack": "message reaction_added usergroup_mentioned",
    "teams": "message",
    "linear": "create label_added assigned status_changed priority_changed moved",
    "jira": "issue_created issue_updated label_added status_changed assigned commented",
    "pylon": "issue_created issue_tag_added issue_status_changed",
    "incident_io": "incident_created status_changed severity_changed follow_up_created",
    "pagerduty": "incident_triggered incident_acknowledged incident_resolved incident_updated",
    "webhook": "incoming",
    "snapshot_build": "completed",
}
EVENT_TYPES: Final = tuple(
    f"{source}:{event}" for source, events in _EVENTS.items() for event in events.split()
)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, bool) or _is_text(value) or _is_number(value)


def _is_range(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


_LISTS: Final = frozenset({"in", "not_in", "globs", "not_globs"})
_VALUES: Final[Mapping[str, tuple[str, Callable[[Any], bool]]]] = {
    "eq neq": ("a string, a number, or true or false", _is_scalar),
    "contains not_contains starts_with not_starts_with ends_with not_ends_with": (
        "a string",
        _is_text,
    ),
    "gt lt gte lte": ("a number", _is_number),
    "is_empty is_not_empty": ("no value", lambda value: value is None),
    "between": ("a list of two numbers, low and high", _is_range),
    "in not_in globs not_globs": ("a list of strings", _is_texts),
    "matches not_matches": ("a regular expression", _is_text),
    "recurrence": ("an RRULE such as FREQ=DAILY;BYHOUR=9;BYMINUTE=0", _is_text),
}
"""Operators → description and check of their value."""

_OPERATORS: Final = {name: fact for names, fact in _VALUES.items() for name in names.split()}
FILTERS: Final = _OPERATORS.keys() - {"recurrence"}
"""The operators whose conditions filter events; that of a recurrence sets times."""


# --- schemas --------------------------------------------------------------------------------------

_CONDITION: Final = record(
    "A condition: {field, operator, value}.",
    {
        "field": text(
            "A field of the event, as the catalog of the web app names it.", example="action"
        ),
        "operator": choice("How the field is compared with the value.", *_OPERATORS),
        "value": {
            "description": "What the field is compared with; its type depends on the operator.",
            "example": "opened",
        },
    },
    ("field", "operator"),
    example={"field": "action", "operator": "eq", "value": "opened"},
)
_GROUP: Final = record(
    "Conditions that must all be met.",
    {"all": sequence("The conditions.", _CONDITION)},
    ("all",),
)
TRIGGER: Final = record(
    "An event, with the conditions under which it counts.",
    {
        "event_type": choice("The event, such as github:pull_request.", *EVENT_TYPES),
        "conditions": record(
            "Which events count: {any: [{all: [condition, …]}, …]}. Missing: every event of this "
            "type.",
            {"any": sequence("Groups of conditions, one of which must be met.", _GROUP)},
            ("any",),
            nullable=True,
        ),
        "replies": set_of(
            "How the session replies in the thread of the event.",
            record(
                "How to reply: {type: notify_thread}.",
                {
                    "type": choice(
                        "The kind of reply.", "notify_thread", "attach_thread", "post_response"
                    )
                },
                ("type",),
            ),
            default=[],
        ),
    },
    ("event_type",),
    example={
        "event_type": "github:pull_request",
        "conditions": {
            "any": [{"all": [{"field": "action", "operator": "eq", "value": "opened"}]}]
        },
    },
)
TRIGGERS: Final = sequence("The events that start it. Empty: nothing starts it.", TRIGGER)

_CHANNEL: Final = {
    "team_id": text("Id of the team or workspace.", minLength=1, example="T0123ABCD"),
    "channel_id": text("Id of the channel.", minLength=1, example="C0123ABCD"),
}
_SESSION: Final = record(
    "Settings of the session.",
    {
        "bypass_approval": switch("true: the session does not wait for approvals.", default=False),
        "notifications": record(
            "Where the session reports.",
            {
                "slack": record(
                    "Slack: {mode, channel_id}.",
                    {
                        "mode": choice(
                            "What is posted.", "post_updates", "forward_thread", "post_response"
                        ),
                        "channel_id": _CHANNEL["channel_id"],
                    },
                    ("mode", "channel_id"),
                    nullable=True,
                ),
                "teams": record(
                    "Teams: {team_id, channel_id}.", _CHANNEL, tuple(_CHANNEL), nullable=True
                ),
            },
            nullable=True,
        ),
        "platform": text(
            "The machine that it runs on, such as linux.", nullable=True, example="linux"
        ),
        "tags": set_of(
            "Tags of the session.", text("A tag.", minLength=1, example="backend"), default=[]
        ),
    },
    default={},
)
_PROMPT: Final = text(
    'The prompt. @playbook:"Title" names a playbook, @owner/repo a repository, ${NAME} a secret.',
    minLength=1,
    example='Follow @playbook:"Triage an incident" in @acme/api.',
)
ACTIONS_BY_TYPE: Final[Mapping[str, Schema]] = {
    START: record(
        "Starts a session.",
        {"type": choice("", START), "prompt": _PROMPT, "session": _SESSION},
        ("prompt",),
    ),
    MESSAGE: record(
        "Sends a message to a session.",
        {
            "type": choice("", MESSAGE),
            "prompt": _PROMPT,
            "auto_create": switch("true: starts that session if needed.", default=False),
            "target_devin_id": text(
                "Id of the session, unless auto_create.", nullable=True, example="devin-0123abcd"
            ),
        },
        ("prompt",),
    ),
    MONITOR: record(
        "Watches a Slack channel. Must be the only action.",
        {
            "type": choice("", MONITOR),
            "setup_prompt": _PROMPT,
            "slack_monitor_config": record(
                "The channel: {source_channel_id, team_id}.",
                {
                    "source_channel_id": _CHANNEL["channel_id"],
                    "team_id": text("Id of the workspace.", nullable=True, example="T0123ABCD"),
                },
                ("source_channel_id",),
            ),
        },
        ("setup_prompt", "slack_monitor_config"),
    ),
}
_ACTION_TYPE: Final = choice("What the action does.", *ACTIONS_BY_TYPE)
_ACTION_FIELDS: Final = {
    name: part for schema in ACTIONS_BY_TYPE.values() for name, part in schema["properties"].items()
}
ACTIONS: Final = sequence(
    "What each event does: start_session (at most one), message_session, or only monitor_session.",
    record(
        "An action. Its fields depend on its type.",
        {"type": _ACTION_TYPE},
        ("type",),
        additionalProperties=True,
        example={"type": START, "prompt": _PROMPT["example"]},
    )
    | {
        "if": {"properties": {"type": {"enum": [*ACTIONS_BY_TYPE]}}},
        "then": {
            "properties": _ACTION_FIELDS | {"type": _ACTION_TYPE},
            "additionalProperties": False,
        },
    },
    minItems=1,
)
RUN_AS: Final = record(
    "Whose rights the sessions have: {type: organization} (the default), {type: creator}, or "
    "{type: service_user, service_user_id: …}.",
    {
        "type": choice("Whose rights they are.", "organization", "creator", "service_user"),
        "service_user_id": text(
            "Id of the service user.", minLength=1, example="service-user-0123abcd"
        ),
    },
    ("type",),
    nullable=True,
)
OWN_LABELS: Final = 15
"""The API accepts 16 labels; devinops needs one of them."""

METADATA: Final = {
    "type": ["object", "null"],
    "propertyNames": {
        "pattern": r"^(?!devinops$)[\s\S]{1,32}$",
        "description": "A label has a key of at most 32 characters; the key devinops is reserved.",
    },
    "additionalProperties": text("The value of a label has at most 128 characters.", maxLength=128),
    "maxProperties": OWN_LABELS,
    "description": f"Labels, at most {OWN_LABELS} besides that of devinops: key → text.",
    "example": {"team": "platform"},
}
CONCURRENCY: Final = record(
    "How many runs are active at the same time. null: no limit.",
    {
        "max_concurrent_runs": count("A whole number, 1 or more.", 1, nullable=True, example=2),
        "max_queue_depth": count(
            "How many more may wait, a whole number, 0 or more; needs max_concurrent_runs.",
            0,
            nullable=True,
            example=10,
        ),
    },
    nullable=True,
)
LIMITS: Final = record(
    "What it may cost. null: no limit.",
    {
        "invocations": record(
            "How often it runs: {max_per_window, window_seconds}.",
            {
                "max_per_window": count(
                    "Runs in the window, a whole number, 1 or more.", 1, example=60
                ),
                "window_seconds": count(
                    "Length of the window in seconds, 60 or more.", 60, example=3600
                ),
            },
            ("max_per_window", "window_seconds"),
            nullable=True,
        ),
        "max_acu_limit": count(
            "ACUs of each session, a whole number from 1 to 1000.",
            1,
            nullable=True,
            maximum=1000,
            example=10,
        ),
    },
    nullable=True,
)
_WHEN: Final = choice("Which runs are reported.", "always", "dispatch_failed", "dispatch_succeeded")
NOTIFICATIONS: Final = record(
    "Who is notified of its runs.",
    {
        "email": record(
            "By email: {when, recipients}. A service user's automation needs recipients.",
            {
                "when": _WHEN,
                "recipients": set_of(
                    "Email addresses.",
                    text("An address.", minLength=1, example="platform@example.com"),
                    nullable=True,
                ),
            },
            ("when",),
            nullable=True,
            example={"when": "dispatch_failed", "recipients": ["platform@example.com"]},
        ),
        "slack": record(
            "In Slack: {when, channel_id}.",
            {"when": _WHEN, "channel_id": _CHANNEL["channel_id"]},
            ("when", "channel_id"),
            nullable=True,
        ),
    },
    nullable=True,
)
SECURITY_PROFILE: Final = record(
    "{profile_id: ID}, {profile_id: null} for no profile, or null to inherit the organization's.",
    {"profile_id": text("Id of the profile.", nullable=True, example="profile-0123abcd")},
    ("profile_id",),
    nullable=True,
)
_ADDRESSES: Final = {
    "hostname": "api.example.com",
    "ipv4": "192.0.2.10",
    "ipv6": "2001:db8::10",
}
SESSION_SETTINGS: Final = record(
    "Settings of all its sessions.",
    {
        "devin_mode": choice(
            "The mode of Devin.",
            *("normal", "fast", "lite", "ultra", "fusion"),
            *("swe-2-medium", "swe-2-high", "swe-2-max"),
            nullable=True,
        ),
        "net_policy": record(
            "Which hosts the sessions may reach: {allow: [{hostname: …}, {ipv4: …}, {ipv6: …}]}. "
            "null: all (unrestricted). Missing: a new one gets the default, an old one keeps its "
            "policy.",
            {
                "allow": set_of(
                    "The hosts.",
                    record(
                        "One of hostname, ipv4 and ipv6.",
                        {
                            name: text("An address.", minLength=1, example=address)
                            for name, address in _ADDRESSES.items()
                        },
                        minProperties=1,
                        maxProperties=1,
                    ),
                )
            },
            ("allow",),
            nullable=True,
        ),
    },
    nullable=True,
)
_CHANNELS: Final = record("{team_id, channel_id}.", _CHANNEL, tuple(_CHANNEL))
TOOLS: Final = record(
    "What its sessions may use.",
    {
        "jira_projects": set_of(
            "Keys of projects.",
            text("A key.", minLength=1, example="PAY"),
            nullable=True,
            minItems=1,
        ),
        "linear_enabled": switch("Whether Linear may be used.", nullable=True),
        "mcp_servers": set_of(
            "Names of MCP servers.", text("A name.", minLength=1, example="sentry"), default=[]
        ),
        "slack_channels": set_of("Channels of Slack.", _CHANNELS, default=[]),
        "slack_dm_scope": choice(
            "Who may write direct messages.", "org_members", "workspace", nullable=True
        ),
        "teams_channels": set_of('Channels of Teams; "*" means any.', _CHANNELS, default=[]),
    },
    nullable=True,
)


# --- the short form -------------------------------------------------------------------------------


def short_triggers(value: Any) -> Any:
    """Return triggers in their short form; they and their conditions have no order."""
    return _sorted((_short_trigger(trigger) for trigger in value), "event_type")


def _short_trigger(value: Any) -> Any:
    trigger = short(TRIGGER, value)
    if "conditions" not in trigger:
        return trigger
    groups = map(_short_group, trigger["conditions"]["any"])
    return trigger | {"conditions": {"any": sorted(groups, key=as_json)}}


def _short_group(group: Any) -> Any:
    return {"all": _sorted(map(_short_condition, group["all"]), "field", "operator")}


def _short_condition(condition: Any) -> Any:
    values = condition.get("value")
    is_set = condition["operator"] in _LISTS and _is_texts(values)
    return condition | {"value": sorted(values)} if is_set else condition


def _sorted(values: Iterable[Any], *names: str) -> list[Any]:
    """Return values in an order that changes as little as possible when a part is edited."""

    def order(value: Any) -> tuple[str, str]:
        return as_json([value[name] for name in names]), as_json(value)

    return sorted(values, key=order)


def short_actions(value: Any) -> Any:
    return [_short_action(action) for action in value]


def _short_action(action: Any) -> Any:
    """Return an action in its short form; an action of an unknown type stays as it is."""
    if not isinstance(action, dict) or not isinstance(action.get("type"), str):
        raise ValueError("an action without a type")
    return short(_action_schema(action), action)


def full_actions(value: Any, _: Any) -> Any:
    """Return actions as they are sent."""
    return [full(_action_schema(action), action) for action in value]


def _action_schema(action: Mapping[str, Any]) -> Schema:
    return ACTIONS_BY_TYPE.get(action["type"], {})


def short_run_as(value: Any) -> Any:
    return {"type": "organization"} if value is None else short(RUN_AS, value)


def short_profile(value: Any) -> Any:
    """Return the chosen profile in the form of files; None to inherit the organization's."""
    if not isinstance(value, dict) or value.get("selection") == "inherit":
        return None
    return {"profile_id": value.get("profile_id")}


def short_settings(value: Any) -> Any:
    """Return the settings in their short form, in which a network policy of null is kept.

    Null means every host, and a missing policy that of the live object, or the default.
    """
    settings = short(SESSION_SETTINGS, value)
    if value is None:
        return None
    return (settings or {}) | ({_NETWORK: None} if value.get(_NETWORK, UNSET) is None else {})


def full_settings(value: Any, _: Any) -> Any:
    """Return the settings as they are sent; a missing network policy is not."""
    whole = full(SESSION_SETTINGS, value)
    return {n: part for n, part in whole.items() if n != _NETWORK or n in value} if whole else None


def completed_settings(written: Any, live: Any) -> Any:
    """Return written settings with the live network policy, unless they have one or are null."""
    if isinstance(written, dict) and isinstance(live, dict) and _NETWORK in live:
        return {**written, _NETWORK: written.get(_NETWORK, live[_NETWORK])}
    return live if written in ({}, None) and live in ({}, None) else written


_NETWORK: Final = "net_policy"


def short_metadata(value: Any) -> Any:
    return {key: label for key, label in (value or {}).items() if label is not None}


def full_metadata(value: Any, before: Any) -> Any:
    """Return labels as they are sent; a removed label is null, because the API may merge."""
    gone = set(before) - set(value) if isinstance(before, dict) else set()
    return {**value, **dict.fromkeys(sorted(gone))}


# --- recurrences ----------------------------------------------------------------------------------


def in_words(triggers: Any) -> str | None:
    """Return the simple recurrences of triggers with their meaning; None if there are none."""
    rules = [
        condition["value"]
        for _, condition in conditions_of(triggers)
        if condition.get("operator") == "recurrence" and isinstance(condition.get("value"), str)
    ]
    explained = [f"{rule}: {words}" for rule in rules if (words := _recurrence.words(rule))]
    return "; ".join(explained) or None


def conditions_of(triggers: Any) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Yield each condition of triggers with its path; values of another shape are skipped."""
    for number, trigger in _dicts(triggers):
        conditions = trigger.get("conditions")
        groups = conditions.get("any") if isinstance(conditions, dict) else ()
        for group_number, group in _dicts(groups):
            for condition_number, condition in _dicts(group.get("all")):
                path = ("conditions", "any", group_number, "all", condition_number)
                yield (number, *path), condition


def _dicts(values: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, value in enumerate(values) if isinstance(values, list) else ():
        if isinstance(value, dict):
            yield number, value


# --- checks beyond a schema -----------------------------------------------------------------------

Problems = Iterator[tuple[FieldPath, str]]


def trigger_problems(triggers: Any) -> Problems:
    """Yield (path, message) for each fault of triggers that fit their schema."""
    if triggers is UNSET:
        return
    recurring = set()
    for inside, condition in conditions_of(triggers):
        path = ("triggers", *inside)
        operator, value = condition["operator"], condition.get("value")
        expected, fits = _OPERATORS.get(operator, ("anything", lambda _: True))
        if not fits(value):
            yield (*path, "value"), f"the operator {operator} takes {expected}"
        elif operator == "recurrence":
            recurring.add(inside[0])
            if wrong := _recurrence.problem(str(value)):
                yield (*path, "value"), f"this is not an RRULE of iCalendar: {wrong}"
    yield from _event_problems([trigger["event_type"] for trigger in triggers], recurring)


def _event_problems(events: Sequence[str], recurring: Container[str | int]) -> Problems:
    """Yield the faults in the events of triggers; `recurring` holds those with a rule."""
    for number, event in enumerate(events):
        if event == SCHEDULE and number not in recurring:
            example = "{field: rrule, operator: recurrence, value: FREQ=DAILY;BYHOUR=9;BYMINUTE=0}"
            yield ("triggers", number), f"{SCHEDULE} needs a condition such as {example}"
        if event == WEBHOOK and WEBHOOK in events[:number]:
            yield ("triggers", number), f"an automation has at most one trigger {WEBHOOK}"


def action_problems(actions: Any) -> Problems:
    """Yield (path, message) for each fault of actions that fit their schema."""
    if actions is UNSET:
        return
    types = [action["type"] for action in actions]
    for number, action in enumerate(actions):
        path = ("actions", number)
        for name, message in _action_problems(action):
            yield ((*path, name) if name else path), message
        if action["type"] == START and START in types[:number]:
            yield path, f"an automation has at most one {START}: keep one of them"
    if MONITOR in types and len(types) > 1:
        yield ("actions", types.index(MONITOR)), f"{MONITOR} must be the only action"


def _action_problems(action: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (member, message) for each fault; an empty member means the action itself."""
    schema = _action_schema(action)
    fields = schema.get("properties", action)
    for name in action:
        if name not in fields:
            known = ", ".join(fields)
            yield name, f"{action['type']} has no field {name}; its fields are {known}"
        elif isinstance(action[name], str):
            yield from ((name, message) for message in _mention_problems(action[name]))
    for name in schema.get("required", ()):
        if name not in action:
            yield "", f"{action['type']} needs the field {name}: add it"
    lost = action.get("target_devin_id") is None and not action.get("auto_create")
    if action["type"] == MESSAGE and lost:
        yield "", f"{MESSAGE} needs auto_create: true, or the target_devin_id of a session"


def _mention_problems(prompt: str) -> Iterator[str]:
    """Yield a message for each type of faulty mention in a prompt."""
    if token := _BROKEN_MENTION.search(prompt):
        mention = token[0].rstrip()
        yield f'{mention} does not name a playbook: write @playbook:"Title of the playbook"'
    if token := _RUN_ON_MENTION.search(prompt):
        yield (
            f"put a space after {token[0]}: the API would read a letter, digit, _, - or | that "
            "follows as a part of the id that replaces the title"
        )


_BROKEN_MENTION: Final = re.compile(r'@playbook:(?!"[^"\n]+"|[\w-])[^\n]{0,20}')
_RUN_ON_MENTION: Final = re.compile(r'@playbook:"[^"\n]+"(?=[\w|-])')


def run_as_problems(run_as: Any) -> Problems:
    """Yield (path, message) for each fault of `run_as`."""
    if not run_as:
        return
    is_service_user, named = run_as["type"] == "service_user", "service_user_id" in run_as
    if is_service_user and not named:
        yield "run_as", "type: service_user needs the field service_user_id: add it"
    if named and run_as["type"] in ("organization", "creator"):
        yield ("run_as", "service_user_id"), f"type: {run_as['type']} takes no service_user_id"
