"""The schema of the result is not a valid JSON Schema (draft 7).

The API refuses it, or a session cannot return its result. Correct the keyword that the message
names. (A schema above 64 KB is already an error of `devinops validate`.)

Fails:

    playbooks/triage.md
    ---
    title: Triage
    structured_output_schema: {type: objekt}
    ---
    1. Read the alert.

Passes:

    playbooks/triage.md
    ---
    title: Triage
    structured_output_schema: {type: object, properties: {owner: {type: string}}}
    ---
    1. Read the alert.
"""

from __future__ import annotations

from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.model.objects import Severity
from devinops.schema.draft7 import faults


def check(subject: Subject, _: Context) -> Findings:
    if subject.result_schema is None:
        return
    field, schema = subject.result_schema
    for path, message in faults(schema):
        at = ".".join(map(str, path)) or "the schema"
        reason = f"{at} is not valid in draft 7 ({message}): correct it"
        yield subject.about((field, *path), reason)


RULE = Rule("DV602", "invalid-result-schema", Severity.ERROR, entry=check)
