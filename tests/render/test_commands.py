"""Commands in the reasons of every answer lead to the root and target of the run."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from devinops.applying.saved import run_of
from devinops.model.changes import (
    Action,
    Blocked,
    Blocker,
    Change,
    Drift,
    DriftEvent,
    Outcome,
    Refusal,
    Result,
)
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import Inventory
from devinops.model.keys import ROOT, Key
from devinops.model.objects import Snapshot
from devinops.model.policy import Policy
from devinops.model.target import Target
from devinops.planning.commands import forget_command, link_command, pull_command
from devinops.planning.drift import DriftFindings
from devinops.planning.plan import PlanRequest, build_plan
from devinops.render import Style, render
from devinops.render.answers import Answer, RunAnswer
from tests.testing.objects import live
from tests.testing.reports import applied_to_one, drift_of_one, of_one

KEY = Key("knowledge", ROOT, "A")
TARGET = Target("production", "https://api.devin.ai", "v3", "org-1")
EMPTY = build_plan((), Snapshot.of(()), PlanRequest(TARGET, Policy(), date(2026, 1, 1)))
BLOCK = Blocked(Blocker.CONFLICT, KEY, f"run {link_command(KEY)}")
DRIFT = Drift(DriftEvent.DELETED, KEY, "n1", f"run {forget_command(KEY)}")
PLAN = replace(
    EMPTY, blocked=(BLOCK,), drift=(DRIFT,), refusals=(Refusal(f"run {pull_command()}"),)
)
OLD = live("knowledge", name="A", id="n1")
FAILED = Result(Change(Action.DELETE, KEY, "old", live=OLD), Outcome.BLOCKED, BLOCK.reason)
LINK, FORGET, PULL = (
    "inventory link -C x knowledge:A",
    "inventory forget -C x",
    "run devinops pull -C x",
)

ANSWERS: dict[str, tuple[Answer, tuple[str, ...]]] = {
    "plan": (of_one(PLAN), (LINK, FORGET, PULL)),
    "waiting": (applied_to_one(EMPTY, (), waiting=(BLOCK,)), (LINK,)),
    "results": (applied_to_one(replace(EMPTY, changes=(FAILED.change,)), (FAILED,)), (LINK,)),
    "drift": (
        drift_of_one(Inventory("file"), DriftFindings((DRIFT,)), TARGET),
        (FORGET,),
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("format", ["text", "markdown", "html"])
def test_reasons_lead_to_the_root(format: str, name: str) -> None:
    answer, commands = ANSWERS[name]
    written = "".join(render(format, answer, Style(flags=" -C x"))).replace("`", "")
    written = re.sub("</?code>", "", written)
    for command in commands:
        assert command in written
    assert "devinops inventory link knowledge" not in written


@pytest.mark.parametrize("answer", ["plan", "waiting", "drift"])
def test_the_name_of_an_object_stays_although_it_contains_a_command(answer: str) -> None:
    key = Key("knowledge", ROOT, "run devinops pull --drift now")
    block = replace(BLOCK, key=key, reason=f"two are {key}: run {link_command(key)}")
    drift = replace(DRIFT, key=key, reason=block.reason)
    plan = replace(PLAN, blocked=(block,), drift=(), refusals=())
    named: dict[str, Answer] = {
        "plan": of_one(plan),
        "waiting": applied_to_one(EMPTY, (), waiting=(block,)),
        "drift": drift_of_one(Inventory("file"), DriftFindings((drift,)), TARGET),
    }
    style = Style(flags=" -C x", width=10_000)
    written = "".join(render("text", named[answer], style))
    assert f"two are {key}: run {link_command(key, flags=' -C x')}" in written


@pytest.mark.parametrize("format", ["text", "markdown", "html"])
def test_drift_sends_only_objects_with_an_entry_to_pull(format: str) -> None:
    """Somebody may have removed the entry: then there is no file to write to."""
    written = "".join(render(format, ANSWERS["drift"][0], Style()))
    pull = re.sub("</?code>|`", "", written)
    assert "devinops pull --drift writes these changes into the files, or says what to do" in pull


def test_a_saved_plan_leads_to_the_root_from_where_it_is_shown() -> None:
    written = "".join(render("json", of_one(PLAN), Style(flags=" -C y")))
    assert "inventory link knowledge:A" in written
    saved = RunAnswer(run_of(json.loads(written), Path("p.json")), ExitCode.DECIDE)
    assert LINK in "".join(render("text", saved, Style(flags=" -C x")))
