"""Writes the plans and the report of many targets as one Markdown document, by class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from devinops.model.changes import Action
from devinops.render import fleet
from devinops.render.classes import ChangeClass, FleetPlan, classes_of
from devinops.render.comment_marker import write_digests
from devinops.render.findings import lint_of
from devinops.render.markdown.budget import size
from devinops.render.markdown.escape import code, fenced, html_code, shown
from devinops.render.markdown.page import (
    LINES_SHARE,
    Item,
    MarkdownPage,
    Section,
    alert,
    document,
    finding_section,
    heading_size,
    line_size,
)
from devinops.render.markdown.plan import SECTIONS, change_item
from devinops.render.terminal import Look

LEAST_PAGE: Final = 5_500
"""How many bytes of a document must be left beside the digests of the targets."""
MIN_SECTIONS: Final = 12
"""How many classes have a section of their own, even if that has no space for each line."""
MERGE: Final = (
    "Merge to apply this plan. In an organization whose plan is different then, nothing is applied."
)
_ALERTS: Final = {Look.ERROR: "CAUTION", Look.DIM: "NOTE"}
_names = partial(fleet.names, most=3, code=code)


def fleet_document(page: MarkdownPage, answer: Any) -> Iterator[str]:
    """Yield the document of the plans of many targets, with their digests if they fit.

    If they were applied, it is that of the report.
    """
    answer = answer._replace(plan=classes_of(answer.plan))
    plan, can_apply = answer.plan, bool(answer.plan.digests.digests) and not answer.error
    if plan.is_applied:
        yield from _report(page, answer)
        return
    marker = page.marker_of_many(plan.digests.digest if can_apply else None)
    packed = f"{write_digests(plan.digests)}\n" if can_apply else ""
    if page.limit - size(packed) < LEAST_PAGE:
        packed = ""
    head = f"{marker}\n{packed}"
    page = replace(page, reserved=size(head))
    yield head
    verdict = fleet.verdict(plan, answer.error)
    will = "would" if answer.error or plan.refusals else "will"
    remarks = [*_remarks(page, plan, fleet.remarks(answer, page.style.flags))]
    summary = [
        f"## {fleet.heading(plan)}{page.in_root}: {verdict}",
        page.prose(
            f"{'Drift' if plan.is_drift else 'Plan'} of devinops {', '.join(fleet.facts(answer))}"
        ),
        *map(page.prose, fleet.without_inventory(plan)),
        *(
            [alert("CAUTION", "Nothing was applied", [page.prose(answer.error)])]
            if answer.error
            else []
        ),
        *_deletes(page, plan, [*fleet.deletes(plan, will)], page.limit - sum(map(size, remarks))),
        *remarks,
    ]
    space = int((page.limit - sum(map(size, summary))) * LINES_SHARE)
    sections = list(_classes(page, plan, space))
    unlisted = [change for group in plan.classes[len(sections) :] for change in group.changes]
    number = sum(change.action is not Action.DELETE for change in unlisted)
    if answer.lint:
        title = "Lint of the entries that changed"
        sections.append(finding_section(page, title, answer.lint.problems, lint_of(answer.lint)))
    end = list(_end(page, answer, can_apply, bool(packed)))
    yield from document(page, summary, sections, end, unlisted=number)


def _report(page: MarkdownPage, answer: Any) -> Iterator[str]:
    plan = answer.plan
    summary = [
        f"{page.marker_of_many()}\n## {fleet.verdict(plan)}{page.in_root}",
        *_remarks(page, plan, fleet.remarks(answer, page.style.flags)),
        *map(page.prose, fleet.next_steps(answer, page.style.flags)),
    ]
    results = [Item(f"- {_names(r.targets)}: {r.text}") for r in fleet.outcomes(plan)]
    return document(page, summary, [Section("Results", results)])


def _remarks(page: MarkdownPage, plan: FleetPlan, groups: Iterable[fleet.Remarks]) -> Iterator[str]:
    """Yield a block for each group of remarks, with as many as its share of the document holds."""
    for group in groups:
        lines = (_remark(page, plan, remark) for remark in group.remarks)
        yield _alert(page, group, page.listed(lines, len(group.remarks), group.share))


def _alert(page: MarkdownPage, group: fleet.Remarks, lines: Sequence[str]) -> str:
    title, hint = (
        page.prose(f"{text[:1].upper()}{text[1:]}") for text in (group.title, group.hint)
    )
    return alert(_ALERTS.get(group.sign.look, "WARNING"), title, lines, hint)


def _remark(page: MarkdownPage, plan: FleetPlan, remark: fleet.Remark) -> str:
    location = page.location(remark.source)
    if remark.key:
        where = fleet.where(plan, remark.targets, most=3, code=code, in_full=remark.in_full)
        about = ", ".join(filter(None, (location, where)))
        return page.item(remark.key, about, remark.text, remark.word)
    about = ", ".join(filter(None, (location, _names(remark.targets))))
    return f"- {': '.join(filter(None, (about, page.prose(remark.text, 600))))}"


def _deletes(
    page: MarkdownPage, plan: FleetPlan, groups: Sequence[fleet.Remarks], free: int
) -> Iterator[str]:
    """Yield what is deleted, with all its targets as far as there is space: half of what is free.

    Where that ends, the first targets are named and the others counted.
    """
    for group in groups:
        most = free // 2 // len(groups)
        short = [_remark(page, plan, each._replace(in_full=False)) for each in group.remarks]
        left = most - sum(map(size, short))
        lines = []
        for remark, line in zip(group.remarks, short, strict=True):
            whole = _remark(page, plan, remark)
            fits = size(whole) - size(line) <= left
            left -= fits * (size(whole) - size(line))
            lines.append(whole if fits else line)
        yield _alert(page, group, page.listed(lines, len(lines), most / page.limit))


def _classes(page: MarkdownPage, plan: FleetPlan, space: int) -> Iterator[Section]:
    """Yield a section for each of the largest classes, as many as have space for all lines."""
    above: set[int] = set()
    for number, group in enumerate(plan.classes):
        section = _class_section(page, plan, group, above)
        space -= heading_size(section) + sum(map(line_size, section.items))
        if space < 0 and number >= MIN_SECTIONS:
            return
        yield section
        above.update(map(id, group.changes))


def _class_section(
    page: MarkdownPage, plan: FleetPlan, group: ChangeClass, above: set[int]
) -> Section:
    """Return the section of a class, in which a change that is `above` is not shown again."""
    is_one = len(group.targets) == 1
    title = html_code(group.targets[0]) if is_one else fleet.class_title(plan, group)
    items = [
        Item(page.item(change.key, text="as above", word=str(change.action)))
        if id(change) in above
        else change_item(page, change, str(change.action))
        for change in sorted(group.changes, key=lambda change: SECTIONS.index(change.action))
    ]
    intro = "" if is_one else _names(group.targets)
    return Section(f"{title}: {fleet.class_counts(group)}", items, intro)


def _end(page: MarkdownPage, answer: Any, can_apply: bool, packed: bool) -> Iterator[str]:
    """Yield the digest of the plans, and the command that applies them, if they can be applied."""
    plan, job = answer.plan, page.style.job
    if not plan.classes:
        return
    yield "### How to apply"
    if not can_apply:
        yield "This plan cannot be applied: see the top for what to fix or to approve."
        return
    is_merged = job and job.in_request and not plan.only
    yield f"{MERGE} By hand:" if is_merged else "This applies exactly these plans, or nothing:"
    yield fenced([shown(fleet.full_command(answer, page.style.in_root), 1_000)], "sh")
    commit = f" · commit {code(job.commit[:12])}" if job and job.commit else ""
    number = fleet.many(plan, len(plan.digests.digests))
    yield f"Digest {code(plan.digests.digest)} of {number}{commit}"
    if not packed:
        yield (
            "The digest of each target does not fit here, so this digest accepts only the plans of "
            "all of them together."
        )
