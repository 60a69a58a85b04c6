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
from collections import Counter

from devinops.lint.blocks import Leaf
from devinops.lint.markdown import Markdown
from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.model.objects import Severity
from devinops.model.patterns import LazyPattern

_STEP = LazyPattern(
    r"^[ \t>]*(?:[-*+•]|\(?\d+[.)]|\*\*\d+|(?:[a-z]|[ivx]+)[.)]"
    r"|(?:step|phase|schritt|étape|paso)\s*\d+)(?:[ \t*:.-]|$)"
    r"|^[ \t>]*(?:\d+[、．）]|（\d+）|(?:手順|ステップ|步骤|步驟|단계)[ \t]*\d+|\d+[ \t]*단계"
    r"|第.{1,3}步|[①-⑳]|\d\ufe0f?\u20e3|\|[ \t]*\d+[ \t]*\|)|<li\b",
    re.MULTILINE | re.IGNORECASE,
)
_ORDER = LazyPattern(
    r"\b(?:first|firstly|then|next|afterwards?|after that|finally|lastly|second|secondly"
    r"|zuerst|dann|schließlich)\b",
    re.IGNORECASE,
)
_LINE = LazyPattern(r"^.{3,120}[.;。]$", re.MULTILINE)
"""A line that is a sentence; prose is wrapped elsewhere."""

_SHORT_LINES = LazyPattern(
    r"(?:^[A-Z][a-z]+ [^\n]{2,60}\n){2}[A-Z][a-z]+ [^\n]{2,60}$", re.MULTILINE
)
"""Lines that each begin like a sentence."""

_COMMANDS = LazyPattern(
    r"^[ \t>]*(?:`{3,}|~{3,})[ \t]*(?:(?:ba|z)?sh|shell|console)\b[^\n]*\n(?:[^\n`~]+\n){2}",
    re.MULTILINE,
)
"""A block with several commands."""

FEWEST = 2
FEWEST_LINES = 3


def check(subject: Subject, _: Context) -> Findings:
    if not subject.is_procedure or _has_steps(subject.markdown):
        return
    message = (
        f"this {subject.kind.name} has no steps: write them as a list, such as `1. Read the alert.`"
    )
    yield subject.in_text(message)


def _has_steps(markdown: Markdown) -> bool:
    leaves = Counter(block.leaf for block in markdown.blocks)
    # A list that is indented too far is code for GitHub, but not for Devin.
    text = markdown.outside(Leaf.FENCE, Leaf.COMMENT)
    return (
        max(leaves[Leaf.HEADING], leaves[Leaf.FENCE]) >= FEWEST
        or any(len(pattern.findall(text)) >= FEWEST for pattern in (_STEP, _ORDER))
        or len(_LINE.findall(text)) >= FEWEST_LINES
        or bool(_SHORT_LINES.search(text) or _COMMANDS.search(markdown.text))
    )


RULE = Rule("DV601", "without-steps", Severity.INFO, entry=check)
