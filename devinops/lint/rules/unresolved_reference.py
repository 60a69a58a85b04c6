"""The schema of the result refers to something that is not in it.

The schema must be self-contained: `$ref` can only point into the schema itself. Copy the definition
into `definitions`.

Fails:

    playbooks/triage.md
    ---
    title: Triage
    structured_output_schema: {type: object, properties: {owner: {$ref: "https://acme.dev/owner.json"}}}
    ---
    1. Read the alert.

Passes:

    playbooks/triage.md
    ---
    title: Triage
    structured_output_schema:
      type: object
      properties: {owner: {$ref: "#/definitions/owner"}}
      definitions: {owner: {type: string}}
    ---
    1. Read the alert.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from devinops.lint.context import Context
from devinops.lint.finding import Finding
from devinops.lint.rule import Rule
from devinops.lint.subject import Subject
from devinops.model.kind import Role
from devinops.model.objects import Severity


def check(subject: Subject, _: Context) -> Iterator[Finding]:
    role = subject.kind.role(Role.RESULT_SCHEMA)
    schema = subject.value(role.name) if role else None
    if role and isinstance(schema, dict):
        for reference in dict.fromkeys(_references(schema)):
            if not _resolves(schema, reference):
                message = (
                    f"$ref {reference} is not in the schema, which must be self-contained: copy "
                    "the definition into `definitions`"
                )
                yield subject.about(role.name, message)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(reference := value.get("$ref"), str):
            yield reference
        for part in value.values():
            yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)


def _resolves(schema: Any, reference: str) -> bool:
    if not reference.startswith("#"):
        return reference in (schema.get("$id"), "")
    node = schema
    for part in filter(None, unquote(reference[1:]).split("/")):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and name.isdecimal() and int(name) < len(node):
            node = node[int(name)]
        elif isinstance(node, dict) and name in node:
            node = node[name]
        else:
            return False
    return True


RULE = Rule("DV603", "unresolved-reference", Severity.ERROR, entry=check)
