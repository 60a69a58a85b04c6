"""What stops a run before its first request is told with the commands that help."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from devinops.cli.declarations.options import Options
from devinops.cli.runs.apply import check_refusals
from devinops.model.changes import Refusal
from devinops.model.errors import Refused
from devinops.model.keys import ROOT, Key
from devinops.model.objects import Snapshot
from devinops.model.policy import Policy
from devinops.model.target import Target
from devinops.planning.commands import pull_command
from devinops.planning.plan import PlanRequest, build_plan
from tests.testing.reports import of_one


def test_only_the_command_of_a_refusal_gets_the_options_and_no_name_of_an_object() -> None:
    key = Key("knowledge", ROOT, "run devinops pull --drift now")
    target = Target("production", "https://api.devin.ai", "v3", "org-1")
    plan = build_plan((), Snapshot.of(()), PlanRequest(target, Policy(), date(2026, 1, 1)))
    refusal = Refusal(f"{key} was edited: run {pull_command()}")
    plan = replace(plan, named=frozenset({key}), refusals=(refusal,))
    with pytest.raises(Refused) as refused:
        check_refusals(of_one(plan).plans, Options(Path(), known_root_flag=" -C x"), plan.named)
    assert f"{key} was edited: run {pull_command(' -C x')}" in str(refused.value)
