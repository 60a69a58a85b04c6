"""What runs over many targets say: by change, in every format, and below every limit."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from devinops.model.changes import Blocker, FieldChange, Outcome, Refusal
from devinops.model.exit_codes import ExitCode
from devinops.model.policy import ON_CONFLICT, Approvals, allow
from devinops.model.selectors import ALL
from devinops.model.target import TargetState
from devinops.planning.plan import Plan
from devinops.planning.run import Collector, Plans
from devinops.render import JobLinks, Style, render
from devinops.render.answers import Answer
from devinops.render.comment_marker import read, read_digests
from devinops.render.run_report import report_of
from tests.testing.actions import outputs
from tests.testing.gfm import Page
from tests.testing.many_targets import (
    answer,
    applied,
    applied_in,
    mixed,
    planned_in,
    plans_of,
    update,
)
from tests.testing.reports import (
    conflict,
    declared,
    deletes,
    empty,
    hostile,
    note,
    planned,
    released,
    small,
)

JOB = JobLinks(
    "4f2c1d0b9a8e7f6d5c4b3a29181706f5e4d3c2b1",
    "https://ci.example/runs/7",
    lambda path, line, gone: (
        "" if gone else f"https://git.example/acme/devin/blob/4f2c1d0b/{path}#L{line}"
    ),
    in_request=True,
)
COMMENT = 65_536


def text(answer: Answer, **style: Any) -> str:
    return "".join(render("text", answer, Style(**style)))


def markdown(answer: Answer, **style: Any) -> str:
    return "".join(render("markdown", answer, Style(job=JOB, **style)))


# --- what people read -----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "made"), [("plan", lambda: answer(mixed())), ("report", applied)])
def test_each_format_for_people(
    name: str, made: Callable[[], Answer], golden: Callable[[str, str], None]
) -> None:
    golden(f"runs/{name}.txt", text(made(), width=80, flags=" -t all"))
    page = markdown(made(), flags=" -t all")
    golden(f"runs/{name}.md", page)
    Page.of(page)


@pytest.mark.parametrize(
    ("plans", "verdict"),
    [
        ([], "Plan for 0 organizations: nothing to change."),
        ([empty()] * 3, "Plan for 3 organizations: nothing to change."),
        ([small()], "Plan for 1 organization: 1 delete, 2 creates, 1 update, 1 rename."),
        ([small()] * 3, "Plan for 3 organizations: 3 deletes, 6 creates, 3 updates, 3 renames."),
        ([small(), deletes(3)], "Plan for 2 organizations: 4 deletes, 2 creates, 1 update, 1 rename."),
        ([deletes(1), empty()], "Plan for 1 of 2 organizations: 1 delete; 1 needs nothing."),
        (
            [deletes(1), deletes(2), empty(), empty()],
            "Plan for 2 of 4 organizations: 3 deletes; 2 need nothing.",
        ),
        (
            [conflict(), deletes()],
            "Plan for 1 of 2 organizations: 1 create; t-1 refused; 3 blocked in t-0.",
        ),
        (
            [replace(released(), notes=())],
            "Plan for 1 organization: 1 release, 1 forgotten record; 1 inventory to rename.",
        ),
    ],
)  # fmt: skip
def test_the_last_line_says_what_happens_to_how_many(plans: Sequence[Plan], verdict: str) -> None:
    # What is changed outside devinops has its own number, which other tests look at.
    quiet = (replace(plan, drift=()) for plan in plans)
    plan = plans_of(planned_in(f"t-{n}", each) for n, each in enumerate(quiet))
    assert text(answer(plan)).splitlines()[-1] == verdict
    heading = next(row for row in markdown(answer(plan)).splitlines() if row.startswith("## "))
    assert heading.replace("`", "") == f"## {verdict.removeprefix('Plan for ').rstrip('.')}"


def test_an_enterprise_is_no_organization() -> None:
    top = planned_in("top", small())
    top = replace(top, target=replace(top.target, enterprise=True, org_id=None))
    assert text(answer(plans_of([top, update("a")]))).startswith("Plan for 2 targets: at ")


def test_a_delete_stands_again_before_the_question() -> None:
    plans = [planned_in(f"t-{n:02}", deletes(n % 3 + 1)) for n in range(30)]
    shown = text(answer(plans_of([*plans, update("z")])))
    listed, _, end = shown.partition("\n3 notes will be deleted in 30 organizations\n")
    for number in (1, 2, 3):
        key = f"- knowledge:Backend/Old rule {number}: delete in "
        assert (listed.count(key), end.count(key)) == (1, 1)
    assert "Old rule 1: delete in 30 of 31 (not in z)" in end


def test_namesakes_that_are_deleted_are_all_counted_and_have_their_ids() -> None:
    plan = deletes(2)
    key, own = plan.changes[0].key, {"declared_at": None, "reason": "never owned"}
    twice = tuple(replace(change, key=key, **own) for change in plan.changes)
    plan = planned_in("a", plan, changes=twice, refusals=())
    assert "\n2 notes will be deleted in a\n" in text(answer(plans_of([plan, update("z")])))
    alone = text(answer(replace(plans_of([plan]), by_one=True)))
    assert [alone.count(f"never owned ({change.id})") for change in twice] == [1, 1]


def test_separate_changes_are_ten_lines_unless_all_are_asked_for() -> None:
    plans = [planned_in(f"t-{n:02}", _own(n)) for n in range(12)]
    plan = answer(plans_of(plans))
    assert text(plan).count("knowledge:Backend/Own") == 10
    assert "… and 2 more" in text(plan)
    assert text(plan, full=True).count("knowledge:Backend/Own") == 12
    assert text(plan, full=True).count("~ body:") == 12


def _own(number: int) -> Plan:
    old, new = (note(f"Own {number}", id="n", body=body) for body in ("Old.", f"New {number}."))
    return planned(declared(new), [old], [old])


def test_what_is_refused_or_not_written_is_not_counted_as_written() -> None:
    refused = planned_in("z", deletes())
    plans = plans_of([planned_in("a", small()), refused])
    shown = text(answer(plans))
    assert "not applied, refused in z" in shown
    assert "knowledge:Backend/Old rule 12 in z" in shown
    assert "1 playbook will be deleted in a" in shown
    assert "to approve: devinops apply -t z --allow delete=12" in shown
    narrowed = text(answer(replace(plans, only=("knowledge:*",))))
    assert "to approve: devinops apply -t z --only 'knowledge:*' --allow delete=12" in narrowed


@pytest.mark.matrix
def test_what_does_not_fit_is_counted_at_the_top_and_deletes_are_the_last_to_go() -> None:
    plans = [planned_in("z", deletes(90), refusals=())]
    for number in range(400):
        own = [note(f"{'Rule ' * 20}{number} {n}", body="New.") for n in range(3)]
        plans.append(planned_in(f"b-{number:03}", planned(declared(*own), [])))
    page = markdown(answer(plans_of(plans)))
    assert len(page.encode()) <= 65_000
    top = page.partition("\n### ")[0]
    assert all(f"`knowledge:Backend/Old rule {n}`" in top for n in range(1, 91))
    (unlisted,) = re.findall(r"(\d+)(?: rows)? are not listed", top)
    assert int(unlisted) + page.count(f"knowledge:Backend/{'Rule ' * 20}") == 1200
    assert len(page.encode()) > 56_000
    Page.of(page)


def test_an_approved_plan_has_a_line_for_each_change() -> None:
    plan = answer(mixed())._replace(approved=True)
    changes = text(plan).partition("\nblocked\n")[0]
    assert "~ body" not in changes
    assert "~ knowledge:Backend/APIs/Error envelope: update in labs, team-00 to -27" in changes


def test_a_refused_run_says_what_to_approve() -> None:
    refusal = Refusal("this run writes to 31 targets", allow("targets", 31))
    plan = answer(replace(mixed(), refusals=(refusal,), only=("knowledge:*",)))
    assert "digest" not in text(plan)
    assert "1 playbook would be deleted in 29 organizations" in text(plan)
    last = "Plan for 32 of 40 organizations: refused, 29 deletes, 61 creates"
    assert text(plan).splitlines()[-1].startswith(last)
    page = markdown(plan)
    assert "This plan cannot be applied" in page
    assert "would be deleted" in page
    marker = read(page)
    assert marker
    assert (marker.target, marker.digest, read_digests(page)) == (ALL, None, None)


@pytest.mark.parametrize(
    ("outcomes", "facts", "finished"),
    [
        ((), {"left": ()}, 1),
        ((), {"left": None, "interrupted": ExitCode.INTERRUPTED, "unverified": "interrupted"}, 1),
        ((), {"left": None, "unverified": "503: try later"}, 1),
        ((), {"left": small().changes[:1]}, 0),
        ((Outcome.SKIPPED,), {"left": None, "unverified": "interrupted"}, 0),
        ((Outcome.FAILED,), {"left": ()}, 0),
    ],
)
def test_a_target_counts_as_applied_if_all_its_changes_are_done(
    outcomes: tuple[Outcome, ...], facts: dict[str, Any], finished: int
) -> None:
    collector = Collector()
    applied_in("a", small(), *outcomes, **facts).add_to(collector)
    report = collector.applied(plans_of([planned_in("a", small())]))
    assert f"pplied to {finished} of 1 organization: " in text(answer(report))


def test_a_blocked_target_does_not_count_as_applied() -> None:
    collector = Collector()
    applied_in("a", conflict(), left=None, unverified="interrupted").add_to(collector)
    report = collector.applied(plans_of([planned_in("a", conflict())]))
    assert "Applied to 0 of 1 organization: " in text(answer(report))


def test_a_failed_apply_says_why() -> None:
    plan = answer(mixed())._replace(error="no response")
    page = markdown(plan)
    assert ": not applied, 29 deletes" in page
    assert "no response" in page
    assert read_digests(page) is None


def test_approvals_and_filters_are_in_the_command() -> None:
    filters = {"only": ("knowledge:*",), "exclude": ("secret:*",)}
    plan = replace(mixed(), **filters, approvals=Approvals(adopt=True))
    page = markdown(answer(plan)._replace(selectors=("ring=canary", "pay")), below="teams/a b")
    command = (
        "devinops apply -C 'teams/a b' --target ring=canary --target pay --only 'knowledge:*' "
        f"--exclude 'secret:*' --adopt --expect {plan.digests.digest}"
    )
    assert f"\n{command}\n" in page
    assert "## 32 of 40 organizations (`teams/a b`): 29 deletes" in page


def test_printed_commands_lead_to_the_root_and_the_targets() -> None:
    shown = text(answer(mixed()), flags=" -C teams/a -t all")
    assert "devinops pull -C teams/a -t all --drift" in shown.replace("\n", " ")


# --- limits ---------------------------------------------------------------------------------------


def large(names: Sequence[str]) -> Plans:
    """Return three classes of targets with these names."""
    collector = Collector()
    shared, third = small(), conflict()
    for number, name in enumerate(names):
        if number % 100 == 1:
            collector.add(planned_in(name, third))
        elif number % 50 == 2:
            collector.add(update(name))
        else:
            collector.add(planned_in(name, shared))
    return collector.plans()


def long_names(number: int) -> list[str]:
    dice = random.Random(7)
    letters = string.ascii_lowercase + string.digits + "._-"
    return ["".join(["a", *dice.choices(letters, k=39)]) for _ in range(number)]


@pytest.mark.matrix
@pytest.mark.parametrize(
    "names", [long_names(1_000), [f"team-in-an-enterprise-of-many-{n:010}" for n in range(1_000)]]
)
def test_a_thousand_targets_fit_into_a_comment_with_all_digests(names: list[str]) -> None:
    plan = large(names)
    page = markdown(answer(plan))
    assert len(page) <= COMMENT
    assert read_digests(page) == plan.digests
    assert "## 1000 organizations: 970 deletes, 1950 creates, 990 updates, 970 renames" in page
    assert page.count("``` diff") + page.count("```diff") > 0
    Page.of(page)


@pytest.mark.matrix
def test_digests_that_do_not_fit_are_left_out_and_that_is_said() -> None:
    page = markdown(answer(large(long_names(1_200))))
    assert len(page) <= COMMENT
    assert read_digests(page) is None
    assert "The digests of single targets do not fit here" in page
    assert read_digests(markdown(answer(large(long_names(1_200))), limit=1_000_000))


@pytest.mark.sampled(4, ci=2)
@pytest.mark.parametrize("number", [1, 1_000, 600, 1_060])
def test_the_worst_of_everything_fits(number: int) -> None:
    collector = Collector()
    plans = [conflict(), deletes(), small(), hostile()]
    for position, name in enumerate(long_names(number)):
        plan = plans[position % 4]
        # A sentence of its own in each target, so that nothing is shared.
        blocked = tuple(replace(b, reason=f"{b.reason} {name}" * 9) for b in plan.blocked[:2])
        drift = tuple(replace(d, reason=f"{d.reason} {name}" * 9) for d in plan.drift[:1])
        changes = tuple(replace(c, reason=f"{c.reason} {name}" * 9) for c in plan.changes[:2])
        more = {"blocked": blocked, "drift": drift, "changes": changes, "notes": (name * 20,)}
        collector.add(planned_in(name, plan, **more))
        for state in (TargetState.FAILED, TargetState.BUSY, TargetState.STALE):
            message = f"{name} is out of reach " * 9
            collector.add_without_plan(f"{state}-{name}", message, ExitCode.FIX, state)
    plan = replace(collector.plans(), only=tuple(map(str, range(99))))
    page = markdown(answer(plan))
    assert len(page.encode()) <= 65_000
    Page.of(page)


# --- what programs read ----------------------------------------------------------------------------


def test_the_outputs_of_a_job_count_over_all_targets() -> None:
    written = outputs("".join(render("outputs", answer(mixed()))))
    assert written == {
        "exit_code": "1",
        "target": "all",
        "targets": "40",
        "has_changes": "true",
        "changes": "161",
        "deletes": "41",
        "blocked": "6",
        "drift": "28",
        "failed": "2",
        "digest": mixed().digests.digest,
        "summary": report_of(answer(mixed()), Style()).sentence,
    }
    report = outputs("".join(render("outputs", applied())))
    assert report["summary"] == "".join(render("text", applied())).splitlines()[-1]


@pytest.mark.parametrize("format", ["html", "text", "markdown", "json", "outputs", "sarif"])
@pytest.mark.parametrize("made", [lambda: answer(plans_of([hostile()])), applied])
def test_every_format_writes_them(format: str, made: Callable[[], Answer]) -> None:
    written = "".join(render(format, made(), Style(full=True, flags=" -t all")))
    assert written
    assert "<script>window.hacked" not in written or format in ("json", "text", "markdown", "sarif")


def test_steps_that_are_decided_alike_say_how_once() -> None:
    (block,) = [block for block in conflict().blocked if block.approval == ON_CONFLICT]
    blocked = tuple(replace(block, key=block.key._replace(name=name)) for name in "ABC")
    plan = planned_in("team-20", conflict(), blocked=blocked)
    shown = text(answer(plans_of([plan, planned_in("a", small())])))
    git, live = (f"devinops apply -t team-20 --on-conflict {side}\n" for side in ("git", "live"))
    assert (
        shown.count(f"overwrite the web edit: {git}"),
        shown.count(f"keep the web edit: {live}"),
    ) == (1, 1)
    assert shown.index("knowledge:Backend/APIs/C in team-20") < shown.index(git)


def test_who_changed_what_is_in_the_row_of_each_target_if_that_differs() -> None:
    plans = []
    for number in range(3):
        item = replace(small().drift[0], at=1773308460 + 60 * (number // 2), by="ann@acme.com")
        plans.append(planned_in(f"t-{number}", small(), drift=(item,)))
    shown = text(answer(plans_of(plans)))
    assert "knowledge:Backend/Code review in t-0 to -2: edited: body\n" in shown
    assert "t-0, t-1: last changed 2026-03-12 09:41 UTC by ann@acme.com\n" in shown
    assert "t-2: last changed 2026-03-12 09:42 UTC by ann@acme.com\n" in shown


def test_edits_of_one_note_with_different_texts_are_one_row_with_each_below() -> None:
    plans = []
    for number in range(3):
        edited = FieldChange("body", "Be kind.\n", f"Be kind {number}.\n")
        item = replace(small().drift[0], fields=(edited,))
        plans.append(planned_in(f"t-{number}", small(), drift=(item,)))
    shown = text(answer(plans_of(plans)), full=True)
    assert shown.count("knowledge:Backend/Code review") == 1
    assert (
        "  @ knowledge:Backend/Code review in t-0 to -2\n"
        "      knowledge/Backend/Code review.md:1: 3 different edits\n"
        "      t-0: edited: body; last changed "
    ) in shown
    assert markdown(answer(plans_of(plans))).count("`knowledge:Backend/Code review`") == 1
    assert [f"+ Be kind {number}." in shown for number in range(3)] == [True] * 3
    assert "3 changed outside devinops (kept)" in shown


def test_an_apply_of_many_with_nothing_to_do_does_not_count_none() -> None:
    quiet = planned(declared(note("A", body="b")), [note("A", body="b")])
    plans = plans_of([planned_in("a", quiet), planned_in("b", quiet)])
    shown = text(answer(replace(plans, is_applied=True)))
    assert shown.strip() == "Nothing to apply: nothing to do."


def test_a_new_address_is_an_alert_with_the_notes_that_name_it() -> None:
    before, after = "See https://wiki.example/a for more.", "Read https://wiki.example/a first."
    seen = plans_of([update("a", before, after)])
    assert "new address" not in text(answer(seen))
    new = plans_of([update(name, before, f"{after} ssh://evil.example/x") for name in "ab"])
    page = markdown(answer(new))
    assert (
        "> [!WARNING]\n> **1 new address in the texts**\n>\n"
        "> - `a`, `b`: `evil.example` in `knowledge:Backend/Deploys`\n"
    ) in page


@pytest.mark.parametrize(
    ("path", "level"), [(".github/workflows/devinops.yml", "WARNING"), ("labels of a", "NOTE")]
)
def test_a_changed_workflow_is_an_alert(path: str, level: str) -> None:
    page = markdown(answer(replace(plans_of([update("a")]), also_changed=(path,))))
    assert f"> [!{level}]\n> **Also changed here**\n" in page


def test_what_is_blocked_in_a_refused_target_is_listed_beside_the_others() -> None:
    """Otherwise whoever approves what is refused finds it only in the next plan."""
    blocked = conflict().blocked
    refused = planned_in("a", replace(deletes(), blocked=blocked))
    plans = plans_of([refused, planned_in("b", conflict())])
    assert (plans.numbers("refused")["a"], plans.writable) == (1, {"b"})
    shown = text(answer(plans))
    listed = shown.split("\nblocked\n")[1].split("\n\n")[0]
    titles = [line for line in listed.splitlines() if line.startswith("  ! ")]
    decided = [step for step in blocked if step.by is not Blocker.REQUIREMENT]
    assert {*titles} == {f"  ! {step.key} in a, b" for step in decided}
    assert "  ! a, b: Mobile/iOS  needed by" in shown
