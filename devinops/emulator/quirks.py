"""Open questions about the real API, each as a switch.

Nobody outside the vendor knows the answers, so a client has to work whichever is true. The first value of
a switch is what we think likeliest and the default; a seed's `quirks:` section picks others.

| quirk | values | the question |
| --- | --- | --- |
| macro | kept, dropped | does replacing a note on v3 keep a macro set elsewhere? |
| v1_put_nullable | cleared, kept | what happens to nullable fields left out of a v1 replacement? |
| v1_delete | 200, 204 | what does deleting knowledge or a secret on v1 answer? |
| v1_secret_created | 200, 201 | what does creating a secret on v1 answer? |
| v1_lists | bare, object | are playbooks and secrets on v1 a bare list, or in an object as `playbooks` and `secrets`? |
| v1_playbook_fields | status, all, none | which optional fields has a playbook on v1 (all: also who updated it)? |
| v1_macro | present, absent | do the bodies of knowledge on v1 have `macro`? |
| v1_error_body | detail, error | is an error on v1 `{"detail": …}` or `{"error": {"message", "type"}}`? |
| v1_ids | shared, separate | has one object the same id on v1 and v3? |
| pinned_all | accepted, 422 | is `pinned_repo: all` accepted on v3? |
| pinned_host | kept, stripped | does `github.com/owner/repo` come back as sent? |
| enterprise_notes_in_org_list | false, true | does an organization's note list show enterprise notes? |
| enterprise_playbooks_in_org_list | false, true | the same for playbooks |
| is_enabled_view | organization, service_user | whose switch is `is_enabled`: a person's edit is seen, or not? |
| unknown_folder | 404, 400, 422 | what does an unknown `folder_id` answer? |
| duplicate_secret | 409, 400, allowed | what does creating a secret whose key exists answer? |
| duplicate_macro | allowed, 409 | may two notes, or two playbooks, share a macro? |
| body_limit | none, 65536 | is there a largest body (characters; more is a 422)? |
| unknown_fields | ignored, 422 | are fields outside the schema ignored or refused? |
| automation_updates | merge, replace_groups | does changing an automation merge groups, or replace them? |
| schedule_created | 403, 200 | what does creating a schedule answer (403: the organization was moved to automations)? |
| acu_limit | shared, separate | is an organization's ACU limit its `max_cycle_acu_limit`? |
| error_body | detail, problem | is an error on v3 `{"detail": …}` or RFC 9457 `application/problem+json`? |
| retry_after | seconds, date, absent | what does a 429 carry? |
| bodies | kept, trimmed | are bodies stripped of white space at both ends? |
| newlines | kept, crlf | are line ends in bodies rewritten? |
| unicode | kept, nfc | are bodies normalised to NFC? |
| root_folder_path | "", "/" | what is the `folder_path` of a note in the root? |
| folder_filter | exact, subtree | does the `folder_path` filter take the folders below along? |
| list_order | created, name, updated, reversed | how are lists sorted (reversed: newest first)? |
| paging | stable, offset | is a cursor a place in the order, or a count that shifts under writes? |
| total | present, absent | do lists carry `total`? |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from devinops.emulator.hints import did_you_mean
from devinops.errors import ConfigError


def _switch(*values: str) -> Any:
    """A dataclass field that takes one of `values`; the first is the default."""
    return field(default=values[0], metadata={"values": values})


@dataclass(frozen=True, kw_only=True)
class Quirks:
    """One value per switch, always text; the module's docstring says what each one means."""

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
    unknown_folder: str = _switch("404", "400", "422")
    duplicate_secret: str = _switch("409", "400", "allowed")
    duplicate_macro: str = _switch("allowed", "409")
    body_limit: str = _switch("none", "65536")
    unknown_fields: str = _switch("ignored", "422")
    automation_updates: str = _switch("merge", "replace_groups")
    schedule_created: str = _switch("403", "200")
    acu_limit: str = _switch("shared", "separate")
    error_body: str = _switch("detail", "problem")
    retry_after: str = _switch("seconds", "date", "absent")
    bodies: str = _switch("kept", "trimmed")
    newlines: str = _switch("kept", "crlf")
    unicode: str = _switch("kept", "nfc")
    root_folder_path: str = _switch("", "/")
    folder_filter: str = _switch("exact", "subtree")
    list_order: str = _switch("created", "name", "updated", "reversed")
    paging: str = _switch("stable", "offset")
    total: str = _switch("present", "absent")


VALUES: Mapping[str, tuple[str, ...]] = {f.name: f.metadata["values"] for f in fields(Quirks)}


def parse_quirks(raw: Mapping[str, object], where: str = "quirks") -> Quirks:
    """Build the switches from names and values as YAML gives them: `409` and `false` count as their text.

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
