"""Playbooks: instructions that start or steer a session.

Sources: docs.devin.ai, v3 and v1 playbooks; the vendor's Terraform provider (`playbook_resource.go`): a PUT
on v3 keeps `macro` and `structured_output_schema` where they are left out, and null clears them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from devinops.model.kind import Endpoint, Kind, Updates, attribute, both
from devinops.model.objects import UNSET, Resource, Unset

SCHEMA_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Playbook(Resource):
    title: str | Unset = attribute(
        schema={"type": "string", "minLength": 1, "description": "Title on the playbooks page."},
        required=True,
        wires={"v3": both("title"), "v1": both("title")},
    )
    macro: str | None | Unset = attribute(
        schema={
            "type": ["string", "null"],
            "pattern": "^![A-Za-z0-9_-]+$",
            "description": "Handle: ! and then letters, digits, _ or -.",
        },
        wires={"v3": both("macro"), "v1": both("macro")},
    )
    structured_output_schema: Mapping[str, Any] | None | Unset = attribute(
        schema={
            "type": ["object", "null"],
            "description": "JSON Schema (draft 7, self-contained, at most 64 KB) of a result. v3 only.",
        },
        wires={"v3": both("structured_output_schema")},
    )
    body: str | Unset = attribute(
        schema={"type": "string", "minLength": 1, "description": "The instructions, Markdown."},
        required=True,
        text=True,
        wires={"v3": both("body"), "v1": both("body")},
    )


def _check(playbook: Playbook) -> Iterator[tuple[str, str]]:
    schema = playbook.structured_output_schema
    if schema is UNSET or schema is None:
        return
    size = len(json.dumps(schema).encode())
    if size > SCHEMA_BYTES:
        yield (
            "structured_output_schema",
            f"the schema has {size} bytes as JSON; at most {SCHEMA_BYTES} are taken",
        )


KIND = Kind(
    noun="playbook",
    section="playbooks",
    title="Instructions that start or steer a session.",
    resource=Playbook,
    identity="title",
    markdown=True,
    check=_check,
    endpoints={
        "v3": Endpoint(
            path="playbooks",
            items="items",
            id="playbook_id",
            paged=True,
            reads_one=True,
            updates=Updates.KEEP,
            read_permission="ManageOrgPlaybooks or UseDevinSessions",
            write_permission="ManageOrgPlaybooks",
        ),
        "v1": Endpoint(
            path="playbooks",
            items="playbooks",
            id="playbook_id",
            reads_one=True,
            updates=Updates.KEEP,
            write_permission="ManageOrgPlaybooks",
        ),
    },
)
