"""Finds names in devinops.yaml and on the command line that no rule has. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from devinops.lint.rule import SCOPES, Rule, matches
from devinops.load.globs import read_rules
from devinops.model.credentials import starred
from devinops.model.objects import Problem, Severity, Source
from devinops.model.suggest import did_you_mean
from devinops.schema.findings import check

CODES: Mapping[str, str] = {
    "unknown-rule": "a name in `lint` of devinops.yaml that no lint rule has",
    "unused-path": "a pattern in `lint.paths` of devinops.yaml that matches no file with entries "
    "(warning)",
}
"""Code → meaning of the problems that only `devinops lint` finds in devinops.yaml."""


class Place(Protocol):
    """Returns the position of a value in devinops.yaml."""

    def __call__(self, *path: str | int) -> Source: ...


def unknown_rule(written: str, rules: Iterable[Rule]) -> str:
    """Return a message about a name that no rule has."""
    if "," in written or " " in written:
        return f"{starred(written)!r} is not the name of one lint rule: name each by itself"
    names = [*(name for rule in rules for name in (rule.name, rule.id)), *SCOPES]
    return f"there is no lint rule {starred(written)!r}{did_you_mean(written, names)}"


def usable(section: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the section `lint` if it fits its schema, else an empty one."""
    if section and any(check("config", {"version": 1, "lint": section})):
        return {}
    return section


def setting_problems(
    section: Mapping[str, Any], rules: Sequence[Rule], place: Place
) -> Iterator[Problem]:
    """Yield a problem for each name of the section `lint` that means no rule, and bad patterns."""
    yield from _in_section(section, rules, place, ("lint",))
    for pattern, item in section.get("paths", {}).items():
        path = ("lint", "paths", pattern)
        yield from _in_section(item, rules, place, path)
        for error in read_rules([pattern])[1].values():
            yield Problem(place(*path), "bad-pattern", f"lint.paths: {starred(pattern)!r} {error}")


def unused_paths(
    section: Mapping[str, Any], files: Iterable[str], place: Place
) -> Iterator[Problem]:
    """Yield a warning for each pattern of `lint.paths` that matches none of all files."""
    files = list(files)
    for pattern in section.get("paths", {}):
        rules, _ = read_rules([pattern])
        if rules and not any(rule.matcher(file) for rule in rules.values() for file in files):
            message = f"lint.paths: {starred(pattern)!r} matches no file: correct or remove it"
            source = place("lint", "paths", pattern)
            yield Problem(source, "unused-path", message, Severity.WARNING)


def _in_section(
    section: Mapping[str, Any], rules: Sequence[Rule], place: Place, path: tuple[str, ...]
) -> Iterator[Problem]:
    written = [
        (name, place(*path, option, number))
        for option in ("select", "ignore")
        for number, name in enumerate(section.get(option, ()))
    ]
    written += [(n, place(*path, "severity", n)) for n in section.get("severity", {})]
    for name, source in written:
        if not any(matches(rule, name) for rule in rules):
            yield Problem(source, "unknown-rule", unknown_rule(name, rules))
