"""The exceptions from rules that an entry has under `lint`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from devinops.lint.finding import Finding
from devinops.lint.subject import Subject


class Called(Protocol):
    """A rule, as far as an exception must know it."""

    @property
    def name(self) -> str: ...

    @property
    def is_about_exceptions(self) -> bool:
        """Whether it checks exceptions, so that no exception can hide what it finds."""
        ...

    def is_called(self, written: str) -> bool:
        """Return whether this is its id or its name."""
        ...


@dataclass
class Exceptions:
    """The exceptions of one entry: it notes which of them were needed."""

    subject: Subject
    rules: Sequence[Called]
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

    def cover(self, rule: Called) -> bool:
        """Return whether a finding of a rule is an exception, and note that it was needed."""
        written = [name for name in self.ignored if rule.is_called(name)]
        self.used.update(written)
        return bool(written) and not self.is_expired

    @property
    def names(self) -> list[str]:
        """The names of all rules."""
        return [rule.name for rule in self.rules]

    def finding(self, text: str, message: str) -> Finding:
        """Return a finding about the text in the exceptions of the entry."""
        return self.subject.in_option("lint", text, message)

    def rule(self, written: str) -> Called | None:
        """Return the rule with an id or name, None if no rule has it."""
        return next((rule for rule in self.rules if rule.is_called(written)), None)

    def unused(self, ran: Sequence[Called]) -> Iterator[str]:
        """Yield the rules that ran and found nothing in the entry."""
        for name in self.ignored:
            rule = self.rule(name)
            if rule and name not in self.used and rule in ran and not rule.is_about_exceptions:
                yield name
