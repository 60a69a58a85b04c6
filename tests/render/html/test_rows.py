"""Rows of a report as elements: what a box and the list show of them, and by what they are filtered."""

from __future__ import annotations

import re
from typing import Any

import pytest

from devinops.model.changes import Action, FieldChange, Outcome
from devinops.model.keys import Key
from devinops.model.objects import Problem, Severity, Source
from devinops.render import Style
from devinops.render.html.rows import Rows
from devinops.render.html.run import MOST_LISTED, report_page
from devinops.render.report import Block, Details, Level, Part, Report, Row, TargetRow
from devinops.render.signs import BLOCKED, FAILED, SIGNS
from devinops.render.terminal import Look, Sign
from tests.testing.html import Parsed

NOTE = Key("knowledge", "Ops", "Shared")
UPDATE, DELETE = SIGNS[Action.UPDATE], SIGNS[Action.DELETE]
PLACES = {f"team-{number:02}": number for number in range(1, 13)}
ROWS = Rows(places=PLACES)


def details(before: str = "Old.", after: str = "New.") -> Details:
    return Details("knowledge", (FieldChange("body", before, after),))


def words(markup: str) -> str:
    """Return the text of some markup, with spaces around blocks."""
    blocks = markup.replace("<p", " <p")
    blocks = re.sub(r"<(/(p|td|th|li|dt|dd|h2|span|button|summary)|br)>", r"<\1> ", blocks)
    return " ".join(Parsed(blocks).content.split())


@pytest.mark.parametrize(
    ("targets", "numbers"),
    [
        (["team-01"], "1"),
        (["team-03", "team-01", "team-02", "team-05"], "1-3 5"),
        (["team-01", "team-02", "team-11", "team-12"], "1-2 11-12"),
        (list(PLACES), None),
        ([], None),
        (["a target of which there is no row"], None),
    ],
)
def test_a_row_says_by_numbers_in_which_targets_it_is(targets: list[str], numbers: str) -> None:
    markup = ROWS.item(Row(NOTE, targets=tuple(targets)))
    assert Parsed(markup).attributes.get("data-at") == numbers


def test_a_row_with_nothing_to_open_is_one_line() -> None:
    markup = ROWS.item(Row(NOTE, aside="note-1"))
    assert markup.startswith('<p class="item"')
    assert words(markup) == "knowledge:Ops/Shared note-1"


def test_a_change_with_two_texts_has_a_part_for_each_and_is_found_by_all_their_actions() -> None:
    parts = (
        Row(where="35 organizations", facts="+1 −1 lines", targets=("team-01",), details=details()),
        Row(
            word="delete", sign=DELETE, action="delete", where="team-03", targets=("team-03",),
            text="no longer declared", is_folded=True, details=details(), hints=("To keep it: `x`",),
        ),
        Row(NOTE, number="7", where="team-04", problem=None, ids=("note-4",)),
    )  # fmt: skip
    row = Row(
        NOTE, number="3", sign=UPDATE, word="update", action="update", facts="body", rows=parts
    )
    markup = ROWS.item(row)
    assert 'data-action="update delete" data-kind="knowledge"' in markup
    assert words(markup).startswith("3. ~ update knowledge:Ops/Shared body")
    assert re.findall(r'<(?:details|p) class="part"([^>]*)>', markup) == [
        ' open data-at="1"',
        ' data-at="3"',
        "",
    ]
    assert "- delete no longer declared team-03 " in words(markup)
    assert "To keep it: x" in words(markup)
    assert "7. knowledge:Ops/Shared team-04" in words(markup)


def test_a_result_has_its_outcome_and_its_action() -> None:
    row = Row(NOTE, "422", outcome=str(Outcome.FAILED), action="update", sign=FAILED, id="result-1")
    markup = ROWS.item(row)
    assert words(markup).startswith("x failed ~ update knowledge:Ops/Shared 422")
    assert 'data-outcome="failed" data-action="update"' in markup


def test_ids_are_those_of_one_target() -> None:
    one = ROWS.item(Row(NOTE, ids=("a", "b"), targets=("team-01",), id="x"))
    two = ROWS.item(Row(NOTE, ids=("a", "b"), targets=("team-01", "team-02"), id="x"))
    assert "id a, b" in words(one)
    assert "id a" not in words(two)


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        (Row(NOTE, "no longer declared", DELETE, "delete", where="all 39"),
         "- knowledge:Ops/Shared: no longer declared in all 39"),
        (Row(NOTE, "body changed", BLOCKED, "conflict"), "! knowledge:Ops/Shared: conflict: body changed"),
        (Row(NOTE, "edited: body", BLOCKED, "edited"), "! knowledge:Ops/Shared: edited: body"),
        (Row(text="404", sign=FAILED, where="gone"), "x 404 in gone"),
        (Row(text="39 texts", facts="body"), "39 texts · body"),
        (Row(text="it waits", hints=("to approve: `devinops apply`",)), "it waits to approve: devinops apply"),
        (Row(NOTE, "why", layers=("overrides base/a.md:3",)), "knowledge:Ops/Shared: overrides base/a.md:3; why"),
        (Row(problem=Problem(Source("a.md", 3, 1), "old", "too old", Severity.WARNING)), "a.md:3:1 too old old"),
    ],
)  # fmt: skip
def test_the_line_of_a_box(row: Row, shown: str) -> None:
    assert words(ROWS.line(row)) == shown


def page(*blocks: Block, **facts: Any) -> str:
    """Return what a page has before its list, and the list."""
    report = Report("Plan", "1 update", "Plan: 1 update.", Look.CHANGED, blocks, **facts)
    made = report_page(report, Style())
    return "\n".join(
        [
            made.verdict,
            *made.notices,
            *(item for s in made.sections for item in s.items),
            made.ending,
        ]
    )


def test_a_box_with_many_rows_folds_the_others_and_leaves_out_none() -> None:
    rows = tuple(
        Row(Key("knowledge", "", f"Old {n}"), sign=DELETE, details=details(), action="delete")
        for n in range(MOST_LISTED + 5)
    )
    written = page(Block(Part.DELETES, "25 notes will be deleted", level=Level.CAUTION, rows=rows))
    box, _, listed = written.partition("</section>")
    assert "and 5 more" in box
    assert re.findall(r'<li><b>-</b> <a href="#(row-\d+)"', box) == [
        f"row-{n}" for n in range(1, 26)
    ]
    assert re.findall(r'<details class="item" id="(row-\d+)"', listed) == re.findall(
        r"row-\d+(?=\">knowledge)", box
    )


def test_a_row_that_stands_elsewhere_in_the_list_is_linked_and_not_repeated() -> None:
    change = Row(NOTE, sign=DELETE, action="delete", details=details(), id="change-1")
    written = page(
        Block(Part.DELETES, "1 note will be deleted", level=Level.CAUTION,
              rows=(change._replace(id="", to="change-1", details=None),)),
        Block(Part.CHANGES, "1 change", "knowledge", rows=(change,)),
    )  # fmt: skip
    assert written.count('href="#change-1">knowledge:Ops/Shared') == 1
    assert written.count('class="item"') == 1


def test_a_page_says_how_to_apply_or_why_not_and_what_is_next() -> None:
    written = page(
        command="devinops apply --expect a1", approved=("--adopt",), next=("Run `x` again.",)
    )
    assert "devinops apply --expect a1" in written
    assert "Approved with --adopt." in words(written)
    assert "Run x again." in words(written)
    assert "This plan cannot be applied" in page(stop="This plan cannot be applied: see the top.")


def test_a_plan_that_destroys_nothing_says_so() -> None:
    safe = "✓ Nothing is deleted, replaced or blocked."
    assert safe in words(page(command="devinops apply"))
    assert safe not in words(page())
    blocked = Block(Part.BLOCKED, "1 step blocked", rows=(Row(NOTE, sign=BLOCKED),))
    assert safe not in words(page(blocked, command="devinops apply"))


def test_a_report_says_where_the_backup_is() -> None:
    written = words(page(is_applied=True, backup=("b.jsonl", "`devinops rollback` restores it")))
    assert written.startswith("1 update Backup b.jsonl devinops rollback restores it")


def test_the_table_has_the_state_of_each_target_with_links_and_numbers() -> None:
    targets = (
        TargetRow("gone", Sign("x", Look.ERROR, "failed"), text="404"),
        TargetRow("a&b", Sign("=", Look.DIM, "nothing to change"), "organization org-1"),
        TargetRow("c", Sign("~", Look.CHANGED, "to change"), numbers={"changes": 3, "blocked": 0}, changes="1–2"),
    )  # fmt: skip
    written = page(targets=targets)
    assert words(written).endswith(
        "name state changes which changes gone x failed 404 "
        "a&b organization org-1 = nothing to change c ~ to change 3 1–2"
    )
    assert re.findall(r'href="(#target=[^"]+)"', written) == [
        "#target=gone", "#target=a%26b", "#target=c",
    ]  # fmt: skip
    assert 'data-state="nothing-to-change" data-at="2"' in written
