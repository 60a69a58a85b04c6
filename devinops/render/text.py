"""Writes reports as text for people: with signs and colors, and what matters at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from devinops.model.changes import Outcome
from devinops.model.objects import Problem
from devinops.render import counted
from devinops.render import joined as joined
from devinops.render.escape import line
from devinops.render.problem_text import ProblemText
from devinops.render.report import Block, Part, Report, Row
from devinops.render.row_text import RowText, levels
from devinops.render.run_blocks import PULLED as PULLED
from devinops.render.run_blocks import alike_once as alike_once
from devinops.render.run_blocks import drift_summary as drift_summary
from devinops.render.run_report import MERGE as MERGE
from devinops.render.signs import BLOCKED, OUTSIDE, SIGNS
from devinops.render.terminal import Look, Sign, Span, Terminal

MAX_ALIKE: Final = 5
"""How many results with one message, or changes that are left, are shown, unless `full`."""
MAX_ROWS: Final = 20
"""How many rows of another block are shown, unless `full`."""
_ORDER: Final[tuple[Part, ...]] = (
    Part.DONE,
    Part.NOT_DONE,
    Part.LEFT,
    Part.WAITING,
    Part.TARGETS,
    Part.BLOCKED,
    Part.MISSING,
    Part.DRIFT,
    Part.UNMANAGED,
    Part.WARNINGS,
    Part.NOTES,
    Part.REFUSED,
    Part.STATES,
    Part.LOSSES,
    Part.DANGERS,
)
"""What follows the list of changes. A terminal is read from its end, so what is urgent is last."""
_OF_ONE: Final[tuple[Part, ...]] = (Part.DONE, Part.NOT_DONE, Part.LEFT, Part.WAITING)
"""What an apply says of one target, whose plan people have just read."""
_APPROVED: Final[tuple[Part, ...]] = (Part.BLOCKED, Part.DANGERS)
"""What is said beside the changes of one target if people have approved them."""
_INLINE: Final = frozenset({Part.NOTES, Part.REFUSED, Part.STATES})


@dataclass(frozen=True)
class Text:
    """Writes lines of text: with `color` and a `width` for a terminal, `full` without summaries."""

    color: bool = False
    full: bool = False
    width: int | None = None

    @cached_property
    def terminal(self) -> Terminal:
        return Terminal(self.color, self.width)

    @cached_property
    def _rows(self) -> RowText:
        return RowText(self.terminal, self.full)

    def paragraph(self, text: str) -> Iterator[str]:
        return self.terminal.paragraph(text)

    def problem(self, problem: Problem) -> Iterator[str]:
        """Yield one problem as `path:line:column: error: message [code]`."""
        return ProblemText(self.terminal).problem(problem)

    # --- a report ---------------------------------------------------------------------------------

    def report(self, report: Report) -> Iterator[str]:
        """Yield the lines of a report; the last one holds the counts and the targets."""
        if report.about and not report.is_applied:
            yield from self._start(report)
        yield from self._changes(report)
        order = _ORDER
        if report.target and (report.is_applied or report.is_brief):
            order = _OF_ONE if report.is_applied else _APPROVED
        for part in order:
            if part is Part.NOTES and report.lint and not report.is_brief:
                yield from self._heading("lint")
                yield from ProblemText(self.terminal, self.full).problems(report.lint)
            for block in report.of(part):
                yield from self._block(report, block)
        if not (report.is_brief and report.target):
            yield from self._end(report)

    def _start(self, report: Report) -> Iterator[str]:
        title = Span(line(f"{report.subject}:"), strong=True)
        yield from self.terminal.row(title, line(f" {', '.join(report.about)}"))
        for text in report.without_inventory:
            yield from self.paragraph(text)
        if report.is_brief:
            yield from self.terminal.row(
                Span(f"digest {report.plan_digest}, as approved", Look.DIM)
            )
        elif signs := list(dict.fromkeys(_signs(report))):
            legend = ", ".join(f"{sign.symbol} {sign.meaning}" for sign in signs)
            yield from self.terminal.row(Span(f"Signs: {legend}", Look.DIM))

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
        every = levels([row for block in blocks for row in block.rows], full=self.full)
        for block in blocks:
            yield from self._heading(block.heading)
            yield from self._rows.changes([next(every) for _ in block.rows])

    def _block(self, report: Report, block: Block) -> Iterator[str]:
        """Yield a block, with the details of its rows where they are not in the list."""
        is_approved = report.is_brief and report.target
        in_full = self.full or report.is_drift or (block.part is Part.BLOCKED and not is_approved)
        is_known = block.part is Part.DONE and not report.target
        if (block.part is Part.UNMANAGED or is_known) and not self.full:
            return
        if report.target and block.part in _INLINE:
            yield from self._inline(block)
        elif block.part in (Part.NOT_DONE, Part.DONE) and report.target:
            yield from self._results(block.rows)
        elif block.part in (Part.LEFT, Part.WAITING):
            yield from self._left(block)
        else:
            yield from self._heading(block.heading, self._hint(report, block))
            most = len(block.rows) if self.full or report.target else MAX_ROWS
            for row in block.rows[:most]:
                yield from self._rows.row(row) if in_full else self._rows.line(row)
            if most < len(block.rows):
                yield from self._rows.more(len(block.rows) - most, "likewise")

    def _hint(self, report: Report, block: Block) -> str:
        """Return what to do about drift; of a plan only the commands, which say more."""
        if block.part is not Part.DRIFT:
            return ""
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
                    yield from self.paragraph(text)
            else:
                why = _lower(block.heading).replace(": ", ", ")
                yield from self.terminal.row(f"{why}: {line(row.text)}", sign=row.sign)

    def _results(self, rows: Sequence[Row]) -> Iterator[str]:
        """Yield the results that differ from the plan, and of many with one message a count."""
        numbers = Counter((row.outcome, row.text) for row in rows)
        shown = Counter[tuple[str, str]]()
        for row in rows:
            alike = row.outcome, row.text
            # What was done as planned needs no line.
            if not (self.full or row.text or row.outcome != Outcome.DONE):
                continue
            shown[alike] += 1
            if self.full or shown[alike] <= MAX_ALIKE:
                yield from self._rows.line(row)
            elif shown[alike] == numbers[alike]:
                yield from self._rows.more(numbers[alike] - MAX_ALIKE, f"{row.outcome} likewise")

    def _left(self, block: Block) -> Iterator[str]:
        """Yield what a plan made afterwards shows, or why that is not known."""
        if not block.rows[0].key:
            for row in block.rows:
                if row.where:
                    yield ""
                where = f" in {row.where}" if row.where else ""
                yield from self.paragraph(f"{block.title}{where}: {row.text}")
            return
        if block.rows[0].where:
            yield ""
        yield f"{block.title}:"
        shown = block.rows if self.full else block.rows[:MAX_ALIKE]
        for row in shown:
            yield from self._rows.line(row)
        if len(shown) < len(block.rows):
            yield from self._rows.more(len(block.rows) - len(shown), "left")

    def _end(self, report: Report) -> Iterator[str]:
        """Yield what a reader must have seen before the question, and the counts."""
        if not report.target and not report.is_applied:
            for block in report.of(Part.DELETES):
                yield from self._heading(block.title)
                for row in block.rows:
                    yield from self._rows.heading(row)
        for terms in (report.only and f"only {', '.join(report.only)}", _approved(report)):
            if terms and not report.is_applied:
                yield ""
                yield from self.paragraph(terms)
        where, restore = report.backup
        if where:
            if not report.target:
                yield ""
            yield from self.paragraph(f"Backup: {where}")
            # On a line of its own, the command stays whole at 80 columns.
            yield from self.paragraph(f"  {restore.replace('`', '')}")
        for step in report.next:
            yield from self.paragraph(step.replace("`", ""))
        if not (report.is_applied and report.target):
            yield ""
        if report.plan_digest:
            yield from self.terminal.row(
                Span(f"digest {report.plan_digest}{_of(report)}", Look.DIM)
            )
        text = Span(line(report.sentence), report.look, strong=True)
        yield from self.terminal.row(text, hang=2)

    def _heading(self, text: str, hint: str = "") -> Iterator[str]:
        yield ""
        if text:
            about = f" ({line(hint)})" if hint else ""
            yield from self.terminal.row(Span(line(_lower(text)), strong=True), about)


def _signs(report: Report) -> Iterator[Sign]:
    """Yield the signs of a plan that need a meaning."""
    rows = [row for block in report.blocks for row in block.rows]
    used = {each.action for row in rows for each in (row, *row.rows)}
    yield from (sign for action, sign in SIGNS.items() if action in used)
    yield from (BLOCKED for row in rows if row.sign is BLOCKED)
    yield from (OUTSIDE for row in rows if row.sign is OUTSIDE and not report.is_drift)


def _approved(report: Report) -> str:
    return f"approved with {' '.join(report.approved)}" if report.approved else ""


def _of(report: Report) -> str:
    number = len(report.digests.digests)
    return "" if report.target else f" of {counted(number, 'target')}"


def _lower(text: str) -> str:
    """Return a heading without its first capital letter, as headings are in a terminal."""
    return f"{text[:1].lower()}{text[1:]}"
