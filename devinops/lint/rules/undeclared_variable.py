"""The text uses a secret that no entry declares.

A session has an environment variable only if the secret exists. Declare the secret in secrets.yaml,
so that a plan tells when it is missing, or correct the name. Names that look like secrets are
judged (`$NPM_TOKEN`), and only in a repository that declares secrets; a variable that the text sets
itself is not.

Fails:

    secrets.yaml
    secrets:
      - key: NPM_TOKEN
    knowledge/publish.md
    ---
    name: Publish
    trigger: When publishing a package
    ---
    Log in with `npm config set //npm.acme.dev/:_authToken $NPM_TOKN_TOKEN`.

Passes:

    secrets.yaml
    secrets:
      - key: NPM_TOKEN
    knowledge/publish.md
    ---
    name: Publish
    trigger: When publishing a package
    ---
    Log in with `npm config set //npm.acme.dev/:_authToken $NPM_TOKEN`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from devinops.lint.context import Context, share_target
from devinops.lint.finding import Finding
from devinops.lint.rule import Rule
from devinops.lint.subject import Subject
from devinops.model.objects import Severity
from devinops.model.patterns import LazyPattern
from devinops.model.suggest import did_you_mean

_NAME = (
    r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_(?:TOKEN|API_?KEY|SECRET|SECRET_KEY|PASSWORD|PASSWD|PRIVATE_KEY|ACCESS_KEY"
    r"|AUTH_KEY|CREDENTIALS?|PAT)"
)
_USE = LazyPattern(
    rf"(?:\$\{{?|\$\{{\{{\s*secrets\.|\bprocess\.env\.|\benviron(?:\.get)?[\[(][\"']|\bgetenv\([\"']|\bENV\[[\"']"
    rf"|\bsecret (?:named |called )?`?)({_NAME})\b"
)
_SET = LazyPattern(rf"^[^\n]*?\b({_NAME})[ \t]*=(?!=)", re.MULTILINE)
GIVEN = frozenset({"GITHUB_TOKEN", "CI_JOB_TOKEN"})
"""Variables that a CI system sets."""


def check(context: Context) -> Iterator[Finding]:
    if not context.contracts:
        return
    for subject in context.subjects:
        if subject.kind.document:
            yield from _undeclared(subject, context)


def _undeclared(subject: Subject, context: Context) -> Iterator[Finding]:
    text = subject.text
    matches = list(_USE.finditer(text))
    if not matches:
        return
    declared = {c.declaration.key.name for c in context.contracts if share_target(c, subject)}
    known = declared | GIVEN | {match[1] for match in _SET.finditer(text)}
    for match in matches:
        name = match[1]
        if name not in known:
            known.add(name)
            hint = did_you_mean(name, declared)
            message = f"no entry declares the secret {name}{hint}: declare it, or correct the name"
            yield subject.in_text(message, match.start(1), len(name))


RULE = Rule("DV401", "undeclared-variable", Severity.WARNING, repository=check)
