"""What the document of a plan says first, and how it tells its reader to go on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devinops.applying.saved import read_plans, save
from devinops.model.changes import Drift, DriftEvent
from devinops.model.exit_codes import ExitCode
from devinops.model.keys import FolderPath, Key
from devinops.model.objects import Problem, Source
from devinops.model.policy import Approvals
from devinops.model.target import Target
from devinops.planning.drift import DriftFindings
from devinops.planning.plan import Plan
from devinops.render import JobLinks, Style, html, render
from devinops.render.answers import Answer, Failure, ProblemsAnswer, RunAnswer
from devinops.render.comment_marker import Marker, read
from devinops.render.markdown import render as write
from devinops.render.markdown.budget import COMMENT_LIMIT
from tests.testing.reports import conflict, declared, deletes, empty, note, of_one, planned, small


def markdown(answer: Answer | RunAnswer, **style: Any) -> str:
    return "".join(write(answer, Style(**style)))


def document(plan: Plan, error: str = "", command: str = "apply") -> str:
    return markdown(of_one(plan, error, command=command))


def title(text: str) -> str:
    return next(row for row in text.splitlines() if row.startswith("## "))


def only_blocked() -> Plan:
    return replace(conflict(), changes=())


def only_drift() -> Plan:
    return replace(small(), changes=())


@pytest.mark.parametrize(
    ("plan", "error", "verdict"),
    [
        (small(), "", "2 to create, 1 to update, 1 to rename, 1 to delete; 1 changed outside devinops (kept)"),
        (only_drift(), "no", "not applied, nothing to change; 1 changed outside devinops (kept)"),
        (deletes(), "refused", "refused, 12 to delete"),
        (conflict(), "", "1 to create; 3 blocked (1 folder missing, needed by 3 entries)"),
        (only_blocked(), "", "nothing to change; 3 blocked (1 folder missing, needed by 3 entries)"),
        (empty(), "", "nothing to change"),
    ],
)  # fmt: skip
def test_the_heading_is_the_last_line_of_the_text(plan: Plan, error: str, verdict: str) -> None:
    assert title(document(plan, error)) == f"## Plan for production: {verdict}"
    if not error or plan.refusals:
        last = "".join(render("text", of_one(plan))).splitlines()[-1]
        assert last.startswith(f"Plan for production (organization org-1f2e3d): {verdict}")


def test_a_root_below_the_top_is_named() -> None:
    text = markdown(of_one(small()), below="teams/pay_ments x")
    marker = read(text)
    assert marker
    assert marker.root == "teams/pay_ments x"
    assert title(text).startswith("## Plan for production (`teams/pay_ments x`): 2 to create")
    assert "\ndevinops apply -C 'teams/pay_ments x' --target production " in text
    refused = markdown(of_one(deletes()), below="teams/a")
    assert (
        "To approve: `devinops apply -C teams/a --target production --allow delete=12`" in refused
    )


@pytest.mark.parametrize("option", ["only", "exclude"])
def test_a_plan_of_a_part_is_not_what_a_merge_applies(option: str) -> None:
    answer = of_one(small())
    narrowed = answer._replace(plans=replace(answer.plans, **{option: ("knowledge",)}))
    job = JobLinks("4f2c", "", lambda path, line, gone: "", in_request=True)
    text = markdown(narrowed, job=job)
    assert "Merge to apply" not in text
    assert "This applies exactly this plan, or nothing:" in text


def test_a_long_text_that_is_cut_off_counts_as_shortened() -> None:
    body = "".join(f"line {number}\n" for number in range(6_000))
    plan = planned(declared(note("Long", body=body)), [])
    text = document(plan)
    assert "more lines, not shown here @@" in text
    assert "**This page is shortened** to fit here: 1 row is shortened." in text


def test_what_is_left_out_is_counted() -> None:
    source, key = Source("knowledge.yaml", 1), Key("knowledge", FolderPath("F" * 99), "N" * 99)
    problems = (Problem(source, "code", "a message"),) * 1_000
    text = markdown(ProblemsAnswer(problems, 1, 1, ExitCode.FIX))
    assert re.search(r" to fit here: \d+ rows are not listed\. ", text)
    findings = DriftFindings((Drift(DriftEvent.DELETED, key, "id", source=source),) * 1_000)
    target = Target("production", "https://api.devin.ai", "v3", "org-1")
    plan = Plan(target, (), drift=findings.drift)
    text = markdown(RunAnswer(replace(of_one(plan).plans, is_drift=True), ExitCode.LOOK))
    assert re.search(r" to fit here: \d+ rows are not listed\. ", text)


@pytest.mark.parametrize("target", ["production", ""])
def test_a_failure_names_its_root(target: str) -> None:
    text = markdown(Failure("no key", ExitCode.FIX, target=target), below="teams/a")
    assert read(text) == Marker(target or None, root="teams/a")
    start = "Failed for production" if target else "Failed"
    assert title(text) == f"## {start} (`teams/a`): nothing was written"


@pytest.mark.parametrize(
    ("plan", "error", "will"),
    [(small(), "", "will"), (small(), "stale", "would"), (deletes(), "refused", "would")],
)
@pytest.mark.parametrize("format", [write, html.render])
def test_what_is_not_applied_would_be_deleted(
    plan: Plan, error: str, will: str, format: Callable[[RunAnswer, Style], Iterator[str]]
) -> None:
    text = "".join(format(of_one(plan, error), Style()))
    assert {*re.findall(r"(?:note|playbook)s? (will|would) be deleted", text)} == {will}


@pytest.mark.parametrize(
    ("plan", "error", "has_digest"),
    [(small(), "", True), (small(), "stale", False), (deletes(), "", False), (empty(), "", True)],
)
def test_only_a_plan_that_can_be_applied_has_a_digest(
    plan: Plan, error: str, has_digest: bool
) -> None:
    marker = read(document(plan, error))
    assert marker
    assert marker.digest == (plan.digest if has_digest else None)


def test_a_refusal_says_what_to_enter() -> None:
    text = document(deletes())
    assert "`devinops apply --target production --allow delete=12`" in text
    assert "`allow: delete=12` in a manual run" in text
    assert "This plan cannot be applied" in text


def test_the_command_repeats_what_makes_it_this_plan() -> None:
    plan = planned(
        declared(note("Kept")),
        [note("Kept"), note("Old", id="old")],
        [note("Kept"), note("Old", id="old")],
        Approvals(allow_delete=1),
    )
    answer = of_one(plan, command="rollback 'a b.json'")
    plans = replace(answer.plans, only=("knowledge:*",), exclude=("knowledge:A b",))
    text = markdown(answer._replace(plans=plans))
    assert (
        "devinops rollback 'a b.json' --target production --only 'knowledge:*' "
        f"--exclude 'knowledge:A b' --allow delete=1 --expect {plan.digest}\n"
    ) in text
    assert "Only `knowledge:*`\n\nWithout `knowledge:A b`\n" in text


def test_in_a_request_merging_applies_the_plan() -> None:
    job = JobLinks("c" * 40, "https://ci.example/1", lambda path, line, gone: "", in_request=True)
    answer = of_one(conflict())
    merge = "Merge to apply this plan. If the plan is different then, nothing is applied."
    assert f"{merge} What is blocked stays as it is." in markdown(answer, job=job)
    assert "Merge" not in markdown(answer, job=job._replace(in_request=False))
    assert "Merge" not in markdown(answer)


def test_a_saved_plan_is_shown_like_the_plan(tmp_path: Path) -> None:
    path, answer = tmp_path / "plan.json", of_one(small())
    save(path, render("json", answer))
    saved = markdown(RunAnswer(read_plans(path), ExitCode.OK))
    assert saved.splitlines()[:8] == markdown(answer).splitlines()[:8]


def test_a_delete_has_no_link_because_its_file_may_be_gone() -> None:
    job = JobLinks(
        "c" * 40, "", lambda path, line, gone: "" if gone else f"https://git.example/{path}"
    )
    text = markdown(of_one(small()), job=job)
    assert "`playbook:Restart everything` (`playbooks/Restart everything.md:1`)" in text
    assert (
        "[`knowledge/Frontend/Forms.md:1`](https://git.example/knowledge/Frontend/Forms.md)" in text
    )


def test_many_deletes_are_listed_and_the_end_is_folded() -> None:
    text = document(deletes(60))
    assert text.count("> - `knowledge:Backend/Old rule ") == 60
    assert "> <details><summary>35 more</summary>" in text


def test_more_deletes_than_fit_are_counted() -> None:
    text = document(deletes(2_000))
    assert "2000 notes would be deleted" in text
    listed = text.count("> - `knowledge:Backend/Old rule ")
    assert f"> - … and {2_000 - listed} more\n" in text
    assert f", {2_000 - listed} are not listed." in text
    assert len(text.encode()) <= COMMENT_LIMIT


def test_deletes_without_their_details_are_counted_where_the_others_are() -> None:
    text = document(deletes(2_000))
    with_details = text.count("<details><summary><code>knowledge:Backend/Old rule ")
    assert 0 < with_details < 2_000
    assert f"\n- … and {2_000 - with_details} more\n" in text
    assert f" to fit here: {2_000 - with_details} rows have no details, " in text
