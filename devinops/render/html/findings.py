"""The pages of drift, of problems, and of how a plan differs from the reviewed one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from devinops.model.objects import Problem
from devinops.render import JobLinks, Style, counted
from devinops.render.answers import Differences, DriftAnswer, Failure, LintDetails
from devinops.render.findings import NO_LINT, by_rule
from devinops.render.html.items import Items
from devinops.render.html.markup import prose, tag, text
from devinops.render.html.page import HtmlPage, HtmlSection, notice
from devinops.render.html.parts import (
    about,
    action_facet,
    are_few,
    facts,
    kind_facet,
    pull_hint,
    sign_facet,
)
from devinops.render.html.rows import Rows
from devinops.render.html.run import row_facets
from devinops.render.problem_text import without_repeats
from devinops.render.report import Row
from devinops.render.signs import OUTSIDE
from devinops.render.terminal import Look, Sign
from devinops.render.text import SINCE_APPLY

UNMANAGED: Final = Sign("·", Look.DIM, "unmanaged")
FOREIGN: Final = Sign("·", Look.DIM, "of another owner")


def drift_page(answer: DriftAnswer, style: Style) -> HtmlPage:
    """Return the page of the drift in a target."""
    findings, inventory = answer.findings, answer.inventory
    number = len(findings.drift)
    verdict = f"{counted(number, 'object')} changed outside devinops" if number else "No drift"
    items = Items(style.job, are_few(findings.drift))
    return HtmlPage(
        title=f"Drift in {answer.target.full_name}: {verdict}",
        about=about("Drift in", answer.target),
        verdict=text(verdict),
        look=Look.CHANGED if number else Look.GOOD,
        facts=facts(answer.target, inventory.store, len(inventory.owned)),
        notices=[
            *([notice("What to do", [pull_hint(style)], Look.MOVED)] if number else []),
            *(notice("Busy", [tag("p", prose(note))], Look.DIM) for note in answer.notes),
        ],
        facets=[
            sign_facet(
                "action",
                [
                    ("outside", OUTSIDE, number),
                    (UNMANAGED.meaning, UNMANAGED, len(findings.unmanaged)),
                    (FOREIGN.meaning, FOREIGN, len(findings.foreign)),
                ],
            ),
            kind_facet((*findings.drift, *findings.unmanaged, *findings.foreign)),
        ],
        sections=_drift_sections(answer, items),
    )


def _drift_sections(answer: DriftAnswer, items: Items) -> Iterator[HtmlSection]:
    findings = answer.findings
    if findings.drift:
        listed = items.drift(findings.drift, SINCE_APPLY.replace("-", "−"))
        yield HtmlSection("Changed outside devinops", listed, "the drift")
    if findings.unmanaged:
        objects = ((live.key, live.id) for live in findings.unmanaged)
        yield HtmlSection("Unmanaged", items.objects(objects, UNMANAGED), "no drift")
    if findings.foreign:
        foreign = ((live.key, f"{live.id} of {live.owner}") for live in findings.foreign)
        yield HtmlSection(
            "Of another owner", items.objects(foreign, FOREIGN), "by their labels; no drift"
        )


def failure_page(answer: Failure, job: JobLinks | None) -> HtmlPage:
    """Return the page of a run that failed."""
    error = notice("Error", [tag("p", prose(answer.error))], Look.ERROR)
    number = len(answer.problems)
    verdict = f"Failed: {counted(number, 'problem')} in the files" if number else "Failed"
    page = problems_page("devinops", verdict, Look.ERROR, answer.problems, job)
    return replace(page, title=f"devinops: {answer.error}", notices=[error])


def problems_page(
    subject: str,
    verdict: str,
    look: Look,
    problems: Sequence[Problem],
    job: JobLinks | None,
    lint: LintDetails | None = None,
) -> HtmlPage:
    """Return the page of problems, by file; those that lint found by rule."""
    groups: Iterable[tuple[str, Iterable[Problem]]]
    groups = groupby(problems, key=lambda problem: problem.source.path)
    if lint:
        groups = by_rule(problems, lint)
    rows = Rows(Style(job=job), lint=lint or NO_LINT)
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


def differences_page(differences: Differences, job: JobLinks | None) -> HtmlPage:
    """Return the page of how a plan differs from the reviewed one."""
    different = [after for _, after in differences.differing]
    changes = [*differences.new, *differences.held, *differences.gone, *different]
    items = Items(job, are_few(changes))
    return HtmlPage(
        title=f"The plan is no longer what was reviewed: {differences}",
        about="The plan is no longer what was reviewed",
        verdict=text(str(differences)),
        look=Look.WAITING,
        facets=[action_facet(changes), kind_facet(changes)],
        sections=_different_sections(differences, items),
    )


def _different_sections(differences: Differences, items: Items) -> Iterator[HtmlSection]:
    if differences.new:
        hint = "not in the reviewed plan"
        yield HtmlSection("New", items.changes(differences.new, "new"), hint)
    if differences.held:
        hint = "in the reviewed plan, but blocked or kept now"
        yield HtmlSection("Held back", items.changes(differences.held, "held"), hint)
    if differences.gone:
        hint = "in the reviewed plan, but not in the plan now"
        yield HtmlSection("Gone", items.changes(differences.gone, "gone"), hint)
    for number, (before, after) in enumerate(differences.differing, 1):
        pair = items.changes([before, after], f"different-{number}")
        yield HtmlSection(f"Different: {after.key}", pair, "first as reviewed, then as it is now")
