"""The note is pinned to one repository, but its trigger names another one.

Devin always recalls the note in the pinned repository, where it does not belong. Correct one of the
two. A repository in the trigger counts if it has the owner of the pin, or if the trigger calls it a
repository.

Fails:

    knowledge/errors.md
    ---
    name: Error envelope
    trigger: When adding an endpoint to acme/web
    pinned_repo: acme/api
    ---
    Every error has a code and a message.

Passes:

    knowledge/errors.md
    ---
    name: Error envelope
    trigger: When adding an endpoint to acme/api, called from acme/web
    pinned_repo: acme/api
    ---
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

_NAME = r"[A-Za-z0-9](?:[\w.-]*[\w])?"
_REPOSITORY = LazyPattern(rf"(?<![\w./:@-])({_NAME})/({_NAME})(?![\w/-])")
_CALLED_ONE = LazyPattern(r"\brepo(?:sitory)?\b", re.IGNORECASE)
_NEAR = 14
"""Characters between a repository and the word that calls it one."""


def check(subject: Subject, _: Context) -> Iterator[Finding]:
    pin, when = subject.pin.lower(), subject.when
    if "/" not in pin or pin in when.lower():
        return
    owner = pin.rpartition("/")[0].rpartition("/")[2]
    for match in _REPOSITORY.finditer(when):
        near = when[max(match.start() - _NEAR, 0) : match.end() + _NEAR]
        if match[1].lower() == owner or _CALLED_ONE.search(near):
            always = subject.kind.foreign.always
            message = (
                f"this names {match[0]}, but {always} is {subject.pin}: correct one of the two"
            )
            yield subject.at(subject.kind.foreign.when, message, match.start(), len(match[0]))
            return


RULE = Rule("DV107", "pin-contradicts-trigger", Severity.WARNING, entry=check)
