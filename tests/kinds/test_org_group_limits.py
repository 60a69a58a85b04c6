"""Limits of organization groups: what an entry can say, what it lets be spent and what it stops."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.kinds import KINDS
from devinops.kinds.org_group_limits import OrgGroupLimits
from devinops.schema.files import entry_schema
from devinops.schema.findings import Checker, check

KIND = KINDS["org_group_limits"]
GROUPS = KIND.by_name["groups"]


def group(limit: int | None, *organizations: str) -> dict[str, Any]:
    found: dict[str, Any] = {"organizations": [*organizations]}
    return found if limit is None else found | {"cycle_acu_limit": limit}


@pytest.mark.parametrize(
    ("groups", "codes"),
    [
        ({}, []),
        ({"core": group(5, "A")}, []),
        ({"core": {"organizations": [], "cycle_acu_limit": None}}, []),
        (None, ["wrong-type"]),
        ({"core": {}}, ["missing-field"]),
        ({"core": group(-1, "A")}, ["invalid-value"]),
        ({"core": group(5, "A", "A")}, ["invalid-value"]),
        ({"core": group(5, "A") | {"limit": 5}}, ["unknown-key"]),
    ],
)
def test_an_entry_has_groups_by_name(groups: Any, codes: list[str]) -> None:
    entry = {"groups": groups}
    assert [one.code for one in check(Checker(entry_schema(KIND)), entry)] == codes


STEP = "name it in one place only"


def test_an_organization_is_in_one_group_only() -> None:
    groups = {"core": group(5, "A", "B"), "labs": group(None, "B", "C", "C"), "rest": group(None)}
    assert [*KIND.check(OrgGroupLimits(groups=groups))] == [
        (("groups", group, "organizations"), f'"{name}" is in the groups more than once: {STEP}')
        for group, name in (("core", "B"), ("labs", "B"), ("labs", "C"))
    ]
    assert [*KIND.check(OrgGroupLimits())] == []


@pytest.mark.parametrize(
    ("shown", "compared"),
    [
        ({"core": {"org_ids": ["b", "a"], "max_cycle_acus": 5}}, {"core": group(5, "a", "b")}),
        ({"core": {"org_ids": [], "max_cycle_acus": None}}, {"core": group(None)}),
        ({"core": {"org_ids": ["a"], "later": 1}}, {"core": group(None, "a")}),
        ({"core": {"organizations": ["b", "a"], "cycle_acu_limit": 5.0}}, {"core": group(5, "a", "b")}),
    ],
)  # fmt: skip
def test_both_forms_are_compared_as_one(shown: Any, compared: Any) -> None:
    assert GROUPS.normalized(shown) == compared
    sent = {"core": compared["core"]["organizations"]}
    limit = compared["core"].get("cycle_acu_limit")
    assert GROUPS.to_api(compared, None) == {
        "core": {"org_ids": sent["core"], "max_cycle_acus": limit}
    }


@pytest.mark.parametrize("shown", [{"core": []}, {"core": {"org_ids": "a"}}, {"core": {}}])
def test_a_response_of_another_form_is_not_used(shown: Any) -> None:
    with pytest.raises(ValueError, match=r"expected|missing"):
        GROUPS.normalized(shown)


CORE = {"core": group(5, "A", "B")}


@pytest.mark.parametrize(
    ("before", "after", "raised"),
    [
        (CORE, CORE, ""),
        (CORE, {"core": group(4, "A", "B")}, ""),
        (CORE, {"core": group(6, "A", "B")}, "the limit of core is raised from 5 to 6"),
        (CORE, {"core": group(None, "A", "B")}, "the limit of core is removed; it was 5"),
        (CORE, CORE | {"labs": group(9)}, ""),
        (CORE, {"core": group(5, "B"), "labs": group(9, "A")}, "the limit of A, which leaves core, is raised from 5 to 9"),
        (CORE, {"core": group(5, "B"), "labs": group(5, "A")}, ""),
        (CORE, {"core": group(5, "B"), "labs": group(None, "A")}, "the limit of A, which leaves core, is removed; it was 5"),
        (CORE, {"core": group(5, "A")}, "the limit of B, which leaves core, is removed; it was 5"),
        (CORE, {}, "the limit of A, which leaves core, is removed; it was 5; the limit of B, which leaves core, is removed; it was 5"),
        ({"core": group(None, "A")}, {}, ""),
        ({}, CORE, ""),
    ],
)  # fmt: skip
def test_a_larger_limit_wants_an_approval(before: Any, after: Any, raised: str) -> None:
    _, spend = KIND.hazards
    risk = spend.risk(OrgGroupLimits(groups=before), OrgGroupLimits(groups=after))
    assert (spend.approval, risk) == (
        "spend",
        raised and f"lets more ACUs be used in a billing cycle: {raised}",
    )


@pytest.mark.parametrize(
    ("before", "after", "stopped"),
    [
        (CORE, {"core": group(0, "A", "B")}, "A, B"),
        (CORE, CORE | {"none": group(0)}, ""),
        (CORE, {"core": group(5, "A"), "none": group(0, "B")}, "B"),
        ({"core": group(0, "A")}, {"core": group(0, "A", "B")}, "B"),
        ({"core": group(0, "A")}, {"core": group(0, "A")}, ""),
    ],
)
def test_a_limit_of_0_says_whose_work_it_stops(before: Any, after: Any, stopped: str) -> None:
    note, _ = KIND.hazards
    risk = note.risk(OrgGroupLimits(groups=before), OrgGroupLimits(groups=after))
    assert risk == (stopped and f"stops all work in {stopped}: the limit is 0")
    assert note.risk(None, OrgGroupLimits(groups=CORE)) == ""
