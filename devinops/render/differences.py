"""Says how a plan differs from the reviewed one, in blocks. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from devinops.model.changes import Change
from devinops.render.answers import Differences
from devinops.render.by_change import change_row
from devinops.render.report import Block, Part, Row
from devinops.render.run_blocks import block


def difference_blocks(differences: Differences) -> Iterator[Block]:
    """Yield new changes, those that are held, gone, and that differ, as reviewed and now."""
    held = (_row(change)._replace(details=None) for change in differences.held)
    gone = (_row(change)._replace(details=None, text="") for change in differences.gone)
    differing = (_pair(*pair) for pair in differences.differing)
    for title, rows in (
        ("New, not in the reviewed plan", map(_row, differences.new)),
        ("In the reviewed plan, but now blocked or kept", held),
        ("Gone, only in the reviewed plan", gone),
        ("Different from the reviewed plan", differing),
    ):
        yield from block(Part.CHANGES, title, rows)


def _row(change: Change) -> Row:
    return change_row(change)._replace(ids=(change.id,) if change.id else ())


def _pair(before: Change, after: Change) -> Row:
    """Return a row for an object with what was reviewed and what is planned now below it."""
    versions = (("as reviewed", _row(before)), ("now", _row(after)))
    below = (
        row._replace(key=None, word="", text=f"{when}: {row.word}, {row.text}")
        for when, row in versions
    )
    return _row(after)._replace(text="", details=None, rows=tuple(below))
