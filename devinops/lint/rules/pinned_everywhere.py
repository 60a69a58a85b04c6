"""A large text is pinned to all repositories, so it costs context in every session.

The limit is `lint.budgets.everywhere_tokens` in devinops.yaml, by default 1,000 estimated tokens
(four characters each; a Chinese or Japanese character is one). Shorten the text, let the trigger
decide, or pin it to the repositories that need it.

Fails:

    knowledge/handbook.md
    ---
    name: Handbook
    trigger: When working on anything at Acme
    pinned_repo: all
    ---
    <5,000 more characters>

Passes:

    knowledge/handbook.md
    ---
    name: Handbook
    trigger: When working on anything at Acme
    pinned_repo: all
    ---
    Ask in #platform before you change a deployment.
"""

from __future__ import annotations

from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.lint.subject import tokens

EVERYWHERE = "all"


def check(subject: Subject, context: Context) -> Findings:
    if subject.pin != EVERYWHERE:
        return
    size, limit = tokens(subject.text), context.budgets.everywhere_tokens
    if size > limit:
        message = (
            f"about {size:,} tokens are pinned to all repositories, but the limit is {limit:,}: "
            "shorten the text, or pin it to the repositories that need it"
        )
        yield subject.about(subject.kind.meaning.always, message)


RULE = Rule("DV106", "pinned-everywhere", entry=check)
