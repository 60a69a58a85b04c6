"""The JSON Schema of one line of an inventory. Pure."""

from __future__ import annotations

from typing import Any, Final

from devinops.model.changes import Action


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "description": description}


_KEY = _text("Kind, folder and name, such as knowledge:Backend/Error envelope.")

_HEADER: dict[str, Any] = {
    "type": "object",
    "description": "The first line: what the inventory is bound to.",
    "properties": {
        "devinops_inventory": {
            "type": "integer",
            "minimum": 1,
            "description": "Version of the format.",
        },
        "api_host": _text("Host of the API, with the port where there is one."),
        "org_id": {"type": ["string", "null"], "description": "The organization; null on API v1."},
        "target": _text("Name of the target."),
    },
    "required": ["devinops_inventory", "api_host", "org_id", "target"],
    "additionalProperties": False,
}

_RECORD: dict[str, Any] = {
    "type": "object",
    "description": "An owned object. A folder is no more than remembered.",
    "properties": {
        "key": _KEY,
        "id": _text("Id of the live object."),
        "source": _text("File that declared it when it was last applied."),
        "commit": _text("Commit that it was applied from."),
        "protect": {"type": "boolean", "description": "It is not deleted when its entry goes."},
        "fields": {
            "type": "object",
            "description": "Managed field to a hash of its value.",
            "additionalProperties": {
                "description": "One hash, or what was sent and what the API answered (null: it does not tell).",
                "anyOf": [
                    {"type": "string"},
                    {
                        "type": "array",
                        "items": {"type": ["string", "null"]},
                        "minItems": 2,
                        "maxItems": 2,
                    },
                ],
            },
        },
    },
    "required": ["key", "id"],
    "additionalProperties": False,
}

_INTENT: dict[str, Any] = {
    "type": "object",
    "description": "A write that a run has announced and not settled.",
    "properties": {
        "intent": _text("Name of the run."),
        "action": {
            "enum": [action.value for action in Action],
            "description": "What it is about to do.",
        },
        "key": _KEY,
        "id": _text("Id of the live object; missing for a create."),
        "unclear": {
            "type": "boolean",
            "description": "The run is over, and whether it created the key is not known.",
        },
    },
    "required": ["intent", "action", "key"],
    "additionalProperties": False,
}

_END: dict[str, Any] = {
    "type": "object",
    "description": "The last line: a file without it was cut off.",
    "properties": {"devinops_inventory_end": {"const": True, "description": "Nothing follows."}},
    "required": ["devinops_inventory_end"],
    "additionalProperties": False,
}

INVENTORY_SCHEMA: Final[dict[str, Any]] = {
    "description": "One line of an inventory of devinops (JSON Lines): header, records, intents, end.",
    "anyOf": [_HEADER, _RECORD, _INTENT, _END],
}
