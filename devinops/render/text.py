"""Writes answers as text for people: stable, grouped by kind; color is never the only signal."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from devinops.applying.report import Report, Result
from devinops.kinds import KINDS
from devinops.model.changes import Action, Blocked, Change, Drift, DriftEvent, FieldChange, Outcome
from devinops.model.keys import Key
from devinops.model.objects import Problem, Severity, Source
from devinops.model.values import UNSET, canonical_text
from devinops.planning.diff import added_and_removed, nested_paths
from devinops.planning.drift import Findings
from devinops.planning.saved import SavedPlan, ShownPlan
from devinops.render import Style, counted
from devinops.render.answers import (
    Answer,
    Differences,
    DriftAnswer,
    Failure,
    PlanAnswer,
    ProblemsAnswer,
    SimpleAnswer,
)
from devinops.render.escape import body_line, line

SYMBOLS = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.RENAME: ">",
    Action.ADOPT: "<=",
    Action.REPLACE: "±",
    Action.DELETE: "-",
}
_COLORS = {
    "+": 32,
    "~": 33,
    ">": 36,
    "<=": 36,
    "±": 35,
    "-": 31,
    "!": 35,
    "x": 31,
    "@": 36,
    "error": 31,
    "warning": 33,
}
_OUTCOMES = {Outcome.DONE: "+", Outcome.FAILED: "x", Outcome.SKIPPED: "!", Outcome.BLOCKED: "!"}
_TO = {
    Action.CREATE: "to create",
    Action.UPDATE: "to update",
    Action.RENAME: "to rename",
    Action.ADOPT: "to adopt",
    Action.REPLACE: "to replace",
    Action.DELETE: "to delete",
}
MAX_LINE = 2_000
MAX_DIFF_LINES = 20_000
MAX_NEEDED_BY = 5
MAX_UNMANAGED = 20


def render(answer: Answer, style: Style) -> Iterator[str]:
    """Yield the lines of an answer, each with its line end."""
    for text in _lines(answer, Text(style.color, style.full)):
        yield f"{text}\n"


def _lines(answer: Answer, text: Text) -> Iterator[str]:
    match answer:
        case PlanAnswer():
            return text.plan(answer.plan)
        case SavedPlan():
            return text.plan(answer)
        case Report():
            return text.report(answer)
        case ProblemsAnswer():
            return text.problems(answer)
        case DriftAnswer():
            return text.drift_answer(answer)
        case Differences():
            return text.differences(answer)
        case Failure():
            return iter((f"devinops: {line(answer.error)}",))
        case SimpleAnswer():
            return map(line, answer.lines)


@dataclass(frozen=True)
class Text:
    """Writes lines of text: with `color` for a terminal, and with `full` without any summary."""

    color: bool = False
    full: bool = False

    def paint(self, symbol: str, text: str | None = None) -> str:
        """Return a text, or else the symbol, in the color of the symbol."""
        text = symbol if text is None else text
        return f"\x1b[{_COLORS[symbol]}m{text}\x1b[0m" if self.color else text

    def bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self.color else text

    # --- plan -------------------------------------------------------------------------------------

    def plan(self, plan: ShownPlan) -> Iterator[str]:
        """Yield the lines of a plan; the last one holds the counts."""
        yield self.bold(header(plan))
        for noun, changes in groupby(plan.changes, key=lambda change: change.key.kind):
            yield ""
            yield self.bold(noun)
            for change in changes:
                yield from self.change(change)
        yield from self._blocked(plan.blocked)
        yield from self._drift(plan.drift)
        yield from self._warnings(plan.problems)
        for note in plan.notes:
            yield ""
            yield from map(line, note.split("\n"))
        for refusal in plan.refusals:
            yield ""
            yield f"{self.paint('!')} refused, nothing will be applied: {line(refusal)}"
        yield from _terms(plan)
        yield ""
        yield f"digest {plan.digest}"
        yield counts(plan)

    def change(self, change: Change) -> Iterator[str]:
        """Yield the lines of one change."""
        yield f"  {self.paint(SYMBOLS[change.action])} {line(str(change.key))}"
        yield f"      {_because(change.source, change.reason)}"
        for field in change.fields:
            if not _is_redundant(change, field):
                yield from self._field(change.key.kind, field)

    def _field(self, kind: str, field: FieldChange) -> Iterator[str]:
        if field.before is UNSET:
            yield f"      {self.paint('+')} {field.name}: {self._value(kind, field, field.after)}"
        elif field.after is UNSET:
            yield f"      {self.paint('-')} {field.name}: {self._value(kind, field, field.before)}"
        elif _is_text(kind, field):
            yield f"      {self.paint('~')} {field.name}:"
            yield from self._diff(field.before, field.after)
        else:
            yield from self._values(kind, field)
        yield from (f"        {line(description)}" for description in _descriptions(kind, field))

    def _values(self, kind: str, field: FieldChange) -> Iterator[str]:
        """Yield the two values of a field, or the elements that a set gains and loses."""
        added, removed = _elements(kind, field)
        if added or removed:
            yield f"      {self.paint('~')} {field.name}:"
            yield from (f"        {self.paint('+')} {_short(value)}" for value in added)
            yield from (f"        {self.paint('-')} {_short(value)}" for value in removed)
            return
        paths = line(", ".join(nested_paths(field.before, field.after)))
        at = f" (at {paths})" if paths else ""
        values = f"{_short(field.before)} → {_short(field.after)}"
        yield f"      {self.paint('~')} {field.name}: {values}{at}"

    def _value(self, kind: str, field: FieldChange, value: Any) -> str:
        if not _is_text(kind, field):
            return _short(value)
        # Only at LF: the other line ends that Python knows are shown as escapes.
        lines = str(value).removesuffix("\n").split("\n")
        if len(lines) == 1:
            return line(lines[0], MAX_LINE if self.full else 100)
        if not self.full:
            return f"{line(lines[0][:60]).rstrip()} … ({len(lines)} lines)"
        return "".join(f"\n        | {body_line(text, most=MAX_LINE)}" for text in lines)

    def _diff(self, before: str, after: str) -> Iterator[str]:
        old, new = canonical_text(before).split("\n"), canonical_text(after).split("\n")
        if len(old) + len(new) > MAX_DIFF_LINES:
            yield f"        {len(old)} lines → {len(new)} lines (too many to compare here)"
            return
        for row in list(difflib.unified_diff(old, new, lineterm="", n=3))[2:]:
            symbol, rest = row[0], row[1:]
            if symbol == "@":
                yield f"        {self.paint('@', row)}"
            elif symbol == " ":
                shown = f"  {body_line(rest, most=MAX_LINE)}".rstrip()
                yield f"        {shown}"
            else:
                shown = f"{symbol} {body_line(rest, white_space=True, most=MAX_LINE)}".rstrip()
                yield f"        {self.paint(symbol, shown)}"

    def _blocked(self, blocked: Sequence[Blocked]) -> Iterator[str]:
        if not blocked:
            return
        yield ""
        yield self.bold("blocked")
        for block in blocked:
            yield f"  {self.paint('!')} {line(str(block.key))}"
            yield f"      {_because(block.source, f'{block.by}: {block.reason}')}"
            if block.needed_by:
                yield f"      needed by {self._keys(block.needed_by)}"
            for field in block.fields:
                yield from self._field(block.key.kind, field)

    def _drift(self, drift: Sequence[Drift]) -> Iterator[str]:
        """Yield changes made outside devinops; `-` in a diff is from the files, `+` is live."""
        if not drift:
            return
        yield ""
        yield self.bold("changed outside devinops, kept as they are")
        for item in drift:
            yield from self._drifted(item)

    def _drifted(self, drift: Drift) -> Iterator[str]:
        yield f"  {self.paint('@')} {line(str(drift.key))}"
        yield f"      {_because(drift.source, drift_summary(drift))}"
        for field in drift.fields:
            yield from self._field(drift.key.kind, field)

    def drift_answer(self, document: DriftAnswer) -> Iterator[str]:
        """Yield the lines of the drift in a target."""
        if document.target.emulator:
            yield line(f"This is the emulator at {document.target.api_url}.")
        yield from self.drift(document.findings)

    def drift(self, findings: Findings) -> Iterator[str]:
        """Yield the lines of drift and of unmanaged objects; the last one holds the counts."""
        unmanaged = findings.unmanaged
        for drift in findings.drift:
            yield from self._drifted(drift)
        if unmanaged:
            yield self.bold("unmanaged (not drift)")
            shown = unmanaged if self.full else unmanaged[:MAX_UNMANAGED]
            yield from (f"  {line(str(live.key))}  {line(live.id)}" for live in shown)
            if len(shown) < len(unmanaged):
                yield f"  and {len(unmanaged) - len(shown)} more (--verbose shows all)"
        drifted = counted(len(findings.drift), "object")
        yield f"Drift: {drifted} changed outside devinops; {len(unmanaged)} unmanaged."

    def _keys(self, keys: Sequence[Key]) -> str:
        shown = keys if self.full else keys[:MAX_NEEDED_BY]
        more = f" and {len(keys) - len(shown)} more" if len(shown) < len(keys) else ""
        return ", ".join(line(str(key)) for key in shown) + more

    def _warnings(self, problems: Iterable[Problem]) -> Iterator[str]:
        shown = list(map(self.problem, problems))
        if shown:
            yield ""
            yield self.bold("warnings")
            yield from (f"  {text}" for text in shown)

    # --- problems ---------------------------------------------------------------------------------

    def problem(self, problem: Problem) -> str:
        """Return one problem as `path:line:column: error: message [code]`."""
        severity = self.paint(problem.severity.value)
        return f"{line(str(problem.source))}: {severity}: {line(problem.message)} [{problem.code}]"

    def problems(self, document: ProblemsAnswer) -> Iterator[str]:
        """Yield the lines of the problems in the files; the last one holds the counts."""
        yield from map(self.problem, document.problems)
        more = f"; {document.elsewhere} elsewhere, not shown" if document.elsewhere else ""
        if document.problems:
            yield f"{problem_counts(document.problems)}{more}"
        elif document.paths:
            yield f"no problems in {line(', '.join(document.paths))}{more}"
        else:
            entries = counted(document.entries, "entry", "entries")
            yield f"{entries} in {counted(document.files, 'file')}, no problems"

    # --- differences ------------------------------------------------------------------------------

    def differences(self, differences: Differences) -> Iterator[str]:
        """Yield the lines of new, gone and differing changes, the latter as reviewed and now."""
        if differences.new:
            yield self.bold("new: not in the reviewed plan")
        for change in differences.new:
            yield from self.change(change)
        if differences.gone:
            yield self.bold("gone: in the reviewed plan, but not in the plan now")
        for change in differences.gone:
            yield f"  {self.paint(SYMBOLS[change.action])} {line(str(change.key))}"
        for before, after in differences.differing:
            yield self.bold(f"different: {line(str(after.key))}")
            yield "    as reviewed"
            yield from (f"  {row}" for row in self.change(before))
            yield "    now"
            yield from (f"  {row}" for row in self.change(after))

    # --- report -----------------------------------------------------------------------------------

    def report(self, report: Report) -> Iterator[str]:
        """Yield the lines of a report; the last one holds the counts."""
        for result in report.results:
            # What was done as planned needs no line.
            if self.full or result.message or result.outcome is not Outcome.DONE:
                yield f"  {self.paint(_OUTCOMES[result.outcome])} {self._result(result)}"
        yield from self._left(report)
        if report.backup:
            hint = _rollback_hint(report)
            yield line(f"Backup of what was overwritten or deleted: {report.backup} ({hint})")
        yield tally(report)

    def _left(self, report: Report) -> Iterator[str]:
        """Yield what a plan made afterwards shows."""
        if report.left:
            yield f"A plan made afterwards still has {counted(len(report.left), 'change')}:"
            for change in report.left:
                symbol = self.paint(SYMBOLS[change.action])
                yield f"  {symbol} {line(str(change.key))}: {line(change.reason)}"
        if report.waiting:
            yield f"A plan made afterwards blocks {counted(len(report.waiting), 'object')}:"
            for block in report.waiting:
                yield f"  {self.paint('!')} {line(str(block.key))}: {line(block.reason)}"
        if report.left is None:
            yield f"What is left could not be checked: {line(report.unverified)}"

    def _result(self, result: Result) -> str:
        message = f": {line(result.message)}" if result.message else ""
        return f"{result.change.action} {line(str(result.change.key))} {result.outcome}{message}"


def header(plan: ShownPlan) -> str:
    """Return the first line of a plan: its target and its inventory."""
    target, store = plan.target, plan.inventory.store
    emulator = "on the emulator " if target.emulator else ""
    api = f"{emulator}at {target.api_url} (API {target.api})"
    inventory = store if store == "none" else f"{store}, {plan.owned} owned"
    return line(f"Plan for {target.name}: {target.owner} {api}, inventory: {inventory}")


def drift_summary(drift: Drift) -> str:
    """Return what happened, when and by whom, if the API says so."""
    parts = [f"{drift.moved} outside" + (f": {drift.reason}" if drift.reason else "")]
    if drift.at is not None:
        parts.append(datetime.fromtimestamp(drift.at, UTC).strftime("%Y-%m-%d %H:%M UTC"))
    if drift.moved is DriftEvent.EDITED:
        parts.append(f"by {drift.by}" if drift.by else "who: unknown")
    return ", ".join(parts)


def _terms(plan: ShownPlan) -> Iterator[str]:
    """Yield the options that narrowed the plan and approved changes in it."""
    if plan.only:
        yield ""
        yield f"only {line(', '.join(plan.only))}"
    approved = plan.approvals.given()
    if approved:
        flags = (_flag(name, value) for name, value in approved.items())
        yield ""
        yield f"approved with {line(' '.join(flags))}"


def _flag(name: str, value: object) -> str:
    flag = f"--{name.replace('_', '-')}"
    return flag if value is True else f"{flag} {value}"


def counts(plan: ShownPlan) -> str:
    """Return the last line of a plan."""
    actions = Counter(change.action for change in plan.changes)
    parts = [f"{actions[action]} {_TO[action]}" for action in Action if actions[action]]
    unmanaged = sum(plan.unmanaged.values())
    needed = sum(len(block.needed_by) for block in plan.blocked)
    waiting = f" with {counted(needed, 'entry waiting', 'entries waiting')}" if needed else ""
    drift = f"{len(plan.drift)} changed outside devinops, " if plan.drift else ""
    return (
        f"Plan: {', '.join(parts) or 'nothing to change'}; {len(plan.blocked)} blocked{waiting}, "
        f"{drift}{plan.unchanged} unchanged, {unmanaged} unmanaged."
    )


def tally(report: Report) -> str:
    """Return the last line of a report."""
    parts = [f"{report.count(outcome)} {outcome}" for outcome in Outcome]
    if report.plan.blocked:
        parts[-1] = f"{report.count(Outcome.BLOCKED) + len(report.plan.blocked)} blocked"
    word = "Interrupted" if report.interrupted else "Applied"
    return f"{word}: {', '.join(parts)}."


def _rollback_hint(report: Report) -> str:
    """Return what devinops rollback can restore of what was overwritten or deleted."""
    if not report.unsaved:
        return "devinops rollback restores it"
    keys = ", ".join(map(str, report.unsaved))
    secrets = f"the value of a secret, which no backup can hold: {keys}"
    if report.restorable:
        return f"devinops rollback restores it, except {secrets}"
    return f"devinops rollback cannot restore {secrets}"


def problem_counts(problems: Iterable[Problem]) -> str:
    """Return such as `2 errors, 1 warning in 2 files`."""
    problems = list(problems)
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    files = len({problem.source.path for problem in problems})
    warnings = len(problems) - errors
    return f"{counted(errors, 'error')}, {counted(warnings, 'warning')} in {counted(files, 'file')}"


def _because(source: Source | None, reason: str) -> str:
    position = f"{source.path}:{source.line}: " if source else ""
    return line(f"{position}{reason}")


def _is_redundant(change: Change, field: FieldChange) -> bool:
    """Tell whether a field of a created or deleted object is null or only repeats the key."""
    if field.before is not UNSET and field.after is not UNSET:
        return False
    value = field.after if field.before is UNSET else field.before
    return value is None or field.name in KINDS[change.key.kind].places


def _is_text(kind: str, field: FieldChange) -> bool:
    attributes = KINDS[kind].attributes
    values = (value for value in (field.before, field.after) if value is not UNSET)
    return all(isinstance(value, str) for value in values) and any(
        a.name == field.name and a.text for a in attributes
    )


def _descriptions(kind: str, field: FieldChange) -> Iterator[str]:
    """Yield descriptions of a value whose parts people cannot read."""
    attribute = KINDS[kind].by_name.get(field.name)
    if attribute is None:
        return
    values = {"before": field.before, "after": field.after}
    texts = {
        side: attribute.describe(value) for side, value in values.items() if value is not UNSET
    }
    if len(texts) == 1 or texts["before"] == texts["after"]:
        yield from filter(None, {*texts.values()})
    else:
        yield from (f"{side}: {text}" for side, text in texts.items() if text)


def _elements(kind: str, field: FieldChange) -> tuple[list[Any], list[Any]]:
    """Return the elements that a set gains and those that it loses, none for other fields."""
    attribute = KINDS[kind].by_name.get(field.name)
    return added_and_removed(attribute, field.before, field.after) if attribute else ([], [])


def _short(value: Any) -> str:
    if isinstance(value, str):
        return line(value, MAX_LINE) if value else '""'
    return line(json.dumps(value, ensure_ascii=False), MAX_LINE)
