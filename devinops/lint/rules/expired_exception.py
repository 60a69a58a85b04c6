"""The last day of an exception under `lint` has passed, so it no longer applies.

Correct the entry, or decide again and set a later `until`. A date that does not exist counts as
passed.

Fails:

    knowledge/api.md
    ---
    name: The API
    trigger: API
    lint: {ignore: [trigger-without-when], reason: Until the rename., until: 2026-05-01}
    ---
    Every error has a code and a message.

Passes:

    knowledge/api.md
    ---
    name: The API
    trigger: API
    lint: {ignore: [trigger-without-when], reason: Until the rename., until: 2999-05-01}
    ---
    Every error has a code and a message.
"""

from __future__ import annotations

from collections.abc import Sequence

from devinops.lint.rule import Exceptions, Findings, Rule


def check(exceptions: Exceptions, _: Sequence[Rule]) -> Findings:
    if exceptions.is_expired:
        until = str(exceptions.subject.declaration.lint["until"])
        names = ", ".join(exceptions.ignored)
        message = (
            f"the exception from {names} ended on {until}: correct the entry, or set a new date"
            if exceptions.until
            else f"the date {until} does not exist, so the exception from {names} does not apply: "
            "correct the date"
        )
        yield exceptions.finding(until, message)


RULE = Rule("DV902", "expired-exception", exceptions=check)
