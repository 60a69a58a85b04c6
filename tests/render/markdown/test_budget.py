"""A list takes the bytes that it may have, and counts the rest."""

from __future__ import annotations

import pytest

from devinops.model.changes import Action, Change, FieldChange
from devinops.model.keys import ROOT, Key
from devinops.model.values import UNSET
from devinops.render import Style
from devinops.render.by_change import change_row
from devinops.render.markdown.budget import COMMENT_LIMIT, fair, fitting, size
from devinops.render.markdown.page import MarkdownPage
from devinops.render.markdown.run import document_of
from devinops.render.report import Part, Report
from devinops.render.run_blocks import block
from devinops.render.terminal import Look

LINES = ["- aé", "- bé", "- cé"]


def more(number: int) -> str:
    return f"and {number}"


def test_what_fits_is_whole() -> None:
    assert fitting(LINES, 3, 100, more) == LINES


def test_the_rest_is_counted() -> None:
    most = size(more(3)) + 2 * (size("- aé") + len("> \n"))
    assert fitting(LINES, 3, most, more) == ["- aé", "- bé", "and 1"]
    assert fitting(LINES, 3, most - 1, more) == ["- aé", "and 2"]
    assert fitting(LINES, 3, 0, more) == ["and 3"]


@pytest.mark.parametrize(
    ("needs", "space", "shares"),
    [
        ([], 9, []),
        ([3, 1, 2], 6, [3, 1, 2]),
        ([9, 1, 9], 11, [5, 1, 5]),
        ([9, 9], -4, [0, 0]),
        ([5, 0], 4, [4, 0]),
    ],
)
def test_what_some_do_not_need_is_left_to_the_others(
    needs: list[int], space: int, shares: list[int]
) -> None:
    assert fair(needs, space) == shares


def _rules(word: str, number: int) -> str:
    return "\n".join(f"Rule {n}: do what the {word} rule says." for n in range(number))


def test_a_rewrite_takes_only_the_space_that_smaller_changes_leave() -> None:
    rewrite = FieldChange("body", _rules("old", 1_000), _rules("new", 1_000))
    gone = FieldChange("body", _rules("gone", 60), UNSET)
    changes = (
        Change(Action.UPDATE, Key("knowledge", ROOT, "Large"), "why", "0", fields=(rewrite,)),
        *(
            Change(Action.DELETE, Key("knowledge", ROOT, f"N{n}"), "why", f"n{n}", fields=(gone,))
            for n in range(9)
        ),
    )
    blocks = tuple(block(Part.CHANGES, "Changes", map(change_row, changes)))
    report = Report("Many changes", "10 changes", "", Look.PLAIN, blocks)
    text = "".join(document_of(MarkdownPage(Style()), report))
    assert COMMENT_LIMIT - 3_000 < size(text) <= COMMENT_LIMIT
    assert text.count("- Rule 59: do what the gone rule says.") == 9
    assert "**This page is shortened** to fit here: 1 row is shortened." in text
