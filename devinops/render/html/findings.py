"""The pages of problems, and of how a plan differs from the reviewed one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from devinops.model.objects import Problem
from devinops.render import Style, counted
from devinops.render.answers import Differences, Failure, LintDetails
from devinops.render.differences import difference_blocks
from devinops.render.findings import NO_LINT, by_rule
from devinops.render.html.markup import prose, tag, text
from devinops.render.html.page import HtmlPage, HtmlSection, notice
from devinops.render.html.rows import Rows
from devinops.render.html.run import MOST_OPEN, row_facets, section, with_ids
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
    blocks = [*with_ids(difference_blocks(differences))]
    changes = [row for block in blocks for row in block.rows]
    rows = Rows(style, len(changes) <= MOST_OPEN)
    return HtmlPage(
        title=f"The plan is no longer what was reviewed: {differences}",
        about="The plan is no longer what was reviewed",
        verdict=text(str(differences)),
        look=Look.WAITING,
        facets=[*row_facets(changes, rows)],
        sections=[section(block, rows) for block in blocks],
    )
