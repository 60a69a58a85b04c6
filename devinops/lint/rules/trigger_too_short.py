"""The trigger is too short to tell when the note fits.

Devin decides by the trigger whether it recalls a note. One word matches too much or nothing: say
what somebody does when the note helps.

Fails:

    knowledge/errors.md
    ---
    name: Error envelope
    trigger: Errors
    ---
    Every error of the API has a code and a message.

Passes:

    knowledge/errors.md
    ---
    name: Error envelope
    trigger: When adding or changing an HTTP endpoint
    ---
    Every error of the API has a code and a message.
"""

from __future__ import annotations

from collections.abc import Iterator

from devinops.lint.rule import Rule
from devinops.lint.rules._triggers import is_generic, is_too_short
from devinops.lint.subject import Context, LintFinding, Subject
from devinops.model.objects import Severity


def check(subject: Subject, _: Context) -> Iterator[LintFinding]:
    when = subject.when
    if when and not is_generic(when) and is_too_short(when):
        field = subject.kind.meaning.when
        message = (
            f"this {field} is too short to tell when Devin should use the {subject.kind.name}: "
            "describe the task, such as `When adding an HTTP endpoint`"
        )
        yield subject.about(field, message)


RULE = Rule("DV101", "trigger-too-short", Severity.WARNING, entry=check)
