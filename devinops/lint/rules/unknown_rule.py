"""An exception under `lint` names a rule that does not exist.

It hides nothing. Correct the name: `devinops lint --explain all` lists all of them. An exception
names each rule, so that it hides only what somebody has read: `DV1` and `all` are for
devinops.yaml. A rule about exceptions, such as expired-exception, has none.

Fails:

    knowledge/api.md
    ---
    name: The API
    trigger: When adding an endpoint to the API
    lint: {ignore: [trigger-without-wen], reason: The name of a product.}
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

from devinops.lint.rule import Exceptions, Findings, Rule, is_group, is_retired
from devinops.model.objects import Severity
from devinops.model.suggest import did_you_mean


def check(exceptions: Exceptions, _: Sequence[Rule]) -> Findings:
    for name in exceptions.ignored:
        rule = exceptions.rule(name)
        if rule is None and not is_retired(name):
            yield exceptions.finding(name, _unknown(name, exceptions.rules))
        elif rule and rule.exceptions:
            message = f"no exception can hide {name}: remove it, and correct what {name} finds"
            yield exceptions.finding(name, message)


def _unknown(name: str, rules: Sequence[Rule]) -> str:
    if is_group(name):
        return f"{name} means several rules: an exception names each rule by its id or name"
    hint = did_you_mean(name, [rule.name for rule in rules])
    return f"there is no lint rule {name}{hint}: correct it; --explain all lists them"


RULE = Rule("DV903", "unknown-rule", Severity.ERROR, exceptions=check)
