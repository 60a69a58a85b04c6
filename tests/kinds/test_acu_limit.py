"""The ACU limit: what an entry can say, and what stops all work."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.kinds import KINDS
from devinops.kinds.acu_limit import AcuLimit
from devinops.schema.files import entry_schema
from devinops.schema.findings import Checker, check

KIND = KINDS["acu_limit"]


@pytest.mark.parametrize(
    ("entry", "codes"),
    [
        ({"cycle_acu_limit": 500}, []),
        ({"cycle_acu_limit": 0}, []),
        ({"cycle_acu_limit": None}, []),
        ({}, ["missing-field"]),
        ({"cycle_acu_limit": -1}, ["invalid-value"]),
        ({"cycle_acu_limit": 1.5}, ["wrong-type"]),
        ({"cycle_acu_limit": True}, ["wrong-type"]),
        ({"cycle_acu_limit": "500"}, ["wrong-type"]),
        ({"cycle_acu_limit": 1, "ensure": "absent"}, ["unknown-key"]),
        ({"cycle_acu_limit": 1, "session_acu_limit": 0}, []),
        ({"cycle_acu_limit": 1, "session_acu_limit": None}, ["wrong-type"]),
    ],
)
def test_an_entry_says_a_whole_number_or_null(entry: dict[str, Any], codes: list[str]) -> None:
    assert [one.code for one in check(Checker(entry_schema(KIND)), entry)] == codes


def test_a_whole_number_can_be_written_with_a_point() -> None:
    value = KIND.by_name["cycle_acu_limit"].normalized(500.0)
    assert (value, type(value)) == (500, int)


@pytest.mark.parametrize(
    ("before", "after", "stops"),
    [(500, 0, True), (None, 0, True), (0, 0, False), (0, 500, False), (500, None, False)],
)
def test_a_limit_of_0_stops_all_work(before: int | None, after: int | None, stops: bool) -> None:
    note, _ = KIND.hazards
    risk = note.risk(AcuLimit(cycle_acu_limit=before), AcuLimit(cycle_acu_limit=after))
    assert ("stops all work" in risk) is stops


@pytest.mark.parametrize(
    ("before", "after", "risk"),
    [
        (500, 501, "is raised from 500 to 501 (ACUs in a billing cycle)"),
        (0, 500, "is raised from 0 to 500 (ACUs in a billing cycle)"),
        (500, None, "is removed; it was 500 (ACUs in a billing cycle)"),
        (500, 500, ""),
        (500, 0, ""),
        (None, 500, ""),
        (None, None, ""),
    ],
)
def test_a_higher_limit_and_none_want_an_approval(
    before: int | None, after: int | None, risk: str
) -> None:
    _, spend = KIND.hazards
    values = (AcuLimit(cycle_acu_limit=before), AcuLimit(cycle_acu_limit=after))
    assert (spend.approval, spend.risk(*values)) == ("spend", risk)
    assert spend.risk(None, values[1]) == ""


def test_each_limit_has_its_risks() -> None:
    note, spend = KIND.hazards
    before = AcuLimit(cycle_acu_limit=5, session_acu_limit=5)
    dearer = AcuLimit(cycle_acu_limit=6, session_acu_limit=7)
    assert spend.risk(before, dearer) == (
        "is raised from 5 to 6 (ACUs in a billing cycle); is raised from 5 to 7 (ACUs in a session)"
    )
    stopped = AcuLimit(cycle_acu_limit=5, session_acu_limit=0)
    assert "every session" in note.risk(before, stopped)
    assert "all work" in note.risk(stopped, AcuLimit(cycle_acu_limit=0, session_acu_limit=0))
