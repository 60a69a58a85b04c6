"""The report: a sentence that counts, and in public no word of what people wrote."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from devinops.insight.report import insight_report
from devinops.model.exit_codes import ExitCode
from devinops.render import render
from devinops.render.answers import ReportAnswer
from devinops.render.terminal import Look
from devinops.schema.insight import (
    CostItem,
    InsightDocument,
    MisleadingItem,
    SkillUseItem,
    UnknownItem,
    WishItem,
)
from devinops.schema.parts import TargetItem
from tests.schema.test_insight import BASE, DOCUMENT, UNMENTIONED


def document(
    targets: int = 1, base: dict[str, Any] | None = None, **sections: Any
) -> InsightDocument:
    facts: Any = ("https://api.devin.ai", "v3")
    read = tuple(TargetItem(f"t{number}", f"org-{number}", *facts) for number in range(targets))
    shown = msgspec.structs.replace(BASE, **{"targets": read, **(base or {})})
    return msgspec.structs.replace(DOCUMENT, base=shown, **{"never_mentioned": (), **sections})


def misleading(bad: int, targets: tuple[str, ...] = ("t0",), **facts: Any) -> MisleadingItem:
    own = {"source": None, "owner": None, "good": 1, "earlier": 0, "reason": "r", "sessions": ()}
    return MisleadingItem(**{**own, "key": "knowledge:A", "bad": bad, "targets": targets, **facts})


PRICED = CostItem(by="category", id="other", key=None, acus=1, sessions=1, unpriced=0)
WISH = WishItem(("first wording", "second wording"), tuple("abcdef"))


def rows(found: InsightDocument, title: str, *, quotes: bool = True) -> list[Any]:
    blocks = insight_report(found, quotes=quotes).blocks
    return [row for block in blocks if block.title.startswith(title) for row in block.rows]


def test_the_sentence_counts_what_is_to_be_done() -> None:
    found = document(misleading=(misleading(2), misleading(1, earlier=3)), missing=(WISH,))
    report = insight_report(found, quotes=True)
    expected = "Insight into t0: 1 misleading, 1 missing; 2 of 3 sessions analysed"
    assert report.sentence == expected
    assert insight_report(document(), quotes=True).verdict.startswith("nothing to do; ")


@pytest.mark.parametrize(
    ("read", "unread", "found", "sentence"),
    [
        (0, ("a", "b"), {}, "Insight into no target: 2 targets failed; 2 of 3 sessions analysed"),
        (1, ("a",), {}, "Insight into t0: 1 target failed; 2 of 3 sessions analysed"),
        (
            1,
            ("a",),
            {"missing": (WISH,)},
            "Insight into t0: 1 missing, 1 target failed; 2 of 3 sessions analysed",
        ),
    ],
)
def test_the_sentence_says_that_targets_failed(
    read: int, unread: tuple[str, ...], found: dict[str, Any], sentence: str
) -> None:
    base = {"unread": dict.fromkeys(unread, "no key")}
    report = insight_report(document(read, base, **found), quotes=True)
    assert (report.sentence, report.look) == (sentence, Look.ERROR)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "2 of 3 sessions analysed"),
        (1, "2 of 3 sessions analysed, 1 session could not be read"),
        (200, "2 of 3 sessions analysed, 200 sessions could not be read"),
    ],
)
def test_sessions_that_could_not_be_read_are_counted(number: int, said: str) -> None:
    found = document(base={"unreadable": number})
    report = insight_report(found, quotes=True)
    assert report.verdict == f"nothing to do; {said}"
    assert rows(found, "Base")[0].text == f"{said}, 2 requests, since 2025-11-02"


def test_a_note_that_was_corrected_is_counted_apart() -> None:
    found = document(misleading=(misleading(2), misleading(1, earlier=3)))
    titles = [block.title for block in insight_report(found, quotes=True).blocks]
    assert titles == ["Base", "Misleading: 1", "Misleading before their last change: 1"]
    assert [row.text for row in rows(found, "Misleading before")] == [
        "misleading in 1 session (and in 3 before its last change), used well in 1"
    ]


def test_of_many_targets_it_says_in_how_many() -> None:
    found = document(7, misleading=(misleading(9, ("t1", "t2")),), never_mentioned=(UNMENTIONED,))
    assert insight_report(found, quotes=True).title == "Insight into 7 organizations"
    assert [row.where for row in rows(found, "Misleading")] == ["2 of 7 organizations"]
    assert [row.where for row in rows(found, "Never")] == ["1 of 7 organizations"]
    assert [row.where for row in rows(document(misleading=(misleading(2),)), "Misleading")] == [""]


@pytest.mark.parametrize(
    ("read", "title", "where"), [(2, "2 organizations", "1 of 2 organizations"), (1, "t0", "")]
)
def test_a_target_that_was_not_read_is_none_of_those_that_are_counted(
    read: int, title: str, where: str
) -> None:
    found = document(read, misleading=(misleading(2),))
    base = msgspec.structs.replace(found.base, unread={"a": "no key"})
    found = msgspec.structs.replace(found, base=base)
    assert insight_report(found, quotes=True).title == f"Insight into {title}"
    assert [row.where for row in rows(found, "Misleading")] == [where]
    assert [(row.where, row.text) for row in rows(found, "Base")][-1] == ("a", "no key")


def test_in_public_wishes_are_only_counted_and_reasons_left_out() -> None:
    found = document(misleading=(misleading(2),), missing=(WISH,))
    assert [row.hints for row in rows(found, "Misleading")] == [("r",)]
    assert [row.hints for row in rows(found, "Misleading", quotes=False)] == [()]
    (whole,) = rows(found, "Missing")
    assert (whole.text, [row.text for row in whole.rows]) == (
        "6 sessions: first wording",
        ["second wording"],
    )
    (public,) = rows(document(missing=(WISH, WISH)), "Missing: 2", quotes=False)
    assert (public.text, public.rows) == (
        "Shown only in text and JSON, because it quotes people",
        (),
    )
    assert rows(document(), "Missing", quotes=False) == []


def test_text_shows_the_beginning_of_a_long_quote() -> None:
    found = document(missing=(WishItem(("w" * 9000, "v" * 9000), ("a",)),))
    (shown,) = rows(found, "Missing")
    assert [len(shown.text), *(len(row.text) for row in shown.rows)] == [511, 500]


@pytest.mark.parametrize(
    ("base", "text"),
    [
        (
            {"newest_only": True, "sessions": 10_000},
            "Only the newest sessions were read: 10,000 of",
        ),
        (
            {"newest_only": True, "sessions": 1},
            "Only the newest sessions were read: 1 of this period",
        ),
        ({"unsure": True}, "The API did not say of all repositories whether sessions worked"),
        ({}, "The cost is not available on this plan"),
    ],
)
def test_the_base_says_what_limits_the_rest(base: dict[str, Any], text: str) -> None:
    assert any(row.text.startswith(text) for row in rows(document(base=base), "Base"))
    complete = document(cost=(PRICED,))
    assert not any(row.text.startswith(text) for row in rows(complete, "Base"))


def test_without_a_session_nothing_is_said_about_the_plan() -> None:
    empty = document(base={"sessions": 0, "analysed": 0})
    assert not any("plan" in row.text for row in rows(empty, "Base"))


@pytest.mark.parametrize(
    ("acus", "unpriced", "facts"),
    [
        (None, 2, "not priced yet in 2 sessions"),
        (1234.5, 0, "1,234.5 ACUs in 2 sessions"),
        (1.5, 1, "1.5 ACUs in 2 sessions, 1 not priced yet"),
        (0.004, 0, "less than 0.1 ACUs in 2 sessions"),
        (0.0996, 0, "less than 0.1 ACUs in 2 sessions"),
        (0.1, 0, "0.1 ACUs in 2 sessions"),
        (1, 0, "1 ACU in 2 sessions"),
        (1.004, 0, "1 ACU in 2 sessions"),
        (2.0, 0, "2 ACUs in 2 sessions"),
        (1000.0, 0, "1,000 ACUs in 2 sessions"),
    ],
)
def test_what_has_no_price_is_never_zero(acus: float | None, unpriced: int, facts: str) -> None:
    item = CostItem(by="category", id="other", key=None, acus=acus, sessions=2, unpriced=unpriced)
    (row,) = rows(document(cost=(item,)), "Cost")
    assert (row.text, row.facts) == ("category other", facts)


def test_ids_and_skills_have_the_key_that_is_known() -> None:
    facts: Any = {"good": 1, "bad": 2, "sessions": ()}
    found = document(
        unknown=(UnknownItem(id="note-1", key="knowledge:A", **facts),),
        skills=(SkillUseItem(repository="", path="deploy", key="knowledge:B", **facts),),
    )
    (unknown,), (skill,) = rows(found, "Unknown"), rows(found, "Skills")
    assert (unknown.text, unknown.aside) == ("note-1", "was knowledge:A")
    assert (skill.text, skill.aside) == ("deploy", "from knowledge:B")
    assert unknown.facts == skill.facts == "misleading in 2, used well in 1"


def test_in_markdown_a_key_with_spaces_is_one_span() -> None:
    facts: Any = {"good": 1, "bad": 2, "sessions": ()}
    found = document(
        unknown=(UnknownItem(id="note-1", key="knowledge:My old note", **facts),),
        skills=(SkillUseItem(repository="", path="deploy", key="knowledge:My note", **facts),),
        cost=(msgspec.structs.replace(PRICED, key="playbook:My playbook"),),
    )
    report = insight_report(found, quotes=False)
    answer = ReportAnswer(report, report, lambda: found, ExitCode.OK)
    text = "".join(render("markdown", answer))
    for key in ("knowledge:My old note", "knowledge:My note", "playbook:My playbook"):
        assert f"`{key}`" in text
