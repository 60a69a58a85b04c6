"""Which targets get an entry, and what several layers make together: tests/cases/layers.yaml says it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from devinops.config.reading import read_repository
from devinops.load import Loaded
from devinops.model.inventory import Inventory, Record
from devinops.model.keys import Key
from devinops.model.objects import Declaration, Severity
from devinops.model.policy import Policy, Prune
from devinops.model.target import Target
from devinops.planning.layers import fits
from devinops.planning.plan import PlanRequest, build_plan
from tests.testing.objects import snapshot
from tests.testing.places import read_cases
from tests.testing.tree import plant

CASES: dict[str, dict[str, Any]] = {case["name"]: case for case in read_cases("layers.yaml")}
WARNINGS = {"nothing-overridden"}


def loaded(root: Path, case: Mapping[str, Any]) -> Loaded:
    config = yaml.safe_dump({"version": 1, **case["config"]}, sort_keys=False, indent=2)
    config = config.replace("version: 1\n", "", 1) + "version: 1\n"
    for layer in case["config"].get("layers", ()):
        path = layer.get("path") if isinstance(layer, dict) else None
        if isinstance(path, str) and "{" not in path and path not in case.get("missing", ["../eu"]):
            (root / path).mkdir(parents=True, exist_ok=True)
    return read_repository(plant(root, {"devinops.yaml": config, **case["files"]}))[1]


def shown(entry: Declaration, names: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a case says of an entry: fields with their places, and options."""
    facts: dict[str, Any] = {
        "overridden": ", ".join(map(str, entry.overridden)),
        "previously": [key.name for key in entry.previously],
        "ensure": str(entry.ensure),
        "meta": dict(entry.meta),
        "protect": entry.protect,
        "text_file": entry.text_file,
        "lint": entry.lint.get("reason"),
    }
    for name, value in entry.resource.items():
        source = entry.source_of(name)
        facts[name] = [value, f"{source.path}:{source.line}"]
        assert entry.giver(name).source_of(name) == source
    return {name: facts.get(name) for name in names}


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "gets" in case])
def test_each_target_gets_its_entries(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    declarations = loaded(tmp_path, case).declarations
    for target, entries in case["gets"].items():
        found = {str(entry.key): entry for entry in declarations if entry.concerns(target)}
        assert sorted(found) == sorted(entries), target
        for key, expected in entries.items():
            assert shown(found[key], expected) == expected, (target, key)


def test_an_entry_that_every_target_replaces_stays_for_nobody(tmp_path: Path) -> None:
    case = CASES["an entry that every target replaces stays, but nobody gets it"]
    found = [(str(d.source), d.names) for d in loaded(tmp_path, case).declarations]
    assert found == [("knowledge/a.md:1:1", set()), ("layers/all/knowledge/a.md:1:1", {"one"})]


@pytest.mark.parametrize("name", CASES)
def test_problems_stand_at_their_place(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    problems = loaded(tmp_path, case).problems
    assert {p.code for p in problems if p.severity is Severity.WARNING} <= WARNINGS
    assert {p.code for p in problems if p.severity is Severity.ERROR}.isdisjoint(WARNINGS)
    found = [(f"{p.source} {p.code}", p.message) for p in problems]
    wanted = [line.split(" ", 2) for line in case.get("problems", ())]
    assert [place for place, _ in found] == [f"{place} {code}" for place, code, *_ in wanted]
    for (_, message), (_, _, *words) in zip(found, wanted, strict=True):
        assert all(part in message for part in words), message


@pytest.mark.parametrize(
    ("where", "labels", "expected"),
    [
        ({}, {}, True),
        ({"region": "eu"}, {}, False),
        ({"region": "eu", "ring": "canary"}, {"region": "eu"}, False),
        ({"not": "eu"}, {"not": "eu"}, True),
        ({"not": {"region": "eu", "ring": "canary"}}, {"ring": "canary"}, False),
        ({"not": {"region": ["eu", "us"]}}, {"region": "asia"}, True),
    ],
)
def test_where_selects_by_labels(
    where: dict[str, Any], labels: dict[str, str], expected: bool
) -> None:
    assert fits(where, labels) is expected


def test_a_repository_without_layers_is_read_as_it_is(tmp_path: Path) -> None:
    files = {"knowledge.yaml": "knowledge:\n- {name: a, trigger: t, body: b}\n"}
    result = loaded(tmp_path, {"config": {"targets": {"pay": {}}}, "files": files})
    assert result.declarations == result.written
    assert [entry.audience for entry in result.written] == [None]


def test_targets_that_could_not_be_read_make_no_further_problems(tmp_path: Path) -> None:
    config = "version: 1\nlayers: [{path: 'orgs/{name}'}]\ntargets: {pay: {labels: {a: b, a: c}}}\n"
    entry = "{name: a, trigger: t, body: b, where: {a: c}}"
    files = {"knowledge.yaml": f"knowledge:\n- {entry}\n", "orgs/pay/knowledge.yaml": "no: no\n"}
    _, result = read_repository(plant(tmp_path, {"devinops.yaml": config, **files}))
    assert [problem.code for problem in result.problems] == ["duplicate-key"]


def test_an_owned_object_whose_entry_is_for_others_now_says_so(tmp_path: Path) -> None:
    files = {"knowledge.yaml": "knowledge:\n- {name: a, trigger: t, body: b}\n"}
    config = {"targets": {"everyone": {"enterprise": True}, "pay": {}}}
    declarations = loaded(tmp_path, {"config": config, "files": files}).declarations
    live = {"kind": "knowledge", "name": "a", "trigger": "t", "body": "b", "id": "n1"}
    record = Record(Key.parse("knowledge:a"), "n1")
    target = Target("everyone", "https://api.devin.ai", "v3", None, enterprise=True)
    inventory = Inventory.of("file", [record])
    request = PlanRequest(target, Policy(prune=Prune.OWNED), date(2026, 1, 1), inventory)
    plan = build_plan(declarations, snapshot([live]), request)
    assert [change.reason for change in plan.changes] == ["its entry is no longer for this target"]
