"""The page of an apply: what failed, what is left, and what was done. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Final

from devinops.applying.report import ApplyReport
from devinops.model.changes import Outcome
from devinops.render import Style, counted
from devinops.render.html import parts
from devinops.render.html.items import OUTCOMES, Items
from devinops.render.html.markup import Html, prose, tag, text
from devinops.render.html.page import Facet, HtmlPage, HtmlSection, notice
from devinops.render.signs import BLOCKED, SIGNS
from devinops.render.terminal import Look
from devinops.render.text import next_step, report_look, rollback_hint, tally

_ORDER: Final = (Outcome.FAILED, Outcome.SKIPPED, Outcome.BLOCKED, Outcome.DONE)


def report_page(report: ApplyReport, style: Style) -> HtmlPage:
    """Return the page of a report."""
    plan = report.plan
    sentence = tally(report)
    return HtmlPage(
        title=sentence,
        about=parts.about("Apply to", plan.target),
        verdict=text(sentence.partition(": ")[2].rstrip(".").capitalize()),
        look=report_look(report),
        facts=parts.facts(plan.target, plan.inventory.store, plan.owned, plan.digest),
        notices=list(_report_notices(report, style)),
        facets=_report_facets(report),
        sections=_report_sections(
            report, Items(style.job, parts.are_few(report.results, plan.blocked))
        ),
    )


def _report_notices(report: ApplyReport, style: Style) -> Iterator[Html]:
    """Yield what failed, what is left, and how to undo the run."""
    if step := next_step(report, style.flags, partial(tag, "code")):
        title = "Interrupted" if report.interrupted else "Not finished"
        yield notice(title, [tag("p", Html(step))], Look.ERROR)
    failed = [
        (f"result-{number}", result.change, result.message, OUTCOMES[Outcome.FAILED])
        for number, result in enumerate(report.results, 1)
        if result.outcome is Outcome.FAILED
    ]
    if failed:
        title = f"{counted(len(failed), 'change')} failed"
        yield notice(title, [parts.pointers(failed, "outcome=failed")], Look.ERROR)
    if report.left is None:
        unverified = tag("p", "What is left could not be checked: ", prose(report.unverified))
        yield notice("Not verified", [unverified], Look.ERROR)
    if report.left:
        left = [
            (f"left-{number}", change, change.reason, SIGNS[change.action])
            for number, change in enumerate(report.left, 1)
        ]
        title = f"A plan made afterwards still has {counted(len(left), 'change')}"
        yield notice(title, [parts.pointers(left)], Look.WAITING)
    yield from parts.danger_notices(report.plan, "result")
    if report.plan.blocked:
        yield parts.blocked_notice(report.plan, report.plan.blocked, style)
    if report.waiting:
        yield parts.blocked_notice(report.plan, report.waiting, style, "waiting")
    if report.backup:
        hint = Html(rollback_hint(report, style.flags, partial(tag, "code"), prose))
        content = [tag("code", report.backup), " (", hint, ")"]
        yield notice("Backup", [tag("p", *content)], Look.DIM)


def _report_facets(report: ApplyReport) -> list[Facet]:
    outcomes = Counter(result.outcome for result in report.results)
    changes = [*(result.change for result in report.results), *(report.left or ())]
    blocked = [*report.plan.blocked, *report.waiting]
    return [
        parts.sign_facet("outcome", [(str(o), OUTCOMES[o], outcomes[o]) for o in Outcome]),
        parts.action_facet(changes, ("blocked", BLOCKED, len(blocked))),
        parts.kind_facet([*changes, *blocked]),
    ]


def _report_sections(report: ApplyReport, items: Items) -> Iterator[HtmlSection]:
    numbered = list(enumerate(report.results, 1))
    for outcome in _ORDER:
        results = [pair for pair in numbered if pair[1].outcome is outcome]
        if results:
            hint = counted(len(results), "change")
            yield HtmlSection(str(outcome).capitalize(), items.results(results), hint)
    if report.left:
        yield HtmlSection("Left", items.changes(report.left, "left"), "in a plan made afterwards")
    if report.plan.blocked:
        yield HtmlSection("Blocked", items.blocked(report.plan.blocked), "by the plan")
    if report.waiting:
        hint = "in a plan made afterwards"
        yield HtmlSection("Blocked now", items.blocked(report.waiting, "waiting"), hint)
