"""What changed since the last apply: the organization against the inventory, without the files."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from devinops.model.changes import Action, Drift, DriftEvent, FieldChange
from devinops.model.inventory import Intent, Inventory, Record, base, fingerprint
from devinops.model.keys import ROOT, Key
from devinops.model.objects import Access, Declaration, Ensure, Live, Snapshot
from devinops.model.policy import OnDrift, Policy
from devinops.model.values import UNSET
from devinops.planning.drift import find_drift, moves, replacing_run, without_secrets
from devinops.planning.plan import PlanRequest
from tests.testing.inventories import TARGET
from tests.testing.objects import live
from tests.testing.plans import entry

NOTE = live("knowledge", name="A", folder="F", body="b", id="n1", folder_id="f1")
FOLDER = live("folder", path="F", id="f1")
RECORDS = (
    Record(FOLDER.key, "f1", memory=True),
    Record(NOTE.key, "n1", "a.yaml", fields=base(NOTE.resource, NOTE.resource)),
)


def shown(*objects: Live) -> list[str]:
    found = find_drift(Inventory.of("file", RECORDS), Snapshot.of(objects))
    return [f"{one.moved} {one.key} {one.reason}".rstrip() for one in found.drift]


EDITED = live("knowledge", name="A", folder="F", body="x", trigger="x", id="n1", folder_id="f1")
AGAIN = replace(NOTE, id="n2")
ENTERPRISE = replace(NOTE, ours=False, access=Access.ENTERPRISE)


@pytest.mark.parametrize(
    ("note", "drift"),
    [
        ([NOTE], []),
        ([EDITED], ["edited knowledge:F/A trigger, body"]),
        ([], ["deleted knowledge:F/A it may have been promoted to the enterprise"]),
        ([AGAIN], ["re-created knowledge:F/A under a new id"]),
        ([ENTERPRISE], ["edited knowledge:F/A it now belongs to somebody else (enterprise)"]),
    ],
    ids=["unchanged", "edited", "deleted", "re-created", "given away"],
)
def test_what_happened_to_an_owned_object_is_named(note: list[Live], drift: list[str]) -> None:
    assert shown(FOLDER, *note) == drift


def test_a_field_that_the_entry_left_out_is_compared_too() -> None:
    left_out = {"is_enabled": fingerprint(True), "pinned_repo": fingerprint(None)}
    record = replace(RECORDS[1], left_out=left_out)
    off = replace(EDITED, resource=replace(EDITED.resource, is_enabled=False, pinned_repo=None))
    (drift,) = find_drift(Inventory.of("file", [record]), Snapshot.of([off])).drift
    assert drift.reason == "trigger, body, is_enabled (left out of the entry)"
    assert drift.fields[-1] == FieldChange("is_enabled", UNSET, False)


@pytest.mark.parametrize(("path", "written"), [("G", "G"), ("G/H I", '"G/H I"')])
def test_a_renamed_folder_is_one_change_and_its_notes_are_none(path: str, written: str) -> None:
    folder = live("folder", path=path, id="f1")
    note = live("knowledge", name="A", folder=path, body="b", id="n1", folder_id="f1")
    assert shown(folder, note) == [f"renamed folder:F its path is now {written}"]


def test_who_changed_an_object_and_when_is_shown_if_the_api_says_so() -> None:
    edited = replace(EDITED, updated_at=1772409600, updated_by="user-1")
    (drift,) = find_drift(Inventory.of("file", RECORDS), Snapshot.of([FOLDER, edited])).drift
    assert (drift.at, drift.by) == (1772409600, "user-1")
    assert drift.source
    assert drift.source.path == "a.yaml"


@pytest.mark.parametrize("note", [EDITED, replace(EDITED, id="n2")], ids=["edited", "re-created"])
def test_a_changed_field_has_its_live_value_and_the_earlier_one_is_not_known(note: Live) -> None:
    (drift,) = find_drift(Inventory.of("file", RECORDS), Snapshot.of([FOLDER, note])).drift
    assert drift.fields == (FieldChange("trigger", UNSET, "x"), FieldChange("body", UNSET, "x"))


def test_a_password_that_was_pasted_is_not_shown() -> None:
    fields = (FieldChange("body", UNSET, ["a", {"b": "password: hunter2!x9"}]),)
    drift = Drift(DriftEvent.EDITED, NOTE.key, "n1", fields=fields)
    (shown,) = without_secrets([drift])
    assert shown.fields == (FieldChange("body", UNSET, ["a", {"b": "password: **********"}]),)


def test_what_is_not_owned_is_counted_unless_it_belongs_to_others_or_is_a_folder() -> None:
    theirs = replace(ENTERPRISE, id="n3")
    extra = live("playbook", title="P", id="p1")
    found = find_drift(
        Inventory.of("file", RECORDS),
        Snapshot.of([FOLDER, NOTE, theirs, extra, live("folder", path="X", id="f2")]),
    )
    assert [one.id for one in found.unmanaged] == ["p1"]


def test_the_objects_of_other_owners_are_not_unmanaged() -> None:
    theirs = live("automation", name="A", owner="staging", ours=False)
    of_the_enterprise = live("knowledge", name="A", access="enterprise")
    found = find_drift(Inventory(), Snapshot.of([theirs, of_the_enterprise]))
    assert (found.unmanaged, found.foreign) == ((), (theirs,))


@pytest.mark.parametrize(
    ("key", "run"), [("secret:TOKEN", "r2"), ("secret:OPEN", ""), ("knowledge:A", "")]
)
def test_only_a_replacement_with_an_unknown_result_is_not_finished(key: str, run: str) -> None:
    intents = [
        Intent("r1", Action.CREATE, Key.parse("secret:OTHER"), unclear=True),
        Intent("r2", Action.CREATE, Key.parse("secret:TOKEN"), unclear=True),
        Intent("r3", Action.REPLACE, Key.parse("secret:OPEN"), "s1"),
        Intent("r4", Action.CREATE, Key.parse("knowledge:A"), unclear=True),
    ]
    assert replacing_run(Key.parse(key), Inventory.of("file", (), intents)) == run


WAITS = NOTE.put_into(ROOT)
NAMESAKE = replace(NOTE, id="n2")
ENTRY = entry(NOTE.resource)


@pytest.mark.parametrize(
    ("declared", "there", "policy", "moved"),
    [
        pytest.param([ENTRY], [FOLDER], Policy(), True, id="its folder exists"),
        pytest.param([ENTRY], [], Policy(), False, id="its folder is missing"),
        pytest.param([ENTRY], [FOLDER, NAMESAKE], Policy(), False, id="its name is in use there"),
        pytest.param([], [FOLDER], Policy(), False, id="its entry was removed"),
        pytest.param(
            [ENTRY._replace(ensure=Ensure.UNMANAGED)], [FOLDER], Policy(), False, id="released"
        ),
        pytest.param(
            [ENTRY._replace(targets=("b",))], [FOLDER], Policy(), False, id="elsewhere"
        ),
        pytest.param([ENTRY], [FOLDER], Policy(hold="freeze"), False, id="the target is held"),
        pytest.param(
            [ENTRY, entry(live("playbook", title="P", body="b").resource)], [FOLDER], Policy(),
            True, id="other kinds are not listed",
        ),
    ],
)  # fmt: skip
def test_only_what_the_next_apply_moves_out_of_the_root_is_named(
    declared: list[Declaration], there: list[Live], policy: Policy, moved: bool
) -> None:
    """It is no drift."""
    waits = replace(RECORDS[1], fields=base(WAITS.resource, WAITS.resource))
    owned, snapshot = Inventory.of("file", [waits]), Snapshot.of([WAITS, *there])
    assert find_drift(owned, snapshot).drift == ()
    request = PlanRequest(TARGET, policy, date(2026, 1, 1), owned)
    says = "the next apply moves knowledge:F/A out of the root, because the folder exists now"
    assert list(moves(declared, snapshot, request)) == [says] * moved


def test_nothing_moves_if_the_next_apply_is_refused() -> None:
    waits = replace(RECORDS[1], fields=base(WAITS.resource, WAITS.resource))
    edited = replace(EDITED, id="n3").put_into(ROOT)
    edited = replace(edited, resource=replace(edited.resource, name="B"))
    before = replace(edited.resource, body="before")
    owned = Inventory.of("file", [waits, Record(edited.key, "n3", fields=base(before, before))])
    request = PlanRequest(TARGET, Policy(on_drift=OnDrift.FAIL), date(2026, 1, 1), owned)
    snapshot = Snapshot.of([WAITS, FOLDER, edited])
    assert list(moves([ENTRY, entry(before)], snapshot, request)) == []
