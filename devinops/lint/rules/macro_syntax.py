"""The macro has characters that Devin may not recognize as one word.

A macro is an exclamation mark and letters, digits, `_` or `-`. Source: the vendor's Terraform
provider.

Fails:

    knowledge/deploy.md
    ---
    name: Deploy
    trigger: When deploying the shop
    macro: "!deploy.shop"
    ---
    Run make deploy.

Passes:

    knowledge/deploy.md
    ---
    name: Deploy
    trigger: When deploying the shop
    macro: "!deploy-shop"
    ---
    Run make deploy.
"""

from __future__ import annotations

from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.model.kind import Role
from devinops.model.patterns import LazyPattern

_MACRO = LazyPattern("![A-Za-z0-9_-]+")


def check(subject: Subject, _: Context) -> Findings:
    role = subject.kind.role(Role.HANDLE)
    if role and subject.handle and not _MACRO.fullmatch(subject.handle):
        message = (
            f"{subject.handle} has characters that Devin may not recognize: use !, then letters, "
            "digits, _ or -"
        )
        yield subject.about(role.name, message)


RULE = Rule("DV405", "macro-syntax", entry=check)
