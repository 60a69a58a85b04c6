"""Writes rows of a report as text for people: what happens, why, and the fields as diffs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from devinops.model.changes import Action, FieldChange
from devinops.model.keys import Key
from devinops.model.values import UNSET
from devinops.planning.diff import nested_paths
from devinops.render import counted
from devinops.render.changes import (
    MAX_DIFF_LINES,
    MAX_LINE,
    MAX_SENTENCE,
    compared_lines,
    descriptions,
    elements,
    is_text,
    shown_line,
    text_lines,
    value_text,
)
from devinops.render.escape import body_line, line, rest_of_line
from devinops.render.problem_text import ProblemText
from devinops.render.report import Row
from devinops.render.signs import SIGNS
from devinops.render.terminal import Look, Sign, Span, Terminal, columns
from devinops.render.where import names
from devinops.render.word_diff import Row as DiffRow
from devinops.render.word_diff import around_changes, cut, unified

MAX_FULL_LINE = 20_000
"""How many characters of a line are shown if `full`. A longer line leaves no place for others."""
MAX_DIFF_ROWS = 80
"""How many rows of the diff of a text are shown, unless `full`."""
MAX_BRIEF = 20
"""If a plan has more creates, or more deletes or adoptions, their details are left out.

Of each kind, the first `MAX_LISTED` have a line each.
"""
MAX_LISTED = 20
MAX_NEEDED_BY = 5
"""How many entries that need a blocked step are named, unless `full`."""
MAX_BELOW: Final = 10
"""How many rows below another one are shown, unless `full`."""
MAX_VERSIONS: Final = 3
"""How many texts of one key are shown as diffs, unless `full`."""

_ADDED, _REMOVED = SIGNS[Action.CREATE], SIGNS[Action.DELETE]
_CHANGED = SIGNS[Action.UPDATE]
_DIFF_SIGNS = {"+": _ADDED, "-": _REMOVED, " ": Sign(" ", Look.PLAIN, "unchanged")}
_SUMMARY_COLUMNS = 100
"""How much of a text is shown if the width of the terminal is not known."""


def has_diff(row: Row) -> bool:
    """Return whether a change does more than to create, to delete, or to adopt an equal object."""
    is_whole = row.action in (Action.CREATE, Action.DELETE)
    return not is_whole and bool(row.details or row.rows)


@dataclass(frozen=True)
class RowText:
    """Writes rows on a terminal; with `full`, texts are not summarized."""

    terminal: Terminal
    full: bool = False

    def changes(self, rows: Iterable[Row], many: Collection[str]) -> Iterator[str]:
        """Yield the lines of changes, and how many are left out of the actions that are `many`.

        Changes with a diff are always shown with it, and every delete has at least a line, because
        people must see its key before they approve it.
        """
        listed, left_out = Counter[tuple[str, str]](), Counter[str]()
        for row in rows:
            group = row.key.kind if row.key else "", row.action
            if row.action not in many or has_diff(row):
                yield from self.row(row)
            elif listed[group] < MAX_LISTED or row.stays:
                listed[group] += 1
                yield from self.heading(row)
            else:
                left_out[row.action] += 1
        for action, number in left_out.items():
            yield from self.more(number, f"to {action}")

    def more(self, number: int, what: str, indent: int = 4) -> Iterator[str]:
        """Yield how many rows are left out."""
        text = " ".join(filter(None, (f"… and {number} more", what, "(-v shows them)")))
        yield from self.terminal.dim(text, indent=indent)

    def row(self, row: Row, indent: int = 2) -> Iterator[str]:
        """Yield the lines of a row: its head, why, its fields, and the rows below it."""
        yield from self._head(row, indent=indent)
        if row.key and (row.text or row.source):
            yield from self.because(row)
        if row.needed_by:
            yield from self.terminal.row(f"needed by {self._keys(row.needed_by)}", indent=6)
        if self.full and row.where and names(row.targets) not in ("", row.where):
            yield from self.terminal.dim(names(row.targets), indent=6)
        if details := row.details:
            for field in details.fields:
                yield from self.field(
                    details.kind, field, signed=details.signed, sides=details.sides
                )
        yield from self._end(row)

    def _below(self, rows: Sequence[Row]) -> Iterator[str]:
        """Yield the rows below another one: the first with its details, if it is a text of that."""
        most = len(rows) if self.full else MAX_BELOW
        shown = [(at, row) for at, row in enumerate(rows) if at < most or row.stays]
        for at, row in shown:
            indent = 4 if row.key else 6
            is_shown = self.full or (row.details and not row.number and at < MAX_VERSIONS)
            yield from self.row(row, indent) if is_shown else self._head(row, indent=indent)
        if len(shown) < len(rows):
            yield from self.more(len(rows) - len(shown), "", indent=6)

    def heading(self, row: Row) -> Iterator[str]:
        """Yield one line for a change: its key, and where its entry is."""
        position = _position(row).removesuffix(": ")
        yield from self._head(row, position)

    def line(self, row: Row) -> Iterator[str]:
        """Yield one line for a row with its reason, and then what is below it."""
        if row.problem:
            yield from ProblemText(self.terminal).problem(row.problem, indent=2)
            where = row.where and f"in {row.where}"
            yield from self.terminal.dim(where, indent=6) if where else ()
            return
        reason = f": {row.text}" if row.key and row.text and not row.outcome else ""
        # What waits for nobody stands below what does.
        indent = 2 if row.sign or row.key or row.where else 4
        yield from self._head(row, indent=indent, reason=reason)
        yield from self._end(row)

    def _end(self, row: Row) -> Iterator[str]:
        yield from self._below(row.rows)
        for hint in row.hints:
            yield from self.terminal.row(line(hint.replace("`", "")), indent=6)

    def _head(
        self, row: Row, position: str = "", indent: int = 2, reason: str = ""
    ) -> Iterator[str]:
        """Yield the first line of a row: its number, sign and object, where, and its size."""
        sign = row.sign
        if row.number and sign:
            sign = sign._replace(symbol=f"{row.number}. {sign.symbol}")
        has_size = row.details and row.action in SIGNS and not (row.where or row.outcome or reason)
        size = row.details.size if row.details and has_size else ""
        about = "".join(f"  {line(text)}" for text in (row.aside, size, row.uses, position) if text)
        facts = f" · {line(row.facts)}" if row.facts else ""
        text, rest = line(f"{_head(row)}{reason}"), Span(f"{facts}{about}", Look.DIM)
        yield from self.terminal.row(text, rest, sign=sign, indent=indent, hang=indent + 4)

    def because(self, row: Row) -> Iterator[str]:
        """Yield where an entry is, what it does to others, and the reason of what happens to it."""
        position = Span(_position(row) if row.text else _position(row)[:-2], Look.DIM)
        is_change = row.action in SIGNS
        text = row.text if is_change or row.action == "outside" else f"{row.word}: {row.text}"
        look = Look.DIM if is_change or row.action == "outside" else Look.PLAIN
        yield from self.terminal.row(position, Span(line(text), look), indent=6)

    def _keys(self, keys: Sequence[Key]) -> str:
        shown = keys if self.full else keys[:MAX_NEEDED_BY]
        more = f" and {len(keys) - len(shown)} more" if len(shown) < len(keys) else ""
        return ", ".join(line(str(key)) for key in shown) + more

    def field(
        self, kind: str, field: FieldChange, *, signed: bool = True, sides: str = ""
    ) -> Iterator[str]:
        """Yield the lines of one field; `signed` shows whether it is added or removed.

        `sides` says what `-` and `+` stand for in the diff of a text, if not before and after.
        """
        if versions := compared_lines(kind, field):
            yield from self._row(_CHANGED, f"{field.name}:", f" ({sides})" if sides else _at(field))
            yield from self._diff(*versions)
        elif field.before is UNSET:
            yield from self._one_side(kind, field, field.after, _ADDED if signed else None)
        elif field.after is UNSET:
            yield from self._one_side(kind, field, field.before, _REMOVED if signed else None)
        else:
            yield from self._values(kind, field)
        for description in descriptions(kind, field):
            yield from self.terminal.dim(line(description), indent=8)

    def _row(self, mark: Sign | None, text: str, rest: str = "") -> Iterator[str]:
        yield from self.terminal.row(text, Span(rest, Look.DIM), sign=mark, indent=6, hang=10)

    def _one_side(
        self, kind: str, field: FieldChange, value: Any, mark: Sign | None
    ) -> Iterator[str]:
        if not is_text(kind, field):
            yield from self._row(mark, f"{field.name}: {self._value(value)}")
            return
        lines = text_lines(value)
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
        return rest_of_line(value_text(value), MAX_FULL_LINE if self.full else MAX_LINE)

    def _diff(self, old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
        if len(old) + len(new) > MAX_DIFF_LINES:
            text = f"{len(old)} lines → {len(new)} lines (too many to compare here)"
            yield from self.terminal.row(text, indent=8)
            return
        rows = list(unified(old, new, shown_line))
        shown = rows if self.full else rows[:MAX_DIFF_ROWS]
        for row in shown:
            spans, sign = _spans(row, full=self.full), _DIFF_SIGNS.get(row.symbol)
            yield from self.terminal.row(*spans, sign=sign, indent=8, hang=12)
        if len(shown) < len(rows):
            more = f"… and {len(rows) - len(shown)} more lines (-v shows them)"
            yield from self.terminal.dim(more, indent=8)


def _spans(row: DiffRow, *, full: bool) -> Iterator[Span]:
    look = _DIFF_SIGNS[row.symbol].look if row.symbol in _DIFF_SIGNS else Look.DIM
    is_partial = not all(part.changed for part in row.parts)
    most = MAX_FULL_LINE if full else MAX_LINE
    for part in cut(around_changes(row.parts, most), most):
        yield Span(part.text, look, marked=part.changed and is_partial)


def _head(row: Row) -> str:
    """Return what a row is about, and in which targets."""
    where = row.where and f" in {row.where}"
    if not row.key:
        return ": ".join(filter(None, (f"{row.word} {row.where}".strip(), row.text)))
    if row.number:
        return f"{row.name}: {row.word}{where}"
    if row.outcome:
        message = f": {row.text}" if row.text else ""
        return f"{row.action} {row.name} {row.outcome}{where}{message}"
    return f"{row.name}{where}"


def _position(row: Row) -> str:
    """Return where an entry is, and what it does to those of earlier layers."""
    steps = f" {', '.join(row.layers)}" if row.layers else ""
    return line(f"{row.source.path}:{row.source.line}{steps}: ") if row.source else ""


def _at(field: FieldChange) -> str:
    """Return where two nested values differ."""
    paths = line(", ".join(nested_paths(field.before, field.after)))
    return f" (at {paths})" if paths else ""
