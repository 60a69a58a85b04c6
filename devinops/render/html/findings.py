"""The pages of problems, and of how a plan differs from the reviewed one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from devinops.model.changes import Change
from devinops.model.objects import Problem
from devinops.render import Style, counted
from devinops.render.answers import Differences, Failure, LintDetails
from devinops.render.by_change import change_row
from devinops.render.findings import NO_LINT, by_rule
from devinops.render.html.markup import prose, tag, text
from devinops.render.html.page import HtmlPage, HtmlSection, notice
from devinops.render.html.rows import Rows
from devinops.render.html.run import MOST_OPEN, row_facets
from devinops.render.problem_text import without_repeats
from devinops.render.report import Row
from devinops.render.terminal import Look


def failure_page(answer: Failure, style: Style) -> HtmlPage:
    """Return the page of a run that failed."""
    error = notice("Error", [tag("p", prose(answer.error))], Look.ERROR)
    number = len(answer.problems)
    verdict = f"Failed: {counted(number, 'problem')} in the files" if number else "Failed"
    page = problems_page("devinops", verdict, Look.ERROR, answer.problems, style)
    return replace(page, title=f"devinops: {answer.error}", notices=[error])


def problems_page(
    subject: str,
    verdict: str,
    look: Look,
    problems: Sequence[Problem],
    style: Style,
    lint: LintDetails | None = None,
) -> HtmlPage:
    """Return the page of problems, by file; those that lint found by rule."""
    groups: Iterable[tuple[str, Iterable[Problem]]]
    groups = groupby(problems, key=lambda problem: problem.source.path)
    if lint:
        groups = by_rule(problems, lint)
    rows = Rows(style, lint=lint or NO_LINT)
    shown = without_repeats(problems, rows.lint)
    return HtmlPage(
        title=f"{subject}: {verdict}",
        about=subject,
        verdict=text(verdict),
        look=look,
        facets=[*row_facets((Row(problem=problem) for problem in shown), rows)],
        sections=(
            HtmlSection(title, (rows.item(Row(problem=problem)) for problem in group), "")
            for title, group in groups
        ),
    )


def differences_page(differences: Differences, style: Style) -> HtmlPage:
    """Return the page of how a plan differs from the reviewed one."""
    sections = [*_differences(differences)]
    changes = [row for *_, listed in sections for row in listed]
    rows = Rows(style, len(changes) <= MOST_OPEN)
    return HtmlPage(
        title=f"The plan is no longer what was reviewed: {differences}",
        about="The plan is no longer what was reviewed",
        verdict=text(str(differences)),
        look=Look.WAITING,
        facets=[*row_facets(changes, rows)],
        sections=[
            HtmlSection(title, map(rows.item, listed), hint) for title, hint, listed in sections
        ],
    )


def _differences(differences: Differences) -> Iterator[tuple[str, str, list[Row]]]:
    """Yield the title and the hint of each section, and its rows."""
    for title, hint, changes in (
        ("New", "not in the reviewed plan", differences.new),
        ("Held back", "in the reviewed plan, but blocked or kept now", differences.held),
        ("Gone", "in the reviewed plan, but not in the plan now", differences.gone),
    ):
        if changes:
            yield title, hint, [*_rows(changes, title.split()[0].lower())]
    for number, pair in enumerate(differences.differing, 1):
        title = f"Different: {pair[1].key}"
        yield title, "first as reviewed, then as it is now", [*_rows(pair, f"different-{number}")]


def _rows(changes: Iterable[Change], prefix: str) -> Iterator[Row]:
    for number, change in enumerate(changes, 1):
        ids = (change.id,) if change.id else ()
        yield change_row(change)._replace(id=f"{prefix}-{number}", ids=ids)
