"""What the document of an apply says first, and what it lists."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devinops.model.changes import Outcome, Result
from devinops.model.exit_codes import ExitCode
from devinops.render import Style
from devinops.render.answers import RunAnswer
from devinops.render.comment_marker import read
from devinops.render.markdown import render
from tests.testing.reports import applied_to_one, conflict, empty, small

PLAN = small()
DONE = tuple(Result(change, Outcome.DONE) for change in PLAN.changes)
FAILED = tuple(Result(c, Outcome.FAILED, "403: no") for c in PLAN.changes)
UNCLEAR = (*FAILED[:-1], replace(FAILED[-1], unclear=True))
ALL_DONE, NONE_DONE = applied_to_one(PLAN, DONE), applied_to_one(PLAN, FAILED)
INTERRUPTED = ExitCode.INTERRUPTED


def document(report: RunAnswer) -> str:
    return "".join(render(report, Style()))


@pytest.mark.parametrize(
    ("report", "verdict"),
    [
        (ALL_DONE, "Applied to production: 5 done"),
        (NONE_DONE, "Nothing was applied to production: 5 failed"),
        (applied_to_one(PLAN, UNCLEAR), "Not fully applied to production: 5 failed"),
        (applied_to_one(PLAN, DONE[:1], code=INTERRUPTED), "Interrupted in production: 1 done"),
        (applied_to_one(empty(), ()), "Applied to production: nothing to do"),
        (applied_to_one(conflict(), ()), "Nothing was applied to production: 3 blocked"),
    ],
)
def test_the_heading_is_the_verdict(report: RunAnswer, verdict: str) -> None:
    assert f"\n## {verdict}\n" in document(report)


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (NONE_DONE, "**5 changes not applied**"),
        (NONE_DONE, "`knowledge/Frontend/Forms.md:1`): 403: no"),
        (applied_to_one(PLAN, DONE, PLAN.changes[:1]), "A plan made afterwards still has 1 change"),
        (applied_to_one(PLAN, DONE, unverified="no response"), "> - no response"),
        (
            applied_to_one(PLAN, DONE, (), conflict().blocked),
            "A plan made afterwards blocks 3 objects",
        ),
        (applied_to_one(PLAN, DONE, backup="b.jsonl"), "Backup: `b.jsonl`"),
        (
            applied_to_one(PLAN, FAILED, code=ExitCode.RUN_AGAIN),
            "\nTo finish, run `devinops apply` again",
        ),
    ],
)
def test_what_is_not_done_is_listed(report: RunAnswer, words: str) -> None:
    assert words in document(report)


def test_a_report_has_no_digest_because_its_plan_is_done() -> None:
    marker = read(document(ALL_DONE))
    assert marker
    assert (marker.target, marker.digest) == ("production", None)
