"""The section `lint` of devinops.yaml: its meaning, the options that override it, its problems."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from devinops.lint.rule import SCOPES, Rule, is_retired, matches
from devinops.lint.subject import Budgets
from devinops.load.globs import read_patterns
from devinops.model.credentials import starred
from devinops.model.objects import Problem, Severity, Source
from devinops.model.suggest import did_you_mean
from devinops.schema.findings import check


class PathSettings(NamedTuple):
    """What is different for the files that a pattern matches."""

    pattern: str
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, Severity] = MappingProxyType({})


class LintSettings(NamedTuple):
    """Which rules run, and how severe their findings are. `select` and `ignore` are as written."""

    select: tuple[str, ...] = ("all",)
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, Severity] = MappingProxyType({})
    paths: tuple[PathSettings, ...] = ()
    baseline: str = ""
    fail_on: Severity = Severity.WARNING
    budgets: Budgets = Budgets()

    @classmethod
    def of(cls, section: Mapping[str, Any]) -> LintSettings:
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
    ) -> LintSettings:
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


# --- problems of the section ---------------------------------------------------------------------

SourceOf = Callable[..., Source]
"""Returns the position of a value in devinops.yaml, which the parts of its path lead to."""


def is_known(written: str, rules: Iterable[Rule]) -> bool:
    """Return whether a selection means a rule, or one that is gone."""
    return is_retired(written) or any(matches(rule, written) for rule in rules)


def unknown_rule(written: str, rules: Iterable[Rule]) -> str:
    """Return a message about a name that no rule has."""
    if is_retired(written):
        return f"the lint rule {written} is gone: remove its name"
    if "," in written or " " in written:
        return f"{starred(written)!r} is not the name of one lint rule: name each by itself"
    names = [*(name for rule in rules for name in (rule.name, rule.id)), *SCOPES]
    return f"there is no lint rule {starred(written)!r}{did_you_mean(written, names)}"


def unknown_rule_problem(written: str, source: Source, rules: Iterable[Rule]) -> Problem:
    """Return the problem of a name that no rule has; it only informs if a rule had it once."""
    severity = Severity.INFO if is_retired(written) else Severity.ERROR
    return Problem(source, "unknown-rule", unknown_rule(written, rules), severity)


def usable(section: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the section `lint` if it fits its schema, else an empty one."""
    if section and any(check("config", {"version": 1, "lint": section})):
        return {}
    return section


def setting_problems(
    section: Mapping[str, Any], rules: Sequence[Rule], source_of: SourceOf
) -> Iterator[Problem]:
    """Yield a problem for each name of the section `lint` that means no rule, and bad patterns.

    The name of a rule that is gone is no error.
    """
    yield from _in_section(section, rules, source_of, ("lint",))
    for pattern, item in section.get("paths", {}).items():
        path = ("lint", "paths", pattern)
        yield from _in_section(item, rules, source_of, path)
        for error in read_patterns([pattern])[1].values():
            yield Problem(
                source_of(*path), "bad-pattern", f"lint.paths: {starred(pattern)!r} {error}"
            )


def unused_paths(
    section: Mapping[str, Any], files: Iterable[str], source_of: SourceOf
) -> Iterator[Problem]:
    """Yield a warning for each pattern of `lint.paths` that matches no file."""
    files = list(files)
    for pattern in section.get("paths", {}):
        rules, _ = read_patterns([pattern])
        if rules and not any(rule.matcher(file) for rule in rules.values() for file in files):
            message = f"lint.paths: {starred(pattern)!r} matches no file: correct or remove it"
            source = source_of("lint", "paths", pattern)
            yield Problem(source, "unused-path", message, Severity.WARNING)


def _in_section(
    section: Mapping[str, Any], rules: Sequence[Rule], source_of: SourceOf, path: tuple[str, ...]
) -> Iterator[Problem]:
    written = [
        (name, source_of(*path, option, number))
        for option in ("select", "ignore")
        for number, name in enumerate(section.get(option, ()))
    ]
    written += [(n, source_of(*path, "severity", n)) for n in section.get("severity", {})]
    for name, source in written:
        if not any(matches(rule, name) for rule in rules):
            yield unknown_rule_problem(name, source, rules)
