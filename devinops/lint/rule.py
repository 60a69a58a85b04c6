"""What a lint rule is, and how it is selected."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from devinops.lint.context import Context
from devinops.lint.exceptions import Called, Exceptions
from devinops.lint.finding import Finding
from devinops.lint.subject import Subject
from devinops.model.objects import Severity


class Scope(StrEnum):
    """What a rule must see to judge an entry."""

    ENTRY = "the entry"
    REPOSITORY = "all entries, or other files of the repository"


CheckEntry = Callable[[Subject, Context], Iterable[Finding]]
CheckRepository = Callable[[Context], Iterable[Finding]]
CheckExceptions = Callable[[Exceptions, Sequence[Called]], Iterable[Finding]]
"""(Exceptions of an entry, rules that ran) → findings."""


class Rule(NamedTuple):
    """A rule: its id, its name, and its check.

    A check sees one entry, the whole repository, or the exceptions of an entry. What a rule that
    `conceals` finds is never shown, whichever rules are selected. `security` is how dangerous that
    is, from 0.1 to 10 as in CVSS; empty for a rule that is not about security.

    `manual` is the docstring of its module: a summary in the first line, why it matters, and an
    example that fails and one that passes.
    """

    id: str
    name: str
    severity: Severity
    entry: CheckEntry | None = None
    repository: CheckRepository | None = None
    exceptions: CheckExceptions | None = None
    conceals: bool = False
    security: str = ""
    manual: str = ""

    @property
    def scope(self) -> Scope:
        return Scope.REPOSITORY if self.repository else Scope.ENTRY

    @property
    def is_about_exceptions(self) -> bool:
        return self.exceptions is not None

    @property
    def summary(self) -> str:
        return self.manual.partition("\n")[0]

    def is_called(self, written: str) -> bool:
        """Return whether this is the rule's id or its name."""
        return written.upper() == self.id or written.lower() == self.name


SCOPES = {"entry-rules": Scope.ENTRY, "repository-rules": Scope.REPOSITORY}
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
