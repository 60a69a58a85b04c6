"""Open questions about the real API, each as a switch; `docs/emulator.md` says what each one asks.

Nobody outside the vendor knows the answers, so a client has to work with either. The first value of
a switch is what we think is most likely, and the default; a seed's `quirks:` section chooses
others. `SETTLED_BY` tells who could find out: `devinops doctor`, which only reads, `devinops doctor
--write`, or nobody with one key and objects of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from devinops.emulator.parsing import did_you_mean
from devinops.model.errors import ConfigError

READING, WRITING, NOBODY = "reading", "writing", "nobody"


def _switch(*values: str, by: str) -> Any:
    """Return a dataclass field with one of `values`; the first is the default.

    `by` says what settles the question.
    """
    return field(default=values[0], metadata={"values": values, "by": by})


@dataclass(frozen=True, kw_only=True)
class Quirks:
    """One value per switch, always a text."""

    macro: str = _switch("kept", "dropped", by=NOBODY)
    v1_put_nullable: str = _switch("cleared", "kept", by=WRITING)
    v1_delete: str = _switch("200", "204", by=WRITING)
    v1_secret_created: str = _switch("200", "201", by=NOBODY)
    v1_lists: str = _switch("bare", "object", by=READING)
    v1_playbook_fields: str = _switch("status", "all", "none", by=READING)
    v1_macro: str = _switch("present", "absent", by=READING)
    v1_error_body: str = _switch("detail", "error", by=READING)
    v1_ids: str = _switch("shared", "separate", by=NOBODY)
    pinned_all: str = _switch("accepted", "422", by=NOBODY)
    pinned_host: str = _switch("kept", "stripped", by=NOBODY)
    enterprise_notes_in_org_list: str = _switch("false", "true", by=READING)
    enterprise_playbooks_in_org_list: str = _switch("false", "true", by=READING)
    is_enabled_view: str = _switch("organization", "service_user", by=NOBODY)
    missing_object: str = _switch("404", "403", by=READING)
    unknown_folder: str = _switch("404", "400", "422", by=WRITING)
    duplicate_secret: str = _switch("409", "400", "allowed", by=WRITING)
    duplicate_macro: str = _switch("allowed", "409", by=WRITING)
    body_limit: str = _switch("none", "65536", by=WRITING)
    unknown_fields: str = _switch("ignored", "422", by=WRITING)
    automation_updates: str = _switch("merge", "replace_groups", by=READING)
    schedule_created: str = _switch("403", "200", by=NOBODY)
    session_tags: str = _switch("on", "off", by=READING)
    acu_limit: str = _switch("shared", "separate", by=READING)
    error_body: str = _switch("detail", "problem", by=READING)
    retry_after: str = _switch("seconds", "date", "absent", by=READING)
    bodies: str = _switch("kept", "trimmed", by=WRITING)
    newlines: str = _switch("kept", "crlf", by=WRITING)
    unicode: str = _switch("kept", "nfc", by=WRITING)
    root_folder_path: str = _switch("", "/", by=READING)
    folder_filter: str = _switch("exact", "subtree", by=READING)
    list_order: str = _switch("created", "name", "updated", "reversed", by=READING)
    paging: str = _switch("stable", "offset", by=NOBODY)
    total: str = _switch("present", "absent", "none", by=READING)


VALUES: Mapping[str, tuple[str, ...]] = {f.name: f.metadata["values"] for f in fields(Quirks)}
SETTLED_BY: Mapping[str, str] = {f.name: f.metadata["by"] for f in fields(Quirks)}


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
