"""An exception under `lint` names a rule that does not exist.

It hides nothing. Correct the name: `devinops lint --list-rules` lists all of them.

Fails:

    knowledge/api.md
    ---
    name: The API
    trigger: When adding an endpoint to the API
    lint: {ignore: [trigger-to-short], reason: The name of a product.}
    ---
    Every error has a code and a message.

Passes:

    knowledge/api.md
    ---
    name: The API
    trigger: API
    lint: {ignore: [trigger-too-short], reason: The name of a product.}
    ---
    Every error has a code and a message.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from devinops.lint.exceptions import Called, Exceptions
from devinops.lint.finding import Finding
from devinops.lint.rule import Rule
from devinops.model.objects import Severity
from devinops.model.suggest import did_you_mean


def check(exceptions: Exceptions, _: Sequence[Called]) -> Iterator[Finding]:
    for name in exceptions.unknown():
        hint = did_you_mean(name, exceptions.names)
        message = f"there is no lint rule {name}{hint}: correct it; --list-rules lists them"
        yield exceptions.finding(name, message)


RULE = Rule("DV903", "unknown-rule", Severity.ERROR, exceptions=check)
