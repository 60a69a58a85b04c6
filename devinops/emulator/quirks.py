"""Open questions about the real API, each as a switch.

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


def _switch(question: str, *values: str) -> Any:
    """Return a dataclass field with one of `values`, the answers; the first is the default."""
    return field(default=values[0], metadata={"question": question, "values": values})


@dataclass(frozen=True, kw_only=True)
class Quirks:
    """One value per switch, always a text."""

    macro: str = _switch("does a macro survive an update on v3?", "kept", "dropped")
    v1_put_nullable: str = _switch("nullable fields that a v1 update leaves out", "cleared", "kept")
    v1_delete: str = _switch("status of a delete on v1", "200", "204")
    v1_secret_created: str = _switch("status of creating a secret on v1", "200", "201")
    v1_lists: str = _switch("lists of playbooks and secrets on v1", "bare", "object")
    v1_playbook_fields: str = _switch("optional fields of a v1 playbook", "status", "all", "none")
    v1_macro: str = _switch("`macro` in the bodies of v1", "present", "absent")
    v1_error_body: str = _switch("an error on v1", "detail", "error")
    v1_ids: str = _switch("ids on v1 and v3", "shared", "separate")
    pinned_all: str = _switch("`pinned_repo: all` on v3", "accepted", "422")
    pinned_host: str = _switch("the host of `github.com/owner/repo`", "kept", "stripped")
    enterprise_notes_in_org_list: str = _switch("listed in an organization?", "false", "true")
    enterprise_playbooks_in_org_list: str = _switch("listed in an organization?", "false", "true")
    is_enabled_view: str = _switch("whose switch is `is_enabled`?", "organization", "service_user")
    missing_object: str = _switch("a missing object (a secret on v3: always 403)", "404", "403")
    unknown_folder: str = _switch("an unknown `folder_id`", "404", "400", "422")
    duplicate_secret: str = _switch("a second secret with the same key", "409", "400", "allowed")
    duplicate_macro: str = _switch("a macro that is in use", "allowed", "409")
    body_limit: str = _switch("the largest body (422 above it)", "none", "65536")
    unknown_fields: str = _switch("fields outside the schema", "ignored", "422")
    promoted_id: str = _switch("the id after a move to the enterprise", "kept", "new")
    creators_automations: str = _switch("automations that run as their creator", "shown", "hidden")
    automation_updates: str = _switch("a change to one of its groups", "merge", "replace_groups")
    schedule_created: str = _switch("creating a schedule", "403", "200")
    session_tags: str = _switch("session tags (off: 404)", "on", "off")
    analysis_status: str = _switch("`analysis_status` of an analyzed session", "present", "absent")
    skill_usage: str = _switch("`skill_usage` in an analysis", "present", "absent")
    repo_names: str = _switch("the `repo_names` filter of sessions", "obeyed", "ignored")
    archived_sessions: str = _switch("archived sessions without a filter", "listed", "hidden")
    managed_plugin_skills: str = _switch("skills for notes (absent: 404)", "served", "absent")
    acu_limit: str = _switch("is the ACU limit `max_cycle_acu_limit`?", "shared", "separate")
    first_group_role: str = _switch("a group's first role in an organization", "400", "404", "403")
    second_role: str = _switch("giving a role where there is one", "409", "400", "replaced")
    group_in_use: str = _switch("deleting a group with roles or members", "409", "400", "deleted")
    other_roles_in_org: str = _switch("roles that members have elsewhere", "shown", "hidden")
    ip_ranges: str = _switch("`10.1.2.3/8` in the IP access list", "normalized", "kept")
    outside_ip_list: str = _switch("a request from an address outside the list", "401", "403")
    org_groups: str = _switch("groups of organizations with one limit (off: 404)", "on", "off")
    duplicate_permission: str = _switch("a second permission for a path", "kept", "409", "allowed")
    error_body: str = _switch("an error on v3 (problem: RFC 9457)", "detail", "problem")
    retry_after: str = _switch("the Retry-After header of a 429", "seconds", "date", "absent")
    bodies: str = _switch("white space at both ends of bodies", "kept", "trimmed")
    newlines: str = _switch("line ends in bodies", "kept", "crlf")
    unicode: str = _switch("Unicode in bodies (nfc: normalized)", "kept", "nfc")
    root_folder_path: str = _switch("`folder_path` of a note in the root", "", "/")
    folder_filter: str = _switch("the `folder_path` filter", "exact", "subtree")
    list_order: str = _switch("reversed: newest first", "created", "name", "updated", "reversed")
    paging: str = _switch("a cursor: a position, or a count that writes shift", "stable", "offset")
    total: str = _switch("`total` in lists (none: null)", "present", "absent", "none")


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
