"""Writes the fields of changes as diffs in Markdown, with changed words marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import islice, takewhile
from typing import Final, NamedTuple

from devinops.model.changes import FieldChange
from devinops.planning.diff import nested_paths
from devinops.render import counted
from devinops.render.changes import (
    MAX_DIFF_LINES,
    MAX_LINE,
    compared_lines,
    descriptions,
    elements,
    gained_and_lost,
    is_text,
    shown_line,
    text_lines,
    value_text,
)
from devinops.render.escape import WHOLE, body_line, line, rest_of_line
from devinops.render.markdown.budget import Budget, size
from devinops.render.markdown.escape import fenced
from devinops.render.terminal import Terminal
from devinops.render.word_diff import Part, Row, around_changes, unified

COLUMNS: Final = 94
"""Longer lines are wrapped, because a code block in a comment does not wrap them."""
MAX_HINTS: Final = 6
"""How many lines of a hunk are also shown with their changed words marked."""
AROUND: Final = 40
"""How many characters around a changed word are shown."""

_AROUND_ROWS = 200
"""Enough bytes for the two fences, a row about what is left out, and the tags around them."""

_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@( .+)?")
_WRAP = Terminal(width=COLUMNS)


class Block(NamedTuple):
    """Rows of a diff that belong together, and lines as HTML with their changed words marked.

    `cut` tells whether rows of the text are left out.
    """

    rows: tuple[str, ...]
    hints: tuple[str, ...] = ()
    cut: bool = False


def field_blocks(kind: str, field: FieldChange, *, sides: str = "") -> Iterator[Block]:
    """Yield the blocks of one field.

    `sides` says what `-` and `+` stand for, if not before and after.
    """
    title = f"{field.name} ({sides})" if sides else field.name
    notes = [f"# {line(text)}" for text in descriptions(kind, field)]
    if not any(elements(kind, field)):
        notes = [*_at(field), *notes]
    if versions := compared_lines(kind, field):
        yield from _hunks(*versions, title)
        if notes:
            yield Block(tuple(notes))
    else:
        yield Block((f"@@ {title} @@", *_value_rows(kind, field), *notes))


def _hunks(old: Sequence[str], new: Sequence[str], title: str) -> Iterator[Block]:
    if len(old) + len(new) > MAX_DIFF_LINES:
        sizes = f"{len(old)} → {len(new)} lines"
        yield Block((f"@@ {title}: {sizes}, too many to compare here @@",), cut=True)
        return
    rows: list[Row] = []
    for row in unified(old, new, shown_line):
        if row.symbol == "@" and rows:
            yield _hunk(rows, title)
            rows = []
        rows.append(row._replace(parts=around_changes(row.parts)))
    if rows:
        yield _hunk(rows, title)


def _hunk(rows: Sequence[Row], title: str) -> Block:
    start = _HUNK.fullmatch(_text(rows[0]))
    at = f", line {start[1]}{(start[2] or '').replace(' ', ': ', 1)}" if start else ""
    texts = (text for row in rows[1:] for text in _wrapped(row.symbol, _text(row)))
    return Block((f"@@ {title}{at} @@", *texts), tuple(map(_hint, islice(_pairs(rows), MAX_HINTS))))


def _text(row: Row) -> str:
    return "".join(part.text for part in row.parts)


def _wrapped(sign: str, text: str) -> Iterator[str]:
    """Yield the rows of a line, each with its sign; an arrow marks the second and later ones."""
    for number, row in enumerate(_WRAP.row(text, hang=0)):
        yield f"{sign} {'↳ ' if number else ''}{row}".rstrip(" ") or sign


def _value_rows(kind: str, field: FieldChange) -> Iterator[str]:
    """Yield the rows of both values of a field, or of the elements that a set loses and gains."""
    added, removed = gained_and_lost(kind, field)
    for sign, values in (("-", removed), ("+", added)):
        for value in values:
            if is_text(kind, field):
                lines = (body_line(part, most=WHOLE) for part in text_lines(value))
                yield from (row for part in lines for row in _wrapped(sign, part))
                continue
            shown = rest_of_line(value_text(value), WHOLE)
            is_word = shown.isascii() and " " not in shown
            yield from [f"{sign} {shown}"] if is_word else _wrapped(sign, shown)


def _at(field: FieldChange) -> Iterator[str]:
    """Yield where two nested values differ."""
    if paths := nested_paths(field.before, field.after):
        yield f"# at {line(', '.join(paths), MAX_LINE)}"


# --- changed words ------------------------------------------------------------------------------


def _pairs(rows: Iterable[Row]) -> Iterator[tuple[Row, Row]]:
    """Yield the pairs of a removed and an added line that differ only in part."""
    removed: list[Row] = []
    for row in rows:
        if row.symbol == "-":
            removed.append(row)
        elif row.symbol == "+" and removed:
            old = removed.pop(0)
            if any(not part.changed for part in row.parts) and any(
                part.changed for part in (*old.parts, *row.parts)
            ):
                yield old, row
        else:
            removed = []


def _hint(pair: tuple[Row, Row]) -> str:
    """Return a line as HTML, with the old words struck through and the new ones underlined."""
    texts = []
    for tag, text in _merged(pair[0].parts, pair[1].parts):
        texts.append(f"<{tag}>{escape(text)}</{tag}>" if tag else escape(text))
    marked = "".join(texts).replace("</del><ins>", "</del> <ins>")
    return f"<code>{marked}</code>"


def _merged(old: Sequence[Part], new: Sequence[Part]) -> Iterator[tuple[str, str]]:
    """Yield the parts of both lines in one order, each with the HTML tag that marks it."""
    before, after = list(old), list(new)
    while before or after:
        if before and before[0].changed:
            yield "del", before.pop(0).text
        elif after and after[0].changed:
            yield "ins", after.pop(0).text
        else:
            before.pop(0)
            text = after.pop(0).text
            is_long = len(text) > 2 * AROUND + 5
            yield "", f"{text[:AROUND]} … {text[-AROUND:]}" if is_long else text


# --- a whole change -----------------------------------------------------------------------------


class Details(NamedTuple):
    """A folded change, and whether rows were left out for lack of space."""

    text: str
    cut: bool = False


def details(summary: str, about: str, blocks: Iterable[Block], most: int) -> Details | None:
    """Return a folded change in at most `most` bytes; None if not even its start fits.

    `summary` is HTML, `about` Markdown. Of the first block that does not fit, the first rows are
    shown, and no block after it: a new text is one block.
    """
    start = f"<details><summary>{summary}</summary>\n\n{about}\n\n"
    budget = Budget(most - size(start) - _AROUND_ROWS)
    if budget.left < 0:
        return None
    listed = list(blocks)
    rows, hints, left_out = _fitting(listed, budget)
    if not rows:
        return None if left_out else Details(f"{start}</details>\n")
    more = [f"@@ … {counted(left_out, 'more line')}, not shown here @@"] if left_out else []
    body = f"{_marked(hints)}{fenced([*rows, *more], 'diff')}\n\n</details>\n"
    return Details(f"{start}{body}", bool(left_out) or any(block.cut for block in listed))


def _marked(hints: Sequence[str]) -> str:
    if not hints:
        return ""
    items = "".join(f"<li>{hint}</li>\n" for hint in hints)
    return f"<ul>\n{items}</ul>\n\n"


def _fitting(blocks: Iterable[Block], budget: Budget) -> tuple[list[str], list[str], int]:
    """Return the rows and hints of the blocks that fit, and the number of rows left out."""
    rows: list[str] = []
    hints: list[str] = []
    left_out = 0
    for block in blocks:
        if not left_out and budget.take(_cost(block)):
            rows += block.rows
            hints += block.hints
        else:
            taken = [] if left_out else _first_rows(block.rows, budget)
            rows += taken
            left_out += len(block.rows) - max(len(taken), bool(rows))
    return rows, hints, left_out


def _cost(block: Block) -> int:
    """Return a number of bytes that a block does not exceed."""
    hints = sum(size(hint) + len("<li></li>\n") for hint in block.hints)
    return sum(map(_row_cost, block.rows)) + hints


def _row_cost(row: str) -> int:
    """Return the bytes of a row and of what its backticks make the two fences longer."""
    return size(row) + 1 + 2 * row.count("`")


def _first_rows(rows: Sequence[str], budget: Budget) -> list[str]:
    taken = [*takewhile(lambda row: budget.take(_row_cost(row)), rows)]
    return taken if len(taken) > 1 else []
