"""Writes problems in files as text for people. Imports little: validate and lint start fast."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from devinops.model.objects import Problem, Severity
from devinops.render import MIN_WIDTH, Style, counted
from devinops.render.answers import Excerpt, LintDetails, ProblemsAnswer
from devinops.render.escape import line
from devinops.render.terminal import Look, Span, Terminal, columns

MAX_EXCERPT_COLUMNS = 120
MAX_REPEATS = 10
_SEVERITIES = {
    Severity.ERROR: Look.ERROR,
    Severity.WARNING: Look.WARNING,
    Severity.INFO: Look.MOVED,
}


def render(answer: ProblemsAnswer, style: Style) -> Iterator[str]:
    """Yield the lines of an answer, each with its line end."""
    for text in ProblemText(Terminal(style.color, style.width), style.full).problems(answer):
        yield f"{text}\n"


class ProblemText(NamedTuple):
    """Writes problems in a terminal; `full` also those that are only counted otherwise."""

    terminal: Terminal
    full: bool = False

    def problem(self, problem: Problem, indent: int = 0, name: str = "") -> Iterator[str]:
        """Yield one problem as `path:line:column: error: message [code name]`."""
        yield from self.terminal.row(
            Span(line(str(problem.source)), strong=True),
            ": ",
            Span(problem.severity.value, _SEVERITIES[problem.severity], strong=True),
            f": {line(problem.message)} ",
            Span(f"[{problem.code} {name}]" if name else f"[{problem.code}]", Look.DIM),
            indent=indent,
            hang=indent + 4,
        )

    def problems(self, document: ProblemsAnswer) -> Iterator[str]:
        """Yield the lines of the problems in the files; the last one holds the counts."""
        lint = document.lint or LintDetails({})
        deciding, informing = parted(document.problems, lint)
        if informing and self.full:
            yield from self._findings(informing, lint)
            yield from self.terminal.row(f"The above is in {unchanged(lint)}.", hang=2)
        yield from self._findings(deciding, lint)
        text, look = checked(document)
        shown = without_repeats(deciding, lint)
        if len(shown) < len(document.problems) and not self.full:
            text += "; -v shows each"
        yield from self.terminal.row(Span(line(text), look, strong=True), hang=2)

    def _findings(self, problems: Sequence[Problem], lint: LintDetails) -> Iterator[str]:
        for problem in problems if self.full else without_repeats(problems, lint):
            rule = lint.rules.get(problem.code)
            yield from self.problem(problem, name=rule.name if rule else "")
            if problem in lint.excerpts:
                excerpt = lint.excerpts[problem]
                yield from self._excerpt(excerpt, problem.source.line, problem.severity)
            if (more := repeated(problem, lint)) and not self.full:
                yield from self.terminal.row(Span(more, Look.DIM), indent=6, hang=6)

    def _excerpt(self, excerpt: Excerpt, number: int, severity: Severity) -> Iterator[str]:
        """Yield the line that a problem is about, and carets below the characters."""
        margin = f"{number:>5} | "
        width = max((self.terminal.width or MAX_EXCERPT_COLUMNS) - len(margin), MIN_WIDTH // 2)
        before, marked, after = _excerpt_parts(excerpt, width)
        look = _SEVERITIES[severity]
        yield from self._unwrapped(Span(margin, Look.DIM), before, Span(marked, look), after)
        carets = "^" * max(columns(marked), 1)
        yield from self._unwrapped(
            Span(f"{'|':>7} ", Look.DIM), " " * columns(before), Span(carets, look)
        )

    def _unwrapped(self, *parts: Span | str) -> Iterator[str]:
        yield from self.terminal._replace(width=None).row(*parts)


def parted(problems: Iterable[Problem], lint: LintDetails) -> tuple[list[Problem], list[Problem]]:
    """Return the problems that decide on the exit code, and those that only inform."""
    parts: tuple[list[Problem], list[Problem]] = [], []
    for problem in problems:
        parts[problem in lint.informing].append(problem)
    return parts


def unchanged(lint: LintDetails) -> str:
    """Return which entries the findings that only inform are about."""
    return f"entries that did not change since {lint.since}"


def without_repeats(problems: Iterable[Problem], lint: LintDetails) -> list[Problem]:
    """Return the problems that are shown; see `repeated` for the others."""
    others = {other for repeats in lint.repeats.values() for other in repeats}
    return [problem for problem in problems if problem not in others]


def repeated(problem: Problem, lint: LintDetails) -> str:
    """Return how often its rule finds more in the file or the same elsewhere; may be empty."""
    others = lint.repeats.get(problem, ())
    here = [other.source.line for other in others if other.source.path == problem.source.path]
    lines = list(dict.fromkeys(map(str, here)))
    if len(lines) > MAX_REPEATS:
        lines[MAX_REPEATS:] = ["…"]
    on = "line" if len(lines) == 1 else "lines"
    more = f"and {len(here)} more, on {on} {', '.join(lines)}" if here else ""
    elsewhere = len(others) - len(here)
    same = f"and the same {counted(elsewhere, 'time', 'times')} in other files" if elsewhere else ""
    return "; ".join(filter(None, (more, same)))


def checked(document: ProblemsAnswer) -> tuple[str, Look]:
    """Return the last line about the problems in files, and what it means."""
    lint = document.lint or LintDetails({})
    problems, informing = parted(document.problems, lint)
    if lint.since:
        paths = document.paths or (f"entries that changed since {lint.since}",)
        document = document._replace(problems=problems, paths=paths)
    more = _beside(document, lint, len(informing))
    unread = f"not read by devinops: {', '.join(document.unread)}" if document.unread else ""
    if unread and not (document.problems or document.paths):
        return f"{unread}{more}", Look.PLAIN
    more += f"; {unread}" if unread else ""
    if document.problems:
        severities = {problem.severity for problem in document.problems}
        look = _SEVERITIES[next(s for s in Severity if s in severities)]
        return f"{problem_counts(document.problems)}{more}", look
    if document.paths:
        return f"no problems in {', '.join(document.paths)}{more}", Look.GOOD
    entries = counted(document.entries, "entry", "entries")
    return f"{entries} in {counted(document.files, 'file')}, no problems{more}", Look.GOOD


def _beside(document: ProblemsAnswer, lint: LintDetails, informing: int) -> str:
    """Return what there is beside the problems that decide, each after a semicolon."""
    are_gone, them = ("is gone", "it") if lint.gone == 1 else ("are gone", "them")
    gone = f"{lint.gone} of the baseline {are_gone} (--write-baseline removes {them})"
    counts = (
        (informing, f"{informing} in {unchanged(lint)}"),
        (document.elsewhere, f"{document.elsewhere} elsewhere, not shown"),
        (lint.fixed, f"{lint.fixed} fixed"),
        (lint.baseline, f"{lint.baseline} in the baseline"),
        (lint.gone, gone),
    )
    return "".join(f"; {text}" for number, text in counts if number)


def _excerpt_parts(excerpt: Excerpt, width: int) -> tuple[str, str, str]:
    """Return a line before, at and after the marked characters, safe and cut to `width` columns."""
    start, end = excerpt.column - 1, excerpt.column - 1 + max(excerpt.length, 1)
    shown = excerpt.line.expandtabs(1)
    # No more than fits, because a long text would be cut off at its end.
    before, after = line(shown[:start].lstrip()[-width:]), line(shown[end:].rstrip())
    marked = line(shown[start:end]) or " "
    if len(before) + len(marked) > width and len(before) > width // 3:
        before = f"…{before[1 - width // 3 :]}"
    marked = _cut(marked, width - len(before))
    return before, marked, _cut(after, width - len(before) - len(marked))


def quoted(problem: Problem, lint: LintDetails) -> str:
    """Return the line that a problem is about, cut to a moderate width; empty if not known."""
    excerpt = lint.excerpts.get(problem)
    return "".join(_excerpt_parts(excerpt, MAX_EXCERPT_COLUMNS)).strip() if excerpt else ""


def _cut(text: str, width: int) -> str:
    if len(text) <= width:
        return text
    return f"{text[: width - 1]}…" if width > 0 else ""


def problem_counts(problems: Iterable[Problem]) -> str:
    """Return such as `2 errors, 1 warning in 2 files`."""
    problems = list(problems)
    by_severity = Counter(problem.severity for problem in problems)
    files = len({problem.source.path for problem in problems})
    infos = by_severity[Severity.INFO]
    return (
        f"{counted(by_severity[Severity.ERROR], 'error')}, "
        f"{counted(by_severity[Severity.WARNING], 'warning')}"
        f"{f', {infos} info' if infos else ''} in {counted(files, 'file')}"
    )
