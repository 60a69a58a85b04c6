"""All organizations get an entry at the same time, and one of the enterprise could replace it.

With `enterprise: true`, one object reaches every organization, and a change of it is one request.
The rule needs a target of the enterprise. It says nothing if devinops.yaml has `waves`, because an
entry of the enterprise cannot be staged, or if 300 entries are for the enterprise, which is as many
notes as it can have. Ignore the rule for an entry that some organizations will get in another form.

Fails:

    devinops.yaml
    targets: {corp: {enterprise: true}, pay: {}, shop: {}}
    knowledge/deployments.md
    ---
    name: Deployments
    trigger: When deploying a service to production
    ---
    Ask in the release channel first.

Passes:

    devinops.yaml
    targets: {corp: {enterprise: true}, pay: {}, shop: {}}
    knowledge/deployments.md
    ---
    name: Deployments
    trigger: When deploying a service to production
    enterprise: true
    ---
    Ask in the release channel first.
"""

from __future__ import annotations

from typing import Final

from devinops.kinds import KINDS
from devinops.lint.rule import Context, Findings, Rule
from devinops.model.kind import Scope
from devinops.model.objects import Declaration, Severity

MOST: Final = 300
"""How many notes an enterprise can have."""


def check(context: Context) -> Findings:
    organizations = {name for name, body in context.targets.items() if not body.get("enterprise")}
    there = sum(subject.declaration.layering.enterprise for subject in context.subjects)
    is_worth_it = 1 < len(organizations) < len(context.targets) and there < MOST
    if context.has_waves or not is_worth_it:
        return
    for subject in context.subjects:
        entry = subject.declaration
        if all(map(entry.concerns, organizations)) and _fits_enterprise(entry):
            message = (
                f"all {len(organizations)} organizations get this at the same time: write "
                "enterprise: true, so that the enterprise has it once, or ignore this rule here if "
                "some organizations will get it in another form"
            )
            yield subject.about(entry.kind.identity.fields[0], message)


def _fits_enterprise(entry: Declaration) -> bool:
    """Return whether an organization and the enterprise can both have an object like this."""
    kinds = [entry.kind]
    if entry.kind.lives_in and entry.key.folder:
        kinds.append(KINDS[entry.kind.lives_in])
    scopes = (Scope.ORGANIZATION, Scope.ENTERPRISE)
    is_possible = all(kind.is_in("v3", scope) for kind in kinds for scope in scopes)
    return is_possible and bool(entry.kind.identity.fields) and not entry.layering.enterprise


RULE = Rule("DV209", "same-in-all-organizations", Severity.INFO, repository=check)
