"""The pin is not the name of a repository.

Devin compares a pin with `owner/repo`. A host, the suffix `.git`, a pattern or a placeholder makes
the note unpinned without a message. A path with more than two names is right on GitLab.

Fails:

    knowledge/errors.md
    ---
    name: Error envelope
    trigger: When adding an HTTP endpoint
    pinned_repo: acme/*
    ---
    Every error has a code and a message.

Passes:

    knowledge/errors.md
    ---
    name: Error envelope
    trigger: When adding an HTTP endpoint
    pinned_repo: acme/api
    ---
    Every error has a code and a message.
"""

from __future__ import annotations

import re

from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.model.patterns import LazyPattern

_NAME = LazyPattern(r"(?!\.{1,2}/)[\w.-]+(?:/[\w.-]+)+")
_HOST = LazyPattern(
    r"[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|dev|de|co|cloud|internal|local)/", re.IGNORECASE
)
PLACEHOLDERS = frozenset({"owner/repo", "owner/repository", "org/repo", "your-org/your-repo"})


def check(subject: Subject, _: Context) -> Findings:
    pin = subject.pin
    if "/" not in pin:
        return
    fault = _fault(pin)
    if fault:
        always = subject.kind.meaning.always
        message = f"{pin} {fault}: {always} is owner/repo, such as acme/api, or all"
        yield subject.about(always, message)


def _fault(pin: str) -> str:
    if pin.lower() in PLACEHOLDERS:
        return "is a placeholder"
    if _HOST.match(pin):
        return "begins with a host"
    if pin.lower().endswith(".git"):
        return "ends with .git"
    return "" if _NAME.fullmatch(pin) else "is not the name of one repository"


RULE = Rule("DV407", "pin-syntax", entry=check)
