"""The page of an apply: what failed, what is left, and what was done. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from devinops.applying.report import Report
from devinops.model.changes import Change, Outcome
from devinops.render import Style, counted
from devinops.render.html.items import OUTCOMES, Items
from devinops.render.html.markup import Html, prose, tag, text
from devinops.render.html.page import Facet, Page, Section, bullets, notice
from devinops.render.html.parts import (
    MOST_LISTED,
    about,
    actions,
    are_few,
    blocked_notice,
    danger_notices,
    facts,
    keys,
    kinds,
    more,
    pointer,
    signs,
)
from devinops.render.signs import BLOCKED, SIGNS
from devinops.render.terminal import Look
from devinops.render.text import next_step, report_look, rollback_hint, tally

_ORDER: Final = (Outcome.FAILED, Outcome.SKIPPED, Outcome.BLOCKED, Outcome.DONE)


def report_page(report: Report, style: Style) -> Page:
    """Return the page of a report."""
    plan = report.plan
    sentence = tally(report)
    return Page(
        title=sentence,
        about=about("Apply to", plan.target),
        verdict=text(sentence.partition(": ")[2].rstrip(".").capitalize()),
        look=report_look(report),
        facts=facts(plan.target, plan.inventory.store, plan.owned, plan.digest),
        notices=list(_report_notices(report, style)),
        facets=_report_facets(report),
        sections=_report_sections(report, Items(style.job, are_few(report.results, plan.blocked))),
    )


def _report_notices(report: Report, style: Style) -> Iterator[Html]:
    """Yield what failed, what is left, and how to undo the run."""
    if step := next_step(report, style.place, partial(tag, "code")):
        title = "Interrupted" if report.interrupted else "Not finished"
        yield notice(title, [tag("p", Html(step))], Look.ERROR)
    failed = [pair for pair in enumerate(report.results, 1) if pair[1].outcome is Outcome.FAILED]
    if failed:
        sign = OUTCOMES[Outcome.FAILED]
        lines = [
            pointer(f"result-{number}", result.change, result.message, sign)
            for number, result in failed[:MOST_LISTED]
        ]
        rest = more(failed, "outcome=failed")
        yield notice(f"{counted(len(failed), 'change')} failed", [bullets(lines, rest)], Look.ERROR)
    if report.left is None:
        unverified = tag("p", "What is left could not be checked: ", prose(report.unverified))
        yield notice("Not verified", [unverified], Look.ERROR)
    if report.left:
        yield _left(report.left)
    ids = {result.change.key: f"result-{n}" for n, result in enumerate(report.results, 1)}
    yield from danger_notices(report.plan, ids)
    if report.plan.blocked:
        yield blocked_notice(report.plan, report.plan.blocked, style)
    if report.waiting:
        yield blocked_notice(report.plan, report.waiting, style, "waiting")
    if report.backup:
        hint = Html(rollback_hint(report, style.place, partial(tag, "code"), prose))
        content = [tag("code", report.backup), " (", hint, ")"]
        yield notice("Backup", [tag("p", *content)], Look.DIM)


def _left(changes: Sequence[Change]) -> Html:
    """Return the box with the changes that a plan made afterwards still has."""
    lines = [
        pointer(f"left-{number}", change, change.reason, SIGNS[change.action])
        for number, change in enumerate(changes[:MOST_LISTED], 1)
    ]
    left_out = len(changes) - len(lines)
    rest = f"and {left_out:,} more" if left_out else ""
    title = f"A plan made afterwards still has {counted(len(changes), 'change')}"
    return notice(title, [bullets(lines, rest)], Look.WAITING)


def _report_facets(report: Report) -> list[Facet]:
    outcomes = Counter(result.outcome for result in report.results)
    changes = [*(result.change for result in report.results), *(report.left or ())]
    blocked = [*report.plan.blocked, *report.waiting]
    return [
        signs("outcome", [(str(o), OUTCOMES[o], outcomes[o]) for o in Outcome]),
        actions(changes, ("blocked", BLOCKED, len(blocked))),
        kinds([*keys(changes), *keys(blocked)]),
    ]


def _report_sections(report: Report, items: Items) -> Iterator[Section]:
    numbered = list(enumerate(report.results, 1))
    for outcome in _ORDER:
        results = [pair for pair in numbered if pair[1].outcome is outcome]
        if results:
            hint = counted(len(results), "change")
            yield Section(str(outcome).capitalize(), items.results(results), hint)
    if report.left:
        yield Section("Left", items.changes(report.left, "left"), "in a plan made afterwards")
    if report.plan.blocked:
        yield Section("Blocked", items.blocked(report.plan.blocked), "by the plan")
    if report.waiting:
        hint = "in a plan made afterwards"
        yield Section("Blocked now", items.blocked(report.waiting, "waiting"), hint)
