"""Secrets: a contract in the repository, the value elsewhere. No API reads or updates a value.

Sources: docs.devin.ai, v3 and v1 secrets; the vendor's Terraform provider (`secret_resource.go`): deleting a
secret that is gone answers 403.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from devinops.model.kind import Endpoint, Kind, Updates, Wire, attribute, both
from devinops.model.objects import Resource, Unset

_DAYS = {"d": 1, "w": 7}


@dataclass(frozen=True, kw_only=True, slots=True)
class Secret(Resource):
    key: str | Unset = attribute(
        schema={
            "type": "string",
            "pattern": "^[A-Za-z_][A-Za-z0-9_]*$",
            "description": "Name; in a session an environment variable.",
        },
        required=True,
        wires={"v3": both("key"), "v1": both("key")},
    )
    type: str | Unset = attribute(
        schema={
            "enum": ["cookie", "key-value", "totp"],
            "description": "What kind of value it is.",
        },
        wires={"v3": Wire(read="secret_type", write="type"), "v1": both("type")},
        default="key-value",
    )
    note: str | None | Unset = attribute(
        schema={"type": ["string", "null"], "description": "What it is for."},
        wires={"v3": both("note"), "v1": Wire(write="note")},
        default="",
    )
    is_sensitive: bool | Unset = attribute(
        schema={"type": "boolean", "description": "Redact the value in logs (the default)."},
        wires={"v3": both("is_sensitive"), "v1": Wire(write="sensitive")},
        default=True,
    )
    max_age: str | Unset = attribute(
        schema={
            "type": "string",
            "pattern": "^[1-9][0-9]{0,4}[dw]$",
            "examples": ["90d"],
            "description": "Older, in days (90d) or weeks (12w): a warning.",
        },
    )
    value_from: Mapping[str, str] | Unset = attribute(
        schema={
            "type": "object",
            "properties": {
                "env": {
                    "type": "string",
                    "pattern": "^[A-Za-z_][A-Za-z0-9_]*$",
                    "description": "Name of an environment variable: letters, digits and _.",
                }
            },
            "required": ["env"],
            "additionalProperties": False,
            "description": "Where apply finds the value when it has to create the secret: {env: NAME}.",
        },
    )
    version: str | Unset = attribute(
        schema={
            "type": "string",
            "minLength": 1,
            "description": "Any text; change it to rotate the value.",
        },
    )


def age_days(max_age: str) -> int:
    """Return a `max_age`, such as 90d or 12w, in days."""
    return int(max_age[:-1]) * _DAYS[max_age[-1]]


_SINGLE = {"updates": Updates.NONE, "gone": frozenset({403, 404})}

KIND = Kind(
    noun="secret",
    section="secrets",
    title="A secret that must exist: the contract, never the value.",
    resource=Secret,
    identity="key",
    renames=False,
    confidential=True,
    endpoints={
        "v3": Endpoint(
            path="secrets",
            items="items",
            id="secret_id",
            paged=True,
            read_permission="ManageOrgSecrets",
            write_permission="ManageOrgSecrets",
            **_SINGLE,  # type: ignore[arg-type]
        ),
        "v1": Endpoint(path="secrets", items="secrets", id="id", **_SINGLE),  # type: ignore[arg-type]
    },
)
