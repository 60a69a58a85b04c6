"""The page of a plan: what will happen, what is dangerous, and how to apply it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from devinops.model.changes import DELETING, Action
from devinops.model.objects import Problem
from devinops.planning.plan import ShownPlan
from devinops.render import JobLinks, Style, counted
from devinops.render.answers import ProblemsAnswer
from devinops.render.changes import elements
from devinops.render.findings import lint_of, worst_first
from devinops.render.html import parts
from devinops.render.html.items import Items
from devinops.render.html.markup import Html, joined, prose, tag, text
from devinops.render.html.page import Facet, HtmlPage, HtmlSection, bullets, notice
from devinops.render.signs import BLOCKED, OUTSIDE, SIGNS
from devinops.render.terminal import Look, Sign
from devinops.render.text import MERGE, counts, drift_summary, full_command, plan_look


def plan_page(
    plan: ShownPlan,
    style: Style,
    *,
    error: str = "",
    command: str = "apply",
    lint: ProblemsAnswer | None = None,
) -> HtmlPage:
    """Return the page of a plan. `error` says why it was not applied; `command` applies it.

    `lint` is what lint found in the entries that a request changes.
    """
    job = style.job
    items = Items(job, parts.are_few(plan.changes, plan.blocked, plan.drift))
    stops = bool(error or plan.held or plan.refusals)
    findings = worst_first(lint.problems, lint_of(lint)) if lint else []
    return HtmlPage(
        title=counts(plan),
        about=parts.about("Plan for", plan.target),
        verdict=_verdict(plan, error),
        look=Look.ERROR if error else plan_look(plan),
        facts=[
            *parts.facts(
                plan.target,
                plan.inventory.store,
                plan.owned,
                "" if stops else plan.digest,
            ),
            *_untouched(plan),
            *([("Commit", job.commit)] if job and job.commit else []),
        ],
        notices=[
            *_errors(plan, error, style),
            *_attention(plan, "would" if stops else "will", style),
        ],
        facets=_facets(plan, findings),
        sections=_plan_sections(plan, items, lint, findings),
        ending=Html("") if stops else _how_to(plan, job, f"{command}{style.in_root}"),
    )


def _verdict(plan: ShownPlan, error: str) -> Html:
    """Return what a plan does, in a few words."""
    numbers = Counter(change.action for change in plan.changes)
    pieces = [_number(SIGNS[a], numbers[a], "to ") for a in Action if numbers[a]]
    others = ((BLOCKED, len(plan.blocked)), (OUTSIDE, len(plan.drift)))
    nothing = "The inventory to rename" if plan.inventory.moves_from else "Nothing to change"
    pieces = pieces or [text(nothing)]
    pieces += [_number(sign, number) for sign, number in others if number]
    held = "Held: " if plan.held else ""
    stopped = "Refused: " if plan.refusals else "Not applied: " if error else held
    return joined([stopped, *_separated(pieces, " ")])


def _number(sign: Sign, number: int, to: str = "") -> Html:
    mark = tag("b", sign.symbol)
    return tag("span", mark, f" {number:,} {to}{sign.meaning}", class_=sign.look.name.lower())


def _untouched(plan: ShownPlan) -> Iterator[tuple[str, str]]:
    """Yield how many objects the plan does not change, and the filters that limit it."""
    yield "Unchanged", f"{plan.unchanged:,}"
    if number := sum(plan.unmanaged.values()):
        yield "Unmanaged", f"{number:,}"
    if plan.only:
        yield "Only", ", ".join(plan.only)


def _errors(plan: ShownPlan, error: str, style: Style) -> Iterator[Html]:
    """Yield why nothing is applied, and what was approved."""
    if error:
        yield notice("Not applied", [tag("p", prose(error))], Look.ERROR)
    elif plan.refusals:
        reasons = bullets([prose(refusal.reason) for refusal in plan.refusals])
        content = [reasons, *parts.to_approve(plan, style)]
        yield notice("Refused: nothing will be applied", content, Look.ERROR)
    if plan.held and not error:
        yield notice("Held: nothing will be applied", [tag("p", prose(plan.held))], Look.WAITING)
    if approved := plan.approvals.given():
        flags = [tag("code", str(approval)) for approval in approved]
        yield tag("p", "Approved with ", *_separated(flags, ", "), ".", class_="hint")


def _separated(pieces: Sequence[Html], by: str) -> list[str]:
    return [part for piece in pieces for part in (by, piece)][1:]


def _attention(plan: ShownPlan, will: str, style: Style) -> Iterator[Html]:
    """Yield what is deleted and what waits for a person; or that nothing is."""
    for action, what in (
        (Action.DELETE, "deleted"),
        (Action.REPLACE, "deleted and created again"),
    ):
        sign = SIGNS[action]
        changes = [
            (f"change-{number}", change, change.reason, sign)
            for number, change in enumerate(plan.changes, 1)
            if change.action is action
        ]
        if changes:
            title = f"{counted(len(changes), 'object')} {will} be {what} in {plan.target.name}"
            yield notice(title, [parts.pointers(changes, f"action={action}")], sign.look)
    if lost := list(_losses(plan)):
        title = f"{counted(len(lost), 'list')} {will} lose elements in {plan.target.name}"
        yield notice(title, [bullets(lost)], Look.REMOVED)
    yield from parts.danger_notices(plan)
    if plan.blocked:
        yield parts.blocked_notice(plan, plan.blocked, style)
    if in_root := [item for item in plan.missing if item.in_root]:
        lines = [
            prose(f"{item.path}: {counted(item.in_root, 'entry', 'entries')} in the root")
            for item in in_root
        ]
        title = f"{counted(len(in_root), 'path')} to create in the web app, because no API can"
        yield notice(title, [bullets(lines)], Look.WAITING)
    if plan.drift:
        title = f"{counted(len(plan.drift), 'object')} changed outside devinops, and kept"
        drift = [
            (f"outside-{number}", item, drift_summary(item), OUTSIDE)
            for number, item in enumerate(plan.drift, 1)
        ]
        yield notice(
            title, [parts.pointers(drift, "action=outside"), parts.pull_hint(style)], Look.MOVED
        )
    if plan.notes:
        yield notice("Notes", [bullets([prose(note) for note in plan.notes])], Look.DIM)
    removing = any(c.action in DELETING for c in plan.changes)
    risky = removing or plan.blocked or plan.refusals or any(_losses(plan))
    if plan.changes and not risky:
        safe = "Nothing is deleted, replaced or blocked."
        yield tag("p", tag("b", "✓"), f" {safe}", class_="hint good")


def _losses(plan: ShownPlan) -> Iterator[Html]:
    """Yield each set that loses elements, with their number; guards count them as deletes too."""
    for number, change in enumerate(plan.changes, 1):
        for field in change.fields:
            _, removed = elements(change.key.kind, field)
            if removed:
                about = f"{field.name} loses {counted(len(removed), 'element')}"
                yield parts.pointer(f"change-{number}", change, about, SIGNS[Action.DELETE])


def _facets(plan: ShownPlan, findings: Iterable[Problem]) -> list[Facet]:
    others = (
        ("blocked", BLOCKED, len(plan.blocked)),
        ("outside", OUTSIDE, len(plan.drift)),
        *parts.severity_values((*plan.problems, *findings)),
    )
    by_kind = parts.kind_facet((*plan.changes, *plan.blocked, *plan.drift))
    return [parts.action_facet(plan.changes, *others), by_kind]


def _plan_sections(
    plan: ShownPlan, items: Items, lint: ProblemsAnswer | None, findings: Iterable[Problem]
) -> Iterator[HtmlSection]:
    if plan.blocked:
        yield HtmlSection("Blocked", items.blocked(plan.blocked), "until a person decides or acts")
    numbers = Counter(change.key.kind for change in plan.changes)
    numbered = zip(plan.changes, items.changes(plan.changes), strict=True)
    for kind, group in groupby(numbered, key=lambda pair: pair[0].key.kind):
        yield HtmlSection(kind, (element for _, element in group), counted(numbers[kind], "change"))
    if plan.drift:
        yield HtmlSection("Changed outside devinops", items.drift(plan.drift), "kept as it is")
    if plan.problems:
        yield HtmlSection("Warnings", items.problems(plan.problems), "in the files")
    yield from parts.lint_sections(lint, findings, items)


def _how_to(plan: ShownPlan, job: JobLinks | None, command: str) -> Html:
    """Return the command that applies this plan and no other."""
    if not (plan.changes or plan.inventory.moves_from):
        return Html("")
    merge = f"{MERGE} By hand:" if job and job.in_request and not plan.only else ""
    blocked = "What is blocked stays as it is. " if plan.blocked else ""
    about = f"{blocked}It plans again, and writes nothing if the plan is no longer the same."
    return parts.how_to("Apply this plan", full_command(plan, command), about, merge)
