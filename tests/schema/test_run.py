"""The document of a run fits its schema, and has what is equal in several targets once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest

from devinops.model.changes import Blocked, Blocker, Drift, DriftEvent
from devinops.model.keys import Key
from devinops.model.objects import Source
from devinops.model.policy import Approvals
from devinops.render import render
from devinops.schema.base_document import HEAD, convert, plain
from devinops.schema.parts import Sides, SourceItem
from devinops.schema.run import RunBlocked, RunDrift, rows_of
from tests.testing.documents import fits
from tests.testing.many_targets import answer, applied, mixed, plans_of, update


def test_equal_changes_stand_once_with_the_object_of_each_target(
    golden: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(HEAD, "tool_version", "VERSION")
    written = "".join(render("json", answer(plans_of([update("b"), update("a")]))))
    golden("runs/plan.json", written)
    fits("run", written)
    document = fits("run", "".join(render("json", answer(mixed()))))
    assert json.dumps(document).count("Label every field.") == 2  # changes
    assert {target["state"] for target in document["targets"]} == {
        "planned",
        "held",
        "busy",
        "failed",
    }


def test_an_outcome_stands_at_its_target() -> None:
    document = fits("run", "".join(render("json", applied())))
    assert document["exit_code"] == 3
    rows = [row for change in document["changes"] for row in change["targets"]]
    assert sorted(row["name"] for row in rows if row.get("outcome") == "failed") == [
        "team-26",
        "team-27",
    ]
    assert {row["message"] for row in rows if row.get("outcome") == "skipped"} == {
        "it needs another"
    }
    by_name = {target["name"]: target for target in document["targets"]}
    assert by_name["team-26"]["exit_code"] == 3
    assert by_name["labs"]["unverified"] == "503: try later"
    assert by_name["team-00"]["backup"] == ".devinops/backups/team-00.jsonl"
    left = [[row["name"] for row in change["targets"]] for change in document["left"]]
    assert left == [["team-26", "team-27"]] * 2


def test_it_says_how_the_plan_was_made() -> None:
    plan = replace(mixed(), only=("knowledge:*",), approvals=Approvals(adopt=True))
    document = fits("run", "".join(render("json", answer(plan)._replace(error="no"))))
    assert (document["only"], document["approvals"], document["error"]) == (
        ["knowledge:*"],
        {"adopt": True},
        "no",
    )


@pytest.mark.parametrize("place", [None, Source("a.yaml", 2, 3)])
def test_a_blocked_step_has_a_place_or_none(place: Source | None) -> None:
    blocked = Blocked(Blocker.CONFLICT, Key.parse("secret:A"), "why", place)
    item = RunBlocked.of(blocked, [("a", ("s1",), 1, "Pat"), ("b", (), None, None)])
    assert item.source == (SourceItem("a.yaml", 2, 3) if place else None)
    assert (item.key, item.reason, item.needed_by) == ("secret:A", "why", [])
    assert item.to_model() == blocked
    assert [*rows_of(item.targets)] == [("a", ("s1",), 1, "Pat"), ("b", (), None, None)]


DRIFT = Drift(DriftEvent.EDITED, Key.parse("secret:A"), "", "why", (), Source("a.yaml"))


def test_a_change_made_outside_comes_back_as_it_was_unless_its_time_is_none() -> None:
    item = RunDrift.of(DRIFT, [("a", "s1", 1, "Pat", ("s2",))])
    assert item.to_model() == DRIFT
    assert [*rows_of(item.targets)] == [("a", "s1", 1, "Pat", ("s2",))]


@pytest.mark.parametrize("at", [-62_135_596_801, 253_402_300_800, 10**18])
def test_a_time_that_cannot_be_shown_is_refused(at: int) -> None:
    item = plain(RunDrift.of(DRIFT, [("a", "s1", at, "Pat", ())]))
    with pytest.raises(ValueError, match=r"Expected `int` .= .*targets.*at"):
        convert(item, RunDrift)


@pytest.mark.parametrize("at", [-62_135_596_800, 253_402_300_799])
def test_a_time_that_can_be_shown_is_read(at: int) -> None:
    assert datetime.fromtimestamp(at, UTC).year in (1, 9999)
    item = plain(RunDrift.of(DRIFT, [("a", "s1", at, "Pat", ())]))
    assert [*rows_of(convert(item, RunDrift).targets)] == [("a", "s1", at, "Pat", ())]


@pytest.mark.parametrize(
    ("name", "sides"), [("body", Sides()), ("not a field", Sides(before="a", after="b"))]
)
def test_a_field_without_a_name_or_a_value_is_refused(name: str, sides: Sides) -> None:
    item = msgspec.structs.replace(RunDrift.of(DRIFT, ()), fields={name: sides})
    with pytest.raises(ValueError, match=f"'{name}' is not a field with a value"):
        item.to_model()
