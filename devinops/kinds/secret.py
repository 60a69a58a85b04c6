"""Secrets: a contract in the repository, and the value elsewhere. No API reads or updates a value.

Sources: docs.devin.ai, v3 and v1 secrets; the vendor's Terraform provider (`secret_resource.go`):
the delete of a missing secret returns 403.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from devinops.kinds._nested import record, switch, text
from devinops.model.kind import (
    Api,
    FieldNames,
    Kind,
    Lifecycle,
    Named,
    Paging,
    Resource,
    Role,
    Terraform,
    attribute,
    everywhere,
)
from devinops.model.values import Unset


@dataclass(frozen=True, kw_only=True, slots=True)
class Secret(Resource):
    key: str | Unset = attribute(
        schema=text(
            "Name; in a session an environment variable.",
            pattern="^[A-Za-z_][A-Za-z0-9_]*$",
            example="NPM_TOKEN",
        ),
        required=True,
        names={"v3": everywhere("key"), "v1": everywhere("key")},
    )
    type: str | Unset = attribute(
        with_value=True,
        schema={
            "enum": ["cookie", "key-value", "totp"],
            "description": "What kind of value it is. Default of a new secret: key-value.",
            "example": "key-value",
        },
        names={"v3": FieldNames(read="secret_type", create="type"), "v1": everywhere("type")},
        default="key-value",
    )
    note: str | None | Unset = attribute(
        role=Role.ADVISORY,
        schema=text(
            "What it is for.",
            nullable=True,
            example="Reads packages; rotated every quarter by platform.",
        ),
        names={"v3": everywhere("note"), "v1": FieldNames(create="note")},
        default="",
    )
    is_sensitive: bool | Unset = attribute(
        schema=switch("Redact the value in logs (the default)."),
        names={"v3": everywhere("is_sensitive"), "v1": FieldNames(create="sensitive")},
        default=True,
    )
    max_age: str | Unset = attribute(
        role=Role.MAX_AGE,
        schema=text(
            "Warn when it is older than this, in days (90d) or weeks (12w).",
            pattern="^[1-9][0-9]{0,4}[dw]$",
            examples=["90d"],
        ),
    )
    value_from: Mapping[str, str] | Unset = attribute(
        role=Role.VALUE_SOURCE,
        schema=record(
            "Where apply finds the value when it creates the secret: {env: NAME}.",
            {
                "env": text(
                    "Name of an environment variable: letters, digits and _.",
                    pattern="^[A-Za-z_][A-Za-z0-9_]*$",
                    example="NPM_TOKEN",
                )
            },
            ("env",),
        ),
    )
    version: str | Unset = attribute(
        role=Role.ROTATION,
        schema=text("Any text; change it to rotate the value.", minLength=1, example="2026-11"),
    )


_SINGLE = {
    "update": None,
    "gone": frozenset({403, 404}),
    "nameless": True,
    "value": "value",
}

KIND = Kind(
    noun="secret",
    section="secrets",
    title="A secret that must exist: the contract, never the value.",
    resource=Secret,
    identity=Named("key"),
    lifecycle=Lifecycle.CONTRACT,
    confidential=True,
    terraform=Terraform("devin_secret"),
    apis={
        "v3": Api(
            path="secrets",
            id="secret_id",
            paging=Paging.CURSOR,
            read_permission="ManageOrgSecrets",
            write_permission="ManageOrgSecrets",
            **_SINGLE,  # type: ignore[arg-type]
        ),
        "v1": Api(path="secrets", items="secrets", id="id", **_SINGLE),  # type: ignore[arg-type]
    },
)
