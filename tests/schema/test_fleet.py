"""The document of many targets fits its schema, and has each text once for each class."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from devinops.model.policy import Approvals
from devinops.render import render
from devinops.schema.base_document import HEAD
from tests.testing.documents import fits
from tests.testing.fleets import answer, applied, fleet_of, mixed, update


def test_each_text_stands_once_for_each_class(
    golden: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(HEAD, "tool_version", "VERSION")
    written = "".join(render("json", answer(fleet_of([update("b"), update("a")]))))
    golden("fleet/plan.json", written)
    fits("fleet", written)
    document = fits("fleet", "".join(render("json", answer(mixed()))))
    assert json.dumps(document).count("Label every field.") == 3  # classes
    assert {target["state"] for target in document["targets"]} == {
        "planned",
        "held",
        "busy",
        "failed",
    }


def test_a_report_has_the_outcomes_of_each_target() -> None:
    document = fits("fleet", "".join(render("json", applied())))
    assert document["exit_code"] == 3
    by_name = {target["name"]: target for target in document["targets"]}
    assert by_name["team-26"]["outcomes"]["failed"] == 1
    assert by_name["team-26"]["exit_code"] == 3
    assert by_name["labs"]["unverified"] == "503: try later"
    assert by_name["team-00"]["backup"] == ".devinops/backups/team-00.jsonl"
    assert [result["targets"] for result in document["not_done"]] == [["team-26", "team-27"]] * 2


def test_it_says_how_the_plan_was_made() -> None:
    plan = replace(mixed(), only=("knowledge:*",), approvals=Approvals(adopt=True))
    document = fits("fleet", "".join(render("json", answer(plan)._replace(error="no"))))
    assert (document["only"], document["approvals"], document["error"]) == (
        ["knowledge:*"],
        {"adopt": True},
        "no",
    )
