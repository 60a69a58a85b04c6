"""Writes changes and their fields as text for people."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from devinops.kinds import KINDS
from devinops.model.changes import Action, Blocked, Change, FieldChange
from devinops.model.objects import Overridden, Source
from devinops.model.values import UNSET, canonical_text
from devinops.planning.diff import added_and_removed, nested_paths
from devinops.render import counted
from devinops.render.escape import WHOLE, body_line, line
from devinops.render.line_diff import BoundedMatcher
from devinops.render.signs import SIGNS
from devinops.render.terminal import Look, Sign, Span, Terminal, columns
from devinops.render.word_diff import Row, around_changes, cut, unified

MAX_LINE = 2_000
"""How many characters of a line are shown, unless `full`."""
MAX_FULL_LINE = 20_000
"""The same if `full`. A longer line leaves a terminal no place for anything else."""
MAX_SENTENCE = 240
"""A text of one line that has more characters is cut off, unless `full`."""
MAX_DIFF_LINES = 20_000
MAX_DIFF_ROWS = 80
"""How many rows of the diff of a text are shown, unless `full`."""
MAX_BRIEF = 20
"""If a plan has more creates, or more deletes or adoptions, their details are left out.

The first `MAX_DETAILED` keep them. Of each kind, the next `MAX_LISTED` have a line each.
"""
MAX_DETAILED = 5
MAX_LISTED = 20

_ADDED, _REMOVED = SIGNS[Action.CREATE], SIGNS[Action.DELETE]
_CHANGED = SIGNS[Action.UPDATE]
_DIFF_SIGNS = {"+": _ADDED, "-": _REMOVED, " ": Sign(" ", Look.PLAIN, "unchanged")}
_SUMMARY_COLUMNS = 100
"""How much of a text is shown if the width of the terminal is not known."""


class Level(Enum):
    """How much of a change is shown."""

    DETAILS = "details"
    LINE = "line"
    COUNT = "count"


def levels(changes: Sequence[Change], *, full: bool) -> Iterator[tuple[Change, Level]]:
    """Yield each change with how much of it is shown.

    Updates and renames are always shown with their details, and every delete has at least a line,
    so that nobody approves one without having seen its key. `full` shows all details.
    """
    numbers = Counter(change.action for change in changes if _is_brief(change))
    detailed: Counter[Action] = Counter()
    listed: Counter[tuple[str, Action]] = Counter()
    for change in changes:
        action, group = change.action, (change.key.kind, change.action)
        if full or numbers[action] <= MAX_BRIEF or not _is_brief(change):
            yield change, Level.DETAILS
        elif detailed[action] < MAX_DETAILED:
            detailed[action] += 1
            yield change, Level.DETAILS
        elif listed[group] < MAX_LISTED or action is Action.DELETE:
            listed[group] += 1
            yield change, Level.LINE
        else:
            yield change, Level.COUNT


def _is_brief(change: Change) -> bool:
    """Return whether a change has no diff: it creates, deletes, or adopts an equal object."""
    return change.action in (Action.CREATE, Action.DELETE) or not change.fields


@dataclass(frozen=True)
class ChangeText:
    """Writes changes on a terminal; with `full`, texts are not summarized."""

    terminal: Terminal
    full: bool = False

    def changes(self, changes: Sequence[tuple[Change, Level]]) -> Iterator[str]:
        """Yield the lines of the changes of one kind, and the number of those left out."""
        left_out: Counter[Action] = Counter()
        for change, level in changes:
            if level is Level.DETAILS:
                yield from self.change(change)
            elif level is Level.LINE:
                yield from self.heading(change)
            else:
                left_out[change.action] += 1
        for action, number in left_out.items():
            text = f"… and {number} more to {action} (-v shows them)"
            yield from self.terminal.row(Span(text, Look.DIM), indent=4)

    def change(self, change: Change) -> Iterator[str]:
        """Yield the lines of one change."""
        key, lines = line(str(change.key)), Span(f"  {size(change)}", Look.DIM)
        yield from self.terminal.row(key, lines, sign=SIGNS[change.action], indent=2, hang=6)
        yield from self.because(change.source, change.reason, overridden=change.overridden)
        one_sided = change.action in (Action.CREATE, Action.DELETE)
        for field in change.fields:
            if not is_redundant(change, field):
                yield from self.field(change.key.kind, field, signed=not one_sided)

    def heading(self, change: Change) -> Iterator[str]:
        """Yield one line for a change: its key, and where its entry is."""
        position = _position(change.source, change.overridden).removesuffix(": ")
        about = "  ".join(filter(None, (size(change), position)))
        where = Span(f"  {about}", Look.DIM) if about else ""
        key = line(str(change.key))
        yield from self.terminal.row(key, where, sign=SIGNS[change.action], indent=2, hang=6)

    def because(
        self,
        source: Source | None,
        reason: str,
        look: Look = Look.DIM,
        overridden: Sequence[Overridden] = (),
    ) -> Iterator[str]:
        """Yield where an entry is, what it does to others, and the reason of what happens to it."""
        position = Span(_position(source, overridden), Look.DIM)
        yield from self.terminal.row(position, Span(line(reason), look), indent=6)

    def field(
        self, kind: str, field: FieldChange, *, signed: bool = True, sides: str = ""
    ) -> Iterator[str]:
        """Yield the lines of one field; `signed` shows whether it is added or removed.

        `sides` says what `-` and `+` stand for in the diff of a text, if not before and after.
        """
        if field.before is UNSET:
            yield from self._one_side(kind, field, field.after, _ADDED if signed else None)
        elif field.after is UNSET:
            yield from self._one_side(kind, field, field.before, _REMOVED if signed else None)
        elif versions := compared_lines(kind, field):
            yield from self._row(_CHANGED, f"{field.name}:", f" ({sides})" if sides else _at(field))
            yield from self._diff(*versions)
        else:
            yield from self._values(kind, field)
        for description in descriptions(kind, field):
            yield from self.terminal.row(Span(line(description), Look.DIM), indent=8)

    def _row(self, mark: Sign | None, text: str, rest: str = "") -> Iterator[str]:
        yield from self.terminal.row(text, Span(rest, Look.DIM), sign=mark, indent=6, hang=10)

    def _one_side(
        self, kind: str, field: FieldChange, value: Any, mark: Sign | None
    ) -> Iterator[str]:
        if not is_text(kind, field):
            yield from self._row(mark, f"{field.name}: {self._value(value)}")
            return
        # Only at LF: the other line ends that Python knows are shown as escapes.
        lines = str(value).removesuffix("\n").split("\n")
        if self.full and len(lines) > 1:
            yield from self._row(mark, f"{field.name}:")
            for text in lines:
                yield from self.terminal.row(f"| {body_line(text, most=MAX_FULL_LINE)}", indent=8)
            return
        if len(lines) == 1 and (self.full or len(lines[0]) <= MAX_SENTENCE):
            yield from self._row(mark, f"{field.name}: {line(lines[0], MAX_FULL_LINE)}")
            return
        first = self._start(lines[0], len(field.name) + 2)
        size = counted(len(lines), "line") if len(lines) > 1 else f"{len(lines[0])} characters"
        yield from self._row(mark, f"{field.name}: {first}", f" … ({size})")

    def _start(self, text: str, used: int) -> str:
        """Return the words at the start of a line that fit on one row."""
        width = (self.terminal.width or _SUMMARY_COLUMNS) - used - len("      + … (100 lines)")
        shown = line(text, MAX_LINE)
        if columns(shown) <= width:
            return shown
        return shown[:width].rpartition(" ")[0] or shown[:width]

    def _values(self, kind: str, field: FieldChange) -> Iterator[str]:
        """Yield the two values of a field, or the elements that a set gains and loses."""
        added, removed = elements(kind, field)
        if added or removed:
            yield from self._row(_CHANGED, f"{field.name}:")
            for mark, values in ((_ADDED, added), (_REMOVED, removed)):
                for value in values:
                    yield from self.terminal.row(self._value(value), sign=mark, indent=8)
            return
        values_text = f"{self._value(field.before)} → {self._value(field.after)}"
        yield from self._row(_CHANGED, f"{field.name}: {values_text}", _at(field))

    def _value(self, value: Any) -> str:
        return line(value_text(value), MAX_FULL_LINE if self.full else MAX_LINE)

    def _diff(self, old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
        if len(old) + len(new) > MAX_DIFF_LINES:
            text = f"{len(old)} lines → {len(new)} lines (too many to compare here)"
            yield from self.terminal.row(text, indent=8)
            return
        rows = list(unified(old, new, shown_line))
        shown = rows if self.full else rows[:MAX_DIFF_ROWS]
        for row in shown:
            yield from self.terminal.row(
                *_spans(row, full=self.full), sign=_DIFF_SIGNS.get(row.symbol), indent=8, hang=12
            )
        if len(shown) < len(rows):
            more = f"… and {len(rows) - len(shown)} more lines (-v shows them)"
            yield from self.terminal.row(Span(more, Look.DIM), indent=8)


def shown_line(symbol: str, text: str) -> str:
    """Return a line of a body, safe and, if it changed, whole and with its white space visible."""
    is_changed = symbol != " "
    return body_line(text, white_space=is_changed, most=WHOLE if is_changed else MAX_LINE)


def _spans(row: Row, *, full: bool) -> Iterator[Span]:
    look = _DIFF_SIGNS[row.symbol].look if row.symbol in _DIFF_SIGNS else Look.DIM
    is_partial = not all(part.changed for part in row.parts)
    most = MAX_FULL_LINE if full else MAX_LINE
    for part in cut(around_changes(row.parts, most), most):
        yield Span(part.text, look, marked=part.changed and is_partial)


def _position(source: Source | None, overridden: Sequence[Overridden]) -> str:
    """Return where an entry is, and what it does to those of earlier layers."""
    steps = f" {', '.join(map(str, overridden))}" if overridden else ""
    return line(f"{source.path}:{source.line}{steps}: ") if source else ""


def with_layers(item: Change | Blocked) -> str:
    """Return the reason of an item after what its entry does to those of earlier layers."""
    return "; ".join((*map(str, item.overridden), item.reason))


def is_redundant(change: Change, field: FieldChange) -> bool:
    """Return whether a field of a created or deleted object is null or only repeats the key."""
    if field.before is not UNSET and field.after is not UNSET:
        return False
    value = field.after if field.before is UNSET else field.before
    return value is None or field.name in KINDS[change.key.kind].key_fields


def is_text(kind: str, field: FieldChange) -> bool:
    """Return whether the values of a field are prose, which is compared line by line."""
    attributes = KINDS[kind].attributes
    values = (value for value in (field.before, field.after) if value is not UNSET)
    return all(isinstance(value, str) for value in values) and any(
        a.name == field.name and a.text for a in attributes
    )


def descriptions(kind: str, field: FieldChange) -> Iterator[str]:
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


def elements(kind: str, field: FieldChange) -> tuple[list[Any], list[Any]]:
    """Return the elements that a set gains and those that it loses, none for other fields."""
    attribute = KINDS[kind].by_name.get(field.name)
    return added_and_removed(attribute, field.before, field.after) if attribute else ([], [])


def compared_lines(kind: str, field: FieldChange) -> tuple[list[str], list[str]] | None:
    """Return the lines of both values of a field; None if they are too short to be compared."""
    if is_text(kind, field):
        old, new = canonical_text(field.before), canonical_text(field.after)
        return old.split("\n"), new.split("\n")
    texts = value_text(field.before), value_text(field.after)
    if max(map(len, texts)) <= MAX_SENTENCE or any(elements(kind, field)):
        return None
    old, new = value_text(field.before, indent=2), value_text(field.after, indent=2)
    return old.split("\n"), new.split("\n")


def size(change: Change) -> str:
    """Return how many lines a change adds and removes, such as `+12 −3`; empty for neither."""
    fields = [field for field in change.fields if not is_redundant(change, field)]
    return size_of(change.key.kind, fields)


def size_of(kind: str, fields: Iterable[FieldChange]) -> str:
    """Return how many lines fields gain and lose, such as `+12 −3`; empty for neither."""
    added = removed = 0
    for field in fields:
        new, old = changed_lines(kind, field)
        added, removed = added + len(new), removed + len(old)
    return " ".join(f"{sign}{n:,}" for sign, n in (("+", added), ("−", removed)) if n)


def changed_lines(kind: str, field: FieldChange) -> tuple[list[str], list[str]]:
    """Return the lines or elements that a field gains and loses; a short value is one line."""
    if field.before is UNSET or field.after is UNSET:
        value = field.after if field.before is UNSET else field.before
        is_prose = is_text(kind, field)
        lines = value.removesuffix("\n").split("\n") if is_prose else [value_text(value)]
        return (lines, []) if field.before is UNSET else ([], lines)
    if versions := compared_lines(kind, field):
        old, new = versions
        if len(old) + len(new) > MAX_DIFF_LINES:
            return new, old
        steps = [step for step in BoundedMatcher(old, new).get_opcodes() if step[0] != "equal"]
        return (
            [line for *_, start, end in steps for line in new[start:end]],
            [line for _, start, end, *_ in steps for line in old[start:end]],
        )
    added, removed = elements(kind, field)
    if not (added or removed):
        added, removed = [field.after], [field.before]
    return [*map(value_text, added)], [*map(value_text, removed)]


def _at(field: FieldChange) -> str:
    """Return where two nested values differ."""
    paths = line(", ".join(nested_paths(field.before, field.after)))
    return f" (at {paths})" if paths else ""


def value_text(value: Any, indent: int | None = None) -> str:
    """Return a text as it is, and any other value as JSON."""
    if isinstance(value, str) and value:
        return value
    return json.dumps(value, ensure_ascii=False, indent=indent)
