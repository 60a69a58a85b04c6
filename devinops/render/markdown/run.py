"""Lays out the report of a run as Markdown: what must be seen, the changes, and the command."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, groupby, takewhile
from operator import add
from typing import Final

from devinops.model.changes import DROPPING, Action
from devinops.render import counted
from devinops.render.comment_marker import write_digests
from devinops.render.findings import lint_of
from devinops.render.markdown.budget import Budget, fair, fitting, quoted_size, size
from devinops.render.markdown.changes import Block as Diff
from devinops.render.markdown.changes import field_blocks
from devinops.render.markdown.escape import code, fenced, html_code, path_text, prose, shown
from devinops.render.markdown.page import MAX_OPEN, Item, MarkdownPage, Section, alert, document
from devinops.render.report import Block, Details, Part, Report, Row
from devinops.render.run_report import show_command
from devinops.render.terminal import Look
from devinops.render.where import names

LEAST_PAGE: Final = 5_500
"""How many bytes of a document must be left beside the digests of the targets."""
ALERTS_SHARE: Final = 0.7
"""The most that alerts take of the space, so that changes and the command are there too."""
MAX_ROWS: Final = 25
"""If there are more numbered changes, the others are folded."""
MAX_NAMES: Final = 1_000
"""How many characters the names of all targets of a change may take."""
MAX_TARGETS: Final = 8_000
"""The same of targets that have the same changes."""
ORDER: Final = (
    Action.DELETE,
    Action.REPLACE,
    Action.RELEASE,
    Action.UPDATE,
    Action.RENAME,
    Action.ADOPT,
    Action.CREATE,
    Action.FORGET,
)
"""The actions in the order in which changes without numbers are shown: dangerous ones first."""
_LAST: Final = (Part.DRIFT, Part.UNMANAGED, Part.WARNINGS, Part.LINT, Part.TARGETS)
"""What stands below the changes, if it is not in an alert."""
_UNFOLDED: Final = (Part.BLOCKED, Part.WAITING, Part.DRIFT)
"""What has its diffs in a section below its alert; that of other parts is a change of the list."""
_AROUND_ALERT: Final = len(
    "> [!CAUTION]\n> ****\n>\n>\n> <details><summary>100000 more</summary>\n"
)


def run_document(page: MarkdownPage, report: Report) -> Iterator[str]:
    """Yield the document of a run, which starts with its marker and the digests, if they fit."""
    packed = f"{write_digests(report.digests)}\n" if report.digest and not report.target else ""
    if page.limit - size(packed) < LEAST_PAGE:
        packed = ""
    marker = page.marker(report.target, report.digest or None)
    return document_of(page, report, f"{marker}\n{packed}")


def document_of(page: MarkdownPage, report: Report, head: str = "") -> Iterator[str]:
    """Yield the document of a report below its `head`."""
    show = report.show or show_command(page.style.flags)
    lint = lint_of(report.lint)
    page = replace(page, keys=report.keys, reserved=size(head), lint=lint, show=show)
    yield head
    start, end = [*_start(page, report)], [*_end(page, report, has_digests=head.count("\n") > 1)]
    more = [*_after_alerts(page, report)]
    space = int(page.limit * ALERTS_SHARE) - sum(map(size, (*start, *more, *end)))
    alerts, unlisted = _alerts(page, [block for block in report.blocks if block.level], space)
    sections = [*_sections(page, report)]
    yield from document(page, [*start, *alerts, *more], sections, end, unlisted)


def _start(page: MarkdownPage, report: Report) -> Iterator[str]:
    yield f"## {_filled(': ', page.where(report.title), page.prose(report.verdict, 1_000))}"
    if report.about:
        what = "Drift" if report.is_drift else "Report" if report.is_applied else "Plan"
        about = _filled(" · ", *report.about, report.untouched)
        start = f"{what} of devinops for" if report.target else f"{what} of devinops"
        yield page.prose(f"{start} {about}", 1_000)
    yield from (page.prose(text, 600) for text in report.without_inventory)
    for word, texts in report.filters:
        yield f"{word.capitalize()} {', '.join(code(text, 100) for text in texts[:5])}"


def _after_alerts(page: MarkdownPage, report: Report) -> Iterator[str]:
    yield from (page.prose(step, 1_000) for step in report.next)
    where, hint = report.backup
    if where:
        yield f"Backup: {page.prose(where)} ({page.prose(hint, 600)})"


def _end(page: MarkdownPage, report: Report, *, has_digests: bool) -> Iterator[str]:
    """Yield the command that applies a plan, with its digest, or why there is none."""
    if report.command or report.stop:
        yield "### How to apply"
    if report.stop:
        yield page.prose(report.stop)
    if not report.command:
        return
    yield page.prose(report.merge)
    yield fenced([shown(report.command, 1_000)], "sh")
    of = "" if report.target else f" of {counted(len(report.digests.digests), 'target')}"
    job = page.style.job
    commit = f" · commit {code(job.commit[:12])}" if job and job.commit else ""
    yield f"Digest {code(report.digest)}{of}{commit}"
    if not (report.target or has_digests):
        yield (
            "The digests of single targets do not fit here. This digest accepts only the plans of "
            "all targets together."
        )


def _filled(separator: str, *texts: str) -> str:
    """Return the texts that are not empty, with a separator between them."""
    return separator.join(filter(None, texts))


# --- what must be seen ----------------------------------------------------------------------------


def _alerts(page: MarkdownPage, blocks: Sequence[Block], space: int) -> tuple[list[str], int]:
    """Return the blocks that stand out, and how many of their rows do not fit into the space.

    Rows that stay get what the others leave, which is at least four fifths of it.
    """
    texts = [(page.prose(block.title), _hint(page, block)) for block in blocks]
    names_of_one = space // max(2 * sum(row.stays for block in blocks for row in block.rows), 2)
    lines = [
        [_alert_line(page, block, row, names_of_one) for row in block.rows] for block in blocks
    ]
    needs = [size(_more(len(rows))) + sum(map(quoted_size, rows)) for rows in lines]
    stays = [any(row.stays for row in block.rows) for block in blocks]
    space -= sum(size(title) + size(hint) + _AROUND_ALERT for title, hint in texts)
    others = [0 if stay else need for need, stay in zip(needs, stays, strict=True)]
    first = [need - other for need, other in zip(needs, others, strict=True)]
    first = fair(first, space - sum(fair(others, space // 5)))
    shares = map(add, first, fair(others, space - sum(first)))
    cut = [fitting(rows, len(rows), most, _more) for rows, most in zip(lines, shares, strict=True)]
    unlisted = sum(len(a) - len(b) + 1 for a, b in zip(lines, cut, strict=True) if a != b)
    alerts = (
        alert(str(block.level), title, rows, hint)
        for block, (title, hint), rows in zip(blocks, texts, cut, strict=True)
    )
    return [*alerts], unlisted


def _hint(page: MarkdownPage, block: Block) -> str:
    warning = "Nobody reviewed this. " if block.part is Part.DRIFT else ""
    hint = f"{block.hint[:1].upper()}{block.hint[1:].removesuffix('.')}." if block.hint else ""
    return page.prose(f"{warning}{hint}", 1_500)


def _more(number: int) -> str:
    return f"- … and {number} more"


def _alert_line(page: MarkdownPage, block: Block, row: Row, most: int) -> str:
    """Return a row of an alert, whose title can say the word of the row.

    If the row stays, its names can take so many characters.
    """
    if block.part is Part.MISSING:
        # A checklist, to be handed to whoever may create the objects.
        about = _filled(", ", page.prose(row.aside), row.where and f"in {_where(page, row)}")
        return _filled(" ", "- [ ]", path_text(row.text), about and f"({about})")
    shown = row._replace(word="") if block.part is Part.DELETES else row
    return _line(page, shown, most if row.stays else MAX_NAMES)


def _line(page: MarkdownPage, row: Row, most: int = MAX_NAMES) -> str:
    """Return a row as an item of a list, with its hints and the rows below it."""
    where, aside, text = _where(page, row, most=most), page.prose(row.aside), _reason(page, row)
    if row.problem:
        return _filled(", in ", page.problem(row.problem), where)
    location = page.location(row.source, gone=row.is_gone)
    bold, place = f"**{_bold(row)}**" if _bold(row) else "", f"({location})" if location else ""
    if row.key:
        head = _filled(" ", bold, code(row.name), where and f"in {where}", place, aside)
    else:
        head, text = _filled(" ", bold, where, place), _filled(" ", text, aside and f"({aside})")
    text = _filled(
        " · ",
        _filled(" " if row.number and not row.key else ": ", head, text),
        page.prose(row.facts),
        page.prose(row.uses),
    )
    below = (_line(page, each).split("\n") for each in row.rows if not each.is_folded)
    hints = (f"- {page.prose(hint, 600)}" for hint in row.hints)
    return "\n  ".join((f"- {text}", *hints, *chain.from_iterable(below)))


def _bold(row: Row) -> str:
    """Return by which number and word people name a row, unless its text begins with the word."""
    word = "" if re.match(rf"{re.escape(row.word)}\b", row.text) else row.word
    return _filled(" ", row.number and f"{row.number}.", word)


def _where(
    page: MarkdownPage, row: Row, mark: Callable[[str, int], str] = code, most: int = MAX_NAMES
) -> str:
    """Return in which targets something is; each range of names is one span.

    Of names that take more than `most` characters, the first are there, and the number of all.
    """
    if not row.where or row.where != names(row.targets):
        return prose(row.where, len(row.where), page.keys, mark)
    parts, space = row.where.split(", "), Budget(most)
    taken = [*takewhile(lambda part: space.take(len(part) + 4), parts)]
    more = f" … ({len(row.targets)} in all)" if len(taken) < len(parts) else ""
    return ", ".join(mark(part, len(part)) for part in taken) + more


def _reason(page: MarkdownPage, row: Row) -> str:
    number = counted(len(row.needed_by), "entry", "entries")
    needed = f"needed by {number}" if row.needed_by else ""
    return page.prose(_filled("; ", *row.layers, row.text, needed), 600)


# --- details --------------------------------------------------------------------------------------


def _sections(page: MarkdownPage, report: Report) -> Iterator[Section]:
    """Yield the changes, the details of what is in alerts, and what is not in one."""
    listed = (b for b in report.blocks if report.is_drift or b.part is not Part.UNMANAGED)
    blocks = sorted(listed, key=lambda b: _LAST.index(b.part) if b.part in _LAST else -1)
    if report.target is None:
        rows = [(block, row) for block in blocks for row in block.rows if _is_numbered(block)]
        yield _numbered([_item(page, row, "" if b.level else None) for b, row in rows])
    for part, group in groupby(blocks, key=lambda block: block.part):
        if part is Part.CHANGES and report.target:
            yield from _changes_of_one(page, [row for block in group for row in block.rows])
        else:
            yield from (section(page, block) for block in group if not _is_numbered(block))


def _is_numbered(block: Block) -> bool:
    """Return whether a block lists the changes of many targets."""
    is_change = block.part in (Part.DELETES, Part.CHANGES)
    return is_change and any(row.number for row in block.rows)


def _numbered(items: Sequence[Item]) -> Section:
    rest = items[MAX_ROWS:]
    more = [Item("", f"{len(rest)} more", rows=rest)] if rest else []
    return Section("Changes", [*items[:MAX_ROWS], *more], is_open=True)


def section(page: MarkdownPage, block: Block) -> Section:
    """Return the section of a block, with what its alert does not hold."""
    name, rows = block.heading or block.title, block.rows
    if block.level:
        shown = rows if block.part in _UNFOLDED else ()
        rows = tuple(pruned for row in shown for pruned in _with_details(row))
    items = [_item(page, row, "" if block.level else None) for row in rows]
    if block.part is Part.DONE:
        items = [Item(_line(page, row)) for row in rows]
    if block.part is Part.TARGETS:
        every = (row._replace(where=names(row.targets)) for row in rows)
        items = [
            Item(f"- {_reason(page, row)}: {_where(page, row, most=MAX_TARGETS)}") for row in every
        ]
    if block.part not in (Part.TARGETS, Part.LINT, Part.INSIGHT):
        name = f"{name.partition(': ')[0]}: {len(rows)}"
    title = prose(f"{name[:1].upper()}{name[1:]}", keys=page.keys, mark=html_code)
    intro = _hint(page, block) if block.part in (Part.LINT, Part.INSIGHT) else ""
    unfolded = {
        Part.WARNINGS: True,
        Part.TARGETS: False,
        Part.LINT: block.look is Look.ERROR or None,
    }
    return Section(title, items, intro, unfolded.get(block.part))


def _changes_of_one(page: MarkdownPage, rows: Sequence[Row]) -> Iterator[Section]:
    """Yield the changes of one target: in one section, or by action if there are many."""
    rows = sorted(rows, key=lambda row: ORDER.index(row.action))
    if len(rows) <= MAX_OPEN:
        yield Section(f"Changes: {len(rows)}", [_change(page, row) for row in rows])
        return
    for action, group in groupby(rows, key=lambda row: row.action):
        items = [_change(page, row._replace(word="")) for row in group]
        yield Section(f"To {action}: {len(items)}", items)


def _change(page: MarkdownPage, row: Row) -> Item:
    """Return a change of one target. A delete has no line, because an alert lists it."""
    if row.action == Action.DELETE:
        return _item(page, row, "")
    reason = row.text if not row.details or row.action in DROPPING else ""
    return _item(page, row, _line(page, row._replace(text=reason, layers=())))


def _with_details(row: Row) -> Iterator[Row]:
    """Yield a row without those below it that have nothing to unfold; nothing if it has nothing."""
    rows = tuple(pruned for each in row.rows for pruned in _with_details(each))
    if rows or row.details or row.is_folded:
        yield row._replace(rows=rows)


def _item(page: MarkdownPage, row: Row, line: str | None = None) -> Item:
    """Return a row for its section: folded if there is more to see of it than a `line`.

    The line is empty for what an alert lists; None for the usual one.
    """
    if line is None:
        line = _line(page, row._replace(rows=(), hints=()))
    if not (row.details or row.rows):
        return Item(line)
    reason = _reason(page, row) if row.key or row.where else ""
    about = [_filled(": ", page.location(row.source, gone=row.is_gone), reason)]
    listed = "" if row.rows or not row.where else names(row.targets)
    if listed not in ("", row.where):
        about.append(f"In {_where(page, row._replace(where=listed))}")
    details = partial(_diffs, row.details) if row.details else None
    if not row.rows:
        return Item(line, _summary(page, row), _filled("\n\n", *about), details)
    own = [Item("", "the text", "", details)] if details else []
    rows = [_item(page, _without(row, each)) for each in row.rows]
    return Item(line, _summary(page, row), _filled("\n\n", *about), rows=(*own, *rows))


def _without(row: Row, below: Row) -> Row:
    """Return a row without what the one above it says already."""
    source, text = (None if below.source == row.source else below.source), below.text
    return below._replace(source=source, text="" if text == row.text and below.where else text)


def _summary(page: MarkdownPage, row: Row) -> str:
    """Return what stands before the fold of a row, as HTML."""
    to_html = partial(prose, keys=page.keys, mark=html_code)
    bold, where = _bold(row), _where(page, row, html_code)
    size_of = _filled(", ", row.details.names, row.details.size) if row.details else ""
    about = to_html(_filled(" · ", row.facts or size_of, row.uses))
    name = html_code(row.name) if row.key else "" if where else to_html(row.text)
    where = f"in {where}" if where and row.key else where
    return _filled(" — ", _filled(" ", f"<b>{bold}</b>" if bold else "", name, where), about)


def _diffs(details: Details) -> Iterator[Diff]:
    for field in details.fields:
        yield from field_blocks(details.kind, field, sides=details.sides)
