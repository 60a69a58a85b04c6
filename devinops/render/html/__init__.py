"""Writes answers as one HTML page: with search, filters and diffs, and without any network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from devinops.applying.report import ApplyReport
from devinops.planning.plan import SavedPlan
from devinops.render import Style, answers
from devinops.render.html import run
from devinops.render.html.findings import differences_page, drift_page, failure_page, problems_page
from devinops.render.html.markup import preformatted, text
from devinops.render.html.page import HtmlPage, write
from devinops.render.html.plan import plan_page
from devinops.render.html.report import report_page
from devinops.render.html.waves import rollout_page
from devinops.render.problem_text import checked
from devinops.render.run_report import report_of
from devinops.render.terminal import Look


def render(answer: answers.Answer | answers.RunAnswer, style: Style) -> Iterator[str]:
    """Yield the page of an answer in pieces."""
    page = _page(answer, style)
    root = [("Root", style.below)] if style.below else []
    return write(replace(page, facts=[*root, *page.facts]))


def _page(answer: answers.Answer | answers.RunAnswer, style: Style) -> HtmlPage:
    job = style.job
    match answer:
        case answers.PlanAnswer(plan, _, error, _, command, lint):
            return plan_page(plan, style, error=error, command=command, lint=lint)
        case SavedPlan():
            return plan_page(answer, style)
        case ApplyReport():
            return report_page(answer, style)
        case answers.RunAnswer():
            return run.report_page(report_of(answer, style), style)
        case answers.FleetAnswer():
            return run.report_page(report_of(answers.RunAnswer(*answer), style), style)
        case answers.ProblemsAnswer():
            sentence, look = checked(answer)
            return problems_page("Files", sentence, look, answer.problems, job, answer.lint)
        case answers.Failure():
            return failure_page(answer, job)
        case answers.DriftAnswer():
            return drift_page(answer, style)
        case answers.Differences():
            return differences_page(answer, job)
        case answers.RolloutAnswer():
            return rollout_page(answer, style.flags)
        case answers.SimpleAnswer():
            lines = preformatted(list(map(text, answer.lines)), class_="text")
            return HtmlPage("devinops", "devinops", text("Output"), Look.PLAIN, ending=lines)
