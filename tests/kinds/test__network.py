"""What of a change lets the sessions of an automation reach more of the network."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.kinds._network import risk
from devinops.kinds.automation import Automation
from devinops.model.values import UNSET

A, B = {"hostname": "a.example"}, {"ipv4": "192.0.2.1"}
OPEN = "gets network: unrestricted (it may reach every host)"
NONE: Any = {"devin_mode": "fast"}
"""Settings that say nothing of the network."""


def only(*hosts: Any) -> Any:
    return {"net_policy": {"allow": list(hosts)}}


EVERY: Any = {"net_policy": None}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, EVERY, OPEN),
        (None, only(A), ""),
        (None, NONE, ""),
        (UNSET, EVERY, OPEN),
        (NONE, EVERY, OPEN),
        (NONE, only(A), ""),
        (only(A), EVERY, OPEN),
        (EVERY, EVERY, ""),
        (EVERY, only(A), ""),
        (EVERY, NONE, ""),
        (only(A), only(A), ""),
        (only(A, B), only(B), ""),
        (only(A), only(A, B), "may reach more of the network: 192.0.2.1"),
        (only(), only(A, B), "may reach more of the network: a.example, 192.0.2.1"),
        (only(A), None, "loses its network policy, so it may get network: unrestricted"),
    ],
)
def test_null_where_it_was_not_and_new_hosts_are_a_risk(
    before: Any, after: Any, expected: str
) -> None:
    live = None if before is None else Automation(name="A", session_settings=before)
    assert risk(live, Automation(name="A", session_settings=after)) == expected


def test_an_automation_that_is_switched_off_opens_the_network_too() -> None:
    after = Automation(name="A", enabled=False, session_settings=EVERY)
    assert risk(None, after) == OPEN
