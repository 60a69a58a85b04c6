"""Writes answers as one HTML page: with search, filters and diffs, and without any network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from devinops.render import Style, answers
from devinops.render.html.markup import preformatted, text
from devinops.render.html.page import HtmlPage, write
from devinops.render.html.run import report_page
from devinops.render.html.waves import rollout_page
from devinops.render.problem_report import failure_report, problems_report
from devinops.render.run_report import report_of
from devinops.render.terminal import Look


def render(answer: answers.Answer, style: Style) -> Iterator[str]:
    """Yield the page of an answer in pieces."""
    page = _page(answer, style)
    root = [("Root", style.below)] if style.below else []
    return write(replace(page, facts=[*root, *page.facts]))


def _page(answer: answers.Answer, style: Style) -> HtmlPage:
    match answer:
        case answers.RunAnswer():
            # A page is read alone, without the plan.
            return report_page(report_of(answer._replace(is_alone=True), style), style)
        case answers.ProblemsAnswer():
            return report_page(problems_report(answer, style), style)
        case answers.Failure():
            return report_page(failure_report(answer), style)
        case answers.ReportAnswer():
            return report_page(answer.public, style)
        case answers.RolloutAnswer():
            return rollout_page(answer, style.flags)
        case answers.SimpleAnswer():
            lines = preformatted(list(map(text, answer.lines)), class_="text")
            return HtmlPage("devinops", "devinops", text("Output"), Look.PLAIN, ending=lines)
