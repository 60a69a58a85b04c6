"""What pages call kinds and fields, and which fields a form leaves out."""

from __future__ import annotations

from collections.abc import Mapping

from devinops.emulator.records import Kind

TITLES: Mapping[str, str] = {
    "organizations": "Organizations",
    "folders": "Folders",
    "knowledge": "Knowledge",
    "playbooks": "Playbooks",
    "secrets": "Secrets",
    "automations": "Automations",
    "schedules": "Schedules",
    "acu_limits": "ACU limits",
}
"""The sections whose objects people change, with their titles."""

NOUNS: Mapping[Kind, str] = {
    "organization": "organization",
    "folder": "folder",
    "knowledge": "note",
    "playbook": "playbook",
    "secret": "secret",
    "automation": "automation",
    "schedule": "schedule",
    "acu_limit": "ACU limit",
}

LABELS: Mapping[str, str] = {
    "folder_id": "Folder",
    "parent_folder_id": "Inside",
    "pinned_repo": "Pinned repository",
    "is_enabled": "Enabled",
    "is_sensitive": "Sensitive",
    "access_type": "Belongs to",
    "structured_output_schema": "Structured output schema",
    "max_cycle_acu_limit": "ACUs per billing cycle",
    "max_session_acu_limit": "ACUs per session",
    "acu_limit": "Separate ACU limit",
    "cycle_acu_limit": "ACUs per billing cycle",
    "user_id": "Person",
}

HELP: Mapping[tuple[Kind, str], str] = {
    ("knowledge", "trigger"): "When Devin should recall this note",
    ("knowledge", "body"): "Markdown",
    ("knowledge", "pinned_repo"): "As owner/repository, or all",
    ("knowledge", "macro"): "Starts with an exclamation mark",
    ("playbook", "body"): "Markdown",
    ("playbook", "macro"): "Starts with an exclamation mark",
    ("playbook", "structured_output_schema"): "A JSON Schema",
    ("folder", "name"): "A slash is part of the name",
    ("organization", "tags"): "One a line",
    ("organization", "default_tag"): "One of the tags",
    ("organization", "acu_limit"): "Used only with the quirk acu_limit=separate",
    ("organization", "security_profiles"): "JSON: names by id",
    ("acu_limit", "user_id"): "The id of a person, for a limit with the scope user",
    ("automation", "triggers"): "A JSON list; each has an event_type",
    ("automation", "actions"): "A JSON list with at least one action",
    ("schedule", "frequency"): "A cron expression",
}

LINES: Mapping[str, int] = {"body": 14, "trigger": 3, "prompt": 8, "description": 2}
"""The least height of texts with more than one line."""

LEFT_OUT: Mapping[Kind, frozenset[str]] = {
    # A form has ids of folders, and the owner decides whose a note or a playbook is.
    "folder": frozenset({"path"}),
    "knowledge": frozenset({"folder", "access_type"}),
    "playbook": frozenset({"access_type"}),
    # Set when an automation is created or runs.
    "automation": frozenset({"template_id", "last_invocation", "webhook_url"}),
    "schedule": frozenset(
        {"last_executed_at", "last_error_at", "last_error_message", "consecutive_failures"}
    ),
}

FIRST: Mapping[Kind, tuple[str, ...]] = {
    "knowledge": ("name", "folder_id", "trigger", "body"),
    "playbook": ("title", "macro", "body"),
    "folder": ("name", "parent_folder_id"),
    "automation": ("name", "enabled", "triggers", "actions"),
    "schedule": ("name", "prompt", "enabled", "schedule_type", "frequency", "scheduled_at"),
}
"""The fields at the top of a form; a long form folds the others under a heading."""

STARTERS: Mapping[tuple[Kind, str], object] = {
    ("automation", "triggers"): [{"event_type": "github:push"}],
    ("automation", "actions"): [{"type": "start_session", "prompt": ""}],
    ("automation", "run_as"): {"type": "organization"},
    ("automation", "metadata"): {},
    ("automation", "slack_reply_access"): "slack_users",
    ("automation", "teams_reply_access"): "teams_users",
    ("schedule", "interval_count"): 1,
}
"""What the form of a new object starts with."""


def label(field: str) -> str:
    return LABELS.get(field) or field.replace("_", " ").capitalize()
