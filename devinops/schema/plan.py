"""JSON Schemas of the JSON documents that devinops writes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from devinops.model.changes import Action, Blocker, Moved
from devinops.model.objects import Severity

CHECKSUM = "checksum"
"""The member of a plan document that holds its checksum."""


def checksum(document: Mapping[str, Any]) -> str:
    """Return a hash of everything in a document but its checksum: it shows that nobody changed the file since."""
    rest = {name: value for name, value in document.items() if name != CHECKSUM}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_HEAD = {
    "format_version": {
        "type": "string",
        "pattern": "^1\\.",
        "description": "A new major number can break readers.",
    },
    "tool_version": _TEXT,
    "exit_code": {
        "type": "integer",
        "description": "What the run exits with; the README says what each means.",
    },
}


def _object(
    properties: dict[str, Any], optional: tuple[str, ...] = (), **more: Any
) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    } | more


_PROBLEM = _object(
    {
        "path": _TEXT,
        "line": {"type": "integer", "minimum": 1},
        "column": {"type": "integer", "minimum": 1},
        "severity": {"enum": [severity.value for severity in Severity]},
        "code": {"type": "string", "description": "Stable name of this kind of problem."},
        "message": _TEXT,
    }
)
_SOURCE = {
    "oneOf": [
        {"type": "null"},
        _object({"file": _TEXT, "line": _COUNT, "column": _COUNT}),
    ]
}
_CHANGE = _object(
    {
        "key": {
            "type": "string",
            "description": "kind:folder/name; / and % inside a part are %2F and %25.",
        },
        "kind": _TEXT,
        "id": {"type": ["string", "null"]},
        "action": {"enum": [action.value for action in Action]},
        "reason": _TEXT,
        "source": _SOURCE,
        "live_hash": {
            "type": ["string", "null"],
            "pattern": "^[0-9a-f]{64}$",
            "description": "Hash of all live values of the object, a part of the digest; null for a create.",
        },
        "fields": {
            "type": "object",
            "description": "Field → before and after. A side that is missing has no value; null is a value.",
            "additionalProperties": _object(
                {"before": {}, "after": {}}, optional=("before", "after")
            ),
        },
    }
)
_BLOCKED = _object(
    {
        "key": _TEXT,
        "kind": _TEXT,
        "by": {"enum": [blocker.value for blocker in Blocker]},
        "reason": _TEXT,
        "source": _SOURCE,
        "ids": {"type": "array", "items": _TEXT},
        "needed_by": {"type": "array", "items": _TEXT},
        "fields": {
            "type": "object",
            "description": "Of a conflict: field → before (as it is live) and after (as declared).",
            "additionalProperties": _object(
                {"before": {}, "after": {}}, optional=("before", "after")
            ),
        },
    }
)
_DRIFT = _object(
    {
        "key": _TEXT,
        "kind": _TEXT,
        "id": _TEXT,
        "moved": {"enum": [moved.value for moved in Moved]},
        "reason": _TEXT,
        "source": _SOURCE,
        "fields": {
            "type": "object",
            "description": "Field → before (as declared) and after (as it is live).",
            "additionalProperties": _object(
                {"before": {}, "after": {}}, optional=("before", "after")
            ),
        },
        "at": {"type": ["integer", "null"], "description": "Epoch seconds of the last edit."},
        "by": {"type": ["string", "null"], "description": "Who, where the API says."},
    }
)
_RESULT = _object(
    {
        "key": _TEXT,
        "action": {"enum": [action.value for action in Action]},
        "outcome": {"enum": ["done", "failed", "skipped", "blocked"]},
        "id": {"type": ["string", "null"]},
        "message": _TEXT,
        "unclear": {
            "type": "boolean",
            "description": "Failed, yet something was or may have been written.",
        },
    }
)
_REPORT = {
    "results": {"type": "array", "items": _RESULT},
    "left": {
        "type": ["array", "null"],
        "items": _CHANGE,
        "description": "Changes that a plan made afterwards still holds; null: that plan could not be made.",
    },
    "waiting": {
        "type": "array",
        "items": _BLOCKED,
        "description": "What a plan made afterwards blocks, and the one before did not.",
    },
    "unverified": _TEXT,
    "interrupted": {"type": "boolean"},
    "backup": {
        "type": ["string", "null"],
        "description": "File with what was overwritten or deleted, relative to the root; null: nothing was.",
    },
    "unsaved": {
        "type": "array",
        "items": _TEXT,
        "description": "Keys of secrets that were overwritten or deleted: their values cannot be brought back.",
    },
}
_COMPLETE = _object(
    _HEAD
    | {
        "target": _object(
            {
                "name": _TEXT,
                "org_id": {"type": ["string", "null"]},
                "api_url": _TEXT,
                "api_version": {"enum": ["v3", "v1"]},
                "emulator": {
                    "type": "boolean",
                    "description": "Whether devinops emulator answered, not the service.",
                },
            },
            optional=("emulator",),
        ),
        "inventory": _object({"store": {"enum": ["none", "branch", "file"]}, "owned": _COUNT}),
        "digest": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        CHECKSUM: {
            "type": "string",
            "pattern": "^[0-9a-f]{64}$",
            "description": "Hash of the rest of the document: it shows that the file was not changed since.",
        },
        "complete": {"const": True},
        "changes": {"type": "array", "items": _CHANGE},
        "blocked": {"type": "array", "items": _BLOCKED},
        "drift": {
            "type": "array",
            "items": _DRIFT,
            "description": "Outside edits, left as they are.",
        },
        "notes": {"type": "array", "items": _TEXT},
        "problems": {"type": "array", "items": _PROBLEM},
        "refusals": {
            "type": "array",
            "items": _TEXT,
            "description": "Why nothing at all may be applied.",
        },
        "unmanaged": {"type": "object", "additionalProperties": _COUNT},
        "unchanged": _COUNT,
        "error": {"type": "string", "description": "Why the plan was not applied."},
        "summary": {"type": "object", "additionalProperties": _COUNT},
        "only": {
            "type": "array",
            "items": _TEXT,
            "description": "The --only that the plan was made with.",
        },
        "approvals": _object(
            {
                "adopt": {"const": True},
                "on_conflict": {"enum": ["git", "live"]},
                "allow_delete": _COUNT,
                "allow_missing": _COUNT,
            },
            optional=("adopt", "on_conflict", "allow_delete", "allow_missing"),
            description="The flags that the plan was made with; whoever applies it from a file approves the same.",
        ),
    }
    | _REPORT,
    optional=("only", "approvals", "error", *_REPORT),
)
_FAILED = _object(
    _HEAD
    | {
        "complete": {"const": False},
        "error": _TEXT,
        "problems": {"type": "array", "items": _PROBLEM},
    },
    description="A run that came to no plan.",
)

PLAN_SCHEMA: dict[str, Any] = {
    "title": "What devinops plan and apply write with --format json; after apply with results",
    "oneOf": [_COMPLETE, _FAILED],
}

PROBLEMS_SCHEMA: dict[str, Any] = {
    "title": "What devinops validate writes with --format json",
    **_object(
        _HEAD
        | {"files": _COUNT, "entries": _COUNT, "problems": {"type": "array", "items": _PROBLEM}}
    ),
}
