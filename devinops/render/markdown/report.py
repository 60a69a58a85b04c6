"""Writes the report of an apply as Markdown: what was done, what failed, and what is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Final

from devinops.applying.report import ApplyReport
from devinops.model.changes import Action, Outcome, Result
from devinops.render import counted
from devinops.render.markdown.escape import code
from devinops.render.markdown.page import Item, MarkdownPage, Section, alert, document, table
from devinops.render.markdown.plan import about, costs, drift_item, location
from devinops.render.text import next_step, rollback_hint, title, without_alike

_NOT_DONE: Final = (Outcome.FAILED, Outcome.BLOCKED, Outcome.SKIPPED)


def report_document(page: MarkdownPage, report: ApplyReport) -> Iterator[str]:
    """Yield the document of a report."""
    plan = report.plan
    counts = Counter((str(r.outcome), str(r.change.action)) for r in report.results)
    summary = [
        f"{page.marker(plan.target)}\n## {title(report, page.where(plan.target.name))}",
        about(plan, "Report of devinops about", is_applied=True),
        *_not_done(page, report),
        *_left(page, report),
        *filter(None, [next_step(report, page.style.flags, code)]),
        *_blocked(page, report),
        *costs(page, plan),
        *table("outcome | number", counts, tuple(Outcome), tuple(Action)),
    ]
    if report.backup:
        hint = rollback_hint(report, page.style.flags, code, partial(page.prose, most=600))
        summary.append(f"Backup: {code(report.backup)} ({hint})")
    results = (result for result in report.results if result.outcome is Outcome.DONE)
    done = [Item(_line(page, result)) for result in results]
    drift = [drift_item(page, item) for item in without_alike(plan.drift)]
    sections = [
        Section(f"Done: {len(done)}", done),
        Section(f"Changed outside devinops: {len(plan.drift)}", drift),
    ]
    return document(page, summary, sections)


def _not_done(page: MarkdownPage, report: ApplyReport) -> Iterator[str]:
    results = [result for result in report.results if result.outcome in _NOT_DONE]
    results.sort(key=lambda result: _NOT_DONE.index(result.outcome))
    if results:
        lines = (_line(page, result) for result in results)
        listed = page.listed(lines, len(results), 0.3)
        yield alert("CAUTION", f"{counted(len(results), 'change')} not applied", listed)


def _line(page: MarkdownPage, result: Result) -> str:
    change = result.change
    return page.item(
        change.key, location(page, change), result.message, f"{change.action} {result.outcome}"
    )


def _left(page: MarkdownPage, report: ApplyReport) -> Iterator[str]:
    """Yield what a plan made afterwards still has."""
    if report.left is None:
        text = page.prose(report.unverified, 600)
        yield alert("WARNING", "What is left could not be checked", [text])
    if report.left:
        lines = (page.item(c.key, location(page, c), c.reason, str(c.action)) for c in report.left)
        listed = page.listed(lines, len(report.left), 0.15)
        title = f"A plan made afterwards still has {counted(len(report.left), 'change')}"
        yield alert("WARNING", title, listed)


def _blocked(page: MarkdownPage, report: ApplyReport) -> Iterator[str]:
    blocked = (*report.plan.blocked, *report.waiting)
    if blocked:
        lines = (
            page.item(step.key, page.location(step.source), step.reason, str(step.by))
            for step in blocked
        )
        listed = page.listed(lines, len(blocked), 0.15)
        title = f"{counted(len(blocked), 'step')} blocked until a person decides"
        yield alert("WARNING", title, listed)
