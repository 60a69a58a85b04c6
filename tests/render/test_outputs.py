"""The key facts of an answer for the next steps of a job; no text can add one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from devinops.model.changes import Action, Change, Drift, DriftEvent, Refusal
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import Inventory
from devinops.model.keys import ROOT, Key
from devinops.model.objects import Severity, Snapshot
from devinops.model.policy import Policy
from devinops.model.target import Target
from devinops.planning.drift import DriftFindings
from devinops.planning.plan import PlanRequest, build_plan
from devinops.render import render
from devinops.render.answers import Failure
from tests.testing.actions import outputs
from tests.testing.hostile_text import HOSTILE
from tests.testing.many_targets import answer as answer_of
from tests.testing.many_targets import planned_in, plans_of
from tests.testing.objects import live
from tests.testing.problems import answer, problem
from tests.testing.reports import applied_to_one, drift_of_one, of_one

TARGET = Target("production", "https://api.devin.ai", "v3", "org-1")
EMPTY = build_plan((), Snapshot.of(()), PlanRequest(TARGET, Policy(), date(2026, 1, 1)))
KEY = Key("knowledge", ROOT, "A")
OLD = live("knowledge", name="A", id="note-1")
PLAN = replace(EMPTY, changes=(Change(Action.DELETE, KEY, "gone", id="note-1", live=OLD),))


def written(document: Any) -> dict[str, str]:
    return outputs("".join(render("outputs", document)))


def test_a_plan_says_what_will_happen_and_its_digest() -> None:
    assert written(of_one(PLAN)) == {
        "exit_code": "0",
        "target": "production",
        "has_changes": "true",
        "changes": "1",
        "deletes": "1",
        "blocked": "0",
        "drift": "0",
        "digest": PLAN.digest,
        "summary": "Plan for production (organization org-1): 1 to delete.",
    }


def test_a_refused_plan_has_no_digest_because_it_cannot_be_applied() -> None:
    refused = replace(PLAN, refusals=(Refusal("too many deletes"),))
    assert written(of_one(refused))["digest"] == ""


def test_a_report_has_the_outputs_of_its_plan() -> None:
    facts = written(applied_to_one(EMPTY, ()))
    assert (facts["has_changes"], facts["digest"]) == ("false", EMPTY.digest)
    assert facts["summary"].startswith("Applied to production")


def test_an_inventory_to_rename_is_a_change_that_needs_an_apply() -> None:
    renamed = replace(EMPTY, inventory=replace(EMPTY.inventory, moves_from="old"))
    assert written(of_one(renamed))["has_changes"] == "true"
    both = [planned_in("a", renamed), planned_in("b", EMPTY)]
    assert written(answer_of(plans_of(both)))["has_changes"] == "true"
    assert written(answer_of(plans_of(both[1:])))["has_changes"] == "false"


def test_drift_is_counted() -> None:
    drift = DriftFindings((Drift(DriftEvent.EDITED, KEY, "note-1"),))
    facts = written(drift_of_one(Inventory("file"), drift, TARGET))
    assert (facts["exit_code"], facts["has_changes"], facts["drift"]) == ("2", "true", "1")


def test_problems_are_counted() -> None:
    facts = written(answer(problem(), problem(severity=Severity.WARNING)))
    assert facts == {
        "exit_code": "1",
        "errors": "1",
        "warnings": "1",
        "summary": "1 error, 1 warning in 1 file",
    }


def test_a_failure_has_its_error_or_the_number_of_problems() -> None:
    assert written(Failure("no key", ExitCode.FIX)) == {"exit_code": "1", "summary": "no key"}
    failure = Failure("bad", ExitCode.FIX, (problem(),))
    assert written(failure)["summary"] == "1 error, 0 warnings in 1 file"


@given(
    st.one_of(
        st.text(), st.sampled_from([HOSTILE, "a\ndigest=forged", "x<<END\ny\nEND", "z" * 9000])
    )
)
def test_no_text_adds_an_output(text: str) -> None:
    facts = written(Failure(text, ExitCode.FIX))
    assert set(facts) == {"exit_code", "summary"}
    assert len(facts["summary"]) < 600 * 10
