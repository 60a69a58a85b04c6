"""Applies fixes that keep the meaning: they delete invisible characters.

An invisible character can keep its neighbors from being syntax: without it, `#` can begin a
comment, and `true` is no longer text. So the new text is read again, and a fix that changes
anything else is left to a person.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from devinops import atomic
from devinops.lint.engine import Reported
from devinops.lint.markdown import Markdown
from devinops.load import TextFiles, read_entries
from devinops.load.discover import File, with_lf
from devinops.model.grouping import grouped
from devinops.model.invisible_characters import ZERO_WIDTH
from devinops.model.objects import Declaration, Problem, Source
from devinops.model.values import canonical_text

_REASON: Final = "--fix leaves it, because the text could mean something else without it"
_INVISIBLE: Final = dict.fromkeys(map(ord, ZERO_WIDTH))


class Fixed(NamedTuple):
    """How many findings were fixed, and problems of the files that stay as they are."""

    findings: int = 0
    problems: tuple[Problem, ...] = ()


def apply(
    root: Path, reports: Iterable[Reported], entries: Iterable[File], texts: TextFiles
) -> Fixed:
    """Delete the characters of the findings that can be fixed.

    `entries` are all files with entries, and `texts` their texts, whether they are checked or not.
    """
    # A path can be a link to a file in the root.
    by_file = grouped(
        (os.path.realpath(root / report.problem.source.path), report)
        for report in reports
        if report.finding.fix
    )
    reals = {file.real for file in entries}
    count, problems = 0, []
    for real in sorted(by_file):
        path = by_file[real][0].problem.source.path
        objection = texts.objection(real) if real in reals else ""
        if not objection:
            meaning = partial(_meaning, path) if real in reals else _meaning_of_text
            try:
                count += _rewrite(Path(real), by_file[real], meaning)
            except OSError as error:
                objection = f"cannot write this file: {atomic.reason(error)}"
        if objection:
            problems.append(Problem(Source(path), "not-fixed", objection))
    return Fixed(count, tuple(problems))


def with_reason(report: Reported, fixed: Fixed) -> Reported:
    """Return a report that is left; if no problem of its file says why, its message does."""
    problem = report.problem
    if not report.rule.fixable or problem.source.path in {p.source.path for p in fixed.problems}:
        return report
    message = f"{problem.message}; {_REASON}"
    return report._replace(problem=problem._replace(message=message))


_Deletion = tuple[int, int, str]
"""Line and column of characters, and the characters."""

Meaning = Callable[[str], Any]
"""The text of a file → what is equal if two texts differ by nothing but invisible characters."""


def _rewrite(path: Path, reports: Iterable[Reported], meaning: Meaning) -> int:
    """Fix a file, and return how many findings that were. Raises OSError."""
    with path.open(encoding="utf-8", newline="") as file:
        before = file.read()
    expected = {(report.problem.source, report.finding.fix) for report in reports}
    # From the end, so that the positions of the others stay.
    deletions = sorted(((at.line, at.column, fix) for at, fix in expected), reverse=True)
    after, fixed = _without(before, deletions, meaning)
    if fixed:
        atomic.check_writable(path)
        atomic.replace(path, [after], check=partial(atomic.check_unchanged, path, before))
    return fixed


def _without(before: str, deletions: Sequence[_Deletion], meaning: Meaning) -> tuple[str, int]:
    """Return a text without these characters as far as it means the same; how many are deleted."""
    after, fixed = _deleted(before, deletions)
    if not fixed or meaning(with_lf(after)) == meaning(with_lf(before)):
        return after, fixed
    if len(deletions) == 1:
        return before, 0
    half = len(deletions) // 2
    after, last = _without(before, deletions[:half], meaning)
    after, first = _without(after, deletions[half:], meaning)
    return after, first + last


def _deleted(text: str, deletions: Iterable[_Deletion]) -> tuple[str, int]:
    lines = text.split("\n")
    mark = len(lines[0]) - len(lines[0].removeprefix("\ufeff"))
    fixed = 0
    for line, column, characters in deletions:
        start = column - 1 + (mark if line == 1 else 0)
        row = lines[line - 1] if line <= len(lines) else ""
        # An escape such as "\u200b" in YAML is left to a person.
        if row.startswith(characters, start):
            lines[line - 1] = row[:start] + row[start + len(characters) :]
            fixed += 1
    return "\n".join(lines), fixed


def _meaning(path: str, text: str) -> Any:
    """Return what a file with entries means."""
    declarations, problems = read_entries(path, text, body_at=lambda beside: beside)
    return (
        [_meaning_of_entry(declaration) for declaration in declarations],
        [(problem.code, problem.source.line, problem.message) for problem in problems],
    )


def _meaning_of_entry(declaration: Declaration) -> Any:
    resource = declaration.resource
    prose = {attribute.name for attribute in declaration.kind.attributes if attribute.text}
    written = {
        name: value for name, value in resource.items() if name in prose and isinstance(value, str)
    }
    visible: dict[str, Any] = {name: _visible(text) for name, text in written.items()}
    rest = declaration._replace(
        resource=dataclasses.replace(resource, **visible), source=Source(""), sources={}
    )
    return rest, [_meaning_of_text(text) for text in written.values()]


def _meaning_of_text(text: str) -> Any:
    """Return what the text says, and where its blocks, code and links are."""
    markdown = Markdown(canonical_text(text))
    inline = markdown.inline
    spans = (*inline.code, *inline.comments, *inline.targets)
    return (
        _visible(text),
        [(b.leaf, b.fence, _visible(markdown.text[b.start : b.end])) for b in markdown.blocks],
        [_visible(markdown.text[start:end]) for start, end in spans],
    )


def _visible(text: str) -> str:
    return canonical_text(text.translate(_INVISIBLE))
