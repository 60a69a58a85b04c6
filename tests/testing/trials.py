"""Organizations for doctor to write to, with objects of others that look like its own."""

from __future__ import annotations

from typing import Any

from devinops.emulator import Emulator
from devinops.emulator.records import Kind

KINDS: tuple[Kind, ...] = ("knowledge", "playbook", "secret", "automation")
PLACES: dict[str, tuple[str, tuple[str, ...]]] = {
    "v3": ("cog_emulator", ()),
    "v1": ("apk_emulator", ()),
    "enterprise": ("cog_enterprise", ("--enterprise",)),
}
"""Where doctor writes → the key and the options for that."""

NAME = "DEVINOPS_DOCTOR_0123456789ABCDEF"
MARK = f"Made by devinops doctor --write as {NAME}, and to be deleted again. Nothing needs it."
NEVER = "Never; this note is deleted again in a moment."
OLD = {"created_at": 1_700_000_000, "updated_at": 1_700_000_000}


def left(**changes: Any) -> dict[str, Any]:
    """Return a note as a run leaves it, with changes."""
    note = {"name": NAME, "trigger": NEVER, "body": f" \n{MARK}\n\nCafe\u0301.\n "}
    return {**note, "is_enabled": False, **OLD, **changes}


def seed() -> dict[str, Any]:
    """Return objects of others: some have the name of a trial's object, or its text."""
    notes = [
        {"name": "Errors", "trigger": "t", "body": "b"},
        left(body="Mine now."),
        left(name=f"{NAME} kept"),
    ]
    return {
        "organizations": {
            "org-emulator": {
                "folders": [{"path": "Backend"}],
                "knowledge": notes,
                "playbooks": [{"title": NAME, "body": "b", **OLD}],
                "secrets": [{"key": NAME, "type": "key-value", "note": "mine", **OLD}],
                "automations": [
                    {
                        "name": NAME,
                        "triggers": [{"event_type": "github:push"}],
                        "actions": [{"type": "start_session", "prompt": "Look."}],
                        **OLD,
                    }
                ],
            },
            "org-2": {},
        },
        "enterprise": {
            "knowledge": [left(body="Ours")],
            "playbooks": [{"title": "P", "body": "b"}],
        },
    }


def objects(emulator: Emulator) -> list[Any]:
    """Return all objects of the organization and the enterprise."""
    return [emulator.objects(k, org) for k in KINDS for org in ("org-emulator", None)]


def age(emulator: Emulator, seconds: int = 3601) -> None:
    """Let time pass: whatever exists is older by this."""
    with emulator.store.lock:
        for kind in KINDS:
            for record in emulator.store.table(kind):
                record.created_at -= seconds
                record.updated_at -= seconds


def writes(emulator: Emulator) -> list[tuple[str, str]]:
    """Return method and path of each request so far that was not a GET."""
    sent = [(each["method"], each["path"]) for each in emulator.requests]
    return [(method, path) for method, path in sent if method != "GET"]
