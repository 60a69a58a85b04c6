"""Lays out the report of a run as a page: verdict, what must be seen, the list, the targets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Final

from devinops.render import Style
from devinops.render.findings import lint_of
from devinops.render.html import table
from devinops.render.html.diff import fold
from devinops.render.html.markup import Html, joined, prose, tag
from devinops.render.html.page import Facet, HtmlPage, HtmlSection, bullets, notice
from devinops.render.html.rows import SEVERITIES, Rows, Value, walk
from devinops.render.report import Block, Part, Report, Row
from devinops.render.signs import BLOCKED, OUTCOMES, OUTSIDE, SIGNS
from devinops.render.terminal import Look, Sign

MOST_OPEN: Final = 8
"""If a list has at most so many rows, they are open."""
MOST_LISTED: Final = 20
"""A box with more rows folds the others."""
_ORDER: Final = (*OUTCOMES.values(), *SIGNS.values(), BLOCKED, OUTSIDE, *SEVERITIES.values())
"""The signs in the order in which the filters have them."""
_LAST: Final = (Part.DRIFT, Part.UNMANAGED, Part.WARNINGS, Part.LINT)
"""What stands below the changes in the list."""
_RISKY: Final = (Part.REFUSED, Part.DELETES, Part.LOSSES, Part.BLOCKED)


def report_page(report: Report, style: Style) -> HtmlPage:
    """Return the page of a report."""
    blocks = [*with_ids(report.blocks)]
    listed = [*_listed(blocks, report)]
    items = [row for block in listed for row in block.rows]
    rows = Rows(
        style,
        sum(1 for row in items for _ in walk(row)) <= MOST_OPEN,
        {target.name: number for number, target in enumerate(report.targets, 1)},
        lint_of(report.lint),
    )
    about = " · ".join(("", *filter(None, (*report.about, report.untouched))))
    facts = (
        ("Digest", report.digest),
        *((word.capitalize(), ", ".join(texts)) for word, texts in report.filters),
        ("Commit", style.job.commit if style.job else ""),
        *(("Inventory", text) for text in report.without_inventory),
    )
    return HtmlPage(
        title=report.sentence,
        about=joined(tag("strong", report.title), about),
        verdict=prose(f"{report.verdict[:1].upper()}{report.verdict[1:]}"),
        look=report.look,
        facts=[fact for fact in facts if fact[1]],
        notices=[*_notices(blocks, report, rows)],
        facets=[
            *row_facets(items, rows, with_numbers=not report.targets),
            table.state_facet(report.targets),
        ],
        targets=[target.name for target in report.targets],
        sections=[
            *(section(block, rows) for block in listed),
            *([table.section(report.targets)] if report.targets else []),
        ],
        ending=_how_to(report),
    )


def with_ids(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield blocks in which each row that can be opened has a name, for links to it."""
    numbers = count(1)
    for block in blocks:
        rows = (
            row._replace(id=row.id or f"row-{next(numbers)}")
            if not row.to and (row.details or row.rows or row.needed_by)
            else row
            for row in block.rows
        )
        yield block._replace(rows=tuple(rows))


def _listed(blocks: Iterable[Block], report: Report) -> Iterator[Block]:
    """Yield the blocks of the list, without the rows that stand only in a box."""
    for block in sorted(blocks, key=lambda block: block.part in _LAST):
        rows = tuple(row for row in block.rows if row.id or not block.level)
        # Which changes concern which target is a column of the table.
        if rows and block.part is not Part.TARGETS:
            yield block._replace(rows=rows)


def section(block: Block, rows: Rows) -> HtmlSection:
    """Return the section of a block."""
    name = block.heading or block.title
    hint = "" if block.level else block.hint if name == block.title else block.title
    return HtmlSection(f"{name[:1].upper()}{name[1:]}", map(rows.item, block.rows), hint)


# --- what must be seen first ----------------------------------------------------------------------


def _notices(blocks: Sequence[Block], report: Report, rows: Rows) -> Iterator[Html]:
    for block in blocks:
        if block.level:
            yield _box(block, rows)
    path, hint = report.backup
    if path:
        yield notice("Backup", [tag("p", tag("code", path), " ", prose(hint))], Look.DIM)
    if report.next:
        yield notice("Next", [tag("p", prose(step)) for step in report.next], Look.WAITING)
    if report.command and not any(block.part in _RISKY for block in blocks):
        safe = "Nothing is deleted, replaced or blocked."
        yield tag("p", tag("b", "✓"), f" {safe}", class_="hint good")
    if report.approved:
        flags = tag("code", " ".join(report.approved))
        yield tag("p", "Approved with ", flags, ".", class_="hint")


def _box(block: Block, rows: Rows) -> Html:
    lines = [rows.line(row) for row in block.rows]
    more = lines[MOST_LISTED:]
    return notice(
        block.title,
        [
            *([bullets(lines[:MOST_LISTED])] if lines else []),
            *([fold(f"and {len(more):,} more", bullets(more))] if more else []),
            *([tag("p", prose(block.hint), class_="hint")] if block.hint else []),
        ],
        block.look,
    )


def _how_to(report: Report) -> Html:
    """Return the command that applies this report and no other, or why there is none."""
    if not report.command:
        return tag("p", prose(report.stop), class_="ending hint") if report.stop else Html("")
    command = tag("pre", report.command, class_="command")
    parts = tag("h2", "Apply"), tag("p", prose(report.merge)), command
    return tag("section", *parts, class_="ending")


# --- filters --------------------------------------------------------------------------------------


def row_facets(listed: Iterable[Row], rows: Rows, *, with_numbers: bool = True) -> Iterator[Facet]:
    """Yield the filters of rows, with the number of rows that have each value.

    That would be mistaken for the number of objects if a row can be about many.
    """
    numbers: dict[str, Counter[Value]] = {"outcome": Counter(), "action": Counter()}
    for row in listed:
        for name, values in rows.facets(row).items():
            numbers.setdefault(name, Counter()).update(values)
    for name, counter in numbers.items():
        counted = sorted(counter.items(), key=lambda pair: (_rank(pair[0][1]), pair[0][0]))
        yield Facet(name, [(*value, number if with_numbers else None) for value, number in counted])


def _rank(sign: Sign | None) -> int:
    return _ORDER.index(sign) if sign in _ORDER else len(_ORDER)
