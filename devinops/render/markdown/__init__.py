"""Writes answers as Markdown for pull and merge requests, below the limit of a comment.

The first line of a document about a target, and of one about a failure, is its marker: see
`devinops/render/comment_marker.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from devinops.render import Style, answers
from devinops.render.escape import line
from devinops.render.markdown.budget import fitting
from devinops.render.markdown.escape import fenced
from devinops.render.markdown.page import MarkdownPage
from devinops.render.markdown.run import document_of, run_document
from devinops.render.problem_report import failure_report, problems_report
from devinops.render.run_report import report_of


def render(answer: answers.Answer, style: Style) -> Iterator[str]:
    """Yield an answer as one Markdown document of at most `style.limit` bytes."""
    page = MarkdownPage(style)
    match answer:
        case answers.RunAnswer():
            # A document is read alone, and a comment after those of other runs.
            return run_document(page, report_of(answer._replace(is_alone=True), style))
        case answers.ProblemsAnswer():
            return document_of(page, problems_report(answer, page.style))
        case answers.ReportAnswer():
            return document_of(page, answer.public)
        case answers.Failure():
            marker = page.failure_marker(answer.target)
            return document_of(page, failure_report(answer), f"{marker}\n")
        case answers.SimpleAnswer() | answers.RolloutAnswer():
            return _simple(page, answer.lines)


def _simple(page: MarkdownPage, lines: Sequence[str]) -> Iterator[str]:
    """Yield lines in a fence, as many as fit."""
    rows = [line(text, 2_000) for text in lines]
    # The backticks of a line can make both fences longer.
    longest = 2 * max((row.count("`") for row in rows), default=0)
    most = page.limit - longest - 100
    yield f"{fenced(fitting(rows, len(rows), most, lambda left: f'… and {left} more lines'))}\n"
