"""Writes reports as text for people: with signs and colors, and what matters at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Final

from devinops.render import counted
from devinops.render.escape import line
from devinops.render.problem_text import ProblemText
from devinops.render.report import Block, Part, Report
from devinops.render.row_text import MAX_BRIEF, RowText, has_diff
from devinops.render.signs import BLOCKED, OUTSIDE, SIGNS
from devinops.render.terminal import Sign, Span, Terminal

MAX_ROWS: Final = 20
"""How many rows of another block are shown, unless `full`, and the first result of each text."""
_APPROVED: Final[tuple[Part, ...]] = (Part.BLOCKED, Part.DANGERS)
"""What is said beside the changes of one target if people have approved them."""
_INLINE: Final = frozenset({Part.NOTES, Part.REFUSED, Part.STATES})
_LISTED: Final = (Part.ERROR, Part.CHANGES, Part.LINT)
"""What stands elsewhere: in the list, or in what the command says."""


@dataclass(frozen=True)
class Text:
    """Writes lines of text on a terminal, `full` without summaries."""

    terminal: Terminal
    full: bool

    @cached_property
    def _rows(self) -> RowText:
        return RowText(self.terminal, self.full)

    # --- a report ---------------------------------------------------------------------------------

    def report(self, report: Report) -> Iterator[str]:
        """Yield the lines of a report; the last one holds the counts and the targets."""
        if report.about and not report.is_applied:
            yield from self._start(report)
        yield from self._changes(report)
        # A terminal is read from its end, so what is urgent is last.
        for part in _APPROVED if report.is_seen else reversed(Part):
            if part is Part.LINT and report.lint and not report.is_brief:
                yield from self._heading("lint")
                yield from ProblemText(self.terminal, self.full).problems(report.lint)
            for block in report.of(part):
                yield from self._block(report, block)
        if not report.is_seen:
            yield from self._end(report)

    def _start(self, report: Report) -> Iterator[str]:
        title = Span(line(f"{report.subject}:"), strong=True)
        yield from self.terminal.row(title, line(f" {', '.join(report.about)}"))
        for text in report.without_inventory:
            yield from self.terminal.paragraph(text)
        if report.is_brief:
            yield from self.terminal.dim(f"digest {report.plan_digest}, as approved")
        elif legend := ", ".join(f"{sign.symbol} {sign.meaning}" for sign in _signs(report)):
            yield from self.terminal.dim(f"Signs: {legend}")

    def _changes(self, report: Report) -> Iterator[str]:
        """Yield the list of changes; of many targets, with the deletes that a block names too."""
        blocks = list(report.of(Part.CHANGES))
        deletes = () if report.target else report.of(Part.DELETES)
        if deletes:
            rows = tuple(row for block in deletes for row in block.rows)
            first = blocks.pop(0) if blocks else Block(Part.CHANGES, "Changes", "Changes")
            blocks.insert(0, first._replace(rows=rows + first.rows))
        if report.is_brief:
            for row in (row for block in blocks for row in block.rows):
                yield from self._rows.heading(row)
        else:
            yield from self.changes(blocks)

    def changes(self, blocks: Sequence[Block]) -> Iterator[str]:
        """Yield the rows of blocks with as much of each as fits a list."""
        rows = (row for block in blocks for row in block.rows)
        numbers = Counter(row.action for row in rows if not has_diff(row))
        many = {action for action, number in numbers.items() if number > MAX_BRIEF}
        for block in blocks:
            yield from self._heading(block.heading)
            yield from self._rows.changes(block.rows, () if self.full else many)

    def _block(self, report: Report, block: Block) -> Iterator[str]:
        """Yield a block, with the details of its rows where they are not in the list."""
        in_full = block.part is Part.BLOCKED and not report.is_seen
        is_listed_whole = report.is_applied or block.part is Part.INSIGHT
        in_full = in_full or report.is_drift or (self.full and not is_listed_whole)
        rows = block.rows
        if block.part is Part.DONE and not self.full:
            # What was done as planned needs no line.
            rows = tuple(row for row in rows if row.text and report.target)
        is_listed = block.part in ((Part.DELETES, *_LISTED) if report.target else _LISTED)
        if not rows or is_listed or (block.part is Part.UNMANAGED and not self.full):
            return
        if report.target and block.part in _INLINE:
            yield from self._inline(block)
            return
        yield from self._heading(block.heading, self._hint(report, block))
        is_whole = self.full or (report.target and not report.is_applied)
        write = self._rows.row if in_full else self._rows.line
        if block.part is Part.DELETES:
            write, is_whole = self._rows.heading, True
        most, left_out, seen = len(rows) if is_whole else MAX_ROWS, 0, set[tuple[str, str]]()
        for number, row in enumerate(rows):
            is_new = report.is_applied and (row.outcome, row.text) not in seen
            if number < most or is_new:
                seen.add((row.outcome, row.text))
                yield from write(row)
            else:
                left_out += 1
        if left_out:
            yield from self._rows.more(left_out, "likewise")

    def _hint(self, report: Report, block: Block) -> str:
        """Return what insight means, or what to do about drift; of a plan only the commands."""
        if block.part is not Part.DRIFT:
            return block.hint if block.part is Part.INSIGHT else ""
        if report.is_drift:
            return block.hint.replace("`", "")
        show = "" if self.full else f"{report.show} and "
        return f"see {show}{block.hint.split('`')[1]}"

    def _inline(self, block: Block) -> Iterator[str]:
        """Yield what is only said of one target: a note, or why nothing is applied."""
        for row in block.rows:
            yield ""
            if block.part is Part.NOTES:
                for text in row.text.split("\n"):
                    yield from self.terminal.paragraph(text)
            else:
                why = _lower(block.heading).replace(": ", ", ")
                yield from self.terminal.row(f"{why}: {line(row.text)}", sign=row.sign)

    def _end(self, report: Report) -> Iterator[str]:
        """Yield what a reader must have seen before the question, and the counts."""
        filters = (f"{word} {', '.join(texts)}" for word, texts in report.filters)
        approved = report.approved and f"approved with {' '.join(report.approved)}"
        for terms in (*filters, approved):
            if terms and not report.is_applied:
                yield ""
                yield from self.terminal.paragraph(terms)
        where, restore = report.backup
        if where:
            if not report.target:
                yield ""
            yield from self.terminal.paragraph(f"Backup: {where}")
            # On a line of its own, the command stays whole at 80 columns.
            yield from self.terminal.paragraph(f"  {restore.replace('`', '')}")
        for step in report.next:
            yield from self.terminal.paragraph(step.replace("`", ""))
        if not (report.is_applied and report.target):
            yield ""
        if report.plan_digest:
            yield from self.terminal.dim(f"digest {report.plan_digest}{_of(report)}")
        text = Span(line(report.sentence), report.look, strong=True)
        yield from self.terminal.row(text, hang=2)

    def _heading(self, text: str, hint: str = "") -> Iterator[str]:
        yield ""
        if text:
            about = f" ({line(hint)})" if hint else ""
            yield from self.terminal.row(Span(line(_lower(text)), strong=True), about)


def _signs(report: Report) -> Iterator[Sign]:
    """Yield the signs of a plan that need a meaning."""
    rows = [*chain.from_iterable(block.rows for block in report.blocks)]
    used = {each.action for row in rows for each in (row, *row.rows)}
    signs = {row.sign for row in rows}
    yield from (sign for action, sign in SIGNS.items() if action in used)
    if BLOCKED in signs:
        yield BLOCKED
    if OUTSIDE in signs and not report.is_drift:
        yield OUTSIDE


def _of(report: Report) -> str:
    number = len(report.digests.digests)
    return "" if report.target else f" of {counted(number, 'target')}"


def _lower(text: str) -> str:
    """Return a heading without its first capital letter, as headings are in a terminal."""
    return f"{text[:1].lower()}{text[1:]}"
