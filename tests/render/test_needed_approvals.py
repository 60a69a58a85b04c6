"""The approvals that a plan waits for are those that let it go on."""

from __future__ import annotations

import pytest

from devinops.model.policy import Approvals
from devinops.planning.plan import Plan
from devinops.render.needed_approvals import needed_approvals
from tests.testing.objects import live
from tests.testing.reports import conflict, declared, deletes, empty, planned, small


def spending(*hazards: str) -> Plan:
    trigger = {"event_type": "github:pull_request", "conditions": []}
    automation = live("automation", name="Nightly", triggers=[trigger])
    return planned(declared(automation), [], approvals=Approvals(hazards=hazards))


@pytest.mark.parametrize(
    ("plan", "options"),
    [
        (deletes(), {"--allow-delete": "12"}),
        (conflict(), {"--adopt": "", "--on-conflict": "git|live"}),
        (spending(), {"--allow-spend": ""}),
        (spending("spend"), {}),
        (small(), {}),
        (empty(), {}),
    ],
    ids=["deletes", "conflict", "a risk", "an accepted risk", "small", "empty"],
)
def test_the_options_are_named(plan: Plan, options: dict[str, str]) -> None:
    assert needed_approvals(plan) == options
