"""What the document of an apply says first, and what it lists."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devinops.applying.report import ApplyReport
from devinops.model.changes import Outcome, Result
from devinops.model.exit_codes import ExitCode
from devinops.render import Style, render
from devinops.render.comment_marker import read
from tests.testing.reports import conflict, empty, small

PLAN = small()
ALL_DONE = ApplyReport(PLAN, tuple(Result(change, Outcome.DONE) for change in PLAN.changes))
ONE_DONE = replace(ALL_DONE, results=ALL_DONE.results[:1])
NONE_DONE = ApplyReport(PLAN, tuple(Result(c, Outcome.FAILED, "403: no") for c in PLAN.changes))
UNCLEAR = replace(
    NONE_DONE,
    results=(*NONE_DONE.results[:-1], replace(NONE_DONE.results[-1], unclear=True)),
)


def document(report: ApplyReport) -> str:
    return "".join(render("markdown", report, Style()))


@pytest.mark.parametrize(
    ("report", "verdict"),
    [
        (ALL_DONE, "Applied to production: 5 done"),
        (NONE_DONE, "Nothing was applied to production: 5 failed"),
        (UNCLEAR, "Not fully applied to production: 5 failed"),
        (replace(ONE_DONE, interrupted=ExitCode.INTERRUPTED), "Interrupted in production: 1 done"),
        (ApplyReport(empty(), ()), "Applied to production: nothing to do"),
        (ApplyReport(conflict(), ()), "Nothing was applied to production: 3 blocked"),
    ],
)
def test_the_heading_is_the_verdict(report: ApplyReport, verdict: str) -> None:
    assert f"\n## {verdict}\n" in document(report)


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (NONE_DONE, "**5 changes not applied**"),
        (NONE_DONE, "`knowledge/Frontend/Forms.md:1`): 403: no"),
        (replace(ALL_DONE, left=PLAN.changes[:1]), "A plan made afterwards still has 1 change"),
        (replace(ALL_DONE, left=None, unverified="no response"), "> no response"),
        (replace(ALL_DONE, waiting=conflict().blocked), "3 steps blocked until a person decides"),
        (replace(ALL_DONE, backup="b.jsonl"), "Backup: `b.jsonl`"),
    ],
)
def test_what_is_not_done_is_listed(report: ApplyReport, words: str) -> None:
    assert words in document(report)


def test_a_report_has_no_digest_because_its_plan_is_done() -> None:
    marker = read(document(ALL_DONE))
    assert marker
    assert (marker.target, marker.digest) == ("production", None)
