"""What `devinops lint` says about its rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from devinops.lint.rule import Rule
from devinops.lint.rules import RULES
from devinops.render.answers import SimpleAnswer

if TYPE_CHECKING:
    from devinops.schema.lint import RulesDocument


def listed() -> SimpleAnswer:
    """Return the id, name, severity and summary of every rule."""
    width = max(len(rule.name) for rule in RULES)
    lines = [
        f"{rule.id}  {rule.name:{width}}  {rule.severity.value:7}  {rule.summary}" for rule in RULES
    ]
    return SimpleAnswer(lines, lambda: _document(RULES))


def explained(rule: Rule) -> SimpleAnswer:
    """Return the page of a rule."""
    head = f"{rule.id} {rule.name} (default severity: {rule.severity.value})"
    return SimpleAnswer([head, "", *rule.manual.split("\n")], lambda: _document([rule]))


def _document(rules: Iterable[Rule]) -> RulesDocument:
    from devinops.schema.base_document import HEAD
    from devinops.schema.lint import RuleItem, RulesDocument

    return RulesDocument(
        **HEAD,
        rules=tuple(
            RuleItem(r.id, r.name, r.severity, r.scope.name.lower(), r.summary, r.manual)
            for r in rules
        ),
    )
