"""The approvals that a plan waits for are those that let it go on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devinops.model.policy import ON_CONFLICT, Approvals, allow
from devinops.planning.plan import Plan
from devinops.planning.run import Collector, Plans
from devinops.render.approvals import how_to_approve, how_to_decide, needed_approvals
from tests.testing.objects import live
from tests.testing.reports import conflict, declared, deletes, empty, planned, small


def spending(*hazards: str) -> Plan:
    trigger = {"event_type": "github:pull_request", "conditions": []}
    automation = live("automation", name="Nightly", triggers=[trigger])
    return planned(declared(automation), [], approvals=Approvals(hazards=hazards))


def of_one(plan: Plan) -> Plans:
    collector = Collector()
    collector.add(plan)
    return collector.plans(by_one=True, approvals=plan.approvals)


@pytest.mark.parametrize(
    ("plan", "options"),
    [
        (deletes(), ["--allow delete=12"]),
        (conflict(), ["--adopt", "--on-conflict git or --on-conflict live"]),
        (spending(), ["--allow spend"]),
        (spending("spend"), []),
        (small(), []),
        (empty(), []),
    ],
    ids=["deletes", "conflict", "a risk", "an accepted risk", "small", "empty"],
)
def test_the_options_are_named(plan: Plan, options: list[str]) -> None:
    assert list(map(str, needed_approvals(of_one(plan)))) == options


def test_approvals_and_decisions_are_distinguished() -> None:
    plan = replace(deletes(), blocked=conflict().blocked)
    approve, decide = how_to_approve(of_one(plan), " -C a")
    assert approve == (
        "To approve: `devinops apply -C a --target production --allow delete=12 --adopt`, or enter "
        "`allow: delete=12`, `adopt: true` in a manual run of the workflow."
    )
    assert decide == (
        "To decide: pass `--on-conflict git` (the files win) or `--on-conflict live` (the live "
        "objects win) to `devinops apply -C a --target production`, or enter `on_conflict: git` or "
        "`on_conflict: live` in a manual run of the workflow."
    )


def test_the_filters_of_the_plan_are_in_the_command() -> None:
    (approve,) = how_to_approve(replace(of_one(deletes()), exclude=("secret:*",)), "")
    command = "devinops apply --target production --exclude 'secret:*' --allow delete=12"
    assert f"To approve: `{command}`" in approve


def test_a_command_for_some_targets_has_no_number_that_is_for_others() -> None:
    given = Approvals(adopt=True, allow_delete=3, allow_targets=40)
    assert list(how_to_decide(allow("delete", 2), "devinops apply -t b", given)) == [
        "to approve: `devinops apply -t b --adopt --allow delete=2`"
    ]


def test_all_risks_to_accept_are_one_input_of_a_workflow() -> None:
    plan = replace(spending("network"), approvals=Approvals(hazards=("network",)))
    (approve,) = how_to_approve(of_one(plan), "")
    assert approve == (
        "To approve: `devinops apply --target production --allow network --allow spend`, or enter "
        "`allow: network, spend` in a manual run of the workflow."
    )


def test_of_several_conflicts_one_can_be_decided_by_its_key() -> None:
    (block,) = [block for block in conflict().blocked if block.approval == ON_CONFLICT]
    other = replace(block, key=block.key._replace(name="A word"))
    plan = replace(conflict(), blocked=(other, block))
    *_, one = how_to_approve(of_one(plan), "")
    key = f"{block.key.kind}:{block.key.folder}/A word"
    assert one == f"To decide about one object only, add its key: `--on-conflict 'git={key}'`"
    decided = replace(plan, approvals=Approvals(decided=((block.key, "live"),)))
    *_, decide, one = how_to_approve(of_one(decided), "")
    assert f"--target production --on-conflict live={block.key}" in decide.replace("'", "")


def test_what_is_approved_already_is_passed_again() -> None:
    given = Approvals(allow_delete=3, hazards=frozenset({"spend"}))
    plan = replace(deletes(), approvals=given, blocked=conflict().blocked)
    approve, decide = how_to_approve(of_one(plan), "")
    assert approve == (
        "To approve: `devinops apply --target production --allow spend --allow delete=12 --adopt`, "
        "or enter `allow: spend, delete=12`, `adopt: true` in a manual run of the workflow."
    )
    assert " to `devinops apply --target production --allow spend`, or enter" in decide
