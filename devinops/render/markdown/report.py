"""Writes the report of an apply as Markdown: what was done, what failed, and what is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from devinops.applying.report import Report, Result
from devinops.model.changes import Action, Outcome
from devinops.render import counted
from devinops.render.markdown.escape import code
from devinops.render.markdown.page import Item, Page, Section, alert, document, table
from devinops.render.markdown.plan import about, drift_sections, place
from devinops.render.text import joined, next_step, nothing_done, rollback_hint

_NOT_DONE: Final = (Outcome.FAILED, Outcome.BLOCKED, Outcome.SKIPPED)


def report_document(page: Page, report: Report) -> Iterator[str]:
    """Yield the document of a report."""
    plan = report.plan
    summary = [
        f"{page.marker(plan.target)}\n## {_title(page, report)}",
        about(plan, "Report of devinops about", is_applied=True),
        *_table(report.results),
        *_not_done(page, report),
        *_left(page, report),
        *filter(None, [next_step(report, page.style.place, code)]),
        *_blocked(page, report),
    ]
    if report.backup:
        hint = rollback_hint(report, page.style.place, code, partial(page.prose, most=600))
        summary.append(f"Backup: {code(report.backup)} ({hint})")
    sections = [*_done(page, report.results), *drift_sections(page, plan.drift)]
    return document(page, summary, sections)


def _title(page: Page, report: Report) -> str:
    counts = Counter(result.outcome for result in report.results)
    counts[Outcome.BLOCKED] += len(report.plan.blocked)
    parts = joined((counts[outcome], outcome) for outcome in Outcome)
    where = page.where(report.plan.target.name)
    if report.interrupted:
        return f"Interrupted in {where}: {parts or 'nothing done'}"
    if not (counts[Outcome.DONE] or not parts):
        return f"{nothing_done(report)} to {where}: {parts}"
    what = "Partly applied" if counts[Outcome.FAILED] or counts[Outcome.SKIPPED] else "Applied"
    return f"{what} to {where}: {parts or 'nothing to do'}"


def _table(results: Sequence[Result]) -> Iterator[str]:
    """Yield a table with a row for each outcome and a column for each action."""
    if not results:
        return
    counts = Counter((str(result.outcome), str(result.change.action)) for result in results)
    yield "\n".join(table(counts, tuple(Outcome), tuple(Action)))


def _not_done(page: Page, report: Report) -> Iterator[str]:
    results = [result for result in report.results if result.outcome in _NOT_DONE]
    results.sort(key=lambda result: _NOT_DONE.index(result.outcome))
    if results:
        lines = (_line(page, result) for result in results)
        listed = page.listed(lines, len(results), 0.3)
        yield alert("CAUTION", f"{counted(len(results), 'change')} not applied", listed)


def _line(page: Page, result: Result) -> str:
    change = result.change
    return page.item(
        change.key, place(page, change), result.message, f"{change.action} {result.outcome}"
    )


def _left(page: Page, report: Report) -> Iterator[str]:
    """Yield what a plan made afterwards still has."""
    if report.left is None:
        text = page.prose(report.unverified, 600)
        yield alert("WARNING", "What is left could not be checked", [text])
    if report.left:
        lines = (page.item(c.key, place(page, c), c.reason, str(c.action)) for c in report.left)
        listed = page.listed(lines, len(report.left), 0.15)
        title = f"A plan made afterwards still has {counted(len(report.left), 'change')}"
        yield alert("WARNING", title, listed)


def _blocked(page: Page, report: Report) -> Iterator[str]:
    blocked = (*report.plan.blocked, *report.waiting)
    if blocked:
        lines = (
            page.item(step.key, page.place(step.source), step.reason, str(step.by))
            for step in blocked
        )
        listed = page.listed(lines, len(blocked), 0.15)
        title = f"{counted(len(blocked), 'step')} blocked until a person decides"
        yield alert("WARNING", title, listed)


def _done(page: Page, results: Sequence[Result]) -> Iterator[Section]:
    done = [result for result in results if result.outcome is Outcome.DONE]
    lines = [Item(_line(page, result)) for result in done]
    yield Section(f"Done: {len(done)}", lines)
