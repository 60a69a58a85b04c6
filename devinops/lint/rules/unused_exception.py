"""An exception under `lint` is no longer needed.

The rule finds nothing in the entry any more. Remove the exception, so that the rule protects the
entry again.

Fails:

    knowledge/api.md
    ---
    name: The API
    trigger: When adding an endpoint to the API
    lint: {ignore: [trigger-without-when], reason: The name of a product.}
    ---
    Every error has a code and a message.

Passes:

    knowledge/api.md
    ---
    name: The API
    trigger: API
    lint: {ignore: [trigger-without-when], reason: The name of a product.}
    ---
    Every error has a code and a message.
"""

from __future__ import annotations

from collections.abc import Sequence

from devinops.lint.rule import Exceptions, Findings, Rule


def check(exceptions: Exceptions, ran: Sequence[Rule]) -> Findings:
    for name in exceptions.unused(ran):
        message = f"{name} finds nothing here any more: remove it from `lint.ignore`"
        yield exceptions.finding(name, message)


RULE = Rule("DV901", "unused-exception", exceptions=check)
