"""The schema of the result refers to something that is not in it.

The schema must be self-contained: `$ref` can only point into the schema itself, or name the `$id`
of a part of it. Copy the definition into `definitions`.

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

from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.model.objects import Severity
from devinops.schema.draft7 import Path, unresolved


def check(subject: Subject, _: Context) -> Findings:
    if subject.result_schema is None:
        return
    field, schema = subject.result_schema
    first: dict[str, Path] = {}
    for path, reference in unresolved(schema):
        first.setdefault(reference, path)
    for reference, path in first.items():
        message = (
            f"$ref {reference} is not in the schema, which must be self-contained: copy the "
            "definition into `definitions`"
        )
        yield subject.about((field, *path), message)


RULE = Rule("DV603", "unresolved-reference", Severity.ERROR, entry=check)
