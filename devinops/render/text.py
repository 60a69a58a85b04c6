"""Plans, reports and problems for people: stable, grouped by kind, colour never the only signal."""

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
from devinops.model.changes import Action, Blocked, Change, Drift, FieldChange, Moved, Outcome
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
_COLOURS = {
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
    """Yield the lines of an answer, each with its end."""
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
            return text.drift_of(answer)
        case Differences():
            return text.differences(answer)
        case Failure():
            return iter((f"devinops: {line(answer.error)}",))
        case SimpleAnswer():
            return map(line, answer.lines)


@dataclass(frozen=True)
class Text:
    """How to write: `colour` for a terminal, `full` for every line where a summary would do."""

    colour: bool = False
    full: bool = False

    def paint(self, sign: str, text: str | None = None) -> str:
        text = sign if text is None else text
        return f"\x1b[{_COLOURS[sign]}m{text}\x1b[0m" if self.colour else text

    def bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self.colour else text

    # --- plan ---------------------------------------------------------------------------------------------

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
            if not _goes_without_saying(change, field):
                yield from self._field(change.key.kind, field)

    def _field(self, kind: str, field: FieldChange) -> Iterator[str]:
        if field.before is UNSET:
            yield f"      {self.paint('+')} {field.name}: {self._value(kind, field, field.after)}"
        elif field.after is UNSET:
            yield f"      {self.paint('-')} {field.name}: {self._value(kind, field, field.before)}"
        elif _is_text(kind, field):
            yield f"      {self.paint('~')} {field.name}:"
            yield from self._diff(field.before, field.after)
        elif any(elements := _elements(kind, field)):
            yield f"      {self.paint('~')} {field.name}:"
            for sign, values in zip("+-", elements, strict=True):
                yield from (f"        {self.paint(sign)} {_short(value)}" for value in values)
        else:
            at = (
                f" (at {line(', '.join(paths))})"
                if (paths := nested_paths(field.before, field.after))
                else ""
            )
            yield f"      {self.paint('~')} {field.name}: {_short(field.before)} → {_short(field.after)}{at}"
        yield from (f"        {line(words)}" for words in _in_words(kind, field))

    def _value(self, kind: str, field: FieldChange, value: Any) -> str:
        if not _is_text(kind, field):
            return _short(value)
        # at line feeds alone: the others that Python knows are shown as what they are
        lines = str(value).removesuffix("\n").split("\n")
        if len(lines) == 1:
            return line(lines[0], MAX_LINE if self.full else 100)
        if not self.full:
            return f"{line(lines[0][:60]).rstrip()} … ({len(lines)} lines)"
        return "".join(f"\n        | {body_line(one, most=MAX_LINE)}" for one in lines)

    def _diff(self, before: str, after: str) -> Iterator[str]:
        old, new = canonical_text(before).split("\n"), canonical_text(after).split("\n")
        if len(old) + len(new) > MAX_DIFF_LINES:
            yield f"        {len(old)} lines → {len(new)} lines (too many to compare here)"
            return
        for one in list(difflib.unified_diff(old, new, lineterm="", n=3))[2:]:
            sign, rest = one[0], one[1:]
            if sign == "@":
                yield f"        {self.paint('@', one)}"
            else:
                shown = f"{sign} {body_line(rest, white_space=sign != ' ', most=MAX_LINE)}".rstrip()
                yield f"        {self.paint(sign, shown) if sign != ' ' else shown}"

    def _blocked(self, blocked: Sequence[Blocked]) -> Iterator[str]:
        if not blocked:
            return
        yield ""
        yield self.bold("blocked")
        for held in blocked:
            yield f"  {self.paint('!')} {line(str(held.key))}"
            yield f"      {_because(held.source, f'{held.by}: {held.reason}')}"
            if held.needed_by:
                yield f"      needed by {self._keys(held.needed_by)}"
            for field in held.fields:
                yield from self._field(held.key.kind, field)

    def _drift(self, drift: Sequence[Drift]) -> Iterator[str]:
        """Yield the outside edits; in a diff `-` is what the files say and `+` what is live."""
        if not drift:
            return
        yield ""
        yield self.bold("outside edits, left as they are")
        for one in drift:
            yield from self._edit(one)

    def _edit(self, one: Drift) -> Iterator[str]:
        yield f"  {self.paint('@')} {line(str(one.key))}"
        yield f"      {_because(one.source, said_of_drift(one))}"
        for field in one.fields:
            yield from self._field(one.key.kind, field)

    def drift_of(self, document: DriftAnswer) -> Iterator[str]:
        """Yield the lines of what `devinops drift` found in a target."""
        if document.target.emulator:
            yield line(f"This is the emulator at {document.target.api_url}.")
        yield from self.drift(document.findings)

    def drift(self, found: Findings) -> Iterator[str]:
        """Yield the lines of what `devinops drift` found; the last one holds the counts."""
        for one in found.drift:
            yield from self._edit(one)
        if found.unmanaged:
            yield self.bold("unmanaged, and no drift")
            shown = found.unmanaged if self.full else found.unmanaged[:MAX_UNMANAGED]
            yield from (f"  {line(str(live.key))}  {line(live.id)}" for live in shown)
            if len(shown) < len(found.unmanaged):
                yield f"  and {len(found.unmanaged) - len(shown)} more (--verbose shows all)"
        yield f"Drift: {counted(len(found.drift), 'outside edit')}; {len(found.unmanaged)} unmanaged."

    def _keys(self, keys: Sequence[Key]) -> str:
        shown = keys if self.full else keys[:MAX_NEEDED_BY]
        more = f" and {len(keys) - len(shown)} more" if len(shown) < len(keys) else ""
        return ", ".join(line(str(key)) for key in shown) + more

    def _warnings(self, problems: Iterable[Problem]) -> Iterator[str]:
        shown = list(map(self.problem, problems))
        if shown:
            yield ""
            yield self.bold("warnings")
            yield from (f"  {one}" for one in shown)

    # --- problems -----------------------------------------------------------------------------------------

    def problem(self, problem: Problem) -> str:
        """Return one problem as `path:line:column: error: message [code]`."""
        severity = self.paint(problem.severity.value)
        return f"{line(str(problem.source))}: {severity}: {line(problem.message)} [{problem.code}]"

    def problems(self, document: ProblemsAnswer) -> Iterator[str]:
        """Yield the lines of what validate found; the last one holds the counts."""
        yield from map(self.problem, document.problems)
        more = f"; {document.elsewhere} elsewhere, not shown" if document.elsewhere else ""
        if document.problems:
            yield f"{problem_counts(document.problems)}{more}"
        elif document.paths:
            yield f"no problems in {line(', '.join(document.paths))}{more}"
        else:
            entries = counted(document.entries, "entry", "entries")
            yield f"{entries} in {counted(document.files, 'file')}, no problems"

    # --- differences --------------------------------------------------------------------------------------

    def differences(self, found: Differences) -> Iterator[str]:
        """Yield what differs: whole changes if they are new, their fields twice if they differ."""
        if found.new:
            yield self.bold("new: not in the reviewed plan")
        for change in found.new:
            yield from self.change(change)
        if found.gone:
            yield self.bold("gone: in the reviewed plan, and no longer asked for")
        for change in found.gone:
            yield f"  {self.paint(SYMBOLS[change.action])} {line(str(change.key))}"
        for before, after in found.differing:
            yield self.bold(f"different: {line(str(after.key))}")
            yield "    as reviewed"
            yield from (f"  {row}" for row in self.change(before))
            yield "    now"
            yield from (f"  {row}" for row in self.change(after))

    # --- report -------------------------------------------------------------------------------------------

    def report(self, report: Report) -> Iterator[str]:
        """Yield the lines of what apply did; the last one holds the counts."""
        signs = {Outcome.FAILED: "x", Outcome.SKIPPED: "!", Outcome.BLOCKED: "!"}
        for result in report.results:
            if result.outcome in signs:
                yield f"  {self.paint(signs[result.outcome])} {self._result(result)}"
            elif result.message or self.full:
                yield f"  {self.paint('+')} {self._result(result)}"
        if report.left:
            yield f"A plan made afterwards still has {counted(len(report.left), 'change')}:"
            yield from (
                f"  {self.paint(SYMBOLS[c.action])} {line(str(c.key))}: {line(c.reason)}"
                for c in report.left
            )
        if report.waiting:
            yield f"A plan made afterwards blocks {counted(len(report.waiting), 'object')}:"
            yield from (
                f"  {self.paint('!')} {line(str(one.key))}: {line(one.reason)}"
                for one in report.waiting
            )
        if report.left is None:
            yield f"What is left could not be checked: {line(report.unverified)}"
        if report.backup:
            yield line(f"What was overwritten or deleted: {report.backup} ({_way_back(report)})")
        yield tally(report)

    def _result(self, result: Result) -> str:
        message = f": {line(result.message)}" if result.message else ""
        return f"{result.change.action} {line(str(result.change.key))} {result.outcome}{message}"


def header(plan: ShownPlan) -> str:
    target = plan.target
    inventory = (
        "none" if plan.inventory.store == "none" else f"{plan.inventory.store}, {plan.owned} owned"
    )
    place = f"{'on the emulator ' if target.emulator else ''}at {target.api_url} (API {target.api})"
    return line(f"Plan for {target.name}: {target.owner} {place}, inventory: {inventory}")


def said_of_drift(drift: Drift) -> str:
    """Return what happened, when and by whom, as far as the API says."""
    parts = [f"{drift.moved} outside" + (f": {drift.reason}" if drift.reason else "")]
    if drift.at is not None:
        parts.append(datetime.fromtimestamp(drift.at, UTC).strftime("%Y-%m-%d %H:%M UTC"))
    if drift.moved is Moved.EDITED:
        parts.append(f"by {drift.by}" if drift.by else "who: unknown")
    return ", ".join(parts)


def _terms(plan: ShownPlan) -> Iterator[str]:
    """Yield what the plan was narrowed to, and what was approved for it: whoever applies it approves the same."""
    if plan.only:
        yield ""
        yield f"only {line(', '.join(plan.only))}"
    if approved := plan.approvals.given():
        flags = (
            f"--{name.replace('_', '-')}{'' if value is True else f' {value}'}"
            for name, value in approved.items()
        )
        yield ""
        yield f"approved with {line(' '.join(flags))}"


def counts(plan: ShownPlan) -> str:
    """Return the last line of a plan."""
    actions = Counter(change.action for change in plan.changes)
    parts = [f"{actions[action]} {_TO[action]}" for action in Action if actions[action]]
    unmanaged = sum(plan.unmanaged.values())
    needed = sum(len(held.needed_by) for held in plan.blocked)
    waiting = f" with {counted(needed, 'entry waiting', 'entries waiting')}" if needed else ""
    drift = f"{counted(len(plan.drift), 'outside edit')}, " if plan.drift else ""
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


def _way_back(report: Report) -> str:
    """Return what devinops rollback can do about what was overwritten or deleted."""
    if not report.unsaved:
        return "devinops rollback brings it back"
    secrets = f"the value of a secret, which cannot be saved: {', '.join(map(str, report.unsaved))}"
    if report.restorable:
        return f"devinops rollback brings it back, except {secrets}"
    return f"devinops rollback cannot bring back {secrets}"


def problem_counts(problems: Iterable[Problem]) -> str:
    """Return such as `2 errors, 1 warning in 2 files`."""
    problems = list(problems)
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    files = len({problem.source.path for problem in problems})
    warnings = len(problems) - errors
    return f"{counted(errors, 'error')}, {counted(warnings, 'warning')} in {counted(files, 'file')}"


def _because(source: Source | None, reason: str) -> str:
    place = f"{source.path}:{source.line}: " if source else ""
    return line(f"{place}{reason}")


def _goes_without_saying(change: Change, field: FieldChange) -> bool:
    """Tell whether a field of a created or deleted object only repeats the key, or says that nothing is there."""
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


def _in_words(kind: str, field: FieldChange) -> Iterator[str]:
    """Yield what the parts of a value say that people cannot read."""
    attribute = KINDS[kind].by_name.get(field.name)
    if attribute is None:
        return
    sides = {"before": field.before, "after": field.after}
    words = {side: attribute.describe(value) for side, value in sides.items() if value is not UNSET}
    if len(words) == 1 or words["before"] == words["after"]:
        yield from filter(None, {*words.values()})
    else:
        yield from (f"{side}: {text}" for side, text in words.items() if text)


def _elements(kind: str, field: FieldChange) -> tuple[list[Any], list[Any]]:
    """Return what a set gains and what it loses; nothing for any other field."""
    attribute = KINDS[kind].by_name.get(field.name)
    return added_and_removed(attribute, field.before, field.after) if attribute else ([], [])


def _short(value: Any) -> str:
    if isinstance(value, str):
        return line(value, MAX_LINE) if value else '""'
    return line(json.dumps(value, ensure_ascii=False), MAX_LINE)
