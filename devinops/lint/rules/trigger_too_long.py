"""The trigger is longer than a description may be.

Devin weighs triggers against each other; one that tells the whole story drowns its point. Skills,
which `devinops export` writes, allow at most 1,024 characters. Move the details to the text.

Fails:

    knowledge/errors.md
    ---
    name: Error envelope
    trigger: When adding an HTTP endpoint <1,100 more characters>
    ---
    Every error has a code and a message.

Passes:

    knowledge/errors.md
    ---
    name: Error envelope
    trigger: When adding an HTTP endpoint, or when a client reports an error without a code
    ---
    Every error has a code and a message.
"""

from __future__ import annotations

from collections.abc import Iterator

from devinops.lint.rule import Rule
from devinops.lint.subject import Context, LintFinding, Subject
from devinops.model.objects import Severity

LONGEST = 1_024
"""Characters: the longest description of a skill."""


def check(subject: Subject, _: Context) -> Iterator[LintFinding]:
    size = len(subject.when)
    if size > LONGEST:
        field = subject.kind.meaning.when
        message = (
            f"this {field} has {size:,} characters, but the maximum is {LONGEST:,}: keep what "
            f"says when to use the {subject.kind.name}, and move the rest to its "
            f"{subject.kind.document}"
        )
        yield subject.about(field, message)


RULE = Rule("DV104", "trigger-too-long", Severity.WARNING, entry=check)
