"""Runs lint rules over entries, applies exceptions and settings, and sorts the findings. Pure."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache, partial
from typing import Final, NamedTuple

from devinops.lint.rule import Exceptions, Rule, matches
from devinops.lint.settings import LintSettings, severity_of
from devinops.lint.subject import Context, LintFinding
from devinops.load.globs import read_patterns
from devinops.model.credentials import starred
from devinops.model.invisible_characters import bare
from devinops.model.objects import Problem, Severity

Content = tuple[str, ...]
"""What the fingerprint of a finding is made from, without secrets."""

RuleFinding = tuple[Rule, LintFinding]

_CONTINUED: Final = r"""(?:[^\x00-\x7f]+[^\x00-\x20"'`<>|\x7f-\U0010ffff]+)*"""
"""The rest of a secret, if it goes on after characters outside ASCII that broke it in two."""


class Reported(NamedTuple):
    """A finding that is shown.

    `line` is the line of the file, with stars in place of secrets; None if it must not be shown,
    or if a secret in the file has escapes, so that stars cannot replace it.
    `contents` has one item for each entry that shares the text: the id of the rule, the entry, and
    the lines of its text or the other entry. Equal contents give equal fingerprints.
    """

    problem: Problem
    rule: Rule
    finding: LintFinding
    line: str | None
    contents: tuple[Content, ...]
    fingerprints: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        return self.fingerprints[0]

    @property
    def paths(self) -> set[str]:
        """The files of the entries that are concerned, and the file of the position."""
        entries = self.finding.entries
        texts = {entry.text_file for entry in entries} - {""}
        return {self.problem.source.path, *(entry.source.path for entry in entries), *texts}


def check(context: Context, settings: LintSettings, rules: Sequence[Rule]) -> list[Reported]:
    """Return the findings of the selected rules, sorted by position."""
    return _LintRun(context, settings, rules).reported()


class _LintRun:
    def __init__(self, context: Context, settings: LintSettings, rules: Sequence[Rule]) -> None:
        self.context = context
        self.settings = settings
        self.rules = rules
        self.selected = settings.selected(rules)
        self.exceptions = {
            subject.declaration.source: Exceptions(subject, rules, context.today)
            for subject in context.subjects
            if subject.declaration.lint
        }
        self.paths = [
            (path_settings, pattern.matcher)
            for path_settings in settings.paths
            for pattern in read_patterns([path_settings.pattern])[0].values()
        ]
        self.files_not_quoted: set[str] = set()

    def reported(self) -> list[Reported]:
        # Each use of an exception must be noted before the rules about exceptions run.
        pairs = [item for item in self._findings() if not self._is_exception(*item)]
        pairs += self._about_exceptions()
        shown = [(r, finding) for r, finding in pairs if not self._is_ignored(r, _paths(finding))]
        secrets = list(self._secrets([finding for _, finding in shown]))
        self.files_not_quoted = set(self._with_escaped_secrets(secrets))
        secret_lines = _secret_lines(finding.secret for finding in secrets)
        # Cached: a line can be long, and have many findings.
        conceal = cache(partial(_conceal, secret_lines))
        reports = [self._report(rule, finding, conceal) for rule, finding in shown]
        reports.sort(key=lambda report: report.problem)
        return _with_fingerprints(_merged(reports))

    def _findings(self) -> Iterator[RuleFinding]:
        for rule in self.selected:
            if rule.entry:
                for subject in self.context.subjects:
                    yield from ((rule, finding) for finding in rule.entry(subject, self.context))
            if rule.repository:
                yield from ((rule, finding) for finding in rule.repository(self.context))

    def _secrets(self, findings: Iterable[LintFinding]) -> Iterator[LintFinding]:
        """Yield the secrets in the entries of these findings, whichever rules are selected."""
        concerned = {entry.source for finding in findings for entry in finding.entries}
        detectors = [rule.entry for rule in self.rules if rule.finds_secrets and rule.entry]
        for subject in self.context.subjects:
            if subject.declaration.source in concerned:
                for detector in detectors:
                    yield from detector(subject, self.context)

    def _with_escaped_secrets(self, secrets: Iterable[LintFinding]) -> Iterator[str]:
        """Yield the files in which a secret has escapes, so that it cannot be recognized there."""
        for finding in secrets:
            lines = self.context.repository.lines(finding.source.path)
            first, *further = finding.secret.split("\n")
            # If the lengths differ, the position is that of a field that contains the secret.
            if finding.length == len(first):
                index, column = finding.source.line - 1, finding.source.column - 1
                is_there = any(line.startswith(first, column) for line in lines[index : index + 1])
            else:
                is_there = any(first in line for line in lines)
            if not is_there or not all(any(part in line for line in lines) for part in further):
                yield finding.source.path

    def _is_exception(self, rule: Rule, finding: LintFinding) -> bool:
        """Return whether an entry of the finding has an exception. Each exception notes its use."""
        covers = [
            self.exceptions[entry.source].cover(rule)
            for entry in finding.entries
            if entry.source in self.exceptions
        ]
        return any(covers)

    def _about_exceptions(self) -> Iterator[RuleFinding]:
        for rule in self.selected:
            if not rule.exceptions:
                continue
            for exceptions in self.exceptions.values():
                path = exceptions.subject.path
                ran = [other for other in self.selected if not self._is_ignored(other, {path})]
                yield from ((rule, finding) for finding in rule.exceptions(exceptions, ran))

    # settings by path

    def _is_ignored(self, rule: Rule, paths: Collection[str]) -> bool:
        return any(
            matches(rule, selector)
            for settings, matcher in self.paths
            if any(map(matcher, paths))
            for selector in settings.ignore
        )

    def _severity(self, rule: Rule, paths: Collection[str]) -> Severity:
        by_path: dict[str, Severity] = {}
        for settings, matcher in self.paths:
            if any(map(matcher, paths)):
                by_path |= settings.severity
        configured = severity_of(rule, by_path) or severity_of(rule, self.settings.severity)
        return configured or rule.severity

    # reports

    def _report(self, rule: Rule, finding: LintFinding, conceal: Callable[[str], str]) -> Reported:
        source, message = finding.source, conceal(finding.message)
        problem = Problem(source, rule.id, message, self._severity(rule, _paths(finding)))
        line = None
        is_confidential = any(entry.kind.confidential for entry in finding.entries)
        if not is_confidential and source.path not in self.files_not_quoted:
            lines = self.context.repository.lines(source.path)[source.line - 1 : source.line]
            line = conceal(lines[0]) if lines else None
        # An entry that moves to another folder keeps its known findings.
        about = sorted(f"{entry.key.kind}:{entry.key.name}" for entry in finding.entries)
        if len(about) == 1:
            about.append(conceal(finding.content).strip())
        return Reported(problem, rule, finding, line, ((rule.id, *about),))


def _paths(finding: LintFinding) -> set[str]:
    """Return the files whose settings apply: that of the position, and that of the first entry."""
    return {finding.source.path, *(entry.source.path for entry in finding.entries[:1])}


def _conceal(secrets: Sequence[str], text: str) -> str:
    """Return a text of the same length, with stars in place of secrets.

    A secret may have invisible characters in it.
    """
    text = _starred(secrets, text)
    visible = bare(text)
    if visible.text == text:
        return text
    chars = list(text)
    for position, char in zip(visible.positions, _starred(secrets, visible.text), strict=True):
        chars[position] = char
    return "".join(chars)


def _starred(secrets: Sequence[str], text: str) -> str:
    for secret in secrets:
        if secret in text:
            text = re.sub(re.escape(secret) + _CONTINUED, lambda match: "*" * len(match[0]), text)
    return starred(text)


def _secret_lines(secrets: Iterable[str]) -> list[str]:
    """Return the lines of the secrets, the longest first: a short one may be a part of another."""
    spellings = (spelling for secret in secrets for spelling in (secret, bare(secret).text))
    lines = {line for spelling in spellings for line in spelling.split("\n")}
    lines = {line for line in lines if any(map(str.isalnum, line))}
    return sorted(lines, key=lambda line: (-len(line), line))


def _merged(reports: Sequence[Reported]) -> list[Reported]:
    """Return sorted reports, only one for what several entries share, such as a `body_file`."""
    merged: list[Reported] = []
    for report in reports:
        last = merged[-1] if merged else None
        is_shared = last and last.finding.content == report.finding.content
        if not last or not is_shared or last.problem != report.problem:
            merged.append(report)
            continue
        entries = {
            entry.source: entry for entry in (*last.finding.entries, *report.finding.entries)
        }
        finding = dataclasses.replace(last.finding, entries=tuple(entries.values()))
        contents = tuple(sorted({*last.contents, *report.contents}))
        merged[-1] = last._replace(finding=finding, contents=contents)
    return merged


def _with_fingerprints(reports: Sequence[Reported]) -> list[Reported]:
    """Return the reports with fingerprints, which differ for equal findings in one entry."""
    if not reports:
        return []
    # Imported late: it loads OpenSSL, which a run without findings does not need.
    import hashlib

    earlier: Counter[Content] = Counter()
    hash_of = cache(lambda content: hashlib.sha256("\0".join((*content, "")).encode()))

    def fingerprint(content: Content) -> str:
        content_and_number = hash_of(content).copy()
        content_and_number.update(str(earlier[content]).encode())
        earlier[content] += 1
        return str(content_and_number.hexdigest()[:16])

    return [
        report._replace(fingerprints=tuple(map(fingerprint, report.contents))) for report in reports
    ]
