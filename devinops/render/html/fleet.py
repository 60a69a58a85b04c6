"""The page of a run over many targets: its classes, what waits for a person, and a table. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from devinops.model.changes import Change, Outcome
from devinops.model.exit_codes import ExitCode
from devinops.model.target import TargetState
from devinops.planning.lifecycles.required import is_missing
from devinops.render import Style, fleet
from devinops.render.classes import ChangeClass, FleetPlan, Shared, TargetPlan, classes_of
from devinops.render.findings import lint_of, worst_first
from devinops.render.fleet import Remark, Remarks
from devinops.render.html import parts, table
from devinops.render.html.items import OUTCOMES, Items
from devinops.render.html.markup import Html, joined, prose, tag, text
from devinops.render.html.page import HtmlPage, HtmlSection, bullets, notice
from devinops.render.report import TargetRow
from devinops.render.signs import BLOCKED, OUTSIDE, REFUSED, SIGNS
from devinops.render.terminal import Look, Sign

T = TypeVar("T", bound=Any)

TO_CHANGE: Final = Sign("~", Look.CHANGED, "to change")
QUIET: Final = Sign("=", Look.DIM, "nothing to change")


def fleet_page(answer: Any, style: Style) -> HtmlPage:
    """Return the page of the plans of many targets, of the drift in them, or of their apply."""
    answer = answer._replace(plan=classes_of(answer.plan))
    plan = answer.plan
    if plan.is_applied:
        return _report_page(answer, style)
    items = Items(style.job, parts.are_few(*(group.changes for group in plan.classes)))
    findings = worst_first(answer.lint.problems, lint_of(answer.lint)) if answer.lint else []
    rows = _rows(plan)
    digests = plan.digests
    size = fleet.many(plan, len(digests.digests))
    facts = [("Digest", f"{digests.digest} of {size}")] if digests.digests else []
    facts += (("Inventory", text) for text in fleet.without_inventory(plan))
    return HtmlPage(
        title=fleet.counts(plan),
        about=joined([tag("strong", fleet.heading(plan)), f" {', '.join(fleet.facts(answer))}"]),
        verdict=text(fleet.verdict(plan, answer.error).capitalize()),
        look=Look.ERROR if answer.error else fleet.plan_look(plan),
        facts=[*facts, *([("Only", ", ".join(plan.only))] if plan.only else [])],
        notices=list(_notices(answer, style)),
        facets=[
            table.state_facet(rows),
            parts.action_facet(
                [change for group in plan.classes for change in group.changes],
                ("blocked", BLOCKED, len(plan.blocked)),
                ("outside", OUTSIDE, len(plan.drift)),
                *parts.severity_values(findings),
            ),
        ],
        sections=[
            *_classes(plan, items),
            *_shared(plan, items),
            *parts.lint_sections(answer.lint, findings, items),
            table.section(_title(plan), rows),
        ],
        ending=Html("") if answer.error or not digests.digests else _how_to(answer, style),
    )


def _report_page(answer: Any, style: Style) -> HtmlPage:
    plan, rows = answer.plan, _rows(answer.plan)
    verdict = fleet.verdict(plan)
    items = Items(style.job, parts.are_few(plan.not_done, plan.left))
    steps = [tag("p", prose(step)) for step in fleet.next_steps(answer, style.flags)]
    return HtmlPage(
        title=verdict,
        about=joined([tag("strong", fleet.heading(plan))]),
        verdict=text(verdict),
        look=fleet.plan_look(plan),
        notices=[
            *_notices(answer, style),
            *([notice("Next", steps, Look.WAITING)] if steps else []),
        ],
        facets=[table.state_facet(rows)],
        targets=[row.name for row in rows],
        sections=[*_results(plan, items), table.section(_title(plan), rows)],
    )


# --- what matters first ---------------------------------------------------------------------------


def _notices(answer: Any, style: Style) -> Iterator[Html]:
    """Yield a box for the error, and for each group of remarks, the most urgent first."""
    plan = answer.plan
    if answer.error:
        yield notice("Not applied", [tag("p", prose(answer.error))], Look.ERROR)
    will = "would" if plan.refusals or answer.error else "will"
    deletes = () if plan.is_applied else fleet.deletes(plan, will)
    for group in (*deletes, *fleet.remarks(answer, style.flags)):
        yield _remarks(plan, group)


def _remarks(plan: FleetPlan, group: Remarks) -> Html:
    lines = [_remark(plan, remark, group.sign) for remark in group.remarks[: parts.MOST_LISTED]]
    more = len(group.remarks) - len(lines)
    listed = bullets(lines, f"and {more:,} more" if more else "")
    hint = [tag("p", prose(group.hint), class_="hint")] if group.hint else []
    return notice(group.title.capitalize(), [listed, *hint], group.sign.look)


def _remark(plan: FleetPlan, remark: Remark, sign: Sign) -> Html:
    key = [tag("strong", str(remark.key)), ": "] if remark.key else []
    word = f"{remark.word}: " if remark.word else ""
    source = f"{remark.source}: " if remark.source else ""
    where = fleet.where(plan, remark.targets, in_full=remark.in_full)
    places = [f" {where}"] if remark.targets else []
    about = prose(f"{source}{word}{remark.text}")
    return joined([tag("b", sign.symbol), " ", *key, about, *(tag("small", p) for p in places)])


# --- the list -------------------------------------------------------------------------------------


def _classes(plan: FleetPlan, items: Items) -> Iterator[HtmlSection]:
    """Yield each class with its changes; one that an earlier class has takes one line."""
    written: dict[int, str] = {}
    for number, group in enumerate(plan.classes, 1):
        yield HtmlSection(
            title=f"{number}. {fleet.class_title(plan, group)}",
            items=_changes(group, number, items, written),
            hint=fleet.class_counts(group),
            id=f"class-{number}",
            lead=_names(plan, group.targets),
        )


def _changes(
    group: ChangeClass, number: int, items: Items, written: dict[int, str]
) -> Iterator[Html]:
    for place, change in enumerate(group.changes, 1):
        if earlier := written.get(id(change)):
            yield _as_above(change, earlier, items)
            continue
        written[id(change)] = f"change-{number}-{place}"
        yield items.change(change, written[id(change)])


def _as_above(change: Change, id: str, items: Items) -> Html:
    (line,) = items.objects(
        [(change.key, tag("a", "as above", href=f"#{id}"))], SIGNS[change.action]
    )
    return line


def _names(plan: FleetPlan, targets: Sequence[str]) -> Html:
    """Return the names of targets, of which only the first are visible until it is opened."""
    if len(targets) == 1:
        return Html("")
    title = tag("summary", fleet.where(plan, targets))
    return tag("details", title, tag("p", ", ".join(targets)), class_="names")


def _shared(plan: FleetPlan, items: Items) -> Iterator[HtmlSection]:
    blocked = [each for each in plan.blocked if not is_missing(each.item)]
    if blocked:
        shown = items.blocked(_with_names(plan, blocked))
        yield HtmlSection("Blocked", shown, "until a person decides or acts")
    if plan.drift:
        drift = items.drift(_with_names(plan, plan.drift))
        yield HtmlSection("Changed outside devinops", drift, "kept as it is")


def _results(plan: FleetPlan, items: Items) -> Iterator[HtmlSection]:
    if plan.not_done:
        results = [
            replace(item, message=f"{item.message} ({fleet.where(plan, names)})")
            for item, names in plan.not_done
        ]
        yield HtmlSection("Not done as planned", items.results(list(enumerate(results, 1))), "")
    if plan.left:
        left = items.changes(_with_names(plan, plan.left), "left")
        yield HtmlSection("Left", left, "in plans made afterwards")
    if waiting := [*plan.blocked, *plan.waiting]:
        shown = items.blocked(_with_names(plan, waiting), "waiting")
        yield HtmlSection("Blocked", shown, "until a person decides or acts")


def _with_names(plan: FleetPlan, shared: Iterable[Shared[T]]) -> Iterator[T]:
    """Yield items whose reasons say in which targets they are."""
    for item, targets in shared:
        reason = item.reason or ", ".join(field.name for field in item.fields)
        yield replace(item, reason=f"{reason} ({fleet.where(plan, targets)})")


def _how_to(answer: Any, style: Style) -> Html:
    """Return the command that applies these plans and no others."""
    about = "It plans again, and writes nothing if the plans are no longer the same."
    return parts.how_to("Apply these plans", fleet.full_command(answer, style.in_root), about)


# --- the table ------------------------------------------------------------------------------------


def _title(plan: FleetPlan) -> str:
    return "Targets" if plan.in_enterprise else "Organizations"


def _rows(plan: FleetPlan) -> list[TargetRow]:
    groups = {
        name: number for number, group in enumerate(plan.classes, 1) for name in group.targets
    }
    return [
        _row(target, 0 if plan.is_applied else groups.get(target.name, 0))
        for target in plan.targets
    ]


def _row(target: TargetPlan, group: int) -> TargetRow:
    owner = target.target.owner if target.target else ""
    if target.outcomes is not None:
        numbers = {str(outcome): number for outcome, number in target.outcomes.items()}
        return TargetRow(
            target.name, _applied_state(target, numbers), owner, target.unverified, numbers
        )
    numbers = {
        "changes": target.changes,
        "blocked": target.blocked,
        "changed outside": target.drift,
    }
    of = f"{group}" if group else ""
    return TargetRow(target.name, _planned_state(target), owner, target.message, numbers, of)


def _planned_state(target: TargetPlan) -> Sign:
    if target.state is not TargetState.PLANNED:
        return fleet.STATES[target.state][1]._replace(meaning=target.state.value)
    if target.refusals:
        return REFUSED
    if target.changes:
        return TO_CHANGE
    return BLOCKED if target.blocked else QUIET


def _applied_state(target: TargetPlan, numbers: Mapping[str, int]) -> Sign:
    """Return the outcome of the first change that is not done; or that something is left."""
    unfinished = (Outcome.FAILED, Outcome.SKIPPED, Outcome.BLOCKED)
    if target.exit_code() in (ExitCode.OK, ExitCode.DECIDE) and not numbers[Outcome.BLOCKED]:
        return OUTCOMES[Outcome.DONE]
    return OUTCOMES[next((each for each in unfinished if numbers[each]), Outcome.FAILED)]
