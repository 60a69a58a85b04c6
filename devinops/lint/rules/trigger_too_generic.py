"""The trigger fits every task, so the note is always recalled.

A note that is always recalled costs context in every session and crowds out notes that fit. Name
the task. If the note really is for every session of a repository, pin it to that repository.

Fails:

    knowledge/style.md
    ---
    name: Style
    trigger: For any task
    ---
    Use four spaces.

Passes:

    knowledge/style.md
    ---
    name: Style
    trigger: For any task that changes Python code
    ---
    Use four spaces.
"""

from __future__ import annotations

from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.lint.rules._triggers import is_generic


def check(subject: Subject, _: Context) -> Findings:
    if is_generic(subject.when) and not subject.pin:
        field = subject.kind.meaning.when
        message = (
            f"this {field} fits every task: name the tasks for which the {subject.kind.name} "
            f"helps, or set {subject.kind.meaning.always} to the repository that it is for"
        )
        yield subject.about(field, message)


RULE = Rule("DV102", "trigger-too-generic", entry=check)
