"""What a lint rule is, how it is selected, and the exceptions that an entry has from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple

# The modules of rules import these from here, so `as` exports them.
from devinops.lint.subject import Context as Context
from devinops.lint.subject import LintFinding as LintFinding
from devinops.lint.subject import Subject as Subject
from devinops.model.objects import Severity


@dataclass
class Exceptions:
    """The exceptions of one entry: it notes which of them were needed."""

    subject: Subject
    rules: Sequence[Rule]
    today: date
    used: set[str] = field(default_factory=set)

    @property
    def ignored(self) -> tuple[str, ...]:
        return tuple(self.subject.declaration.lint.get("ignore", ()))

    @property
    def until(self) -> date | None:
        """The last day on which they apply; None without one, or if no calendar has that day."""
        try:
            return date.fromisoformat(self.subject.declaration.lint.get("until", ""))
        except ValueError:
            return None

    @property
    def is_expired(self) -> bool:
        """Whether the last day has passed; a day that no calendar has counts as passed."""
        until = self.until
        return until < self.today if until else "until" in self.subject.declaration.lint

    def cover(self, rule: Rule) -> bool:
        """Return whether a finding of a rule is an exception, and note that it was needed."""
        written = [name for name in self.ignored if rule.is_called(name)]
        self.used.update(written)
        return bool(written) and not self.is_expired

    def finding(self, text: str, message: str) -> LintFinding:
        """Return a finding about the text in the exceptions of the entry."""
        return self.subject.in_option("lint", text, message)

    def rule(self, written: str) -> Rule | None:
        """Return the rule with an id or name, None if no rule has it."""
        return next((rule for rule in self.rules if rule.is_called(written)), None)

    def unused(self, ran: Sequence[Rule]) -> Iterator[str]:
        """Yield the rules that ran and found nothing in the entry."""
        for name in self.ignored:
            rule = self.rule(name)
            if rule and name not in self.used and rule in ran and not rule.exceptions:
                yield name


class RuleScope(StrEnum):
    """What a rule must see to judge an entry."""

    ENTRY = "the entry"
    REPOSITORY = "all entries, or other files of the repository"


Findings = Iterator[LintFinding]
CheckEntry = Callable[[Subject, Context], Findings]
CheckRepository = Callable[[Context], Findings]
CheckExceptions = Callable[[Exceptions, Sequence["Rule"]], Findings]
"""(Exceptions of an entry, rules that ran) → findings."""


class Rule(NamedTuple):
    """A rule: its id, its name, and its check.

    A check sees one entry, the whole repository, or the exceptions of an entry. What a rule with
    `finds_secrets` finds is never shown, whichever rules are selected. `security` is how dangerous
    a finding is, from 0.1 to 10 as in CVSS; empty for a rule that is not about security. `since` is
    the first version with the rule, and `--fix` can fix what a `fixable` one finds.

    `manual` is the docstring of its module: a summary in the first line, why it matters, and an
    example that fails and one that passes.
    """

    id: str
    name: str
    severity: Severity = Severity.WARNING
    entry: CheckEntry | None = None
    repository: CheckRepository | None = None
    exceptions: CheckExceptions | None = None
    finds_secrets: bool = False
    security: str = ""
    since: str = "0.9"
    fixable: bool = False
    manual: str = ""

    @property
    def scope(self) -> RuleScope:
        return RuleScope.REPOSITORY if self.repository else RuleScope.ENTRY

    @property
    def summary(self) -> str:
        return self.manual.partition("\n")[0]

    def is_called(self, written: str) -> bool:
        """Return whether this is the rule's id or its name."""
        return written.upper() == self.id or written.lower() == self.name


RETIRED = {"DV101": "trigger-too-short", "DV104": "trigger-too-long"}
"""Rules that are gone. Files may still name them, and no other rule gets their ids or names."""


def is_retired(written: str) -> bool:
    """Return whether this is the id or the name of a rule that is gone."""
    return written.upper() in RETIRED or written.lower() in RETIRED.values()


SCOPES = {"entry-rules": RuleScope.ENTRY, "repository-rules": RuleScope.REPOSITORY}
"""Words that select the rules of one scope."""

_ALL = "all"
_PREFIX = re.compile(r"DV(?:[1-9]\d?)?", re.IGNORECASE)


def matches(rule: Rule, written: str) -> bool:
    """Return whether a selection means a rule: its id or name, `DV1`, `entry-rules` or `all`."""
    if written.lower() == _ALL or SCOPES.get(written.lower()) is rule.scope:
        return True
    is_prefix = bool(_PREFIX.fullmatch(written)) and rule.id.startswith(written.upper())
    return is_prefix or rule.is_called(written)


def is_group(written: str) -> bool:
    """Return whether a selection means rules by what they have in common, not by id or name."""
    return written.lower() in (_ALL, *SCOPES) or bool(_PREFIX.fullmatch(written))
