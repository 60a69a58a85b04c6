"""Writes plans, reports and drift as text for people: grouped by kind, with signs and colors."""

from __future__ import annotations

import shlex
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import PurePosixPath
from typing import TypeVar

from devinops.applying.report import ApplyReport
from devinops.kinds import KINDS
from devinops.model.changes import (
    Action,
    Blocked,
    Change,
    Drift,
    DriftEvent,
    Missing,
    Outcome,
    Result,
)
from devinops.model.exit_codes import ExitCode
from devinops.model.keys import Key, listed
from devinops.model.objects import Live, Problem
from devinops.model.policy import Approvals
from devinops.model.target import Target
from devinops.planning.commands import pull_command
from devinops.planning.draft import last_change, names_of
from devinops.planning.drift import DriftFindings
from devinops.planning.lifecycles.required import is_missing
from devinops.planning.plan import ShownPlan
from devinops.render import NO_INVENTORY, answers, counted
from devinops.render import joined as joined
from devinops.render.approvals import dangers
from devinops.render.changes import ChangeText, levels
from devinops.render.escape import line
from devinops.render.problem_text import ProblemText
from devinops.render.signs import BLOCKED, FAILED, OUTSIDE, REFUSED, SIGNS
from devinops.render.terminal import Look, Sign, Span, Terminal, columns

_OUTCOMES = {
    Outcome.DONE: SIGNS[Action.CREATE],
    Outcome.FAILED: FAILED,
    Outcome.SKIPPED: BLOCKED,
    Outcome.BLOCKED: BLOCKED,
}
T = TypeVar("T")
MERGE = "Merge to apply this plan. If the plan is different then, nothing is applied."
PULLED = "writes these changes into the files, or says what to do"
"""What `pull --drift` does; it may have to leave a change to a person."""
SINCE_APPLY = "- last apply, + live"
"""What `-` and `+` stand for in the drift of an inventory."""
MAX_NEEDED_BY = 5
"""How many entries that need a blocked step are named, unless `full`."""
MAX_ALIKE = 5
"""How many results with one message, or changes that are left, are shown, unless `full`."""
MAX_PATH_COLUMNS = 50


@dataclass(frozen=True)
class Text:
    """Writes lines of text: with `color` and a `width` for a terminal, `full` without summaries.

    `flags` is that of `Style`.
    """

    color: bool = False
    full: bool = False
    width: int | None = None
    flags: str = ""

    @cached_property
    def terminal(self) -> Terminal:
        return Terminal(self.color, self.width)

    @cached_property
    def _changes(self) -> ChangeText:
        return ChangeText(self.terminal, self.full)

    def paragraph(self, text: str) -> Iterator[str]:
        return self.terminal.paragraph(text)

    def _heading(self, text: str, rest: str = "") -> Iterator[str]:
        yield ""
        yield from self.terminal.row(Span(text, strong=True), rest)

    def _item(self, mark: Sign, key: Key, rest: str = "") -> Iterator[str]:
        yield from self.terminal.row(line(f"{key}{rest}"), sign=mark, indent=2, hang=6)

    def _verdict(self, text: str, look: Look) -> Iterator[str]:
        """Yield the last line of an answer, in the color of what it means."""
        yield from self.terminal.row(Span(line(text), look, strong=True), hang=2)

    # --- plan -------------------------------------------------------------------------------------

    def plan(self, plan: ShownPlan, lint: answers.ProblemsAnswer | None = None) -> Iterator[str]:
        """Yield the lines of a plan and of `lint`, if it ran; the last one holds the counts."""
        yield from self._title("Plan", plan.target, plan.inventory.store, plan.owned)
        yield from self._legend(plan.changes, bool(plan.blocked), bool(plan.drift))
        changes = groupby(levels(plan.changes, full=self.full), key=lambda pair: pair[0].key.kind)
        for noun, group in changes:
            yield from self._heading(noun)
            yield from self._changes.changes(list(group))
        yield from self._blocked([block for block in plan.blocked if not is_missing(block)])
        yield from self._missing(plan.missing)
        yield from self._drift(plan.drift)
        if self.full:
            yield from self._lives("unmanaged", plan.others)
        yield from self._warnings(plan.problems)
        if lint:
            yield from self._heading("lint")
            yield from ProblemText(self.terminal, self.full).problems(lint)
        for note in plan.notes:
            yield ""
            for text in note.split("\n"):
                yield from self.paragraph(text)
        for refusal in plan.refusals:
            yield ""
            text = f"refused, nothing will be applied: {line(refusal.reason)}"
            yield from self.terminal.row(text, sign=REFUSED)
        if plan.held:
            yield ""
            text = f"held, nothing will be applied: {line(plan.held)}"
            yield from self.terminal.row(text, sign=BLOCKED)
        yield from self._dangers(plan)
        yield from self._terms(plan.only, plan.approvals)
        yield ""
        yield from self.terminal.row(Span(f"digest {plan.digest}", Look.DIM))
        yield from self._verdict(counts(plan), plan_look(plan))

    def approved(self, plan: ShownPlan) -> Iterator[str]:
        """Yield a line for each change of a plan that people have already read."""
        yield from self._title("Plan", plan.target, plan.inventory.store, plan.owned)
        yield from self.terminal.row(Span(f"digest {plan.digest}, as approved", Look.DIM))
        for change in plan.changes:
            yield from self._changes.heading(change)
        for block in plan.blocked:
            yield from self._item(BLOCKED, block.key, f": {block.by}")
        yield from self._dangers(plan)

    def _dangers(self, plan: ShownPlan) -> Iterator[str]:
        """Yield what a plan costs and overwrites, with the approvals that it has."""
        for title, items in dangers(plan):
            yield from self._heading(title)
            for change, text in items:
                yield from self._item(REFUSED, change.key, f": {text}")

    def _title(self, what: str, target: Target, store: str, owned: int) -> Iterator[str]:
        """Yield the first line of an answer about a target and its inventory."""
        inventory = store if store == "none" else f"{store}, {owned} owned"
        emulator = "on the emulator " if target.emulator else ""
        api = f"{emulator}at {target.api_url} (API {target.api})"
        yield from self.terminal.row(
            Span(line(f"{what} for {target.name}:"), strong=True),
            line(f" {target.owner} {api}, inventory: {inventory}"),
        )
        if store == "none":
            yield from self.paragraph(NO_INVENTORY)

    def _legend(self, changes: Iterable[Change], blocked: bool, drift: bool) -> Iterator[str]:
        """Yield the meaning of each sign in a plan."""
        actions = {change.action for change in changes}
        signs = [SIGNS[action] for action in Action if action in actions]
        signs += [BLOCKED] if blocked else []
        signs += [OUTSIDE] if drift else []
        if signs:
            legend = ", ".join(f"{sign.symbol} {sign.meaning}" for sign in signs)
            yield from self.terminal.row(Span(f"Signs: {legend}", Look.DIM))

    def change(self, change: Change) -> Iterator[str]:
        """Yield the lines of one change."""
        return self._changes.change(change)

    def _blocked(self, blocked: Sequence[Blocked]) -> Iterator[str]:
        if not blocked:
            return
        yield from self._heading("blocked")
        for block in blocked:
            reason = f"{block.by}: {block.reason}"
            yield from self._item(BLOCKED, block.key)
            yield from self._changes.because(block.source, reason, Look.PLAIN, block.overridden)
            if block.needed_by:
                needed_by = f"needed by {self._keys(block.needed_by)}"
                yield from self.terminal.row(needed_by, indent=6)
            for field in block.fields:
                yield from self._changes.field(block.key.kind, field, sides="- live, + files")

    def _missing(self, objects: Sequence[Missing]) -> Iterator[str]:
        """Yield what a person has to create, one path a line."""
        for kind, group in groupby(objects, key=lambda item: item.kind):
            todo = ": create them in the web app, because no API can"
            yield from self._heading(f"missing {KINDS[kind].section}", todo)
            items = list(group)
            width = min(MAX_PATH_COLUMNS, max(columns(line(item.path)) for item in items))
            for item in items:
                yield from self._missing_path(item, width)

    def _missing_path(self, item: Missing, width: int) -> Iterator[str]:
        path = line(item.path)
        entries = ""
        if item.entries:
            padding = " " * max(width - columns(path), 0)
            entries = f"{padding}  needed by {counted(item.entries, 'entry', 'entries')}"
        if item.in_root:
            count = "" if item.in_root == item.entries else f"{item.in_root} of them "
            entries += f", {count}in the root until then"
        blocks = item.in_root < max(item.entries, 1)
        sign, indent = (BLOCKED, 2) if blocks else (None, 4)
        yield from self.terminal.row(
            path, Span(entries, Look.DIM), sign=sign, indent=indent, hang=6
        )

    def _drift(self, drift: Sequence[Drift]) -> Iterator[str]:
        """Yield changes made outside devinops; `-` in a diff is from the files, `+` is live."""
        if not drift:
            return
        pull = pull_command(self.flags)
        hint = f" (see {pull})" if self.full else f" (see {show_command(self.flags)} and {pull})"
        yield from self._heading("changed outside devinops, kept", hint)
        if self.full:
            for item in drift:
                yield from self._drifted(item)
            return
        for item in without_alike(drift):
            yield from self._item(OUTSIDE, item.key, f": {drift_summary(item)}")

    def _drifted(self, drift: Drift, sides: str = "- files, + live") -> Iterator[str]:
        yield from self._item(OUTSIDE, drift.key)
        yield from self._changes.because(drift.source, drift_summary(drift))
        for field in drift.fields:
            yield from self._changes.field(drift.key.kind, field, sides=sides)

    def _lives(self, title: str, lives: Sequence[Live]) -> Iterator[str]:
        if lives:
            yield from self._heading(title)
        for live in lives:
            yield from self._live(live, live.id)

    def _live(self, live: Live, about: str) -> Iterator[str]:
        key, rest = line(str(live.key)), Span(f"  {line(about)}", Look.DIM)
        yield from self.terminal.row(key, rest, indent=2, hang=6)

    def _keys(self, keys: Sequence[Key]) -> str:
        shown = keys if self.full else keys[:MAX_NEEDED_BY]
        more = f" and {len(keys) - len(shown)} more" if len(shown) < len(keys) else ""
        return ", ".join(line(str(key)) for key in shown) + more

    def _warnings(self, problems: Sequence[Problem]) -> Iterator[str]:
        if problems:
            yield from self._heading("warnings")
        for problem in problems:
            yield from ProblemText(self.terminal).problem(problem, indent=2)

    def _terms(self, only: Sequence[str], approvals: Approvals) -> Iterator[str]:
        """Yield the options that narrowed the plan and approved changes in it."""
        if only:
            yield ""
            yield from self.paragraph(f"only {', '.join(only)}")
        approved = approvals.given()
        if approved:
            yield ""
            yield from self.paragraph(f"approved with {' '.join(map(str, approved))}")

    # --- drift ------------------------------------------------------------------------------------

    def drift_answer(self, answer: answers.DriftAnswer) -> Iterator[str]:
        """Yield the lines of the drift in a target."""
        yield from self._title(
            "Drift", answer.target, answer.inventory.store, len(answer.inventory.owned)
        )
        yield from self.drift(answer.findings)
        for note in answer.notes:
            yield ""
            yield from self.paragraph(note)
        number = len(answer.findings.drift)
        changed = f"{counted(number, 'object')} changed outside devinops" if number else "none"
        others = joined(
            (
                (len(answer.findings.unmanaged), "unmanaged"),
                (len(answer.findings.foreign), "of other owners"),
            )
        )
        hint = " (-v lists them)" if others and not self.full else ""
        parts = "; ".join(filter(None, (changed, f"{others}{hint}")))
        text = f"Drift in {answer.target.full_name}: {parts}."
        yield ""
        yield from self._verdict(text, Look.CHANGED if number else Look.GOOD)

    def drift(self, findings: DriftFindings) -> Iterator[str]:
        """Yield the lines of drift and of unmanaged objects."""
        if findings.drift:
            pull = f"{pull_command(self.flags)} {PULLED}"
            yield from self._heading("changed outside devinops", f" ({pull})")
        pairs = [(drift, None) for drift in findings.drift]
        for drift, _ in pairs if self.full else alike_once(pairs):
            yield from self._drifted(drift, SINCE_APPLY)
        if self.full:
            yield from self._lives("unmanaged (not drift)", findings.unmanaged)
        if findings.foreign and self.full:
            yield from self._heading("with the label of another owner")
            for live in findings.foreign:
                yield from self._live(live, f"{live.id} of {live.owner}")

    def problem(self, problem: Problem) -> Iterator[str]:
        """Yield one problem as `path:line:column: error: message [code]`."""
        return ProblemText(self.terminal).problem(problem)

    # --- differences ------------------------------------------------------------------------------

    def differences(self, differences: answers.Differences) -> Iterator[str]:
        """Yield the lines of new, gone and differing changes, the latter as reviewed and now."""
        if differences.new:
            yield from self._subheading("new: not in the reviewed plan")
        for change in differences.new:
            yield from self.change(change)
        if differences.held:
            yield from self._subheading("held back: in the reviewed plan, but blocked or kept now")
        for change in differences.held:
            yield from self._item(SIGNS[change.action], change.key, f": {change.reason}")
        if differences.gone:
            yield from self._subheading("gone: in the reviewed plan, but not in the plan now")
        for change in differences.gone:
            yield from self._item(SIGNS[change.action], change.key)
        nested = replace(self, width=self.width and self.width - 2)
        for before, after in differences.differing:
            yield from self._subheading(f"different: {line(str(after.key))}")
            yield "    as reviewed"
            yield from (f"  {row}" for row in nested.change(before))
            yield "    now"
            yield from (f"  {row}" for row in nested.change(after))

    def _subheading(self, text: str) -> Iterator[str]:
        yield from self.terminal.row(Span(text, strong=True))

    # --- report -----------------------------------------------------------------------------------

    def report(self, report: ApplyReport) -> Iterator[str]:
        """Yield the lines of a report; the last one holds the counts."""
        yield from self._results(report.results)
        yield from self._left(report)
        if report.backup:
            yield from self.paragraph(f"Backup: {report.backup}")
            # On a line of its own, the command stays whole at 80 columns.
            yield from self.paragraph(f"  {rollback_hint(report, self.flags, str, str)}")
        if step := next_step(report, self.flags, str):
            yield from self.paragraph(step)
        yield from self._verdict(tally(report), report_look(report))

    def _results(self, results: Sequence[Result]) -> Iterator[str]:
        """Yield the results that differ from the plan, and of many with one message a count."""
        numbers = Counter((result.outcome, result.message) for result in results)
        shown: Counter[tuple[Outcome, str]] = Counter()
        for result in results:
            # What was done as planned needs no line.
            if not (self.full or result.message or result.outcome is not Outcome.DONE):
                continue
            alike = result.outcome, result.message
            shown[alike] += 1
            if self.full or shown[alike] <= MAX_ALIKE:
                yield from self._result(result)
            elif shown[alike] == numbers[alike]:
                yield from self._more(numbers[alike] - MAX_ALIKE, f"{result.outcome} likewise")

    def _more(self, number: int, what: str) -> Iterator[str]:
        yield from self.terminal.row(
            Span(f"… and {number} more {what} (-v shows them)", Look.DIM), indent=4
        )

    def _result(self, result: Result) -> Iterator[str]:
        change = result.change
        message = f": {result.message}" if result.message else ""
        text = line(f"{change.action} {change.key} {result.outcome}{message}")
        yield from self.terminal.row(text, sign=_OUTCOMES[result.outcome], indent=2, hang=6)

    def _left(self, report: ApplyReport) -> Iterator[str]:
        """Yield what a plan made afterwards shows."""
        if report.left:
            yield f"A plan made afterwards still has {counted(len(report.left), 'change')}:"
            shown = report.left if self.full else report.left[:MAX_ALIKE]
            for change in shown:
                yield from self._item(SIGNS[change.action], change.key, f": {change.reason}")
            if len(shown) < len(report.left):
                yield from self._more(len(report.left) - len(shown), "left")
        if report.waiting:
            yield f"A plan made afterwards blocks {counted(len(report.waiting), 'object')}:"
            for block in report.waiting:
                yield from self._item(BLOCKED, block.key, f": {block.reason}")
        if report.left is None:
            yield from self.paragraph(f"What is left could not be checked: {report.unverified}")


# --- sentences ------------------------------------------------------------------------------------


def drift_summary(drift: Drift) -> str:
    """Return what happened, and when and by whom the object was last changed, if that is known."""
    reason = drift.reason or ", ".join(field.name for field in drift.fields)
    reason += f" ({', '.join(drift.again)})" if drift.again else ""
    what = f"{drift.moved}: {reason}" if reason else str(drift.moved)
    return "; ".join(filter(None, (what, last_change(drift.at, drift.by))))


def alike_once(drift: Iterable[tuple[Drift, T]]) -> Iterator[tuple[Drift, T]]:
    """Yield drift, each with where it is, so that objects that look alike come only once.

    Objects of a kind are alike if they differ only in what each user may see differently: somebody
    may have changed none of them.
    """
    groups: defaultdict[object, list[tuple[Drift, T]]] = defaultdict(list)
    for item, where in drift:
        per_user = {a.name for a in KINDS[item.key.kind].attributes if a.per_user}
        names = tuple(field.name for field in item.fields)
        is_alike = item.moved is DriftEvent.EDITED and names and per_user.issuperset(names)
        groups[(item.key.kind, names) if is_alike else object(), where].append((item, where))
    for (first, where), *rest in groups.values():
        if rest:
            others = listed(str(item.key) for item, _ in rest)
            reason = f"{names_of(first.fields)}, also of {others}; each user may see another value"
            first = replace(first, reason=reason, fields=(), at=None, by=None)
        yield first, where


def without_alike(drift: Iterable[Drift]) -> list[Drift]:
    """Return the drift of a target as `alike_once` yields it."""
    return [item for item, _ in alike_once((item, None) for item in drift)]


def show_command(flags: str) -> str:
    """Return the command that shows all of a plan; `flags` is that of `Style`."""
    return f"devinops plan{flags} -v"


def full_command(plan: ShownPlan, command: str) -> str:
    """Return a command with the options by which it applies exactly this plan."""
    approvals = map(str, plan.approvals.given())
    only = [f"--only {shlex.quote(text)}" for text in plan.only]
    target = f"--target {shlex.quote(plan.target.name)}"
    return " ".join((f"devinops {command}", target, *only, *approvals, f"--expect {plan.digest}"))


def counts(plan: ShownPlan) -> str:
    """Return the last line of a plan, without the counts that are zero."""
    untouched = (plan.unchanged, "unchanged"), (sum(plan.unmanaged.values()), "unmanaged")
    return f"Plan for {plan.target.full_name}: {verdict(plan, untouched=untouched)}."


def verdict(plan: ShownPlan, error: str = "", untouched: Iterable[tuple[int, str]] = ()) -> str:
    """Return whether a plan is refused or not applied, its changes, and what it does not do."""
    actions = Counter(change.action for change in plan.changes)
    changes = joined((actions[action], f"to {SIGNS[action].meaning}") for action in Action)
    others = joined(
        (
            (len(plan.blocked), f"blocked{_needed_by(plan.blocked)}"),
            (len(plan.drift), "changed outside devinops"),
            *untouched,
        )
    )
    stopped = "not applied, " if error else "held, " if plan.held else ""
    if plan.refusals:
        stopped = "refused, "
    moves = "the inventory to rename" if plan.inventory.moves_from else ""
    return stopped + "; ".join(filter(None, (changes or "nothing to change", moves, others)))


def _needed_by(blocked: Sequence[Blocked]) -> str:
    """Return by how many entries blocked steps are needed; empty if none needs them."""
    needed = [block for block in blocked if block.needed_by]
    if not needed:
        return ""
    # An entry may need several of them.
    entries = len({key for block in needed for key in block.needed_by})
    which = f"{len(needed)} of them " if len(needed) < len(blocked) else ""
    return f" ({which}needed by {counted(entries, 'entry', 'entries')})"


def plan_look(plan: ShownPlan) -> Look:
    """Return what a plan means for its reader."""
    if plan.refusals:
        return Look.ERROR
    if plan.blocked or plan.held:
        return Look.WAITING
    return Look.CHANGED if plan.changes else Look.GOOD


def tally(report: ApplyReport) -> str:
    """Return the last line of a report."""
    return f"{title(report, report.plan.target.full_name)}."


def title(report: ApplyReport, where: str) -> str:
    """Return the verdict on a run, where it was, and the counts that are not zero."""
    counts = Counter({outcome: report.count(outcome) for outcome in Outcome})
    counts[Outcome.BLOCKED] += len(report.plan.blocked)
    parts = joined((counts[outcome], outcome) for outcome in Outcome)
    done = "Applied"
    if parts and not counts[Outcome.DONE]:
        done = "Not fully applied" if report.wrote else "Nothing was applied"
    elif counts[Outcome.FAILED] or counts[Outcome.SKIPPED]:
        done = "Partly applied"
    word = "Interrupted in" if report.interrupted else f"{done} to"
    rest = "the inventory renamed" if report.plan.inventory.moves_from else "nothing to do"
    return f"{word} {where}: {parts or rest}"


def next_step(report: ApplyReport, flags: str, code: Callable[[str], str]) -> str:
    """Return what to do after a run that was only partly done; empty for any other.

    `flags` is that of `Style`, and `code` marks what people can copy.
    """
    unfinished = (ExitCode.RUN_AGAIN, ExitCode.INTERRUPTED, ExitCode.TERMINATED)
    if report.exit_code not in unfinished:
        return ""
    if report.backup_used:
        # By name: `latest` is now the backup of this rollback.
        return f"To finish, run {code(f'devinops rollback{flags} {report.backup_used}')} again."
    return f"To finish, run {code(f'devinops apply{flags}')} again, which plans what is left."


def report_look(report: ApplyReport) -> Look:
    """Return what a report means for its reader."""
    if report.count(Outcome.FAILED) or report.interrupted or report.left is None:
        return Look.ERROR
    is_waiting = report.plan.blocked or report.waiting or report.left
    counts = report.count(Outcome.SKIPPED) + report.count(Outcome.BLOCKED)
    return Look.WAITING if is_waiting or counts else Look.GOOD


def rollback_hint(
    report: ApplyReport, flags: str, code: Callable[[str], str], prose: Callable[[str], str]
) -> str:
    """Return how to restore what was overwritten or deleted, and what no rollback can restore.

    `flags` is that of `Style`. `code` marks what people can copy, and `prose` makes a sentence with
    names safe to show.
    """
    assert report.backup
    restore = code(f"devinops rollback{flags} {PurePosixPath(report.backup).stem}")
    lost = []
    if report.unsaved:
        keys = ", ".join(map(str, report.unsaved))
        lost.append(f"the value of a secret, which no backup can hold: {keys}")
    if report.final:
        lost.append(f"what no API creates again: {', '.join(map(str, report.final))}")
    limits = prose(f"cannot restore {'; and '.join(lost)}") if lost else ""
    if not report.restorable and lost:
        return f"{code('devinops rollback')} {limits}"
    return f"to restore: {restore}, which {limits}" if lost else f"to restore: {restore}"
