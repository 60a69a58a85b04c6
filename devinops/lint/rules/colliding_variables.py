"""Two secrets become variables that differ only in case or leading underscores.

They are different secrets, but programs that ignore case read one instead of the other, and people
mix them up. Rename one of them.

Fails:

    secrets.yaml
    secrets:
      - key: NPM_TOKEN
      - key: npm_token

Passes:

    secrets.yaml
    secrets:
      - key: NPM_TOKEN
      - key: NPM_READ_TOKEN
"""

from __future__ import annotations

from devinops.lint.rule import Context, Findings, Rule, Subject


def check(context: Context) -> Findings:
    first: dict[str, list[Subject]] = {}
    for subject in context.contracts:
        alike = first.setdefault(subject.declaration.key.name.lstrip("_").lower(), [])
        twin = next((other for other in alike if other.shares_target(subject)), None)
        alike.append(subject)
        if twin:
            message = (
                f"its variable and that of {twin.declaration.key} ({twin.declaration.source}) "
                "differ only in case or leading underscores: rename one of them"
            )
            yield subject.about(subject.kind.identity.fields[0], message, twin)


RULE = Rule("DV403", "colliding-variables", repository=check)
