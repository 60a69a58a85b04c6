"""Applies the fixes that change no meaning: it deletes characters that nobody sees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from devinops import atomic
from devinops.lint.engine import Reported
from devinops.model.errors import NotWritten


def apply(root: Path, reports: Iterable[Reported]) -> int:
    """Delete the characters of the findings that can be fixed, and return how many were.

    Raises NotWritten.
    """
    by_file: defaultdict[Path, list[Reported]] = defaultdict(list)
    for report in reports:
        if report.finding.fix:
            # A path can be a link to a file in the root.
            by_file[(root / report.problem.source.path).resolve()].append(report)
    return sum(_rewrite(path, in_file) for path, in_file in by_file.items())


def _rewrite(path: Path, reports: Iterable[Reported]) -> int:
    with path.open(encoding="utf-8", newline="") as file:
        lines = file.read().split("\n")
    mark = len(lines[0]) - len(lines[0].removeprefix("\ufeff"))
    fixed = 0
    for report in sorted(reports, key=lambda report: report.problem.source, reverse=True):
        source, unwanted = report.problem.source, report.finding.fix
        start = source.column - 1 + (mark if source.line == 1 else 0)
        row = lines[source.line - 1] if source.line <= len(lines) else ""
        # An escape such as "\u200b" in YAML is left to a person.
        if row.startswith(unwanted, start):
            lines[source.line - 1] = row[:start] + row[start + len(unwanted) :]
            fixed += 1
    if fixed:
        _write(path, "\n".join(lines))
    return fixed


def _write(path: Path, text: str) -> None:
    try:
        atomic.check_writable(path)
        atomic.replace(path, [text])
    except OSError as error:
        raise NotWritten(f"--fix cannot write {path}: {atomic.reason(error)}") from error
