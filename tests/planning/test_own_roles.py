"""What a rollback does with the roles of its own keys; the cases of plans are in cases/plan.yaml."""

from __future__ import annotations

from dataclasses import replace

from devinops.model.changes import Blocker
from devinops.model.inventory import Inventory
from devinops.model.objects import Source
from devinops.model.policy import Approvals, OnDrift, Policy, allow
from devinops.model.target import Target
from devinops.planning.draft import Saved
from devinops.planning.plan import Plan
from devinops.planning.rollback import rollback_plan
from tests.testing.objects import live, snapshot

NAMES = [
    {"kind": "role", "id": "org_member", "name": "Member"},
    {"kind": "service_user", "id": "sa-1", "name": "ci"},
]
GONE = live("service_user_role", id="sa-1", service_user="ci", role="Member")


def rolled_back(own: str) -> Plan:
    target = Target("production", "https://api.devin.ai", "v3", "org-1")
    return rollback_plan(
        [Saved(GONE, Source("b.jsonl", 2))],
        replace(snapshot(NAMES), own=frozenset({own})),
        target,
        policy=Policy(on_drift=OnDrift.OVERWRITE),
        run="RUN",
        approvals=Approvals(),
        inventory=Inventory(),
    )


def test_no_rollback_gives_an_own_role_back() -> None:
    made = rolled_back(own="sa-1")
    (held,) = made.blocked
    assert (made.changes, held.by) == ((), Blocker.PROTECTED)


def test_another_role_that_was_taken_away_since_is_given_back_only_with_an_approval() -> None:
    (refusal,) = rolled_back(own="sa-2").refusals
    assert refusal.approval == allow("access")
    assert "was taken away, perhaps outside devinops" in refusal.reason
