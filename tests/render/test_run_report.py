"""The plans of many targets are shown by class, in every format, and below every limit."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from devinops.render.classes import classes_of

from devinops.model.changes import Outcome, Refusal
from devinops.model.exit_codes import ExitCode
from devinops.model.policy import Approvals, allow
from devinops.model.selectors import ALL
from devinops.model.target import TargetState
from devinops.planning.plan import Plan
from devinops.planning.run import Collector, Plans
from devinops.render import JobLinks, Style, fleet, render
from devinops.render.answers import Answer
from devinops.render.comment_marker import read, read_digests
from tests.testing.actions import outputs
from tests.testing.fleets import answer, applied, applied_in, fleet_of, mixed, planned_in, update
from tests.testing.gfm import Page
from tests.testing.reports import conflict, declared, deletes, empty, hostile, note, planned, small

JOB = JobLinks(
    "4f2c1d0b9a8e7f6d5c4b3a29181706f5e4d3c2b1",
    "https://ci.example/runs/7",
    lambda path, line: f"https://git.example/acme/devin/blob/4f2c1d0b/{path}#L{line}",
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
    golden(f"fleet/{name}.txt", text(made(), width=80, flags=" -t all"))
    page = markdown(made(), flags=" -t all")
    golden(f"fleet/{name}.md", page)
    Page.of(page)


@pytest.mark.parametrize(
    ("plans", "verdict"),
    [
        ([], "Plan for 0 organizations: nothing to change."),
        ([empty()] * 3, "Plan for 3 organizations: nothing to change."),
        ([small()], "Plan for 1 organization: 1 needs 5 changes."),
        ([small()] * 3, "Plan for 3 organizations: 3 need the same 5 changes."),
        ([small(), deletes(3)], "Plan for 2 organizations: 2 need changes of their own."),
        (
            [*[small()] * 3, deletes(1), empty()],
            "Plan for 5 organizations: 3 need the same 5 changes, 1 differs, 1 needs none.",
        ),
        (
            [*[deletes(1)] * 2, *[deletes(2)] * 2, *[empty()] * 2],
            "Plan for 6 organizations: 2 need the same 1 change, 2 differ, 2 need none.",
        ),
        ([conflict(), deletes()], "Plan for 2 organizations: 2 need changes of their own; 1 refused, 1 blocked in part."),
    ],
)  # fmt: skip
def test_the_last_line_says_what_happens_to_how_many(plans: Sequence[Plan], verdict: str) -> None:
    # What is changed outside devinops has its own number, which other tests look at.
    quiet = (replace(plan, drift=()) for plan in plans)
    plan = fleet_of(planned_in(f"t-{n}", each) for n, each in enumerate(quiet))
    assert text(answer(plan)).splitlines()[-1] == verdict
    heading = next(row for row in markdown(answer(plan)).splitlines() if row.startswith("## "))
    assert heading == f"## {verdict.rstrip('.')}"


def test_an_enterprise_is_no_organization() -> None:
    top = planned_in("top", small())
    top = replace(top, target=replace(top.target, enterprise=True, org_id=None))
    assert text(answer(fleet_of([top, update("a")]))).startswith("Plan for 2 targets at ")


def test_a_change_that_stands_above_has_one_line() -> None:
    rows = text(answer(mixed())).splitlines()
    start = rows.index("labs: 3 to create, 1 to update, 1 to rename, 1 to delete")
    assert rows[start + 1 : start + 8] == [
        "  labs (org-labs)",
        "  > knowledge:Backend/Database migrations  as above",
        "  ~ knowledge:Backend/APIs/Error envelope  as above",
        "  + knowledge:Frontend/Forms  as above",
        "  - playbook:Restart everything  as above",
        "  + playbook:Triage an incident  as above",
        "  + knowledge:Frontend/Own rule  +2",
    ]


def test_names_are_shortened_unless_all_are_asked_for() -> None:
    plan = answer(mixed())
    assert "team-04 and 23 more" in text(plan)
    assert "team-04, team-05" in text(plan, full=True)
    assert "more" not in text(plan, full=True).partition("\n\nlabs")[0]


def test_many_classes_are_counted_but_no_delete_is_hidden() -> None:
    plans = [planned_in(f"a-{n:02}", deletes(n % 3 + 1)) for n in range(3)]
    updates = [update(f"b-{n:02}", after=str(n)) for n in range(30)]
    removed = planned_in("z", deletes(2))
    removed = replace(removed, changes=(*removed.changes, *update("z").changes))
    plan = answer(fleet_of([*plans, *updates, removed]))
    shown = text(plan)
    assert shown.count("~ body:") == 17
    assert "    … and 13 more classes (-v shows them)" in shown
    assert shown.partition("\nz: ")[2].count("- knowledge:Backend/Old rule") == 2
    assert text(plan, full=True).count("~ body:") == 31


def test_no_class_is_left_out_of_a_comment_that_has_space_for_it() -> None:
    plans = [update(f"b-{n:02}", after=f"Text {n}.") for n in range(40)]
    large = [note(f"Rule {n}", body="New.") for n in range(60)]
    page = markdown(answer(fleet_of([*plans, planned_in("z", planned(declared(*large), []))])))
    assert page.count("<b>update</b> <code>knowledge:Backend/Deploys</code>") == 40
    assert page.count("<b>create</b> <code>knowledge:Backend/Rule ") == 60
    assert not {"only counted", "not listed", "more classes"} & set(page.split("\n"))
    Page.of(page)


def test_what_does_not_fit_is_counted_at_the_top_and_deletes_are_the_last_to_go() -> None:
    plans = [planned_in("z", deletes(90), refusals=())]
    for number in range(400):
        own = [note(f"{'Rule ' * 20}{number} {n}", body="New.") for n in range(3)]
        plans.append(planned_in(f"b-{number:03}", planned(declared(*own), [])))
    page = markdown(answer(fleet_of(plans)))
    assert len(page.encode()) <= 65_000
    top = page.partition("\n### ")[0]
    assert all(f"`knowledge:Backend/Old rule {n}`" in top for n in range(1, 91))
    (unlisted,) = re.findall(r"(\d+)(?: changes)? are not listed", top)
    assert int(unlisted) + page.count(f"knowledge:Backend/{'Rule ' * 20}") == 1200
    assert len(page.encode()) > 56_000
    Page.of(page)


def test_of_a_delete_all_targets_are_named_with_their_organizations() -> None:
    names = [f"team-{number:03}" for number in range(30)]
    plan = fleet_of(planned_in(name, deletes(1)) for name in names)
    for written in (markdown(answer(plan)).replace("`", ""), text(answer(plan), width=10_000)):
        assert ", ".join(f"{name} (org-{name})" for name in names) in written
    page = "".join(render("html", answer(plan), Style()))
    assert "<small> in all 30</small>" in page
    assert all(f"organization org-{name}</small>" in page for name in names)
    # If not all can be named, none of the deletes is left out for that.
    names = long_names(150)
    shared = replace(deletes(12), refusals=())
    page = markdown(answer(fleet_of(planned_in(name, shared) for name in names)))
    top = page.partition("\n### ")[0]
    assert all(f"`knowledge:Backend/Old rule {n}`" in top for n in range(1, 13))
    first, second = top.split("- `knowledge:Backend/Old rule 1")[1:3]
    assert ("more" in first, "and 147 more" in second) == (False, True)


def test_an_approved_plan_has_a_line_for_each_change() -> None:
    plan = answer(mixed())._replace(approved=True)
    assert "~ body" not in text(plan)
    assert "~ knowledge:Backend/APIs/Error envelope  +4 −3" in text(plan)


def test_a_refused_run_says_what_to_approve() -> None:
    refusal = Refusal("this run writes to 31 targets", allow("targets", 31))
    plan = answer(replace(mixed(), refusals=(refusal,), only=("knowledge:*",)))
    assert "digest" not in text(plan)
    assert text(plan).splitlines()[-1].startswith("Plan for 39 organizations: refused, 28 need")
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
    report = collector.applied(fleet_of([planned_in("a", small())]))
    assert f"pplied to {finished} of 1 organization: " in text(answer(report))


def test_a_blocked_target_does_not_count_as_applied() -> None:
    collector = Collector()
    applied_in("a", conflict(), left=None, unverified="interrupted").add_to(collector)
    report = collector.applied(fleet_of([planned_in("a", conflict())]))
    assert "Applied to 0 of 1 organization: " in text(answer(report))


def test_a_failed_apply_says_why() -> None:
    plan = answer(mixed())._replace(error="no response")
    page = markdown(plan)
    assert ": not applied, 28 need the same" in page
    assert "no response" in page
    assert read_digests(page) is None


def test_approvals_and_filters_are_in_the_command() -> None:
    plan = replace(mixed(), only=("knowledge:*",), approvals=Approvals(adopt=True))
    page = markdown(answer(plan)._replace(selectors=("ring=canary", "pay")), below="teams/a b")
    command = (
        "devinops apply -C 'teams/a b' --target ring=canary --target pay --only 'knowledge:*' "
        f"--adopt --expect {plan.digests.digest}"
    )
    assert f"\n{command}\n" in page
    assert "## Plan for 39 organizations in `teams/a b`:" in page


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


@pytest.mark.parametrize(
    "names", [long_names(1_000), [f"team-in-an-enterprise-of-many-{n:010}" for n in range(1_000)]]
)
def test_a_thousand_targets_fit_into_a_comment_with_all_digests(names: list[str]) -> None:
    plan = large(names)
    page = markdown(answer(plan))
    assert len(page) <= COMMENT
    assert read_digests(page) == plan.digests
    assert "## Plan for 1000 organizations: 970 need the same 5 changes, 30 differ" in page
    assert page.count("``` diff") + page.count("```diff") > 0
    Page.of(page)


def test_digests_that_do_not_fit_are_left_out_and_that_is_said() -> None:
    page = markdown(answer(large(long_names(1_200))))
    assert len(page) <= COMMENT
    assert read_digests(page) is None
    assert "The digest of each target does not fit here" in page
    assert read_digests(markdown(answer(large(long_names(1_200))), limit=1_000_000))


@pytest.mark.parametrize("number", [1, 600, 1_000, 1_060])
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
        "summary": fleet.counts(classes_of(mixed())),
    }
    report = outputs("".join(render("outputs", applied())))
    assert report["summary"] == "".join(render("text", applied())).splitlines()[-1]


@pytest.mark.parametrize("format", ["html", "text", "markdown", "json", "outputs", "sarif"])
@pytest.mark.parametrize("made", [lambda: answer(fleet_of([hostile()])), applied])
def test_every_format_writes_them(format: str, made: Callable[[], Answer]) -> None:
    written = "".join(render(format, made(), Style(full=True, flags=" -t all")))
    assert written
    assert "<script>window.hacked" not in written or format in ("json", "text", "markdown", "sarif")
