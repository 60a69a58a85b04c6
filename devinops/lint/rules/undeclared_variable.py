"""The text uses a secret that no entry declares.

A session has an environment variable only if the secret exists. Declare the secret in secrets.yaml,
so that a plan tells when it is missing, or correct the name. The rule checks names that look like
secrets (`$NPM_TOKEN`) and names that are almost that of a declared secret, but only in a repository
that declares secrets. It does not check a variable that the text sets itself.

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

from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.model.patterns import LazyPattern
from devinops.model.suggest import nearest

_NAME = (
    r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_(?:TOKEN|API_?KEY|SECRET|SECRET_KEY|PASSWORD|PASSWD|PRIVATE_KEY|ACCESS_KEY"
    r"|AUTH_KEY|CREDENTIALS?|PAT)"
)
_USE = LazyPattern(
    r"(?:\$\{?|\$env:|\$\{\{\s*(?:secrets|env)\.|\bprocess\.env\.|\benviron(?:\.get)?[\[(][\"']"
    r"|\b(?:[gG]etenv|LookupEnv|ENV\.fetch|env::var|Deno\.env\.get)\([\"']|\bENV\[[\"']"
    rf"|\bsecret (?:named |called )?`?)({_NAME})\b(?!:?-)",
    re.ASCII,
)
_VARIABLE = LazyPattern(r"\$\{?([A-Z][A-Z0-9_]{4,})\b", re.ASCII)
_SET = LazyPattern(
    r"(?<![\w$.{])([A-Z][A-Z0-9_]+)(?:[\"']\])?[ \t]*=(?![=~]|[ \t]*[\"']?\$\{?\1\b(?!:?[-=]))"
    r"|\bread\b[^\n;|&$]{0,80}?[ \t]([A-Z][A-Z0-9_]+)\b"
    r"|\bfor[ \t]+([A-Z][A-Z0-9_]+)[ \t]+in\b"
    r"|^[ \t]*ARG[ \t]+([A-Z][A-Z0-9_]+)\b"
    r"|^[ \t]+([A-Z][A-Z0-9_]+):[ \t]*[\"']?\$\{\{",
    re.MULTILINE | re.ASCII,
)
"""How a shell, Python, a Dockerfile or a workflow sets a variable. `A=$A` only passes it on."""

GIVEN = frozenset(
    """ACTIONS_ID_TOKEN_REQUEST_TOKEN ACTIONS_RUNTIME_TOKEN CI_DEPLOY_PASSWORD CI_JOB_TOKEN
    CI_REGISTRY_PASSWORD CSRF_TOKEN GITHUB_TOKEN XSRF_TOKEN""".split()
)
"""Variables that a CI system sets, and values that a server gives."""

ALMOST = 0.8


def check(context: Context) -> Findings:
    for subject in context.subjects if context.contracts else ():
        yield from _undeclared(subject, context)


def _undeclared(subject: Subject, context: Context) -> Findings:
    text = subject.text
    uses = sorted([*_USE.finditer(text), *_VARIABLE.finditer(text)], key=lambda use: use.start(1))
    if not uses:
        return
    declared = {c.declaration.key.name for c in context.contracts if c.shares_target(subject)}
    known = declared.union(GIVEN, *_SET.findall(text))
    for use in uses:
        name = use[1]
        if name in known:
            continue
        known.add(name)
        meant = nearest(name, declared, ALMOST)
        if use.re is _USE.compiled or _is_typo(name, meant):
            hint = f' (did you mean "{meant}"?)' if meant else ""
            message = f"no entry declares the secret {name}{hint}: declare it, or correct the name"
            yield subject.in_text(message, use.start(1), len(name))


def _is_typo(name: str, meant: str) -> bool:
    """Return whether a character inside of a name is missing, doubled, or swapped with the next."""
    if sorted(name) == sorted(meant):
        return True
    short, long = sorted((name, meant), key=len)
    cuts = (long[:at] + long[at + 1 :] for at in range(1, len(long) - 1))
    return len(long) == len(short) + 1 and short in cuts


RULE = Rule("DV401", "undeclared-variable", repository=check)
