"""What the exit code of an apply and its promises about a way back follow from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devinops.applying.report import ApplyReport
from devinops.kinds.knowledge import Knowledge
from devinops.kinds.secret import Secret
from devinops.model.changes import Action, Change, FieldChange, Outcome, Result
from devinops.model.exit_codes import ExitCode
from devinops.model.kind import Resource
from devinops.model.target import Target
from devinops.planning.plan import Plan
from tests.testing.objects import live
from tests.testing.plans import entry

NOTE = live("knowledge", name="A", id="n1")
SECRET = live("secret", key="A", type="totp", id="s1")
TARGET = Target("production", "https://api.devin.ai", "v3", "org-1")


def update(resource: Resource) -> Change:
    declared = entry(resource)
    before = NOTE if declared.key.kind == "knowledge" else SECRET
    field = FieldChange("note", "a", "b")
    action = Action.UPDATE if before is NOTE else Action.REPLACE
    return Change(action, declared.key, "r", before.id, declared, before, (field,))


CHANGED = update(Knowledge(name="A", folder=NOTE.key.folder, trigger="t", body="b"))
ROTATED = update(Secret(key="A", type="totp"))


def report(*results: Result) -> ApplyReport:
    return ApplyReport(Plan(TARGET, tuple(result.change for result in results)), results)


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([], ExitCode.OK),
        ([Outcome.DONE], ExitCode.OK),
        ([Outcome.BLOCKED], ExitCode.DECIDE),
        ([Outcome.FAILED], ExitCode.FIX),
        ([Outcome.SKIPPED], ExitCode.FIX),
        ([Outcome.DONE, Outcome.FAILED], ExitCode.RUN_AGAIN),
        ([Outcome.DONE, Outcome.BLOCKED, Outcome.SKIPPED], ExitCode.RUN_AGAIN),
    ],
)
def test_the_exit_code_says_what_to_do_next(outcomes: list[Outcome], code: ExitCode) -> None:
    assert report(*(Result(CHANGED, outcome) for outcome in outcomes)).exit_code is code


def test_what_may_have_been_written_counts_as_written() -> None:
    unclear = report(Result(CHANGED, Outcome.FAILED, unclear=True))
    assert unclear.exit_code is ExitCode.RUN_AGAIN
    assert unclear.restorable


def test_a_run_that_could_not_be_verified_is_not_done() -> None:
    done = report(Result(CHANGED, Outcome.DONE))
    assert replace(done, left=None, unverified="no network").exit_code is ExitCode.RUN_AGAIN
    assert replace(done, interrupted=ExitCode.TERMINATED).exit_code is ExitCode.TERMINATED


def test_no_rollback_is_promised_for_a_value_that_cannot_be_saved() -> None:
    rotated = report(Result(ROTATED, Outcome.DONE))
    assert (rotated.unsaved, rotated.restorable) == ((ROTATED.key,), False)
    both = report(Result(ROTATED, Outcome.DONE), Result(CHANGED, Outcome.DONE))
    assert (both.unsaved, both.restorable) == ((ROTATED.key,), True)
