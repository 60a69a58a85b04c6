"""Applies fixes that keep the meaning: they delete invisible characters.

An invisible character can keep its neighbors from being syntax: without it, `#` can begin a
comment, and `true` is no longer text. So the new text is read again, and a fix that changes
anything else is left to a person.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from devinops import atomic
from devinops.lint.engine import Reported
from devinops.lint.markdown import Markdown
from devinops.load import Loaded, read_entries
from devinops.load.discover import unified
from devinops.model.errors import NotWritten
from devinops.model.hidden import ZERO_WIDTH
from devinops.model.objects import Declaration, Source
from devinops.model.values import canonical_text

_INVISIBLE: Final = dict.fromkeys(map(ord, ZERO_WIDTH))


def apply(root: Path, reports: Iterable[Reported], loaded: Loaded) -> int:
    """Delete the characters of the findings that can be fixed, and return how many were.

    `loaded` are all entries. Raises NotWritten.
    """
    by_file: defaultdict[Path, list[Reported]] = defaultdict(list)
    for report in reports:
        if report.finding.fix:
            # A path can be a link to a file in the root.
            by_file[(root / report.problem.source.path).resolve()].append(report)
    texts = set(map(Path, loaded.bodies)) & by_file.keys()
    # Of such a file, a name of one entry is the text of another.
    both = {(root / path).resolve() for path in loaded.files} & texts if texts else set()
    fixed = 0
    for path in by_file.keys() - both:
        place = by_file[path][0].problem.source.path
        meaning = _meaning_of_text if path in texts else partial(_meaning, place)
        fixed += _rewrite(path, by_file[path], meaning)
    return fixed


class _Deletion(NamedTuple):
    line: int
    column: int
    characters: str


Meaning = Callable[[str], Any]
"""The text of a file → what is equal if two texts differ by nothing but invisible characters."""


def _rewrite(path: Path, reports: Iterable[Reported], meaning: Meaning) -> int:
    with path.open(encoding="utf-8", newline="") as file:
        before = file.read()
    wanted = {(report.problem.source, report.finding.fix) for report in reports}
    # From the end, so that the positions of the others stay.
    deletions = sorted((_Deletion(at.line, at.column, fix) for at, fix in wanted), reverse=True)
    after, fixed = _without(before, deletions, meaning)
    if fixed:
        _write(path, after)
    return fixed


def _without(before: str, deletions: Sequence[_Deletion], meaning: Meaning) -> tuple[str, int]:
    """Return a text without these characters as far as it means the same; how many are deleted."""
    after, fixed = _deleted(before, deletions)
    if not fixed or meaning(unified(after)) == meaning(unified(before)):
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
        resource=dataclasses.replace(resource, **visible), source=Source(""), places={}
    )
    return rest, [_meaning_of_text(text) for text in written.values()]


def _meaning_of_text(text: str) -> Any:
    """Return what a text says, and where its blocks, code and links are."""
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


def _write(path: Path, text: str) -> None:
    try:
        atomic.check_writable(path)
        atomic.replace(path, [text])
    except OSError as error:
        raise NotWritten(f"--fix cannot write {path}: {atomic.reason(error)}") from error
