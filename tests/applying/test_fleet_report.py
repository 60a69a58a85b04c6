"""The report of many targets keeps what differs from the plan, once, and has one exit code."""

from __future__ import annotations

import pytest

from devinops.applying.fleet_report import ReportCollector
from devinops.applying.report import ApplyReport
from devinops.model.changes import Outcome
from devinops.model.exit_codes import ExitCode
from devinops.model.target import TargetState
from devinops.planning.classes import FleetPlan, PlanCollector
from tests.testing.fleets import applied, applied_in, planned_in, update
from tests.testing.reports import empty, small


def report_of(*reports: ApplyReport) -> FleetPlan:
    plans, collector = PlanCollector(), ReportCollector()
    for report in reports:
        plans.add(report.plan)
        collector.add(report)
    return collector.applied(plans.plan())


def test_failures_with_one_message_are_one_result() -> None:
    report = applied().plan
    assert [(r.outcome, r.message, targets) for r, targets in report.not_done] == [
        (Outcome.FAILED, "422: trigger is too long", ("team-26", "team-27")),
        (Outcome.SKIPPED, "it needs another", ("team-26", "team-27")),
    ]
    result = report.not_done[0].item
    assert (result.id, result.live, result.change.live, result.change.id) == (None,) * 4
    assert [targets for _, targets in report.left] == [("team-26", "team-27")] * 2
    assert [targets for _, targets in report.waiting] == [("mobile",)]


def test_numbers_are_those_of_all_targets() -> None:
    report = applied().plan
    assert [report.outcomes()[outcome] for outcome in Outcome] == [29 * 5 + 1 - 4 + 2, 2, 2, 0]
    by_name = {target.name: target for target in report.targets}
    assert by_name["labs"].unverified == "503: try later"
    assert by_name["team-00"].backup == ".devinops/backups/team-00.jsonl"
    assert by_name["team-00"].exit_code() is ExitCode.OK
    assert by_name["team-26"].exit_code() is ExitCode.RUN_AGAIN


FAILED = (Outcome.FAILED,) * 5


@pytest.mark.parametrize(
    ("reports", "others", "code"),
    [
        ([applied_in("a", small())], [], 0),
        ([applied_in("a", small(), Outcome.FAILED)], [], 3),
        ([applied_in("a", small(), *FAILED)], [], 1),
        ([applied_in("a", small(), *FAILED), applied_in("b", small())], [], 3),
        ([applied_in("a", small())], [(TargetState.STALE, ExitCode.PLAN_AGAIN)], 3),
        ([], [(TargetState.STALE, ExitCode.PLAN_AGAIN)], 5),
        ([applied_in("a", empty())], [(TargetState.STALE, ExitCode.PLAN_AGAIN)], 5),
        ([applied_in("a", small())], [(TargetState.FAILED, ExitCode.FIX)], 3),
        ([applied_in("a", small())], [(TargetState.HELD, ExitCode.OK)], 0),
        ([], [(TargetState.HELD, ExitCode.OK)], 4),
    ],
)
def test_codes_that_say_that_nothing_was_written_are_true_of_the_run(
    reports: list[ApplyReport], others: list[tuple[TargetState, ExitCode]], code: int
) -> None:
    plans, collector = PlanCollector(), ReportCollector()
    for report in reports:
        plans.add(report.plan)
        collector.add(report)
    for state, exit_code in others:
        plans.add(update("other"), state=state, message="why", exit_code=exit_code)
    assert collector.applied(plans.plan()).exit_code() == code


def test_a_planned_target_without_a_report_has_the_code_of_its_plan() -> None:
    plans = PlanCollector()
    plans.add(planned_in("quiet", empty()))
    assert ReportCollector().applied(plans.plan()).exit_code() is ExitCode.OK


def test_an_interrupted_target_interrupts_the_run() -> None:
    stopped = applied_in("a", small(), interrupted=ExitCode.INTERRUPTED)
    report = report_of(stopped, applied_in("b", small()))
    assert report.exit_code() is ExitCode.INTERRUPTED
    assert report.wrote
