"""How the report of a run is laid out as Markdown: alerts, numbered changes, folds, and limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

import pytest

from devinops.model.changes import Action, FieldChange
from devinops.model.keys import FolderPath, Key
from devinops.model.target import Target
from devinops.planning.digest_list import DigestList
from devinops.render import JobLinks, Style
from devinops.render.comment_marker import read, read_digests
from devinops.render.markdown import render
from devinops.render.markdown.budget import COMMENT_LIMIT
from devinops.render.markdown.page import MarkdownPage
from devinops.render.markdown.run import run_document
from devinops.render.report import Block, Details, Level, Part, Report, Row
from devinops.render.terminal import Look
from devinops.render.where import names
from tests.testing.forty import answer, forty
from tests.testing.gfm import Page

JOB = JobLinks("c" * 40, "https://ci.example/1", lambda path, line, gone: "", in_request=True)
TEAMS = tuple(f"team-{number:02}" for number in range(40))


def key(name: str) -> Key:
    return Key("knowledge", FolderPath("Ops"), name)


def changed(name: str, before: str = "Old.", after: str = "New.", **facts: Any) -> Row:
    details = Details("knowledge", (FieldChange("body", before, after),))
    facts = {"word": "update", "action": Action.UPDATE, "details": details, **facts}
    return Row(key(name), "body changed", **facts)


def deleted(name: str, **facts: Any) -> Row:
    return Row(key(name), "no longer declared", word="delete", stays=True, **facts)


def caution(rows: Sequence[Row], part: Part = Part.DELETES, **facts: Any) -> Block:
    return Block(part, f"{len(rows)} objects", part, Level.CAUTION, tuple(rows), **facts)


def changes(*rows: Row) -> Block:
    return Block(Part.CHANGES, "Changes", rows=rows)


def digests(names: Sequence[str]) -> DigestList:
    return DigestList({name: sha256(name.encode()).hexdigest()[:32] for name in names})


def written(*blocks: Block, limit: int | None = None, **facts: Any) -> str:
    report = Report("40 organizations", "40 updates", "", Look.CHANGED, blocks, **facts)
    text = "".join(run_document(MarkdownPage(Style(job=JOB, limit=limit)), report))
    Page.of(text)
    return text


def test_a_numbered_change_says_where_it_is_and_its_fold_names_the_targets() -> None:
    row = changed("A", number="2", where="all 38", facts="body, +1 −1", targets=TEAMS[2:])
    text = written(changes(row))
    start = (
        "<details><summary><b>2. update</b> <code>knowledge:Ops/A</code> in all 38 — body, +1 −1"
    )
    assert f"### Changes\n\n{start}</summary>\n\nbody changed\n\nIn `team-02 to -39`\n" in text


def test_other_texts_of_a_key_are_rows_below_it_in_their_order() -> None:
    texts = (
        changed("A", where="35 organizations")._replace(key=None, text=""),
        Row(where="team-03", text="equal"),
        changed("A", after="Newer.", where="team-04")._replace(key=None, text=""),
    )
    row = changed("A", number="1", where="all 37", facts="2 versions")
    text = written(changes(row._replace(details=None, rows=texts), changed("B", number="2")))
    order = ["1. update", "35 organizations", "+ New.", "`team-03`: equal", "+ Newer.", "2. update"]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert text.count("<details>") == 4


def test_many_changes_are_folded_but_all_there() -> None:
    text = written(changes(*(changed(f"N{n}", number=str(n)) for n in range(1, 41))))
    first, folded = text.split("<details><summary>15 more</summary>")
    assert (first.count("<b>"), folded.count("<b>")) == (25, 15)


def test_what_people_must_see_is_above_the_list_and_its_diff_in_it() -> None:
    conflict = changed(
        "A", where="team-20", word="conflict", hints=("take it: `devinops apply -t team-20`",)
    )
    blocked = Block(Part.BLOCKED, "1 note waits", "blocked", Level.WARNING, (conflict,))
    text = written(changes(changed("B", number="1")), blocked)
    alert, rest = text.split("### Blocked: 1")
    assert (
        "> [!WARNING]\n> **1 note waits**\n>\n"
        "> - **conflict** `knowledge:Ops/A` in `team-20`: body changed\n"
        ">   - take it: `devinops apply -t team-20`\n"
    ) in alert
    assert rest.count("```diff") == 1
    assert rest.count("conflict") == 1


def test_what_has_nothing_to_unfold_is_only_in_its_alert() -> None:
    held = Block(Part.STATES, "Held", level=Level.NOTE, rows=(Row(where="team-15", text="audit"),))
    text = written(held)
    assert "> [!NOTE]\n> **Held**\n>\n> - `team-15`: audit\n" in text
    assert text.count("Held") == 1


def test_deletes_are_the_last_to_be_left_out_and_the_rest_is_counted_at_the_top() -> None:
    gone = caution([deleted(f"Old rule {n}") for n in range(400)])
    notes = caution([Row(text=f"note {n}: {'word ' * 50}") for n in range(400)], Part.NOTES)
    own = changes(*(changed(f"{'Rule ' * 40}{n}", number=str(n)) for n in range(400)))
    text = written(gone, notes, own)
    assert len(text.encode()) <= COMMENT_LIMIT
    top = text.partition("\n### ")[0]
    assert top.count("`knowledge:Ops/Old rule ") == 400
    shown = top.count("> - note ")
    assert 0 < shown < 400
    assert f"> - … and {400 - shown} more\n" in top
    (unlisted,) = re.findall(r"(\d+)(?: rows)? are not listed", top)
    assert int(unlisted) == 400 - shown + 400 - text.count("knowledge:Ops/Rule ")


def test_deletes_that_do_not_fit_leave_some_space_to_other_alerts() -> None:
    gone = caution([deleted(f"{'Old rule ' * 20}{n}") for n in range(2_000)])
    notes = caution([Row(text=f"note {n}: {'word ' * 50}") for n in range(400)], Part.NOTES)
    text = written(gone, notes)
    deletes, others = text.count("> - `knowledge:"), text.count("> - note ")
    assert len(text.encode()) <= COMMENT_LIMIT
    assert f"> - … and {2_000 - deletes} more\n" in text
    assert f"> - … and {400 - others} more\n" in text
    assert deletes > 2 * others > 20


@pytest.mark.parametrize(("number", "all_fit"), [(200, True), (1_000, False)])
def test_of_a_delete_all_targets_are_named_that_fit_and_all_are_counted(
    number: int, all_fit: bool
) -> None:
    targets = tuple(f"{n % 7}-organization-{n * n:09}-of-an-enterprise" for n in range(number))
    where = names(targets)
    rows = [deleted(f"Rule {n}", where=where, targets=targets) for n in range(2)]
    text = written(caution(rows))
    assert len(text.encode()) <= COMMENT_LIMIT
    top = text.partition("\n### ")[0]
    assert all(f"> - `knowledge:Ops/Rule {n}` in `" in top for n in range(2))
    assert (f" … ({number} in all)" in top) == (not all_fit)
    assert top.count("-of-an-enterprise`") > (399 if all_fit else 400)


def test_the_marker_is_that_of_one_target_only_if_the_report_is() -> None:
    one = Target("team-07", "https://api.devin.ai", "v3", "org-7")
    markers = [read(written(target=target, digest="0" * 32)) for target in (one, None)]
    assert [(m.target, m.organization) for m in markers if m] == [
        ("team-07", "org-7"),
        ("all", None),
    ]


@pytest.mark.parametrize(("number", "fits"), [(1_000, True), (4_000, False)])
def test_digests_are_in_the_second_line_or_it_is_said_that_they_do_not_fit(
    number: int, fits: bool
) -> None:
    listed = digests([f"team-{n:04}" for n in range(number)])
    text = written(
        changes(changed("A", number="1")),
        command="devinops apply",
        digest=listed.digest,
        digests=listed,
    )
    assert len(text.encode()) <= COMMENT_LIMIT
    assert read_digests(text) == (listed if fits else None)
    assert ("do not fit here" in text) == (not fits)
    assert f"Digest `{listed.digest}` of {number} targets" in text


def test_a_plan_that_cannot_be_applied_says_so_instead_of_a_command() -> None:
    text = written(
        changes(changed("A", number="1")), stop="This plan cannot be applied: see the top."
    )
    assert text.endswith("\n### How to apply\n\nThis plan cannot be applied: see the top.\n")
    assert "How to apply" not in written()


def test_the_command_comes_with_what_a_merge_does() -> None:
    text = written(
        command="devinops apply -t all",
        digest="0" * 32,
        merge="Merge it. By hand:",
        filters=(("only", ("a", "b")), ("without", ("c",))),
    )
    assert "\nOnly `a`, `b`\n\nWithout `c`\n" in text
    assert "\nMerge it. By hand:\n\n```sh\ndevinops apply -t all\n```\n" in text


# --- whole documents ------------------------------------------------------------------------------


def test_forty_organizations(golden: Callable[[str, str], None]) -> None:
    text = "".join(render(answer(forty()), Style(job=JOB, flags=" -t all")))
    golden("markdown/forty.md", text)
    assert list(Page.of(text).references()) == []


@pytest.mark.nightly
@pytest.mark.matrix
def test_a_thousand_organizations_fit_with_their_digests_and_all_alerts() -> None:
    plans = forty(1_000)
    text = "".join(render(answer(plans), Style(job=JOB)))
    assert len(text) < 61_000
    assert read_digests(text) == plans.digests
    Page.of(text)
    top, changes = text.split("\n### Changes\n")
    few = "".join(render(answer(forty()), Style()))
    assert top.count("> [!") == few.count("> [!") == 6
    assert "**This page is shortened** to fit here: " in top
    # What all get is there in full; what does not fit is in one organization each.
    assert changes.count("```diff") > 10
    for number in range(1, 6):
        assert f"<summary><b>{number}. " in changes
    assert "By organization" in changes
