"""The metrics of a run: what Prometheus reads in them, and what is kept of the run before."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from devinops import run_facts
from devinops.model.changes import Outcome, Refusal
from devinops.model.exit_codes import ExitCode
from devinops.model.shard import Shard
from devinops.render import Style, answers, render
from tests.testing import many_targets
from tests.testing.places import ROOT
from tests.testing.reports import drifted, of_one, report_of_one, small

NOW = 1_773_324_131
SUCCESS = "devinops_last_success_timestamp_seconds"
Metrics = dict[str, dict[tuple[str, ...], float]]


@pytest.fixture(autouse=True)
def begun(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(time, "time", lambda: NOW + 0.5)
    run_facts.begin("plan")
    yield
    run_facts.begin("")


def read(text: str) -> Metrics:
    """Return name → values of the labels, without the command → value, as Prometheus reads them."""
    found: Metrics = {}
    for family in text_string_to_metric_families(text):
        assert (family.type, bool(family.documentation)) == ("gauge", True)
        assert family.name not in found, "a name must stand in one place"
        samples = found.setdefault(family.name, {})
        for sample in family.samples:
            labels = dict(sample.labels)
            assert labels.pop("command") == run_facts.current().command
            assert tuple(labels.values()) not in samples
            samples[tuple(labels.values())] = sample.value
    return found


def metrics(answer: answers.Answer, earlier: str = "") -> Metrics:
    return read("".join(render("metrics", answer, Style(earlier=earlier))))


def totals(answer: answers.Answer, target: str) -> tuple[float, ...]:
    """Return the pending changes, the drift, the blocked objects and the last success of a target."""
    found = metrics(answer)
    names = ("devinops_pending_changes", "devinops_drifted_objects", "devinops_blocked_objects")
    numbers = [sum(n for key, n in found[name].items() if key[0] == target) for name in names]
    return (*numbers, found[SUCCESS].get((target,), 0))


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("team-00", (5, 1, 0, NOW)),
        ("mobile", (1, 0, 0, NOW)),
        ("risk", (1, 0, 3, 0)),
        ("quiet-1", (0, 0, 0, NOW)),
        ("new-team", (0, 0, 0, NOW)),
        ("gone", (0, 0, 0, 0)),
    ],
)
def test_a_plan_says_what_is_pending_in_each_target(target: str, expected: tuple[int, ...]) -> None:
    assert totals(many_targets.answer(many_targets.mixed()), target) == expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("team-00", (0, 1, 0, NOW)),
        ("team-26", (2, 1, 0, 0)),
        ("labs", (0, 0, 0, 0)),
        ("mobile", (0, 0, 1, 0)),
        ("legacy", (12, 0, 0, 0)),
    ],
    ids=["done", "failed", "not verified", "blocked meanwhile", "not applied"],
)
def test_after_an_apply_only_what_is_left_is_pending(
    target: str, expected: tuple[int, ...]
) -> None:
    assert totals(many_targets.applied(), target) == expected


def test_what_failed_is_pending_if_nobody_knows_what_is_left() -> None:
    outcomes = (Outcome.FAILED, Outcome.DONE, Outcome.SKIPPED)
    report = many_targets.applied_in(
        "pay", small(), *outcomes, left=None, unverified="503: try later"
    )
    assert totals(report_of_one(report), "pay") == (2, 1, 0, 0)


def test_one_target_has_the_same_metrics() -> None:
    plan = many_targets.planned_in("pay", small())
    assert totals(of_one(plan), "pay") == (5, 1, 0, NOW)
    assert totals(of_one(plan, "not approved"), "pay")[-1] == 0
    applied = report_of_one(many_targets.applied_in("pay", plan))
    assert totals(applied, "pay") == (0, 1, 0, NOW)
    assert totals(drifted(), "production") == (0, 2, 0, NOW)


def test_a_refused_run_is_no_success() -> None:
    refused = replace(many_targets.mixed(), refusals=(Refusal("too many targets"),))
    assert metrics(many_targets.answer(refused))[SUCCESS] == {}


def test_the_last_success_is_kept_until_the_next_one() -> None:
    line = SUCCESS + '{{command="{}",target="{}"}} {}\n'
    earlier = "".join(
        line.format(*each)
        for each in [
            ("plan", "gone", 7),
            ("plan", "quiet-1", 8),
            ("plan", "removed", 9),
            ("plan", "risk", 1.5),
        ]
    )
    kept = metrics(many_targets.answer(many_targets.mixed()), f"# damaged\n{SUCCESS} 3\n{earlier}")[
        SUCCESS
    ]
    assert (kept["gone",], kept["quiet-1",]) == (7, NOW)
    assert ("removed",) not in kept
    assert ("risk",) not in kept
    failed = answers.Failure("no API key", ExitCode.FIX)
    assert metrics(failed, earlier)[SUCCESS] == {("gone",): 7, ("quiet-1",): 8, ("removed",): 9}


@pytest.mark.parametrize(
    "line",
    [
        '{command="plan",target="a"} ' + "9" * 5000,
        '{command="plan",target="a"} \u0661\u0662',
        '{command="plan",target="a"} 12 13',
        '{command="plan",target="a"b"} 12',
        '{junk"} 12',
    ],
)
def test_a_damaged_earlier_file_is_not_copied(line: str) -> None:
    failed = answers.Failure("no API key", ExitCode.FIX)
    assert metrics(failed, f"{SUCCESS}{line}\n")[SUCCESS] == {}


def test_the_run_itself_is_measured() -> None:
    for status in (200, 200, 429, None):
        run_facts.count_request(status)
    run_facts.count_limited(2.5)
    run_facts.count_limited(0.25)
    found = metrics(answers.Failure("no API key", ExitCode.FIX))
    assert found["devinops_run_requests"] == {("200",): 2, ("429",): 1, ("none",): 1}
    assert found["devinops_run_limited_seconds"] == {(): 2.75}
    assert found["devinops_run_duration_seconds"] == {(): 0}


def test_the_files_of_shards_have_no_sample_twice() -> None:
    run_facts.count_request(200)
    shards = [
        replace(many_targets.mixed(), shard=Shard(number, 2), selected=40) for number in (1, 2)
    ]
    found = [metrics(many_targets.answer(shard)) for shard in shards]
    assert [each["devinops_run_requests"] for each in found] == [
        {("1/2", "200"): 1},
        {("2/2", "200"): 1},
    ]
    assert found[0]["devinops_run_duration_seconds"] == {("1/2",): 0}


def test_any_text_can_be_a_label() -> None:
    run_facts.begin('a "quoted" \\ back\nslash')
    assert metrics(answers.Failure("", ExitCode.FIX))["devinops_run_limited_seconds"] == {(): 0}


def test_the_page_about_metrics_names_them_all() -> None:
    page = (ROOT / "docs" / "how-to" / "metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(devinops_\w+)`", page, re.MULTILINE)
    assert sorted(rows) == sorted(metrics(many_targets.answer(many_targets.mixed())))
    (rules,) = re.findall(r"```yaml\n(groups:.*?)```", page, re.DOTALL)
    (group,) = yaml.safe_load(rules)["groups"]
    for rule in group["rules"]:
        assert {*re.findall(r"devinops_\w+", rule["expr"])} <= {*rows}
