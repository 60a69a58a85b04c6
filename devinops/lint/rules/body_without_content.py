"""The text has headings or comments, but says nothing.

Devin recalls the note and learns nothing from it. Write the text, or remove the entry.

Fails:

    knowledge/errors.md
    ---
    name: Error envelope
    trigger: When adding an HTTP endpoint
    ---
    # Error envelope

    <!-- describe the envelope -->

Passes:

    knowledge/errors.md
    ---
    name: Error envelope
    trigger: When adding an HTTP endpoint
    ---
    # Error envelope

    Every error has a code and a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from devinops.lint.context import Context
from devinops.lint.finding import Finding
from devinops.lint.rule import Rule
from devinops.lint.subject import Subject
from devinops.model.objects import Severity
from devinops.model.patterns import LazyPattern

_EMPTY = LazyPattern(
    r"^[ \t]*#{1,6}(?:[ \t].*)?$|^.*\n[ \t]*(?:=+|-{3,})[ \t]*$|<!--.*?(?:-->|\Z)",
    re.MULTILINE | re.DOTALL,
)


_HEADING = LazyPattern(r"^[ \t]*#{1,6}(?:[ \t].*)?$", re.MULTILINE)
_COMMENT = LazyPattern(r"<!--.*?(?:-->|\Z)", re.DOTALL)


def check(subject: Subject, _: Context) -> Iterator[Finding]:
    field = subject.kind.document
    if field is None or not isinstance(subject.value(field), str):
        return
    rest = _HEADING.sub("", _COMMENT.sub("", subject.text))
    if not any(char.isalnum() for char in rest):
        message = (
            f"this {field} has nothing that Devin could use: write what it must know, or remove "
            "the entry"
        )
        yield subject.about(field, message)


RULE = Rule("DV201", "body-without-content", Severity.WARNING, entry=check)
