"""Says what the page of each answer shows: the verdict, what is dangerous, and the list."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from devinops.applying.report import Report
from devinops.model.changes import Action, Blocked, Change, Drift, Outcome
from devinops.model.keys import Key
from devinops.model.objects import Live, Problem, Severity
from devinops.model.target import Target
from devinops.planning.saved import SavedPlan, ShownPlan
from devinops.render import JobLinks, counted
from devinops.render.answers import (
    Answer,
    Differences,
    DriftAnswer,
    Failure,
    PlanAnswer,
    ProblemsAnswer,
    SimpleAnswer,
)
from devinops.render.html.items import (
    OUTCOMES,
    SEVERITIES,
    Items,
)
from devinops.render.html.markup import Html, joined, preformatted, prose, tag, text
from devinops.render.html.page import Facet, Page, Section, bullets, notice
from devinops.render.needed_approvals import needed_approvals
from devinops.render.terminal import BLOCKED, OUTSIDE, SIGNS, Look, Sign
from devinops.render.text import (
    checked,
    counts,
    flag,
    plan_look,
    report_look,
    rollback_hint,
    tally,
)

MOST_OPEN: Final = 8
"""If a list has at most so many items, they are open."""
MOST_LISTED: Final = 20
"""How many deletes, blocked steps or failures are listed before the list."""

UNMANAGED: Final = Sign("·", Look.DIM, "unmanaged")
FOREIGN: Final = Sign("·", Look.DIM, "of another owner")


def page_of(answer: Answer, job: JobLinks | None) -> Page:
    """Return the page of an answer."""
    match answer:
        case PlanAnswer():
            return _plan(answer.plan, job, error=answer.error, command=answer.command)
        case SavedPlan():
            return _plan(answer, job)
        case Report():
            return _report(answer, job)
        case ProblemsAnswer():
            sentence, look = checked(answer)
            return _problems("Files", sentence, look, answer.problems, job)
        case Failure():
            return _failure(answer, job)
        case DriftAnswer():
            return _drift(answer, job)
        case Differences():
            return _differences(answer, job)
        case SimpleAnswer():
            lines = preformatted(list(map(text, answer.lines)), class_="text")
            return Page("devinops", "devinops", text("Answer"), Look.PLAIN, ending=lines)


# --- plan -----------------------------------------------------------------------------------------


def _plan(
    plan: ShownPlan, job: JobLinks | None, *, error: str = "", command: str = "apply"
) -> Page:
    items = Items(job, _are_few(plan.changes, plan.blocked, plan.drift))
    return Page(
        title=counts(plan),
        about=_about("Plan for", plan.target),
        verdict=_verdict(plan),
        look=plan_look(plan),
        facts=[
            *_facts(plan.target, plan.inventory.store, plan.owned, plan.digest),
            *_untouched(plan),
            *([("Commit", job.commit)] if job and job.commit else []),
        ],
        notices=[*_errors(plan, error), *_attention(plan)],
        facets=_facets(plan),
        sections=_plan_sections(plan, items),
        ending=Html("") if error or plan.refusals else _how_to(plan, job, command),
    )


def _verdict(plan: ShownPlan) -> Html:
    """Return what a plan does, in a few words."""
    actions = Counter(change.action for change in plan.changes)
    numbers = [(SIGNS[action], actions[action]) for action in Action]
    parts = [_number(sign, number, "to ") for sign, number in numbers if number]
    if plan.blocked:
        parts.append(_number(BLOCKED, len(plan.blocked)))
    refused = ["Refused: "] if plan.refusals else []
    nothing = "nothing to do" if refused else "No changes"
    return joined([*refused, *(_spaced(parts) or [nothing])])


def _spaced(parts: Sequence[Html]) -> list[str]:
    return [piece for part in parts for piece in (" ", part)][1:]


def _number(sign: Sign, number: int, to: str = "") -> Html:
    mark = tag("b", sign.symbol)
    return tag("span", mark, f" {number:,} {to}{sign.meaning}", class_=sign.look.name.lower())


def _about(what: str, target: Target) -> Html:
    return joined([f"{what} ", tag("strong", target.name), f" ({target.owner})"])


def _are_few(*lists: Sequence[object]) -> bool:
    return sum(map(len, lists)) <= MOST_OPEN


def _facts(target: Target, store: str, owned: int, digest: str = "") -> list[tuple[str, str]]:
    inventory = store if store == "none" else f"{store}, {owned:,} owned"
    api = f"{target.api_url} (API {target.api})"
    facts = [
        ("API", f"the emulator at {api}" if target.emulator else api),
        ("Inventory", inventory),
        ("Digest", digest),
    ]
    return [(name, value) for name, value in facts if value]


def _untouched(plan: ShownPlan) -> Iterator[tuple[str, str]]:
    """Yield how many objects the plan does not change."""
    yield "Unchanged", f"{plan.unchanged:,}"
    if number := sum(plan.unmanaged.values()):
        yield "Unmanaged", f"{number:,}"


def _errors(plan: ShownPlan, error: str) -> Iterator[Html]:
    """Yield why nothing is applied, and what was approved."""
    if error:
        yield notice("Not applied", [tag("p", prose(error))], Look.ERROR)
    elif plan.refusals:
        reasons = bullets(list(map(prose, plan.refusals)))
        content = [reasons, *_to_approve(plan)]
        yield notice("Refused: nothing will be applied", content, Look.ERROR)
    if approved := plan.approvals.given():
        flags = [tag("code", flag(name, value)) for name, value in approved.items()]
        yield tag("p", "Approved with ", *_separated(flags), ".", class_="hint")


def _to_approve(plan: ShownPlan) -> Iterator[Html]:
    """Yield which options approve what the plan waits for, if there are any."""
    options = [f"{option} {value}".strip() for option, value in needed_approvals(plan).items()]
    if options:
        command = " ".join(["devinops apply", *options])
        yield tag("p", "To approve: ", tag("code", command), class_="approve")


def _separated(pieces: Sequence[Html]) -> list[str]:
    return [part for piece in pieces for part in (", ", piece)][1:]


def _attention(plan: ShownPlan) -> Iterator[Html]:
    """Yield what is deleted and what waits for a person; or that nothing is."""
    numbered = list(enumerate(plan.changes, 1))
    will = "would be" if plan.refusals else "will be"
    for action, what in (
        (Action.DELETE, "deleted"),
        (Action.REPLACE, "deleted and created again"),
    ):
        changes = [(number, change) for number, change in numbered if change.action is action]
        if changes:
            sign = SIGNS[action]
            lines = [_pointer(f"change-{n}", c, c.reason, sign) for n, c in changes[:MOST_LISTED]]
            title = f"{counted(len(changes), 'object')} {will} {what} in {plan.target.name}"
            yield notice(title, [bullets(lines, _more(changes, f"action={action}"))], sign.look)
    if plan.blocked:
        title = f"{counted(len(plan.blocked), 'step')} blocked: a person has to decide or act"
        approve = [] if plan.refusals else _to_approve(plan)
        yield notice(title, [_blocked(plan.blocked), *approve], Look.WAITING)
    if plan.drift:
        title = f"{counted(len(plan.drift), 'object')} changed outside devinops, and kept"
        how = tag("p", prose("devinops pull --drift"), " writes these changes into the files.")
        yield notice(title, [how], Look.MOVED)
    if plan.notes:
        yield notice("Notes", [bullets([prose(note) for note in plan.notes])], Look.DIM)
    if plan.changes and not _is_dangerous(plan):
        safe = "Nothing is deleted, replaced or blocked."
        yield tag("p", tag("b", "✓"), f" {safe}", class_="hint good")


def _is_dangerous(plan: ShownPlan) -> bool:
    removing = any(c.action in (Action.DELETE, Action.REPLACE) for c in plan.changes)
    return bool(removing or plan.blocked or plan.refusals)


def _pointer(id: str, subject: Change | Blocked, about: str, sign: Sign) -> Html:
    """Return the sign and key of an item as a link to it, and a sentence."""
    key = tag("a", str(subject.key), href=f"#{id}")
    return joined([tag("b", sign.symbol), " ", key, ": ", prose(about)])


def _more(items: Sequence[object], filter: str) -> Html:
    """Return how many items the lines before leave out, with a link that filters for them."""
    if len(items) <= MOST_LISTED:
        return Html("")
    more = f"and {len(items) - MOST_LISTED:,} more"
    return joined([more, ": ", tag("a", "show them all", href=f"#{filter}")])


def _blocked(blocked: Sequence[Blocked]) -> Html:
    lines = [
        _pointer(f"blocked-{number}", block, f"{block.by}: {block.reason}", BLOCKED)
        for number, block in enumerate(blocked[:MOST_LISTED], 1)
    ]
    return bullets(lines, _more(blocked, "action=blocked"))


def _facets(plan: ShownPlan) -> list[Facet]:
    actions = Counter(change.action for change in plan.changes)
    values: list[tuple[str, Sign, int]] = [
        (str(action), SIGNS[action], actions[action]) for action in Action
    ]
    values += [
        ("blocked", BLOCKED, len(plan.blocked)),
        ("outside", OUTSIDE, len(plan.drift)),
        ("warning", SEVERITIES[Severity.WARNING], len(plan.problems)),
    ]
    listed = (*_keys(plan.changes), *_keys(plan.blocked), *_keys(plan.drift))
    return [_signs("action", values), _kinds(listed)]


def _signs(name: str, values: Iterable[tuple[str, Sign, int]]) -> Facet:
    return Facet(name, [(value, sign, sign.meaning, n) for value, sign, n in values if n])


def _kinds(keys: Iterable[Key]) -> Facet:
    numbers = Counter(key.kind for key in keys)
    return Facet("kind", [(kind, None, kind, n) for kind, n in sorted(numbers.items())])


def _keys(items: Iterable[Change | Blocked | Drift | Live]) -> list[Key]:
    return [item.key for item in items]


def _plan_sections(plan: ShownPlan, items: Items) -> Iterator[Section]:
    if plan.blocked:
        yield Section("Blocked", items.blocked(plan.blocked), "until a person decides or acts")
    kinds = Counter(change.key.kind for change in plan.changes)
    numbered = zip(plan.changes, items.changes(plan.changes), strict=True)
    for kind, group in groupby(numbered, key=lambda pair: pair[0].key.kind):
        yield Section(kind, (element for _, element in group), counted(kinds[kind], "change"))
    if plan.drift:
        yield Section("Changed outside devinops", items.drift(plan.drift), "kept as it is")
    if plan.problems:
        yield Section("Warnings", items.problems(plan.problems), "in the files")


def _how_to(plan: ShownPlan, job: JobLinks | None, command: str) -> Html:
    """Return the command that applies this plan and no other."""
    if not plan.changes:
        return Html("")
    options = [flag(name, value) for name, value in plan.approvals.given().items()]
    only = [f"--only {shlex.quote(kinds)}" for kinds in plan.only]
    words = [f"devinops {command}", f"--target {shlex.quote(plan.target.name)}", *only, *options]
    merge = "Merge to apply this plan. By hand:" if job and job.in_request else ""
    blocked = "What is blocked stays as it is. " if plan.blocked else ""
    return tag(
        "section",
        tag("h2", "Apply this plan"),
        tag("p", merge) if merge else Html(""),
        tag("pre", " ".join([*words, f"--expect {plan.digest}"]), class_="command"),
        tag("p", f"{blocked}It plans again, and writes nothing if the plan is no longer this one."),
        class_="ending",
    )


# --- report ---------------------------------------------------------------------------------------


def _report(report: Report, job: JobLinks | None) -> Page:
    plan = report.plan
    sentence = tally(report)
    return Page(
        title=sentence,
        about=_about("Apply to", plan.target),
        verdict=text(sentence.partition(": ")[2].rstrip(".").capitalize()),
        look=report_look(report),
        facts=_facts(plan.target, plan.inventory.store, plan.owned, plan.digest),
        notices=list(_report_notices(report)),
        facets=_report_facets(report),
        sections=_report_sections(report, Items(job, _are_few(report.results, plan.blocked))),
    )


def _report_notices(report: Report) -> Iterator[Html]:
    """Yield what failed, what is left, and how to undo the run."""
    if report.interrupted:
        yield notice("Interrupted", [tag("p", "Run apply again to finish.")], Look.ERROR)
    failed = [pair for pair in enumerate(report.results, 1) if pair[1].outcome is Outcome.FAILED]
    if failed:
        sign = OUTCOMES[Outcome.FAILED]
        lines = [
            _pointer(f"result-{number}", result.change, result.message, sign)
            for number, result in failed[:MOST_LISTED]
        ]
        more = _more(failed, "outcome=failed")
        yield notice(f"{counted(len(failed), 'change')} failed", [bullets(lines, more)], Look.ERROR)
    if report.left is None:
        unverified = tag("p", "What is left could not be checked: ", prose(report.unverified))
        yield notice("Not verified", [unverified], Look.ERROR)
    if report.left:
        changes = counted(len(report.left), "change")
        yield notice(
            f"A plan made afterwards still has {changes}", [tag("p", "See below.")], Look.WAITING
        )
    blocked = len(report.plan.blocked) + len(report.waiting)
    if blocked:
        title = f"{counted(blocked, 'step')} blocked: a person has to decide or act"
        yield notice(title, [tag("p", "See below.")], Look.WAITING)
    if report.backup:
        content = [tag("code", report.backup), " (", prose(rollback_hint(report)), ")"]
        yield notice("Backup", [tag("p", *content)], Look.DIM)


def _report_facets(report: Report) -> list[Facet]:
    outcomes = Counter(result.outcome for result in report.results)
    changes = [*(result.change for result in report.results), *(report.left or ())]
    blocked = [*report.plan.blocked, *report.waiting]
    actions = Counter(change.action for change in changes)
    return [
        _signs("outcome", [(str(o), OUTCOMES[o], outcomes[o]) for o in Outcome]),
        _signs(
            "action",
            [*((str(a), SIGNS[a], actions[a]) for a in Action), ("blocked", BLOCKED, len(blocked))],
        ),
        _kinds([*_keys(changes), *_keys(blocked)]),
    ]


def _report_sections(report: Report, items: Items) -> Iterator[Section]:
    numbered = list(enumerate(report.results, 1))
    for outcome in (Outcome.FAILED, Outcome.SKIPPED, Outcome.BLOCKED, Outcome.DONE):
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


# --- drift ----------------------------------------------------------------------------------------


def _drift(answer: DriftAnswer, job: JobLinks | None) -> Page:
    findings, inventory = answer.findings, answer.inventory
    number = len(findings.drift)
    verdict = f"{counted(number, 'object')} changed outside devinops" if number else "No drift"
    items = Items(job, _are_few(findings.drift))
    pull = tag("p", prose("devinops pull --drift"), " writes these changes into the files.")
    listed = (*_keys(findings.drift), *_keys(findings.unmanaged), *_keys(findings.foreign))
    return Page(
        title=f"Drift in {answer.target.full_name}: {verdict}",
        about=_about("Drift in", answer.target),
        verdict=text(verdict),
        look=Look.CHANGED if number else Look.GOOD,
        facts=_facts(answer.target, inventory.store, len(inventory.owned)),
        notices=[notice("What to do", [pull], Look.MOVED)] if number else [],
        facets=[
            _signs(
                "action",
                [
                    ("outside", OUTSIDE, number),
                    (UNMANAGED.meaning, UNMANAGED, len(findings.unmanaged)),
                    (FOREIGN.meaning, FOREIGN, len(findings.foreign)),
                ],
            ),
            _kinds(listed),
        ],
        sections=_drift_sections(answer, items),
    )


def _drift_sections(answer: DriftAnswer, items: Items) -> Iterator[Section]:
    findings = answer.findings
    if findings.drift:
        yield Section("Changed outside devinops", items.drift(findings.drift), "the drift")
    if findings.unmanaged:
        objects = ((live.key, live.id) for live in findings.unmanaged)
        yield Section("Unmanaged", items.objects(objects, UNMANAGED), "no drift")
    if findings.foreign:
        foreign = ((live.key, f"{live.id} of {live.owner}") for live in findings.foreign)
        yield Section(
            "Of another owner", items.objects(foreign, FOREIGN), "by their labels; no drift"
        )


# --- problems, differences ------------------------------------------------------------------------


def _failure(answer: Failure, job: JobLinks | None) -> Page:
    error = notice("Error", [tag("p", prose(answer.error))], Look.ERROR)
    number = len(answer.problems)
    verdict = f"Failed: {counted(number, 'problem')} in the files" if number else "Failed"
    page = _problems("devinops", verdict, Look.ERROR, answer.problems, job)
    return replace(page, title=f"devinops: {answer.error}", notices=[error])


def _problems(
    about: str, verdict: str, look: Look, problems: Sequence[Problem], job: JobLinks | None
) -> Page:
    severities = Counter(problem.severity for problem in problems)
    values = [(str(s), SEVERITIES[s], severities[s]) for s in Severity]
    files = groupby(problems, key=lambda problem: problem.source.path)
    return Page(
        title=f"{about}: {verdict}",
        about=about,
        verdict=text(verdict),
        look=look,
        facets=[_signs("action", values)] if problems else [],
        sections=(Section(path, Items(job).problems(group), "") for path, group in files),
    )


def _differences(differences: Differences, job: JobLinks | None) -> Page:
    """Return the page of how a plan differs from the reviewed one."""
    different = [after for _, after in differences.differing]
    changes = [*differences.new, *differences.gone, *different]
    actions = Counter(change.action for change in changes)
    items = Items(job, _are_few(changes))
    return Page(
        title=f"The plan is no longer what was reviewed: {differences}",
        about="The plan is no longer what was reviewed",
        verdict=text(str(differences)),
        look=Look.WAITING,
        facets=[
            _signs("action", [(str(a), SIGNS[a], actions[a]) for a in Action]),
            _kinds(_keys(changes)),
        ],
        sections=_different_sections(differences, items),
    )


def _different_sections(differences: Differences, items: Items) -> Iterator[Section]:
    if differences.new:
        hint = "not in the reviewed plan"
        yield Section("New", items.changes(differences.new, "new"), hint)
    if differences.gone:
        hint = "in the reviewed plan, but not in the plan now"
        yield Section("Gone", items.changes(differences.gone, "gone"), hint)
    for number, (before, after) in enumerate(differences.differing, 1):
        pair = items.changes([before, after], f"different-{number}")
        yield Section(f"Different: {after.key}", pair, "first as reviewed, then as it is now")
