"""The limits that groups of organizations share, by name, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from devinops.emulator import Emulator
from tests.testing.command_line import Devinops, Write

CONFIG = """\
version: 1
targets:
  everyone: {enterprise: true, inventory: {store: file}}
"""
PATH = "/v3/enterprise/org-group-limits"
SEED: dict[str, Any] = {
    "organizations": {
        "org-emulator": {"name": "Payments"},
        "org-search": {"name": "Search"},
        "org-twin-1": {"name": "Twin"},
        "org-twin-2": {"name": "Twin"},
    },
    "enterprise": {
        "org_groups": [{"name": "small", "org_ids": ["org-search"], "max_cycle_acus": 5}],
    },
}


@pytest.fixture
def emulator(use: Callable[..., None]) -> Iterator[Emulator]:
    with Emulator(SEED) as running:
        use(running.url, "cog_enterprise")
        yield running


@pytest.fixture
def write(repository: Write) -> Callable[..., Path]:
    """write(groups) makes the entry."""

    def file(groups: Any) -> Path:
        root = repository({"devinops.yaml": CONFIG})
        entry = {"groups": groups, "enterprise": True}
        (root / "org_group_limits.yaml").write_text(yaml.safe_dump({"org_group_limits": [entry]}))
        return root

    return file


Files = Callable[..., Path]


def groups(emulator: Emulator) -> dict[str, tuple[list[str], int | None]]:
    found: Any = emulator.store.table("org_group")
    return {group.id: (group.org_ids, group.max_cycle_acus) for group in found}


def bodies(emulator: Emulator) -> list[Any]:
    return [(r["method"], r["path"], r["body"]) for r in emulator.requests if r["method"] != "GET"]


def test_the_whole_life_of_limits(emulator: Emulator, write: Files, devinops: Devinops) -> None:
    core = {"organizations": ["Search", "org-emulator", "org-twin-2"], "cycle_acu_limit": 500}
    root = write({"core": core})
    argv = ("apply", "-C", root, "--yes")
    assert devinops(*argv).code == 4, "it is not owned, and differs"
    refused = devinops(*argv, "--adopt")
    assert refused.code == 4
    assert "the limit of Search, which leaves small, is raised from 5 to 500" in refused.err
    assert devinops(*argv, "--adopt", "--allow", "spend").code == 0
    assert groups(emulator) == {"core": (["org-emulator", "org-search", "org-twin-2"], 500)}
    sent = {"org_ids": ["org-emulator", "org-search", "org-twin-2"], "max_cycle_acus": 500}
    assert bodies(emulator) == [("PUT", PATH, {"groups": {"core": sent}})]
    assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0

    assert devinops("rollback", "latest", "-C", root, "--yes", "--allow", "spend").code == 0
    assert groups(emulator) == {"small": (["org-search"], 5)}
    assert devinops(*argv, "--on-drift", "overwrite", "--allow", "spend").code == 0

    emulator.edit("organization", "org-emulator", name="Pay")
    assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0, "the entry has its id"
    emulator.edit("organization", "org-search", name="Find")
    plan = devinops("plan", "-C", root)
    assert (plan.code, "Search" in plan.out) == (4, True)

    write({})
    argv = (*argv, "--on-conflict", "git", "--allow", "spend")
    assert devinops(*argv).code == 0
    assert (groups(emulator), bodies(emulator)[-1]) == ({}, ("PUT", PATH, {"groups": {}}))


def test_a_stopped_organization_and_a_lost_group_are_named(
    emulator: Emulator, write: Files, devinops: Devinops
) -> None:
    root = write({"none": {"organizations": ["Search"], "cycle_acu_limit": 0}})
    plan = devinops("plan", "-C", root, "--adopt")
    assert plan.code == 0
    assert "org_group_limits stops all work in Search: the limit is 0" in plan.out
    assert '+ {"none": {"organizations": ["Search"], "cycle_acu_limit": 0}}' in plan.out
    assert '- {"small": {"organizations": ["Search"], "cycle_acu_limit": 5}}' in plan.out
    assert "groups loses 1 element" in plan.out


def test_an_unknown_organization_blocks_the_change(
    emulator: Emulator, write: Files, devinops: Devinops
) -> None:
    root = write({"core": {"organizations": ["Nobody", "Twin"], "cycle_acu_limit": 5}})
    applied = devinops("apply", "-C", root, "--adopt", "--yes", "--format", "json")
    blocked = {each["key"]: each["reason"] for each in json.loads(applied.out)["blocked"]}
    assert (applied.code, bodies(emulator)) == (4, [])
    assert (
        "is missing: create it in the web app, or correct the name"
        in blocked["enterprise_organization:Nobody"]
    )
    assert (
        "2 organizations share this name (org-twin-1, org-twin-2): write the id"
        in blocked["enterprise_organization:Twin"]
    )


def test_pull_takes_limits_only_when_they_are_named(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository({"devinops.yaml": CONFIG})
    assert devinops("pull", "-C", root).code == 0
    assert not (root / "org_group_limits.yaml").exists()
    assert devinops("pull", "-C", root, "--only", "org_group_limits").code == 0
    found = yaml.safe_load((root / "org_group_limits.yaml").read_text())["org_group_limits"]
    small = {"organizations": ["Search"], "cycle_acu_limit": 5}
    assert found == [{"groups": {"small": small}, "enterprise": True}]
    assert devinops("plan", "-C", root, "--detailed-exitcode").code in (0, 2)


def test_limits_that_are_switched_off_are_told_as_that(
    write: Files, devinops: Devinops, use: Callable[..., None]
) -> None:
    root = write({})
    with Emulator(SEED, quirks={"org_groups": "off"}) as emulator:
        use(emulator.url, "cog_enterprise")
        plan = devinops("plan", "-C", root)
    assert plan.code == 1
    assert "limits of organization groups are probably switched off in this enterprise" in plan.err
