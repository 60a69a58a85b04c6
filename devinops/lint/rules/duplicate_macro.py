"""Two entries have the same macro.

A macro must be unique in an organization, across notes and playbooks. Rename one of them. Case does
not count: nobody can tell `!Triage` from `!triage` in a chat.

Fails:

    playbooks/triage.md
    ---
    title: Triage
    macro: "!triage"
    ---
    1. Read the alert.
    playbooks/bugs.md
    ---
    title: Bugs
    macro: "!triage"
    ---
    1. Read the report.

Passes:

    playbooks/triage.md
    ---
    title: Triage
    macro: "!triage"
    ---
    1. Read the alert.
    playbooks/bugs.md
    ---
    title: Bugs
    macro: "!triage-bugs"
    ---
    1. Read the report.
"""

from __future__ import annotations

from devinops.lint.rule import Context, Findings, Rule
from devinops.model.kind import Role
from devinops.model.objects import Severity


def check(context: Context) -> Findings:
    for subjects in context.by_handle.values():
        for number, subject in enumerate(subjects):
            twin = next((s for s in subjects[:number] if s.shares_target(subject)), None)
            role = subject.kind.role(Role.HANDLE)
            if twin and role:
                message = (
                    f"{twin.declaration.key} ({twin.declaration.source}) has the macro "
                    f"{twin.handle} too: rename one of them"
                )
                yield subject.about(role.name, message, twin)


RULE = Rule("DV406", "duplicate-macro", Severity.ERROR, repository=check)
