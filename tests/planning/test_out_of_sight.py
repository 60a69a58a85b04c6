"""Which missing objects may still exist, and which were promoted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from devinops.kinds import KINDS
from devinops.model.changes import Action, Blocker, DriftEvent
from devinops.model.inventory import Inventory, Record, base
from devinops.model.keys import Key
from devinops.model.kind import ApiVersion, Scope
from devinops.model.objects import Access, Declaration, Live, Snapshot, Source
from devinops.model.policy import Approvals, Policy
from devinops.model.target import Target
from devinops.planning.drift import find_drift
from devinops.planning.folders import RenamedFolder, as_declared
from devinops.planning.out_of_sight import doubt, may_be_promoted, promoted
from devinops.planning.plan import Plan, PlanRequest, build_plan
from tests.testing.objects import live

OURS = live("knowledge", name="A", body="b", folder="F", id="note-1")
RECORD = Record(OURS.key, OURS.id, fields=base(OURS.resource, OURS.resource))
ENTRY = Declaration(OURS.key, OURS.resource, Source("knowledge/F/a.md"))


def target(api: ApiVersion = "v3", *, enterprise: bool = False) -> Target:
    return Target("t", "https://api.devin.ai", api, None, enterprise=enterprise)


def of_enterprise(kind: str = "knowledge", **facts: Any) -> Live:
    return live(kind, access=Access.ENTERPRISE, ours=True, **facts)


@pytest.mark.parametrize(
    ("twin", "by_record", "by_entry"),
    [
        (of_enterprise(name="A", body="b", id="note-9"), True, True),
        (of_enterprise(name="A", body="other", id="note-9"), False, False),
        (of_enterprise(name="B", body="b", id="note-9"), False, False),
        (of_enterprise("playbook", title="A", body="b", id="note-9"), False, False),
        (of_enterprise(name="A", body="other", id="note-1"), True, False),
        (of_enterprise(name="B", body="other", id="note-1"), True, False),
        (of_enterprise("playbook", title="B", body="b", id="note-1"), False, False),
    ],
    ids=[
        "equal",
        "edited",
        "another name",
        "another kind",
        "its id, edited",
        "its id, renamed",
        "its id, another kind",
    ],
)
def test_an_object_was_promoted_if_the_enterprise_has_it_or_an_equal_one(
    twin: Live, by_record: bool, by_entry: bool
) -> None:
    snapshot = replace(Snapshot.of([]), of_enterprise=(twin,))
    assert bool(promoted(snapshot, RECORD)) == by_record
    assert bool(promoted(snapshot, ENTRY)) == by_entry
    if by_record:
        assert promoted(snapshot, RECORD).startswith(
            f"it was probably promoted, because the enterprise has an equal note ({twin.id}). If "
        )
    assert promoted(Snapshot.of([]), RECORD) == ""


@pytest.mark.parametrize("store", ["none", "file"])
def test_the_enterprise_is_asked_for_the_kinds_of_missing_objects(store: str) -> None:
    robot, playbook = Key.parse("automation:R"), Key.parse("playbook:P")
    records = [
        RECORD,
        Record(robot, "automation-1"),
        Record(Key.parse("folder:F"), "f", memory=True),
    ]
    # Who has a role in an organization can have another one in the enterprise.
    role = Key.parse("group_role:eng")
    records.append(Record(role, "eng"))
    inventory = Inventory.of(store, records if store == "file" else [])
    declared = [OURS.key, robot, playbook, role]
    here = Snapshot.of([OURS])
    kinds = {"none": {"knowledge", "playbook"}, "file": {"knowledge"}}[store]
    assert may_be_promoted(Snapshot.of([]), inventory, declared, target()) == kinds
    assert may_be_promoted(here, inventory, declared, target()) == kinds - {"knowledge"}
    assert may_be_promoted(Snapshot.of([]), inventory, declared, target("v1")) == set()
    is_enterprise = target(enterprise=True)
    assert may_be_promoted(Snapshot.of([]), inventory, declared, is_enterprise) == set()


def test_only_what_can_leave_an_organization_is_in_doubt() -> None:
    said = {noun: doubt(kind, Scope.ORGANIZATION) for noun, kind in KINDS.items()}
    assert said["knowledge"] == said["playbook"] == "it may have been promoted to the enterprise"
    assert said["automation"].startswith("it may be hidden from this key")
    assert said["secret"] == said["folder"] == ""
    assert {doubt(kind, Scope.ENTERPRISE) for kind in KINDS.values()} == {""}


# --- in a plan ----------------------------------------------------------------------------------

TWIN = of_enterprise(name="A", body="b", id="note-9")
PROMOTED = replace(Snapshot.of([live("folder", path="F", id="f")]), of_enterprise=(TWIN,))


def plan(
    entry: Declaration,
    snapshot: Snapshot,
    *records: Record,
    approvals: Approvals | None = None,
    enterprise: bool = False,
) -> Plan:
    """Return the plan of an entry; without records there is no inventory."""
    inventory = Inventory.of("file" if records else "none", records)
    place = target(enterprise=enterprise)
    request = PlanRequest(place, Policy(), date(2026, 3, 12), inventory, approvals or Approvals())
    return build_plan([entry], snapshot, request)


@pytest.mark.parametrize(
    "approvals", [Approvals(), Approvals(on_drift="overwrite"), Approvals(on_conflict="git")]
)
@pytest.mark.parametrize(
    ("records", "body"),
    [((RECORD,), "b"), ((RECORD,), "new"), ((), "b")],
    ids=["owned", "owned, edited", "no inventory"],
)
def test_what_was_promoted_waits_for_a_person(
    approvals: Approvals, records: tuple[Record, ...], body: str
) -> None:
    entry = ENTRY._replace(resource=replace(OURS.resource, body=body))  # type: ignore[call-arg]
    made = plan(entry, PROMOTED, *records, approvals=approvals)
    assert made.changes == made.drift == ()
    (blocked,) = made.blocked
    assert (blocked.by, blocked.key) == (Blocker.REQUIREMENT, OURS.key)
    assert blocked.reason.startswith("it was probably promoted")


def test_with_an_inventory_an_entry_that_is_new_is_created_beside_an_equal_one() -> None:
    other = Record(Key.parse("folder:F"), "f", memory=True)
    (change,) = plan(ENTRY, PROMOTED, other).changes
    assert (change.action, change.key) == (Action.CREATE, OURS.key)


def test_drift_names_what_was_promoted_and_what_may_be() -> None:
    inventory = Inventory.of("file", [RECORD])
    reasons = [
        [(drift.moved, drift.reason) for drift in find_drift(inventory, listed, scope).drift]
        for listed, scope in (
            (PROMOTED, Scope.ORGANIZATION),
            (Snapshot.of([]), Scope.ORGANIZATION),
            (Snapshot.of([]), Scope.ENTERPRISE),
        )
    ]
    assert reasons == [
        [(DriftEvent.DELETED, promoted(PROMOTED, RECORD))],
        [(DriftEvent.DELETED, "it may have been promoted to the enterprise")],
        [(DriftEvent.DELETED, "")],
    ]


def test_an_enterprise_promotes_nothing() -> None:
    style = live("knowledge", name="Style", id="note-1")
    record = Record(style.key, style.id, fields=base(style.resource, style.resource))
    entry = Declaration(style.key, style.resource, Source("knowledge/style.md"))
    (drift,) = plan(entry, Snapshot.of([]), record, enterprise=True).drift
    assert drift.reason.startswith("pass --on-drift overwrite")
    (drift,) = plan(entry, Snapshot.of([]), record).drift
    assert drift.reason.startswith("it may have been promoted to the enterprise; otherwise pass")


@pytest.mark.parametrize(
    ("unknown", "lost"),
    [
        ((), ""),
        (("color", "size"), "; it had color, size, which devinops does not know and cannot set"),
    ],
)
@pytest.mark.parametrize(
    ("enterprise", "may"), [(True, ""), (False, " (it may have been promoted to the enterprise)")]
)
def test_one_that_is_created_again_says_whether_it_may_exist_and_what_it_lacks(
    enterprise: bool, may: str, unknown: tuple[str, ...], lost: str
) -> None:
    style = live("knowledge", name="Style", id="note-1")
    fields = base(style.resource, style.resource)
    record = Record(style.key, style.id, fields=fields, unknown=unknown)
    entry = Declaration(style.key, style.resource, Source("knowledge/style.md"))
    overwrite = Approvals(on_drift="overwrite")
    again = plan(entry, Snapshot.of([]), record, approvals=overwrite, enterprise=enterprise)
    assert [(change.action, change.reason) for change in again.changes] == [
        (Action.CREATE, f"deleted outside devinops{may}{lost}")
    ]


@pytest.mark.parametrize("enabled", [True, False])
def test_the_approval_of_an_automation_that_is_created_again_says_that_it_may_be_hidden(
    enabled: bool,
) -> None:
    trigger = {"event_type": "webhook:incoming"}
    robot = live("automation", name="R", id="automation-1", enabled=enabled, triggers=[trigger])
    record = Record(robot.key, robot.id, fields=base(robot.resource, robot.resource))
    entry = Declaration(robot.key, robot.resource, Source("automations.yaml"))
    again = plan(entry, Snapshot.of([]), record, approvals=Approvals(on_drift="overwrite"))
    (change,) = again.changes
    hidden = "it may be hidden from this key, if it runs as its creator"
    assert change.action is Action.CREATE
    assert change.reason == f"deleted outside devinops ({hidden})"
    assert [f"{hidden}, so there may be two" in risk.text for risk in again.risks] == (
        [True] if enabled else []
    )
    assert not any("hidden" in risk.text for risk in plan(entry, Snapshot.of([])).risks)


def test_a_renamed_folder_hides_nothing_of_the_enterprise() -> None:
    twin, folder = of_enterprise(name="A", body="b", id="note-9"), live("folder", path="New")
    renamed = RenamedFolder(Key("folder", "", "Old"), folder)
    snapshot = replace(Snapshot.of([folder]), of_enterprise=(twin,))
    assert as_declared(snapshot, [renamed]).of_enterprise == (twin,)
