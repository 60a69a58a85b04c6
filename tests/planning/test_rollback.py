"""The plan that brings saved objects back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from devinops.model.changes import Action, Blocker
from devinops.model.inventory import Inventory, Record, base
from devinops.model.keys import ROOT
from devinops.model.objects import Live, Source
from devinops.model.policy import Approvals, Policy, allow
from devinops.model.target import Target
from devinops.model.values import UNSET
from devinops.planning.draft import Saved
from devinops.planning.lifecycles.managed import AGAIN
from devinops.planning.plan import Plan
from devinops.planning.rollback import rollback_plan
from tests.testing.objects import live, snapshot
from tests.testing.small_kinds import Plaque

WHERE = Target("default", "https://api.devin.ai", "v3", "org-1")

KEEP, NOTHING_APPROVED, NOTHING_OWNED = Policy(), Approvals(), Inventory()


def plan(
    saved: list[Live],
    now: list[dict[str, Any]],
    target: Target = WHERE,
    policy: Policy = KEEP,
    approvals: Approvals = NOTHING_APPROVED,
    inventory: Inventory = NOTHING_OWNED,
) -> Plan:
    places = [Saved(one, Source("b.jsonl", line)) for line, one in enumerate(saved, 2)]
    return rollback_plan(
        places,
        snapshot(now),
        target,
        policy=policy,
        run="RUN",
        approvals=approvals,
        inventory=inventory,
    )


def note(name: str = "A", **facts: Any) -> dict[str, Any]:
    return {"kind": "knowledge", "name": name, "id": "note-1", "body": "old"} | facts


def saved(**facts: Any) -> Live:
    return live(**note(**facts))


def told(made: Plan) -> list[tuple[str, str]]:
    return [(change.action.value, str(change.key)) for change in made.changes]


def test_an_object_that_is_as_it_was_needs_nothing() -> None:
    made = plan([saved(), saved(name="B", id="note-2")], [note(), note("B", id="note-2")])
    assert (made.changes, made.blocked, made.unchanged) == ((), (), 2)
    assert made.target == WHERE


def test_it_names_the_fields_that_people_changed_since_the_last_apply() -> None:
    before = [saved(trigger="web"), saved(name="B", id="note-2"), saved(name="C", id="note-3")]
    now = [note(body="web", trigger="web"), note("B", id="note-2", body="ours")]
    sent = [live(**note(body="ours")).resource, live(**note(body="ours")).resource]
    records = [
        Record(one.key, one.id, "a.yaml", fields=base(resource, resource))
        for one, resource in zip(before, sent, strict=False)
    ]
    inventory = Inventory.of("file", records)
    restored, back, created = plan(before, now, inventory=inventory).changes
    assert (restored.overwrites, back.overwrites, created.overwrites) == (("body",), (), ())
    assert {change.overwrites for change in plan(before, now).changes} == {()}


def test_a_network_that_was_taken_out_outside_is_given_back_only_with_an_approval() -> None:
    def networks(*ranges: str) -> dict[str, Any]:
        return {"kind": "ip_access_list", "id": "ip_access_list", "ip_ranges": [*ranges]}

    both, one = networks("203.0.113.0/24", "198.51.100.0/24"), networks("203.0.113.0/24")
    sent, target = live(**both), replace(WHERE, enterprise=True, org_id=None)
    record = Record(sent.key, sent.id, "a.yaml", fields=base(sent.resource, sent.resource))
    inventory = Inventory.of("file", [record])
    (refusal,) = plan([sent], [one], target, inventory=inventory).refusals
    assert refusal.approval == allow("access")
    assert "gets 198.51.100.0/24, which somebody may have taken out outside" in refusal.reason


def test_it_says_why_nothing_may_be_written() -> None:
    assert plan([saved()], [], policy=Policy(hold="a freeze (devinops.yaml:3)")).held == (
        "a freeze (devinops.yaml:3)"
    )


def test_an_edited_object_gets_its_saved_values() -> None:
    (change,) = plan([saved()], [note(body="new", trigger="new")]).changes
    assert (change.action, change.id) == (Action.UPDATE, "note-1")
    assert [(f.name, f.before, f.after) for f in change.fields] == [
        ("trigger", "new", "t"),
        ("body", "new", "old"),
    ]
    assert str(change.source) == "b.jsonl:2:1"
    assert change.reason == "trigger, body as before the run RUN"


def test_an_object_is_known_by_its_id_whatever_it_is_called() -> None:
    made = plan([saved()], [note("B"), note("C", id="note-2")])
    assert told(made) == [("rename", "knowledge:A")]
    assert made.changes[0].id == "note-1"


def test_one_that_keeps_its_name_gets_its_values_although_another_has_the_same_name() -> None:
    made = plan([saved()], [note(body="new"), note(id="note-2")])
    assert (told(made), made.blocked) == ([("update", "knowledge:A")], ())


def test_what_is_gone_is_created_again_and_the_reason_says_so() -> None:
    (change,) = plan([saved()], [note("B", id="note-2")]).changes
    assert (change.action, change.id, change.reason) == (Action.CREATE, None, AGAIN)
    assert {f.name: (f.before, f.after) for f in change.fields} == {
        "name": (UNSET, "A"),
        "folder": (UNSET, ROOT),
        "trigger": (UNSET, "t"),
        "body": (UNSET, "old"),
    }


def test_what_was_created_again_before_is_not_created_twice() -> None:
    made = plan(
        [saved(), saved(name="B", id="note-2")], [note(id="note-9"), note("B", id="note-8")]
    )
    assert (made.changes, made.blocked, made.unchanged) == ((), (), 2)


@pytest.mark.parametrize("now", [[note(id="note-9", body="other")], [note("B"), note(id="note-9")]])
def test_a_name_that_another_object_has_by_now_is_a_conflict(now: list[dict[str, Any]]) -> None:
    made = plan([saved()], now)
    (held,) = made.blocked
    assert (made.changes, held.by, held.ids) == ((), Blocker.CONFLICT, ("note-9",))
    assert held.reason == (
        "another object now has this name: rename or delete it, then run rollback again"
    )


def test_all_objects_that_have_the_name_are_reported() -> None:
    (held,) = plan([saved()], [note(id="note-8"), note(id="note-9")]).blocked
    assert held.ids == ("note-8", "note-9")


def test_steps_come_in_the_order_of_their_keys_and_those_of_one_key_in_that_of_their_ids() -> None:
    both = [saved(id=id) for id in ("3", "2", "1")]
    made = plan(both, [note("B", id="1"), note("C", id="2")])
    assert [(change.action, change.id) for change in made.changes] == [
        (Action.CREATE, None),
        (Action.RENAME, "1"),
        (Action.RENAME, "2"),
    ]


def test_blocked_steps_come_in_the_order_of_their_keys() -> None:
    lost = [saved(name="B", id="n2"), saved(macro="!a", id="n1")]
    made = plan(lost, [note("B", id="n3", body="other")])
    assert [(step.key.name, step.by) for step in made.blocked] == [
        ("A", Blocker.REQUIREMENT),
        ("B", Blocker.CONFLICT),
    ]


def test_two_that_swapped_their_names_swap_back() -> None:
    made = plan([saved(), saved(name="B", id="note-2")], [note("B"), note("A", id="note-2")])
    assert told(made) == [("rename", "knowledge:A"), ("rename", "knowledge:B")]


def test_a_note_in_a_folder_that_was_renamed_stays_in_it() -> None:
    folder = {"kind": "folder", "path": "New", "id": "folder-1"}
    (change,) = plan(
        [saved(folder="Old", folder_id="folder-1")],
        [folder, note(folder="New", folder_id="folder-1", body="x")],
    ).changes
    assert (change.action, next(iter(change.references.values()), None), str(change.key)) == (
        Action.UPDATE,
        "folder-1",
        "knowledge:New/A",
    )
    assert [f.name for f in change.fields] == ["body"]


@pytest.mark.parametrize(
    ("now", "steps"),
    [
        ([note(folder="G", folder_id="folder-1")], []),
        ([note()], []),
        ([], [("create", "knowledge:G/A")]),
        ([note(folder="F", folder_id="folder-2")], [("rename", "knowledge:G/A")]),
    ],
    ids=["it arrived", "its write failed", "deleted", "somebody moved it"],
)
def test_a_note_that_waited_in_the_root_for_its_folder_stays_where_it_arrived(
    now: list[dict[str, Any]], steps: list[tuple[str, str]]
) -> None:
    folders = [{"kind": "folder", "path": path, "id": id} for path, id in FOLDERS.items()]
    waited = replace(saved(), ids={"folder": "folder-1"})
    assert told(plan([waited], [*folders, *now])) == steps


FOLDERS = {"G": "folder-1", "F": "folder-2"}


@pytest.mark.parametrize("gone", [False, True], ids=["moved", "gone"])
def test_a_note_comes_back_into_its_own_folder_although_another_one_has_the_same_path(
    gone: bool,
) -> None:
    folders = [{"kind": "folder", "path": "F", "id": id} for id in ("folder-1", "folder-2")]
    now = [] if gone else [note()]
    (change,) = plan([saved(folder="F", folder_id="folder-1")], [*folders, *now]).changes
    assert (change.action, next(iter(change.references.values()), None)) == (
        Action.CREATE if gone else Action.RENAME,
        "folder-1",
    )


def test_a_note_that_is_not_moved_stays_in_its_folder_although_another_one_has_the_same_path() -> (
    None
):
    folders = [{"kind": "folder", "path": "F", "id": id} for id in ("folder-1", "folder-2")]
    now = note(folder="F", folder_id="folder-2", body="x")
    (change,) = plan([saved(folder="F", folder_id="folder-1")], [*folders, now]).changes
    assert (change.action, next(iter(change.references.values()), None)) == (
        Action.UPDATE,
        "folder-2",
    )


def test_a_folder_made_anew_is_found_by_its_path() -> None:
    folder = {"kind": "folder", "path": "Old", "id": "folder-2"}
    (change,) = plan([saved(folder="Old", folder_id="folder-1")], [folder]).changes
    assert (change.action, next(iter(change.references.values()), None)) == (
        Action.CREATE,
        "folder-2",
    )


def test_a_folder_that_is_gone_is_a_requirement_once_for_all() -> None:
    both = [saved(name=name, id=name, folder="Old", folder_id="folder-1") for name in ("A", "B")]
    made = plan(both, [])
    (held,) = made.blocked
    assert (made.changes, held.by, str(held.key)) == ((), Blocker.REQUIREMENT, "folder:Old")
    assert [str(key) for key in held.needed_by] == ["knowledge:Old/A", "knowledge:Old/B"]
    assert held.reason == (
        'the folder "Old" is missing: create it in the web app (no API can), then run rollback again'
    )


def test_a_folder_path_that_two_folders_share_by_now_is_a_conflict() -> None:
    folders = [{"kind": "folder", "path": "Old", "id": id} for id in ("folder-2", "folder-3")]
    (held,) = plan([saved(folder="Old", folder_id="folder-1")], folders).blocked
    assert (held.by, held.ids) == (Blocker.CONFLICT, ("folder-2", "folder-3"))


def test_a_secret_cannot_come_back() -> None:
    secret = live("secret", key="TOKEN", id="secret-1")
    (held,) = plan([secret], []).blocked
    assert (held.by, str(held.key)) == (Blocker.REQUIREMENT, "secret:TOKEN")
    assert held.source == Source("b.jsonl", 2)
    assert held.reason == (
        "it was deleted, and its value was not saved because no API can read it: add it in "
        "the web app, or declare it with value_from and apply"
    )


def test_a_secret_that_was_rotated_is_not_passed_off_as_unchanged() -> None:
    secret = live("secret", key="TOKEN", id="secret-1")
    rotated = plan([secret], [{"kind": "secret", "key": "TOKEN", "id": "secret-2"}])
    assert (rotated.changes, rotated.blocked, rotated.unchanged) == ((), (), 0)
    (note,) = rotated.notes
    assert note == (
        "secret:TOKEN was deleted and created again since then. Its value from before the run RUN "
        "was never saved: to set another value, change version in its entry, and apply"
    )


def test_secrets_that_are_still_there_are_unchanged() -> None:
    keys = {"TOKEN": "secret-1", "OTHER": "secret-2"}
    secrets = [live("secret", key=key, id=id) for key, id in keys.items()]
    same = plan(secrets, [{"kind": "secret", "key": key, "id": id} for key, id in keys.items()])
    assert (same.notes, same.unchanged) == ((), 2)


def test_a_macro_that_the_api_cannot_set_is_reported_and_the_rest_is_done() -> None:
    made = plan([saved(macro="!a")], [note(macro=None, body="new")])
    assert [f.name for f in made.changes[0].fields] == ["body"]
    assert [(held.by, held.ids, held.reason) for held in made.blocked] == [
        (
            Blocker.REQUIREMENT,
            ("note-1",),
            "API v3 cannot set its macro !a: set it in the web app",
        )
    ]
    gone = plan([saved(macro="!a")], [])
    assert "macro" not in dict(gone.changes[0].declaration.resource.items())  # type: ignore[union-attr]
    assert [(held.ids, held.reason) for held in gone.blocked] == [
        ((), "API v3 cannot set its macro !a: set it in the web app")
    ]
    on_v1 = plan([saved(macro="!a")], [note(macro=None)], replace(WHERE, api="v1"))
    assert ([f.name for f in on_v1.changes[0].fields], on_v1.blocked) == (["macro"], ())


def test_a_macro_that_was_not_there_is_reported_as_none() -> None:
    (held,) = plan([saved(macro=None)], [note(macro="!a")]).blocked
    assert held.reason == "API v3 cannot set its macro (none): set it in the web app"


def test_everything_that_the_api_cannot_set_is_reported() -> None:
    plaque = Live("x1", Plaque(name="A", size="big", color="red", motto=""))
    (held,) = plan([plaque], []).blocked
    assert held.reason == "API v3 cannot set its size big, color red: set it in the web app"


def test_an_update_that_might_lose_a_macro_wants_an_approval() -> None:
    made = plan([saved(macro="!a")], [note(macro="!a", body="new")])
    (held,) = made.blocked
    assert (made.changes, held.by, held.ids) == ((), Blocker.APPROVAL, ("note-1",))
    assert held.reason == (
        "an update might lose its macro !a, because API v3 can read that but not set it: edit the "
        "object in the web app, or set v3_macro: verify for this target"
    )
    assert told(
        plan([saved(macro="!a")], [note(macro="!a", body="new")], policy=Policy(v3_macro="verify"))
    )


ENTERPRISE = replace(WHERE, org_id=None, enterprise=True)


@pytest.mark.parametrize(("where", "whose"), [(WHERE, "organization"), (ENTERPRISE, "enterprise")])
def test_what_belongs_to_somebody_else_by_now_is_left_alone(where: Target, whose: str) -> None:
    made = plan([saved()], [note(access="personal", body="new")], where)
    (held,) = made.blocked
    assert (made.changes, held.by, held.ids) == ((), Blocker.CONFLICT, ("note-1",))
    assert (str(held.key), held.source) == ("knowledge:A", Source("b.jsonl", 2))
    assert held.reason == f"it is no longer the {whose}'s own"


def test_an_update_that_would_take_a_note_out_of_its_folder_is_blocked() -> None:
    (held,) = plan(
        [saved(folder="F", folder_id="f1")],
        [note(folder="F", folder_id="f1", body="new")],
        ENTERPRISE,
    ).blocked
    assert (held.by, held.ids) == (Blocker.REQUIREMENT, ("note-1",))
    assert held.reason.startswith("an update would move it out of F, because the API of an ")


AUTOMATION = {"name": "A", "id": "a1", "triggers": [{"event_type": "github:push"}]}


def test_what_may_cost_money_when_it_is_back_wants_the_approval_of_that() -> None:
    gone = live("automation", **AUTOMATION)
    made, approved = plan([gone], []), plan([gone], [], approvals=Approvals(hazards=("spend",)))
    (refusal,) = made.refusals
    assert refusal.approval == allow("spend")
    assert refusal.reason.startswith("automation:A may start sessions without a limit")
    assert (approved.refusals, approved.changes) == ((), made.changes)
    assert approved.approvals == Approvals(hazards=("spend",))


def test_notes_come_in_order_and_what_the_api_generates_again_is_reported_last() -> None:
    hook = {"triggers": [{"event_type": "webhook:incoming"}], "enabled": False}
    limit = live("acu_limit", cycle_acu_limit=0, id="acu_limit")
    secret = live("secret", key="TOKEN", id="s1")
    made = plan(
        [secret, limit, live("automation", **AUTOMATION | hook)],
        [
            {"kind": "secret", "key": "TOKEN", "id": "s2"},
            {"kind": "acu_limit", "cycle_acu_limit": 5, "id": "acu_limit"},
        ],
    )
    beginnings = (
        "acu_limit is set to 0",
        "automation:A is created again: its webhook has a new address",
        "secret:TOKEN was deleted and created again since then",
        "automation:A gets a webhook secret",
    )
    assert len(made.notes) == len(beginnings)
    assert all(map(str.startswith, made.notes, beginnings))
