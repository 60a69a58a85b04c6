"""Open questions about the real API, each as a switch; `docs/emulator.md` says what each one asks.

Nobody outside the vendor knows the answers, so a client has to work with either. The first value of
a switch is what we think is most likely, and the default; a seed's `quirks:` section chooses
others. `devinops doctor` can settle some of them, and `devinops doctor --write` others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from devinops.emulator.parsing import did_you_mean
from devinops.model.errors import ConfigError


def _switch(*values: str) -> Any:
    """Return a dataclass field with one of `values`; the first is the default."""
    return field(default=values[0], metadata={"values": values})


@dataclass(frozen=True, kw_only=True)
class Quirks:
    """One value per switch, always a text."""

    macro: str = _switch("kept", "dropped")
    v1_put_nullable: str = _switch("cleared", "kept")
    v1_delete: str = _switch("200", "204")
    v1_secret_created: str = _switch("200", "201")
    v1_lists: str = _switch("bare", "object")
    v1_playbook_fields: str = _switch("status", "all", "none")
    v1_macro: str = _switch("present", "absent")
    v1_error_body: str = _switch("detail", "error")
    v1_ids: str = _switch("shared", "separate")
    pinned_all: str = _switch("accepted", "422")
    pinned_host: str = _switch("kept", "stripped")
    enterprise_notes_in_org_list: str = _switch("false", "true")
    enterprise_playbooks_in_org_list: str = _switch("false", "true")
    is_enabled_view: str = _switch("organization", "service_user")
    missing_object: str = _switch("404", "403")
    unknown_folder: str = _switch("404", "400", "422")
    duplicate_secret: str = _switch("409", "400", "allowed")
    duplicate_macro: str = _switch("allowed", "409")
    body_limit: str = _switch("none", "65536")
    unknown_fields: str = _switch("ignored", "422")
    promoted_id: str = _switch("kept", "new")
    creators_automations: str = _switch("shown", "hidden")
    automation_updates: str = _switch("merge", "replace_groups")
    schedule_created: str = _switch("403", "200")
    session_tags: str = _switch("on", "off")
    analysis_status: str = _switch("present", "absent")
    skill_usage: str = _switch("present", "absent")
    repo_names: str = _switch("obeyed", "ignored")
    archived_sessions: str = _switch("listed", "hidden")
    managed_plugin_skills: str = _switch("served", "absent")
    acu_limit: str = _switch("shared", "separate")
    first_group_role: str = _switch("400", "404", "403")
    second_role: str = _switch("409", "400", "replaced")
    group_in_use: str = _switch("409", "400", "deleted")
    other_roles_in_org: str = _switch("shown", "hidden")
    ip_ranges: str = _switch("normalized", "kept")
    outside_ip_list: str = _switch("401", "403")
    org_groups: str = _switch("on", "off")
    duplicate_permission: str = _switch("kept", "409", "allowed")
    error_body: str = _switch("detail", "problem")
    retry_after: str = _switch("seconds", "date", "absent")
    bodies: str = _switch("kept", "trimmed")
    newlines: str = _switch("kept", "crlf")
    unicode: str = _switch("kept", "nfc")
    root_folder_path: str = _switch("", "/")
    folder_filter: str = _switch("exact", "subtree")
    list_order: str = _switch("created", "name", "updated", "reversed")
    paging: str = _switch("stable", "offset")
    total: str = _switch("present", "absent", "none")


VALUES: Mapping[str, tuple[str, ...]] = {f.name: f.metadata["values"] for f in fields(Quirks)}


def parse_quirks(raw: Mapping[str, object], where: str = "quirks") -> Quirks:
    """Return the switches for names and values from YAML: `409` and `false` count as texts.

    Raises ConfigError for a name or a value that does not exist.
    """
    chosen = {}
    for name, value in raw.items():
        if name not in VALUES:
            raise ConfigError(f'{where}: unknown quirk "{name}"{did_you_mean(str(name), VALUES)}')
        chosen[name] = _value(value, VALUES[name], f"{where}.{name}")
    return Quirks(**chosen)


def _value(raw: object, values: tuple[str, ...], where: str) -> str:
    text = _text(raw)
    if text in values:
        return text
    expected = ", ".join(value or '""' for value in values)
    raise ConfigError(f'{where}: "{text}" is not one of {expected}{did_you_mean(text, values)}')


def _text(raw: object) -> str:
    if raw is None:
        return "none"
    return str(raw).lower() if isinstance(raw, bool) else str(raw)
