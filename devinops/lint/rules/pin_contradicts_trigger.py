"""The note is pinned to one repository, but its trigger names another.

Devin always recalls the note in the pinned repository, where it does not belong. Correct one of the
two. A repository in the trigger counts if it has the owner of the pin, if it has the address of
GitHub, GitLab or Bitbucket, or if the trigger calls it a repository.

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

from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.model.patterns import LazyPattern

_NAME = r"[A-Za-z0-9](?:[\w.-]*[\w])?"
_HOST = r"(?:https?://|git@)?(?:github|gitlab|bitbucket)[\w.-]*\.[a-z]+[/:]"
_REPOSITORY = LazyPattern(
    rf"(?<![\w./:@-])(?P<host>{_HOST})?(?P<owner>{_NAME}(?:/{_NAME}){{0,2}})/(?P<name>{_NAME})"
    r"(?![\w/-]|:\w)",
    # A Japanese particle can touch a name.
    re.IGNORECASE | re.ASCII,
    hints=("/",),
)
_CALLED_ONE = LazyPattern(r"\W{0,3}\brepo(?:sitor(?:y|ies))?\b", re.IGNORECASE)
_CALLS_IT_ONE = LazyPattern(r"\brepo(?:sitor(?:y|ies))?:?\W{1,3}$", re.IGNORECASE)
_OTHER_BEFORE = LazyPattern(
    r"\b(?:images?|packages?|teams?|charts?|files?|modules?)\W{1,3}$", re.IGNORECASE
)
_OTHER_AFTER = LazyPattern(
    r"\W{0,3}\b(?:images?|packages?|teams?|charts?|groups?|channels?)\b", re.IGNORECASE
)
_FILE = LazyPattern(r".*\.(?:ya?ml|json|toml|md|txt|py|sh|tf|sql|lock|cfg|ini)", re.IGNORECASE)
"""What else has such a name: an image, a team, or a file."""

_PAIRS = frozenset(
    """and/or ci/cd client/server read/write request/response input/output frontend/backend
    backend/frontend dev/prod test/prod public/private tcp/ip true/false yes/no
    owner/repo""".split()
)
"""Words that do not name a repository even before this word."""


def check(subject: Subject, _: Context) -> Findings:
    pin, when = re.sub(_HOST, "", subject.pin.lower()), subject.when
    named = rf"(?<![\w.-]){re.escape(pin)}(?![\w-]|\.\w)"
    if "/" not in pin or re.search(named, when.lower(), re.ASCII):
        return
    for match in _REPOSITORY.finditer(when):
        if _is_other(when, match):
            continue
        has_owner = match["owner"].lower() == pin.rpartition("/")[0]
        if match["host"] or has_owner or _is_called_one(when, match):
            always = subject.kind.meaning.always
            message = (
                f"this names {match[0]}, but {always} is {subject.pin}: correct one of the two"
            )
            yield subject.at(subject.kind.meaning.when, message, match.start(), len(match[0]))
            return


def _is_other(when: str, match: re.Match[str]) -> bool:
    """Return whether the name is that of an image, a team or a file."""
    before = when[max(match.start() - len("packages: `"), 0) : match.start()]
    return bool(
        _OTHER_BEFORE.search(before)
        or _OTHER_AFTER.match(when, match.end())
        or _FILE.fullmatch(match["name"])
    )


def _is_called_one(when: str, match: re.Match[str]) -> bool:
    if match[0].lower() in _PAIRS:
        return False
    before = when[max(match.start() - len("repositories: `"), 0) : match.start()]
    return bool(_CALLED_ONE.match(when, match.end()) or _CALLS_IT_ONE.search(before))


RULE = Rule("DV107", "pin-contradicts-trigger", entry=check)
