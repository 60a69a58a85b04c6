"""From the JSON of an apply alone, it can be told what happened in each target."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
import yaml
from hypothesis import settings

from devinops.applying.applier import Applier, ApplyOptions, Hooks, apply
from devinops.applying.saved import run_of
from devinops.load import load
from devinops.model.changes import Action
from devinops.model.errors import ApiError
from devinops.model.inventory import Inventory, Record, base
from devinops.model.keys import ROOT, Key
from devinops.model.objects import Declaration, Live, Snapshot
from devinops.model.policy import Approvals, OnDrift, Policy, Prune
from devinops.planning.plan import Plan, PlanRequest, build_plan
from devinops.planning.run import Collector
from devinops.render.answers import RunAnswer
from devinops.render.json import dump, run_document
from tests.testing.documents import fits
from tests.testing.many_targets import target
from tests.testing.objects import live
from tests.testing.organization import Organization, Recorder

HISTORIES: Final = 2 * settings.get_profile("costly").max_examples
NAMES: Final = "ABCD"
TEXTS: Final = ("one two three", "four five six", "seven eight nine")
REFUSED: Final = ApiError("PUT answered 422: no", status=422)

Told = dict[str, dict[str, Any] | None]
"""Id of an object that was written → its fields as they were sent; None if it was deleted."""
UNCLEAR: Final[dict[str, Any]] = {"unclear": True}
"""What is said of an object of which nobody may know what happened to it."""


# --- the script -----------------------------------------------------------------------------------


def told(document: dict[str, Any]) -> dict[str, Told]:
    """Return what happened in each target."""
    what: dict[str, Told] = {each["name"]: {} for each in document["targets"]}
    for change in document["changes"]:
        sent = {name: sides.get("after") for name, sides in change["fields"].items()}
        for row in change["targets"]:
            objects = what[row["name"]]
            if row.get("unclear"):
                objects[row["id"]] = UNCLEAR
            if row.get("outcome") != "done" or change["action"] in ("release", "forget"):
                continue
            if change["action"] in ("delete", "replace"):
                objects[row["id"]] = None
            if change["action"] == "delete" or not (sent or "new_id" in row):
                continue
            objects[row.get("new_id", row["id"])] = sent
    return what


# --- random histories -----------------------------------------------------------------------------


def entries(dice: Random) -> dict[str, Any]:
    """Return random sections of files."""
    notes: list[dict[str, Any]] = []
    for name in dice.sample(NAMES, dice.randint(1, 4)):
        note: dict[str, Any] = {"name": name, "trigger": "t", "body": dice.choice(TEXTS)}
        if dice.random() < 0.25:
            note["previously"] = [{"name": dice.choice(["Old", "Older"])}]
        notes.append({"name": name, "ensure": "absent"} if dice.random() < 0.15 else note)
    secret = {"key": "TOKEN", "type": "key-value", "version": dice.choice("12")}
    secrets = [secret | {"value_from": {"env": "TOKEN"}}] if dice.random() < 0.5 else []
    return {"knowledge": notes, "secrets": secrets}


def objects(dice: Random) -> list[Live]:
    """Return random live objects, some with one name."""
    names = dice.choices([*NAMES, "Old", "Older", "Theirs"], k=dice.randint(0, 6))
    lives = [
        live("knowledge", name=name, body=dice.choice(TEXTS), id=f"n{number}")
        for number, name in enumerate(names)
    ]
    if dice.random() < 0.5:
        lives.append(live("secret", key="TOKEN", type="key-value", id="s1"))
    return lives


def inventory(dice: Random, lives: list[Live]) -> Inventory:
    """Return an inventory that owns some of the objects, as they were or under another name."""
    records: dict[Key, Record] = {}
    for each in lives:
        if dice.random() < 0.6 or each.key in records:
            continue
        was = each
        if each.key.kind == "knowledge" and dice.random() < 0.4:
            was = live("knowledge", name=each.key.name, body=dice.choice(TEXTS), id=each.id)
        key = each.key
        if key.kind == "knowledge" and dice.random() < 0.2:
            key = Key("knowledge", ROOT, "Former")
        if key in records:
            continue
        records[key] = Record(key, each.id, fields=base(was.resource, was.resource))
    return Inventory.of("file", records.values())


def planner(
    dice: Random, name: str, owned: Inventory, declared: Iterable[Declaration]
) -> Callable[[Snapshot], Plan]:
    """Return what plans a target, under random rules."""
    prune = dice.choice([*Prune])
    policy = Policy(
        prune=prune,
        scope=("/",) if prune is Prune.SCOPE else (),
        on_drift=dice.choice([OnDrift.KEEP, OnDrift.OVERWRITE]),
        v3_macro="verify",
        hold="audit" if dice.random() < 0.1 else "",
    )
    approvals = Approvals(
        adopt=dice.random() < 0.5,
        on_conflict=dice.choice([None, "git", "live"]),
        allow_delete=dice.choice([None, 1, 2]),
    )
    request = PlanRequest(target(name), policy, date(2026, 3, 12), owned, approvals)
    return lambda found: build_plan(declared, found, request)


def history(
    seed: int, root: Path
) -> tuple[dict[str, Any], dict[str, tuple[Snapshot, Snapshot]], Counter[str]]:
    """Return the document of a random run, each target before and after it, and what was tried."""
    dice, collector = Random(seed), Collector()
    shared, around, tried = entries(dice), {}, Counter[str]()
    for number in range(dice.randint(1, 6)):
        name = f"team-{number}"
        own = entries(dice) if dice.random() < 0.2 else shared
        (root / name).mkdir()
        for section, items in own.items():
            (root / name / f"{section}.yaml").write_text(yaml.safe_dump({section: items}))
        faults = {
            (method, each): ("before", REFUSED)
            for method in ("create", "update", "delete")
            for each in (*NAMES, "TOKEN")
            if dice.random() < 0.05
        }
        organization = Organization(objects(dice), faults=faults)
        before = Snapshot.of(organization.objects)
        owned = inventory(dice, organization.objects) if dice.random() < 0.8 else Inventory()
        replan = planner(dice, name, owned, load(root / name).declarations)
        plan = replan(before)
        collector.add(plan, labels={"ring": dice.choice("ab")})
        tried.update(change.action for change in plan.changes)
        if plan.held or plan.refusals:
            tried["held" if plan.held else "refused"] += 1
        else:
            known = set(before.by_id)
            options = ApplyOptions({"TOKEN": "value"})
            applier = Applier(plan, known, organization, Recorder(), options, Hooks())
            report = apply(applier, partial(_again, replan, organization))
            report.add_to(collector)
        around[name] = before, Snapshot.of([*organization.objects, *organization.appear])
    plans = collector.applied(collector.plans())
    document = fits("run", "".join(dump(run_document(RunAnswer(plans, plans.exit_code())))))
    assert run_of(document, Path("report.json")).changes == plans.changes
    return document, around, tried


def _again(replan: Callable[[Snapshot], Plan], organization: Organization) -> Plan:
    return replan(organization.snapshot())


def truth(before: Snapshot, after: Snapshot, said: Told) -> Told:
    """Return what happened to the objects: of one that was made, the fields that are `said` too.

    What a file has and the API does not show, such as the version of a secret, is as it is said.
    """
    what: Told = {each.id: None for each in before.objects if each.object_id not in after.by_id}
    for each in after.objects:
        old = before.by_id.get(each.object_id)
        if old is not None and old.resource == each.resource:
            continue
        names = {*(said.get(each.id) or {})}
        now: dict[str, Any] = json.loads(json.dumps(dict(each.resource.items())))
        if old is not None:
            was = dict(old.resource.items())
            names |= {name for name, value in now.items() if value != was.get(name)}
        what[each.id] = {name: now.get(name, (said.get(each.id) or {}).get(name)) for name in names}
    return what


@pytest.mark.costly
def test_a_script_can_tell_what_happened_in_each_target(tmp_path: Path) -> None:
    seen = Counter[str]()
    for seed in range(HISTORIES):
        root = tmp_path / str(seed)
        root.mkdir()
        document, around, tried = history(seed, root)
        seen += tried
        what = told(document)
        assert what.keys() == around.keys()
        for name, (before, after) in around.items():
            unclear = {id for id, fields in what[name].items() if fields is UNCLEAR}
            seen["unclear"] += len(unclear)
            happened = truth(before, after, what[name])
            assert {id: happened[id] for id in happened.keys() - unclear} == {
                id: fields for id, fields in what[name].items() if id not in unclear
            }, (seed, name)
    # The histories are worth looking at.
    wanted = {*Action} - {Action.RELEASE, Action.FORGET}
    assert all(seen[each] > HISTORIES // 20 for each in (*map(str, wanted), "held", "refused")), (
        seen
    )
    assert seen["unclear"]
