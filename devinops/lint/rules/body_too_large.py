"""The text is larger than its budget, so it crowds out other context.

The limit is `lint.budgets.tokens` in devinops.yaml, by default 8,000 estimated tokens (four
characters each; a Chinese or Japanese character is one). Split the text into notes with a trigger
each, or move reference material into a repository and say where it is.

Fails:

    knowledge/handbook.md
    ---
    name: Handbook
    trigger: When working on the shop
    ---
    <33,000 more characters>

Passes:

    knowledge/handbook.md
    ---
    name: Handbook
    trigger: When working on the shop
    ---
    The handbook is in docs/handbook of acme/shop. Read the chapter about your task.
"""

from __future__ import annotations

from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.lint.subject import tokens


def check(subject: Subject, context: Context) -> Findings:
    size, limit = tokens(subject.text), context.budgets.tokens
    if subject.kind.document and size > limit:
        message = (
            f"this {subject.kind.document} has about {size:,} tokens, but the limit is {limit:,}: "
            "split it, or move reference material into a repository and say where it is"
        )
        yield subject.about(subject.kind.document, message)


RULE = Rule("DV202", "body-too-large", entry=check)
