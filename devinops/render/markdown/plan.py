"""Writes a plan as Markdown: what will happen, what is dangerous, and how to apply it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Final

from devinops.kinds import KINDS
from devinops.model.changes import (
    DROPPING,
    Action,
    Blocked,
    Change,
    Drift,
    FieldChange,
    Missing,
)
from devinops.model.objects import Problem
from devinops.planning.commands import pull_command
from devinops.planning.lifecycles.required import is_missing
from devinops.planning.plan import SavedPlan, ShownPlan
from devinops.render import NO_INVENTORY, counted
from devinops.render.answers import ProblemsAnswer
from devinops.render.approvals import dangers, how_to_approve
from devinops.render.changes import size, with_layers
from devinops.render.findings import lint_of
from devinops.render.markdown.changes import Block, change_blocks, field_blocks
from devinops.render.markdown.escape import code, fenced, path_text, shown
from devinops.render.markdown.page import (
    MAX_OPEN,
    Item,
    MarkdownPage,
    Section,
    alert,
    document,
    finding_section,
    key_html,
    table,
)
from devinops.render.text import (
    MERGE,
    PULLED,
    drift_summary,
    full_command,
    joined,
    verdict,
    without_alike,
)

_BLOCKED: Final = "blocked"
_OUTSIDE: Final = "changed outside devinops"
SECTIONS: Final = (
    Action.DELETE,
    Action.REPLACE,
    Action.RELEASE,
    Action.UPDATE,
    Action.RENAME,
    Action.ADOPT,
    Action.CREATE,
    Action.FORGET,
)
"""The actions in the order in which changes are shown: the most dangerous first."""


def plan_document(
    page: MarkdownPage,
    plan: ShownPlan,
    error: str = "",
    command: str = "apply",
    lint: ProblemsAnswer | None = None,
) -> Iterator[str]:
    """Yield the document of a plan; `error` says why it was not applied, or is empty.

    `command` applies the plan, and has the arguments that make it this plan. `lint` is what lint
    found in the entries that a request changes.
    """
    if isinstance(plan, SavedPlan):
        error = plan.edited
    applies = not (plan.refusals or plan.held or error)
    marker = page.marker(plan.target, plan.digest if applies else None)
    summary = [
        f"{marker}\n## Plan for {page.where(plan.target.name)}: {verdict(plan, error)}",
        *_facts(plan),
        *_dangers(page, plan, error),
        *_table(plan),
    ]
    sections = [*_change_sections(page, plan), drift_section(page, plan.drift)]
    if lint:
        title, details = "Lint of the entries that changed", lint_of(lint)
        sections.append(finding_section(page, title, lint.problems, details))
    end = [*_problems(page, plan.problems), *_end(page, plan, command if applies else "")]
    return document(page, summary, sections, end)


# --- the summary ----------------------------------------------------------------------------------


def about(plan: ShownPlan, what: str, *, is_applied: bool = False) -> str:
    """Return a sentence about whose objects a document is about.

    A plan does not know how many of them are owned after it `is_applied`.
    """
    target, store = plan.target, plan.inventory.store
    owner = f"the Devin organization {code(target.org_id, 100)}" if target.org_id else target.owner
    emulator = "on the emulator " if target.emulator else ""
    owned = "" if is_applied else f", {plan.owned} owned"
    others = joined(((plan.unchanged, "unchanged"), (sum(plan.unmanaged.values()), "unmanaged")))
    parts = (
        f"{what} {owner} {emulator}at {code(target.api_url)}",
        "" if store == "none" else f"inventory: {store}{owned}",
        others,
    )
    return " · ".join(filter(None, parts))


def _facts(plan: ShownPlan) -> Iterator[str]:
    """Yield whose objects a plan is about, what it leaves out, and the table of counts."""
    yield about(plan, "Plan of devinops for")
    if plan.inventory.store == "none":
        yield NO_INVENTORY
    if plan.only:
        yield f"Only {', '.join(code(text, 100) for text in plan.only[:5])}"
    if not (plan.changes or plan.blocked or plan.drift or plan.refusals):
        yield f"The {plan.target.scope} already has what the files say."


def _table(plan: ShownPlan) -> Iterator[str]:
    """Yield a table with a row for each action and what it is done to, if the plan has any."""
    counts = Counter((str(change.action), change.key.kind) for change in plan.changes)
    counts.update((_BLOCKED, block.key.kind) for block in plan.blocked)
    counts.update((_OUTSIDE, drift.key.kind) for drift in plan.drift)
    yield from table(
        "action | number", counts, (*map(str, Action), _BLOCKED, _OUTSIDE), tuple(KINDS)
    )


def _dangers(page: MarkdownPage, plan: ShownPlan, error: str) -> Iterator[str]:
    """Yield what a reviewer must see: refusals, deletes, what is blocked, and notes."""
    if error and not plan.refusals:
        yield alert("CAUTION", "Nothing was applied", [page.prose(error, 1_000)])
    elif plan.held:
        yield alert("WARNING", "Held: nothing will be applied", [page.prose(plan.held, 600)])
    will = "would" if error or plan.held or plan.refusals else "will"
    yield from _refusals(page, plan)
    yield from _deletes(page, plan, will)
    yield from costs(page, plan)
    yield from _blocked(page, plan)
    if plan.drift:
        shown = without_alike(plan.drift)
        drifted = (page.item(d.key, page.location(d.source), drift_summary(d)) for d in shown)
        outside = page.listed(drifted, len(shown), 0.08)
        title = f"{counted(len(plan.drift), 'object')} changed outside devinops, and kept"
        pull = f"Nobody reviewed this. {code(pull_command(page.style.flags))} {PULLED}."
        yield alert("WARNING", title, outside, pull)
    if plan.notes:
        notes = (f"- {page.prose(note, 600)}" for note in plan.notes)
        lines = page.listed(notes, len(plan.notes), 0.06, "more notes")
        yield alert("NOTE", counted(len(plan.notes), "note"), lines)


def costs(page: MarkdownPage, plan: ShownPlan) -> Iterator[str]:
    """Yield what a plan costs and overwrites, with the approvals that it has."""
    for title, items in dangers(plan):
        lines = (page.item(c.key, location(page, c), text) for c, text in items)
        yield alert("CAUTION", page.prose(title), page.listed(lines, len(items), 0.08))


def _refusals(page: MarkdownPage, plan: ShownPlan) -> Iterator[str]:
    if plan.refusals:
        reasons = (f"- {page.prose(refusal.reason, 600)}" for refusal in plan.refusals)
        lines = page.listed(reasons, len(plan.refusals), 0.1, "more reasons")
        yield alert("CAUTION", "Refused: nothing will be applied", lines, _to_approve(page, plan))


def _to_approve(page: MarkdownPage, plan: ShownPlan) -> str:
    """Return which options to pass or to enter; empty if no approval is missing."""
    return " ".join(how_to_approve(plan, page.style.in_root, code))


def _deletes(page: MarkdownPage, plan: ShownPlan, will: str) -> Iterator[str]:
    for action, what, share, more in (
        (Action.DELETE, "deleted", 0.3, "more deletes"),
        (Action.REPLACE, "deleted and created again", 0.05, "more"),
    ):
        changes = [change for change in plan.changes if change.action is action]
        if changes:
            lines = (page.item(c.key, location(page, c), with_layers(c)) for c in changes)
            listed = page.listed(lines, len(changes), share, more)
            yield alert("CAUTION", f"{counted(len(changes), 'object')} {will} be {what}", listed)


def _blocked(page: MarkdownPage, plan: ShownPlan) -> Iterator[str]:
    steps = [block for block in plan.blocked if not is_missing(block)]
    if steps:
        lines = (page.item(b.key, page.location(b.source), _why(b), str(b.by)) for b in steps)
        listed = page.listed(lines, len(steps), 0.12, "more blocked")
        title = f"{counted(len(steps), 'step')} blocked until a person decides"
        approve = "" if plan.refusals else _to_approve(page, plan)
        yield alert("WARNING", title, listed, approve)
    for kind, group in groupby(plan.missing, key=lambda item: item.kind):
        items = list(group)
        listed = page.listed(map(_missing, items), len(items), 0.05)
        objects = counted(len(items), KINDS[kind].name, KINDS[kind].section)
        title = f"Create {objects} in the web app, because no API can"
        in_root = sum(item.in_root for item in items)
        until_then = f"In the root until then: {counted(in_root, 'entry', 'entries')}."
        yield alert("WARNING", title, listed, until_then if in_root else "")


def _why(block: Blocked) -> str:
    if not block.needed_by:
        return with_layers(block)
    return f"{with_layers(block)}; needed by {counted(len(block.needed_by), 'entry', 'entries')}"


def _missing(item: Missing) -> str:
    """Return a line of a checklist, to be handed to whoever may create the object."""
    waits = "waits" if item.entries == 1 else "wait"
    waiting = f" ({counted(item.entries, 'entry', 'entries')} {waits})" if item.entries else ""
    return f"- [ ] {path_text(item.path)}{waiting}"


# --- details --------------------------------------------------------------------------------------


def _change_sections(page: MarkdownPage, plan: ShownPlan) -> Iterator[Section]:
    """Yield the sections of a plan: one for few changes, else one for each action."""
    differing = [block for block in plan.blocked if block.fields]
    yield Section(f"Blocked: {len(differing)}", [_blocked_item(page, block) for block in differing])
    changes = sorted(plan.changes, key=lambda change: SECTIONS.index(change.action))
    if len(changes) <= MAX_OPEN:
        items = [change_item(page, change, str(change.action)) for change in changes]
        yield Section(f"Changes: {len(items)}", items)
        return
    for action, group in groupby(changes, key=lambda change: change.action):
        items = [change_item(page, change) for change in group]
        yield Section(f"To {action}: {len(items)}", items)


def change_item(page: MarkdownPage, change: Change, word: str = "") -> Item:
    """Return a change for its section, with a word before it.

    A delete has no line, because the summary lists it.
    """
    is_delete, reason = change.action is Action.DELETE, ""
    if change.action in DROPPING:
        reason = change.reason
    line = "" if is_delete else page.item(change.key, location(page, change), reason, word)
    if not change.fields:
        return Item(line)
    one_sided = change.action in (Action.CREATE, Action.DELETE)
    names = "" if one_sided else ", ".join(field.name for field in change.fields)
    names = " ".join(filter(None, (names, size(change))))
    about = ": ".join(filter(None, (location(page, change), page.prose(with_layers(change)))))
    blocks = partial(change_blocks, change)
    return Item(line, key_html(change.key, names, word), about, blocks)


def location(page: MarkdownPage, change: Change) -> str:
    """Return where a change is written; if its entry is gone, as it was before the request."""
    return page.location(change.source, gone=change.action in (Action.DELETE, Action.FORGET))


def _blocked_item(page: MarkdownPage, block: Blocked) -> Item:
    about = ": ".join(filter(None, (page.location(block.source), page.prose(with_layers(block)))))
    blocks = partial(_field_blocks, block.key.kind, block.fields, "- live, + files")
    return Item("", key_html(block.key, word=str(block.by)), about, blocks)


def _field_blocks(kind: str, fields: Iterable[FieldChange], sides: str) -> Iterator[Block]:
    for field in fields:
        yield from field_blocks(kind, field, sides=sides)


def drift_section(page: MarkdownPage, drift: Sequence[Drift]) -> Section:
    """Return the section with the diffs of drift, which an alert lists."""
    shown = (item for item in without_alike(drift) if item.fields)
    items = [drift_item(page, item)._replace(line="") for item in shown]
    return Section(f"Changed outside devinops: {len(items)}", items)


def drift_item(page: MarkdownPage, drift: Drift, sides: str = "- files, + live") -> Item:
    """Return a change made outside devinops for its section."""
    line = page.item(drift.key, page.location(drift.source), drift_summary(drift))
    if not drift.fields:
        return Item(line)
    about = ": ".join(filter(None, (page.location(drift.source), page.prose(drift_summary(drift)))))
    blocks = partial(_field_blocks, drift.key.kind, drift.fields, sides)
    names = ", ".join(field.name for field in drift.fields)
    return Item(line, key_html(drift.key, names), about, blocks)


# --- the end --------------------------------------------------------------------------------------


def _problems(page: MarkdownPage, problems: Sequence[Problem]) -> Iterator[str]:
    if problems:
        warnings = (page.problem(problem) for problem in problems)
        lines = page.listed(warnings, len(problems), 0.05, "more warnings")
        yield "\n".join((f"### Warnings: {len(problems)}", "", *lines))


def _end(page: MarkdownPage, plan: ShownPlan, command: str) -> Iterator[str]:
    """Yield the digest of a plan, and the command that applies it, if it can be applied."""
    if not (plan.changes or plan.inventory.moves_from):
        return
    yield "### How to apply"
    if not command:
        yield "This plan cannot be applied: see the top for what to fix or to approve."
        return
    job = page.style.job
    if job and job.in_request and not plan.only:
        stays = " What is blocked stays as it is." if plan.blocked else ""
        yield f"{MERGE}{stays} By hand:"
    else:
        yield "This applies exactly this plan, or nothing:"
    yield fenced([shown(full_command(plan, f"{command}{page.style.in_root}"), 1_000)], "sh")
    commit = f" · commit {code(job.commit[:12])}" if job and job.commit else ""
    yield f"Digest {code(plan.digest)}{commit}"
