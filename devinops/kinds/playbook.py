"""Playbooks: instructions that start or steer a session.

Sources: docs.devin.ai, v3 and v1 playbooks; the vendor's Terraform provider
(`playbook_resource.go`): a PUT on v3 keeps `macro` and `structured_output_schema` if they are left
out; null clears them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from devinops.kinds._nested import text
from devinops.model.kind import (
    Api,
    Kind,
    Meaning,
    Named,
    Omitted,
    Paging,
    Resource,
    Role,
    Scope,
    Terraform,
    Update,
    Use,
    attribute,
    everywhere,
)
from devinops.model.values import UNSET, Unset

SCHEMA_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Playbook(Resource):
    title: str | Unset = attribute(
        schema=text("Title on the playbooks page.", minLength=1, example="Triage an incident"),
        required=True,
        names={"v3": everywhere("title"), "v1": everywhere("title")},
    )
    macro: str | None | Unset = attribute(
        role=Role.HANDLE,
        schema=text(
            "Handle: ! and then letters, digits, _ or -.",
            nullable=True,
            pattern="^![A-Za-z0-9_-]+$",
            example="!triage",
        ),
        names={"v3": everywhere("macro"), "v1": everywhere("macro")},
    )
    structured_output_schema: Mapping[str, Any] | None | Unset = attribute(
        role=Role.RESULT_SCHEMA,
        schema={
            "type": ["object", "null"],
            "description": "JSON Schema (draft 7, self-contained, at most 64 KB) of the result. "
            "v3 only.",
            "example": {"type": "object", "properties": {"cause": {"type": "string"}}},
        },
        names={"v3": everywhere("structured_output_schema")},
    )
    body: str | Unset = attribute(
        schema=text(
            "The instructions, Markdown.",
            minLength=1,
            example="1. Read the alert.\n2. Find the change that caused it.\n",
        ),
        required=True,
        text=True,
        names={"v3": everywhere("body"), "v1": everywhere("body")},
    )


def _check(playbook: Playbook) -> Iterator[tuple[str, str]]:
    schema = playbook.structured_output_schema
    if schema is UNSET or schema is None:
        return
    size = len(json.dumps(schema).encode())
    if size > SCHEMA_BYTES:
        yield (
            "structured_output_schema",
            f"the schema has {size} bytes as JSON; the maximum is {SCHEMA_BYTES}",
        )


KIND = Kind(
    noun="playbook",
    section="playbooks",
    title="Instructions that start or steer a session.",
    resource=Playbook,
    identity=Named("title"),
    document="body",
    meaning=Meaning(use=Use.PROCEDURE, handle="macro"),
    terraform=Terraform("devin_playbook", "devin_enterprise_playbook"),
    out_of_sight="may have been promoted to the enterprise",
    check=_check,
    apis={
        "v3": Api(
            path="playbooks",
            id="playbook_id",
            scopes=frozenset({Scope.ORGANIZATION, Scope.ENTERPRISE}),
            paging=Paging.CURSOR,
            reads_one=True,
            update=Update(omitted=Omitted.KEPT),
            read_permission="ManageOrgPlaybooks or UseDevinSessions",
            write_permission="ManageOrgPlaybooks",
            enterprise_permission="ManageAccountPlaybooks",
        ),
        "v1": Api(
            path="playbooks",
            items="playbooks",
            id="playbook_id",
            reads_one=True,
            update=Update(omitted=Omitted.KEPT),
            write_permission="ManageOrgPlaybooks",
        ),
    },
)
