"""The playbook has no steps.

Devin follows a playbook step by step. Write the steps as a list, or as headings.

Fails:

    playbooks/triage.md
    ---
    title: Triage
    ---
    Handle incidents with care and keep everybody informed about what is going on.

Passes:

    playbooks/triage.md
    ---
    title: Triage
    ---
    1. Read the alert.
    2. Find the owner of the service.
    3. Write a summary into the channel.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from devinops.lint.blocks import Leaf
from devinops.lint.context import Context
from devinops.lint.finding import Finding
from devinops.lint.rule import Rule
from devinops.lint.subject import Subject
from devinops.model.objects import Severity
from devinops.model.patterns import LazyPattern

_STEP = LazyPattern(
    r"^[ \t]*(?:[-*+•]|\d+[.)]|[a-z][.)]|\*\*\d+|(?:step|phase|schritt|étape|paso)\s*\d+)"
    r"(?:[ \t*:.-]|$)",
    re.MULTILINE | re.IGNORECASE,
)
_ORDER = LazyPattern(
    r"\b(?:first|firstly|then|next|afterwards?|after that|finally|lastly|second|secondly"
    r"|zuerst|dann|schließlich)\b",
    re.IGNORECASE,
)
FEWEST = 2


def check(subject: Subject, _: Context) -> Iterator[Finding]:
    if not subject.is_procedure:
        return
    prose = subject.markdown.prose
    headings = sum(block.leaf is Leaf.HEADING for block in subject.markdown.blocks)
    if max(headings, *(len(pattern.findall(prose)) for pattern in (_STEP, _ORDER))) >= FEWEST:
        return
    message = (
        f"this {subject.kind.name} has no steps: write them as a list, such as `1. Read the alert.`"
    )
    yield subject.in_text(message)


RULE = Rule("DV601", "without-steps", Severity.WARNING, entry=check)
