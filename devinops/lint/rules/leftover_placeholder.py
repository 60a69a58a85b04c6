"""The text still has a placeholder where something must be written.

Devin takes it for the rule. Replace it. Placeholders in code are not judged: there they are often
part of a template.

Fails:

    knowledge/build.md
    ---
    name: Build
    trigger: When building the shop
    ---
    Run the tests.

    TODO: say which.

Passes:

    knowledge/build.md
    ---
    name: Build
    trigger: When building the shop
    ---
    Run the unit tests. Leave no TODO comments.
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

_PLACEHOLDER = LazyPattern(
    r"^[ \t]*(?:(?:[-*+>|]|\d+[.)]|#{1,6})[ \t]+)*(?:\[[ xX]\][ \t]+)?[*_]{0,2}"
    r"(?P<mark>(?:TODO|TBD|TBC|FIXME|XXX)\b(?:\([^)\n]*\))?)[*_]{0,2}[ \t]*(?::|[-–—]|\.{3}|…|$)"
    r"|(?::|\|)[ \t]*(?P<value>TODO|TBD|TBC|FIXME)[ \t]*(?:\||\.?$)"
    r"|(?P<latin>\blorem ipsum\b)"
    r"|(?P<bracket>\[(?:insert|fill in|todo|tbd|describe|replace|write|add)\b[^\]\n]{0,60}\])(?!\()"
    r"|(?P<angle><(?:insert|fill in|todo|tbd|describe)\b[^>\n]{0,60}>)"
    r"|(?P<here>\b(?:your|the) (?:text|content|description) (?:goes )?here\b)",
    re.MULTILINE | re.IGNORECASE,
    hints=("todo", "tbd", "tbc", "fixme", "xxx", "lorem", "[", "<", " here"),
)
_UPPER = LazyPattern("TODO|TBD|TBC|FIXME|XXX")


def check(subject: Subject, _: Context) -> Iterator[Finding]:
    texts = [
        (subject.kind.document, subject.markdown.prose),
        (subject.kind.foreign.when, subject.when),
    ]
    for field, text in texts:
        for match in _PLACEHOLDER.finditer(text) if field else ():
            group = match.lastgroup or ""
            if group in ("mark", "value") and not _UPPER.match(match[group]):
                continue
            message = f"{match[group]} is a placeholder: write what belongs here"
            yield subject.at(field or "", message, match.start(group), len(match[group]))


RULE = Rule("DV207", "leftover-placeholder", Severity.WARNING, entry=check)
