"""Devin gives the environment variable of this secret another name.

A variable must begin with a letter: Devin puts an underscore before any other name, so `_TOKEN`
becomes `__TOKEN`, and a command that uses `$_TOKEN` gets nothing. (Other characters that a variable
cannot have are already errors of `devinops validate`.) Source: docs.devin.ai, secrets.

Fails:

    secrets.yaml
    secrets:
      - key: _NPM_TOKEN

Passes:

    secrets.yaml
    secrets:
      - key: NPM_TOKEN
"""

from __future__ import annotations

from devinops.lint.rule import Context, Findings, Rule, Subject


def check(subject: Subject, _: Context) -> Findings:
    name = subject.declaration.key.name
    if subject.is_contract and not name[:1].isalpha():
        message = (
            f"in a session this is the variable _{name}, because Devin puts an underscore before a "
            "name that does not begin with a letter: rename it"
        )
        yield subject.about(subject.kind.identity.fields[0], message)


RULE = Rule("DV402", "renamed-variable", entry=check)
