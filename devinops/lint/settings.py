"""The section `lint` of devinops.yaml, and the options that override it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from devinops.lint.context import Budgets
from devinops.lint.rule import SCOPES, Rule, matches
from devinops.model.objects import Severity


class PathSettings(NamedTuple):
    """What is different for the files that a pattern matches."""

    pattern: str
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, Severity] = MappingProxyType({})


class Settings(NamedTuple):
    """Which rules run, and how severe their findings are. `select` and `ignore` are as written."""

    select: tuple[str, ...] = ("all",)
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, Severity] = MappingProxyType({})
    paths: tuple[PathSettings, ...] = ()
    baseline: str = ""
    fail_on: Severity = Severity.WARNING
    budgets: Budgets = Budgets()

    @classmethod
    def of(cls, section: Mapping[str, Any]) -> Settings:
        """Return the settings of a section that fits its schema."""
        paths = tuple(
            PathSettings(pattern, tuple(item.get("ignore", ())), _severities(item))
            for pattern, item in section.get("paths", {}).items()
        )
        return cls(
            select=tuple(section.get("select", ("all",))),
            ignore=tuple(section.get("ignore", ())),
            severity=_severities(section),
            paths=paths,
            baseline=section.get("baseline", ""),
            fail_on=Severity(section.get("fail_on", Severity.WARNING)),
            budgets=Budgets(**section.get("budgets", {})),
        )

    def with_options(
        self, select: Sequence[str], ignore: Sequence[str], fail_on: str | None
    ) -> Settings:
        """Return these settings with the options of the command line: `select` replaces."""
        return self._replace(
            select=tuple(select) or self.select,
            ignore=tuple(ignore) if select else (*self.ignore, *ignore),
            fail_on=Severity(fail_on) if fail_on else self.fail_on,
        )

    def selected(self, rules: Sequence[Rule]) -> tuple[Rule, ...]:
        """Return the rules that run."""
        selected = [rule for rule in rules if _is_among(rule, self.select)]
        return tuple(rule for rule in selected if not _is_among(rule, self.ignore))


def _is_among(rule: Rule, names: Iterable[str]) -> bool:
    return any(matches(rule, name) for name in names)


def _severities(section: Mapping[str, Any]) -> Mapping[str, Severity]:
    return {name: Severity(value) for name, value in section.get("severity", {}).items()}


def severity_of(rule: Rule, severities: Mapping[str, Severity]) -> Severity | None:
    """Return the configured severity of a rule; None without one.

    The most exact name decides; of equally exact ones the last.
    """
    meant = [name for name in severities if matches(rule, name)][::-1]
    exact = max(meant, key=lambda name: (rule.is_called(name), *_exactness(name)), default=None)
    return severities[exact] if exact else None


def _exactness(group: str) -> tuple[bool, int]:
    """Return how exact a group is: rules with one prefix, rules of one scope, then all."""
    is_prefix = group.upper().startswith("DV")
    return is_prefix, len(group) if is_prefix else group.lower() in SCOPES
