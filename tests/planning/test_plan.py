"""What a plan says of files and live objects; the cases are data."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from devinops.kinds import KINDS
from devinops.kinds.playbook import Playbook
from devinops.load import Loaded, load
from devinops.model.changes import DROPPING, Action, Blocked, Blocker, Drift, DriftEvent, Refusal
from devinops.model.errors import UsageError
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import Inventory, MergedEdit, Record, base, fingerprint
from devinops.model.keys import Key, folder_path
from devinops.model.objects import Snapshot, Source
from devinops.model.policy import Approvals, MaxDelete, MissingFolders, OnDrift, Policy, Prune
from devinops.model.target import Target
from devinops.planning.plan import Plan, PlanRequest, build_plan, live_hash, unknown_notes
from devinops.planning.selection import Filter, Selection
from devinops.render import Style, render
from devinops.render.answer_text import lines_of
from devinops.render.signs import SIGNS
from tests.testing.objects import live, snapshot
from tests.testing.places import GOLDEN, read_cases
from tests.testing.plan_facts import plan_facts
from tests.testing.reports import of_one

TODAY = date(2026, 3, 12)
CASES = [case for name in ("plan.yaml", "inventory.yaml") for case in read_cases(name)]


def loaded(tmp_path: Path, sections: dict[str, Any]) -> Loaded:
    for section, entries in sections.items():
        (tmp_path / f"{section}.yaml").write_text(
            yaml.safe_dump({section: entries}), encoding="utf-8"
        )
    found = load(tmp_path)
    assert found.problems == ()
    return found


def plan_of(tmp_path: Path, case: dict[str, Any], **more: Any) -> Plan:
    request = PlanRequest(
        Target(
            "production",
            "https://api.devin.ai",
            case.get("api", "v3"),
            "org-1",
            enterprise=case.get("enterprise", False),
        ),
        policy_of(case.get("policy", {})),
        TODAY,
        selection=Selection.parse(case.get("only", ()), case.get("exclude", ())),
        inventory=inventory_of(case.get("owned")),
        merged=[
            merged_edit(*edit, line=line) for line, edit in enumerate(case.get("merged", ()), 1)
        ],
        approvals=approvals_of(case.get("approvals", {})),
    )
    own = case.get("own", ())
    own = None if own is None else frozenset(own)
    return build_plan(
        loaded(tmp_path, case["declare"]).declarations,
        replace(more.pop("live", None) or snapshot(case.get("live", ())), own=own),
        request,
        **more,
    )


def approvals_of(said: dict[str, Any]) -> Approvals:
    decided = ((Key.parse(key), side) for key, side in said.get("decided", {}).items())
    return Approvals(**said | {"decided": tuple(decided)})


def merged_edit(
    key: str, id: str, field: str, value: Any, base: Any, commit: str = "", *, line: int
) -> MergedEdit:
    source = Source("devinops-merged/production.jsonl", line)
    hashes = (fingerprint(value), fingerprint(base))
    return MergedEdit(Key.parse(key), id, field, *hashes, commit, source)


def policy_of(said: dict[str, Any]) -> Policy:
    enums: dict[str, Callable[[Any], Any]] = {
        "missing_folders": MissingFolders,
        "prune": Prune,
        "on_drift": OnDrift,
        "scope": tuple,
        "max_delete": MaxDelete.parse,
    }
    return Policy(**{name: enums.get(name, lambda v: v)(value) for name, value in said.items()})


def inventory_of(owned: list[dict[str, Any]] | None) -> Inventory:
    """Build an inventory from the objects as they were last applied; `read` are fields the server answered otherwise.

    `left_out` are fields that the entry did not have, as they were then.
    """
    if owned is None:
        return Inventory()
    records = []
    for facts in owned:
        facts = dict(facts)
        folder = folder_path(facts.pop("declared_in", ""))
        read, protect = facts.pop("read", {}), facts.pop("protect", False)
        taken = facts.pop("taken", False)
        commit, source = facts.pop("commit", None), facts.pop("source", True)
        left_out = {name: fingerprint(value) for name, value in facts.pop("left_out", {}).items()}
        sent = live(**facts)
        if sent.key.kind == "folder":
            records.append(Record(sent.key, sent.id, memory=True))
            continue
        fields = base(sent.resource, replace(sent.resource, **read))
        key = sent.key._replace(folder=folder) if folder else sent.key
        target = f"{KINDS[sent.key.kind].section}.yaml"
        place = (target if source else None, commit, protect, fields)
        records.append(Record(key, sent.id, *place, left_out=left_out, taken=taken))
    return Inventory.of("file", records)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_plan(tmp_path: Path, case: dict[str, Any]) -> None:
    plan = plan_of(tmp_path, case)
    assert shown(plan, case["expect"]) == case["expect"]
    answer = of_one(plan)
    whole = "".join(render("text", answer, Style(full=True, width=10_000)))
    for part in case.get("says", ()):
        assert part in whole
    for wanted, given in (
        ("refused", [refusal.reason for refusal in plan.refusals]),
        ("warns", [p.message for p in plan.problems]),
    ):
        assert len(given) == len(case.get(wanted, ()))
        assert all(part in text for part, text in zip(case.get(wanted, ()), given, strict=True))
    if "unmanaged" in case:
        assert plan.unmanaged == case["unmanaged"]
    if "records" in case:
        removed = [f"-{change.id}" for change in plan.changes if change.action in DROPPING]
        assert [f"{r.key}" for r in plan.upserts] + removed == case["records"]
    if "unchanged" in case:
        assert plan.unchanged == case["unchanged"]
    for key, needed_by in case.get("needed_by", {}).items():
        assert [list(map(str, h.needed_by)) for h in plan.blocked if str(h.key) == key] == [
            needed_by
        ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_nothing_of_a_plan_changes_unseen(
    tmp_path: Path, case: dict[str, Any], golden: Callable[[str, str], None]
) -> None:
    """What a case does not expect by name is seen in the difference of a golden file."""
    golden(f"plans/{slug(case['why'])}.txt", plan_facts(plan_of(tmp_path, case)))


def test_every_golden_plan_is_that_of_a_case() -> None:
    files = {path.stem for path in (GOLDEN / "plans").iterdir()}
    assert files == {slug(case["why"]) for case in CASES}
    assert len(files) == len(CASES)


def slug(why: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", why.lower()).strip("-")


def shown(plan: Plan, expected: list[str]) -> list[str]:
    """Write a plan as the cases do; fields are named where the case names them."""
    with_fields = any("(" in one for one in expected)
    lines = []
    for change in plan.changes:
        fields = f" ({', '.join(f.name for f in change.fields)})" if with_fields else ""
        lines.append(f"{SIGNS[change.action].symbol} {change.key}{fields}")
    lines += [f"! {held.by} {held.key}" for held in plan.blocked]
    return lines + [f"@ {drift.moved} {drift.key}" for drift in plan.drift]


@pytest.mark.sampled(4, ci=2)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_no_order_of_files_or_listings_changes_a_plan(tmp_path: Path, case: dict[str, Any]) -> None:
    plan = plan_of(tmp_path, case)
    shuffled = list(snapshot(case.get("live", ())).objects)
    random.Random(7).shuffle(shuffled)
    again = plan_of(tmp_path, case, live=Snapshot.of(shuffled))
    one, other = (of_one(each) for each in (again, plan))
    assert list(lines_of(one, Style(full=True))) == list(lines_of(other, Style(full=True)))


@pytest.mark.parametrize(
    ("case", "code", "detailed"),
    [
        (
            {"declare": {"knowledge": [{"name": "A", "trigger": "t", "body": "b"}]}},
            ExitCode.OK,
            ExitCode.LOOK,
        ),
        ({"declare": {"folders": [{"path": "F"}]}}, ExitCode.DECIDE, ExitCode.DECIDE),
        ({"declare": {"knowledge": [{"name": "A", "ensure": "absent"}]}}, ExitCode.OK, ExitCode.OK),
    ],
)
def test_the_exit_code_of_a_plan_says_what_to_do(
    tmp_path: Path, case: dict[str, Any], code: ExitCode, detailed: ExitCode
) -> None:
    plan = plan_of(tmp_path, case)
    assert (plan.exit_code(), plan.exit_code(detailed=True)) == (code, detailed)


NOTE = {"name": "A", "trigger": "t", "body": "new"}
LIVE = {"kind": "knowledge", "name": "A", "id": "note-1"}


@pytest.mark.parametrize(
    ("why", "entry", "live", "same"),
    [
        ("the same again", {}, {}, True),
        ("white space that is not sent", {"body": "new\n\n"}, {}, True),
        ("what is not sent", {"meta": {"owner": "platform"}}, {}, True),
        ("another text", {"body": "newer"}, {}, False),
        ("another field", {"is_enabled": False}, {}, False),
        ("an outside edit of a declared field", {}, {"body": "edited"}, False),
        (
            "an outside edit of a field that the update sends along",
            {},
            {"pinned_repo": "acme/api"},
            False,
        ),
        ("another object under the key", {}, {"id": "note-2"}, False),
    ],
)
def test_the_digest_changes_with_what_would_be_done_and_nothing_else(
    tmp_path: Path, why: str, entry: dict[str, Any], live: dict[str, Any], same: bool
) -> None:
    before = plan_of(tmp_path, {"declare": {"knowledge": [NOTE]}, "live": [LIVE]})
    after = plan_of(tmp_path, {"declare": {"knowledge": [NOTE | entry]}, "live": [LIVE | live]})
    assert (before.digest == after.digest) is same


def test_the_digest_does_not_depend_on_where_a_file_lies(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, {"declare": {"knowledge": [NOTE]}})
    (change,) = plan.changes
    assert change.declaration
    moved = replace(
        change,
        declaration=change.declaration._replace(source=change.declaration.source._replace(line=9)),
    )
    assert replace(plan, changes=(moved,)).digest == plan.digest


REPLACED = {
    "owned": [{"kind": "secret", "key": "A", "type": "totp", "version": "1", "id": "s1"}],
    "live": [{"kind": "secret", "key": "A", "type": "totp", "note": "for tests", "id": "s1"}],
}


def test_the_digest_of_a_replaced_secret_covers_all_that_is_sent(tmp_path: Path) -> None:
    """It is created from its declaration, also with what no change names."""
    entry = {"key": "A", "type": "totp", "version": "2", "value_from": {"env": "X"}}
    one, other = (
        plan_of(tmp_path, REPLACED | {"declare": {"secrets": [entry | {"note": note}]}})
        for note in ("for CI", "for CD")
    )
    assert [change.action for change in one.changes] == ["replace"]
    assert one.digest != other.digest


ROLE = {"service_user_roles": [{"service_user": "CI", "role": "Member"}]}
MEMBER = {"kind": "role", "id": "org_member", "name": "Member"}
CI = {"kind": "service_user", "id": "sa-1", "name": "CI"}


@pytest.mark.parametrize(
    ("live", "same"),
    [
        ([MEMBER, CI], True),
        ([MEMBER, CI | {"id": "sa-2"}], False),
        ([MEMBER | {"id": "r"}, CI], False),
    ],
    ids=["the same", "another service user of that name", "another role of that name"],
)
def test_the_digest_covers_whom_and_what_a_name_means(
    tmp_path: Path, live: list[dict[str, Any]], same: bool
) -> None:
    before = plan_of(tmp_path, {"declare": ROLE, "live": [MEMBER, CI]})
    after = plan_of(tmp_path, {"declare": ROLE, "live": live})
    assert (before.digest == after.digest) is same


def test_only_what_is_live_has_a_hash_of_live_values(tmp_path: Path) -> None:
    """A create has one only if it names what no entry can declare."""
    playbook = {"playbooks": [{"title": "Tests", "body": "Run them."}]}
    old = {"kind": "playbook", "title": "Tests", "body": "Old.", "id": "p1"}
    declared = {"declare": playbook | ROLE}
    create, role = plan_of(tmp_path, declared | {"live": [MEMBER, CI]}).changes
    update, _ = plan_of(tmp_path, declared | {"live": [MEMBER, CI, old]}).changes
    assert live_hash(create) is None
    assert live_hash(role)
    assert live_hash(update)


def test_the_digest_tells_an_outside_edit_that_is_kept_from_one_that_is_written_over(
    tmp_path: Path,
) -> None:
    case = {
        "owned": [LIVE | {"body": "old", "pinned_repo": "acme/api"}],
        "declare": {"knowledge": [NOTE | {"pinned_repo": "acme/api"}]},
        "live": [LIVE | {"body": "old", "pinned_repo": "acme/web"}],
    }
    kept, over = (
        plan_of(tmp_path, case | {"policy": {"on_drift": say}}) for say in ("keep", "overwrite")
    )
    assert kept.digest != over.digest


def test_the_digest_covers_what_changes_only_in_the_inventory(tmp_path: Path) -> None:
    """A plan without such a change has the digest of its other changes."""
    owned = {"owned": [LIVE], "declare": {"knowledge": [{"name": "A", "ensure": "unmanaged"}]}}
    edited = LIVE | {"body": "edited"}
    released = plan_of(tmp_path, owned | {"live": [LIVE]})
    forgotten = plan_of(tmp_path, owned)
    empty = replace(released, changes=())
    renamed = replace(empty, inventory=Inventory("file", moves_from="old"))
    other = replace(empty, inventory=Inventory("file", moves_from="older"))
    digests = [plan.digest for plan in (released, forgotten, empty, renamed, other)]
    assert len({*digests}) == len(digests)
    assert plan_of(tmp_path, owned | {"live": [edited]}).digest == released.digest
    assert empty.digest == plan_of(tmp_path, {"declare": {}}).digest


def test_a_record_of_a_kind_that_was_dropped_is_a_note_and_no_change() -> None:
    inventory = replace(Inventory.of("file", []), dropped=("schedule:Nightly",))
    target = Target("production", "https://api.devin.ai", "v3", "org-1")
    requests = [
        PlanRequest(target, policy_of({}), TODAY, inventory=each)
        for each in (inventory, replace(inventory, dropped=()))
    ]
    plan, other = (build_plan([], snapshot(()), request) for request in requests)
    (note,) = plan.notes
    assert note.startswith("schedule:Nightly: apply forgets its record, and the object stays as it")
    assert (plan.changes, plan.digest, other.notes) == ((), other.digest, ())


def test_access_that_a_run_deleted_before_it_died_is_not_remembered_as_taken_away() -> None:
    owned = {"kind": "service_user_role", "id": "sa-1", "service_user": "CI", "role": "Member"}
    inventory = inventory_of([owned])
    (record,) = inventory.records
    target = Target("production", "https://api.devin.ai", "v3", "org-1")
    died = ({}, {record.object_id: Action.UPDATE}, {record.object_id: Action.DELETE})
    inventories = (replace(inventory, unrecorded=unrecorded) for unrecorded in died)
    requests = [PlanRequest(target, policy_of({}), TODAY, inventory=each) for each in inventories]
    *taken, deleted = (build_plan([], snapshot(()), request) for request in requests)
    for plan in taken:
        assert (plan.changes, plan.upserts) == ((), (replace(record, taken=True),))
    assert ([c.action for c in deleted.changes], deleted.upserts) == (["forget"], ())


@pytest.mark.parametrize(("old_name", "code"), [("", ExitCode.OK), ("old", ExitCode.LOOK)])
def test_an_inventory_to_rename_is_pending_and_said(
    tmp_path: Path, old_name: str, code: ExitCode
) -> None:
    inventory = Inventory("file", moves_from=old_name)
    target = Target("production", "https://api.devin.ai", "v3", "org-1")
    plan = build_plan((), snapshot(()), PlanRequest(target, Policy(), TODAY, inventory))
    assert (plan.exit_code(), plan.exit_code(detailed=True)) == (ExitCode.OK, code)
    assert plan.is_written is bool(old_name)
    said = "the inventory still has the old name old of this target: apply renames it"
    assert plan.notes == ((said,) if old_name else ())


def test_the_digest_does_not_depend_on_the_order_of_members(tmp_path: Path) -> None:
    case = {
        "declare": {
            "playbooks": [
                {"title": "P", "body": "b", "structured_output_schema": {"type": "object"}}
            ]
        },
        "live": [{"kind": "playbook", "title": "P", "structured_output_schema": {"type": "array"}}],
    }
    plan = plan_of(tmp_path, case)
    (change,) = plan.changes
    assert change.live
    digests = set()
    for schema in ({"type": "object", "required": []}, {"required": [], "type": "object"}):
        shown = replace(change, fields=tuple(replace(f, after=schema) for f in change.fields))
        playbook = change.live.resource
        assert isinstance(playbook, Playbook)
        playbook = replace(playbook, structured_output_schema=schema)
        before = replace(change, live=replace(change.live, resource=playbook))
        digests |= {replace(plan, changes=(shown,)).digest, replace(plan, changes=(before,)).digest}
    assert len(digests) == 2


@pytest.mark.parametrize(
    ("place", "same"),
    [
        ({"name": "staging"}, True),
        ({"api_url": "https://API.devin.ai:443/"}, True),
        ({"api_url": "https://api.acme.devinenterprise.com"}, False),
        ({"api_url": "https://api.devin.ai:8443"}, False),
        ({"api": "v1"}, False),
        ({"org_id": "org-2"}, False),
        ({"org_id": None}, False),
    ],
)
def test_what_was_reviewed_for_one_place_is_not_approved_for_another(
    tmp_path: Path, place: dict[str, Any], same: bool
) -> None:
    plan = plan_of(tmp_path, {"declare": {"knowledge": [NOTE]}})
    assert (replace(plan, target=replace(plan.target, **place)).digest == plan.digest) is same
    empty = replace(plan, changes=())
    assert (replace(empty, target=replace(plan.target, **place)).digest == empty.digest) is same


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_on_this_machine_the_port_does_not_count(tmp_path: Path, host: str) -> None:
    """An emulator has another one each time."""
    plan = plan_of(tmp_path, {"declare": {"knowledge": [NOTE]}})
    urls = (f"http://{host}:1", f"http://{host}:2")
    assert (
        len({replace(plan, target=replace(plan.target, api_url=url)).digest for url in urls}) == 1
    )


def test_on_v1_the_target_stands_for_the_organization_that_the_api_does_not_name(
    tmp_path: Path,
) -> None:
    plan = plan_of(tmp_path, {"declare": {"knowledge": [NOTE]}})
    here = replace(plan.target, api="v1", org_id=None)
    digests = {
        replace(plan, target=replace(here, name=name)).digest for name in ("a", "b", "org-1")
    }
    assert len(digests) == 3
    assert replace(plan, target=replace(here, org_id="a")).digest not in digests


def test_a_plan_is_quiet_when_there_is_nothing_to_do_or_to_decide(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, {"declare": {"knowledge": [NOTE]}})
    key = Key.parse("knowledge:A")
    quiet = replace(plan, changes=())
    assert (plan.is_quiet, quiet.is_quiet) == (False, True)
    for loud in (
        replace(quiet, blocked=(Blocked(Blocker.CONFLICT, key, "r"),)),
        replace(quiet, drift=(Drift(DriftEvent.DELETED, key, "id"),)),
        replace(quiet, refusals=(Refusal("r"),)),
        replace(quiet, inventory=Inventory("file", moves_from="old")),
    ):
        assert not loud.is_quiet


def test_a_plan_has_the_keys_of_all_entries_and_live_objects(tmp_path: Path) -> None:
    """Reports that quote its sentences find these keys in them, also with spaces."""
    live = [
        {"kind": "knowledge", "name": "Of nobody", "id": "n2"},
        {"kind": "folder", "path": "Now", "id": "f1"},
    ]
    before = [{"kind": "folder", "path": "Before", "id": "f1"}]
    plan = plan_of(
        tmp_path,
        {"declare": {"knowledge": [NOTE | {"folder": "Before"}]}, "live": live, "owned": before},
    )
    assert {str(key) for key in plan.named} == {
        "knowledge:Before/A",
        "knowledge:Of nobody",
        "folder:Now",
        "folder:Before",
    }


def test_the_digest_covers_the_key_of_a_change(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, {"declare": {"knowledge": [NOTE]}})
    elsewhere = replace(plan.changes[0], key=Key.parse("knowledge:F/A"))
    assert replace(plan, changes=(elsewhere,)).digest != plan.digest


def test_that_a_place_is_an_emulator_changes_neither_the_digest_nor_what_it_is_compared_with(
    tmp_path: Path,
) -> None:
    plan = plan_of(tmp_path, {"declare": {"knowledge": [NOTE]}})
    there = replace(plan.target, emulator=True)
    assert there.differences(plan.target) == ""
    assert replace(plan, target=there).digest == plan.digest


@pytest.mark.parametrize(
    ("written", "meant"),
    [("knowledge", "knowledge:*"), ("secret:CI_*", "secret:CI_*")],
)
def test_an_only_without_a_glob_takes_the_whole_kind(written: str, meant: str) -> None:
    assert str(Filter.parse(written)) == meant


@pytest.mark.parametrize("only", ["playbook", "secret:*"])
def test_an_only_of_a_whole_kind_may_match_nothing(tmp_path: Path, only: str) -> None:
    assert plan_of(tmp_path, {"declare": {"knowledge": [NOTE]}, "only": [only]}).changes == ()


def test_an_only_of_no_kind_names_the_kinds() -> None:
    with pytest.raises(UsageError) as caught:
        Filter.parse("zzz")
    why = f'"zzz" is not a kind; the kinds are {", ".join(KINDS.declared)}'
    assert str(caught.value) == f"--only takes KIND[:PATTERN]; {why}"


@pytest.mark.parametrize(
    ("only", "message"),
    [
        ("knowlege", 'did you mean "knowledge"'),
        ("knowledge:", 'for the whole kind write "knowledge"'),
        ("", "is not a kind"),
        ("schedule:*", '"schedule" is no longer a kind: automations have taken the place'),
    ],
)
def test_an_only_that_cannot_mean_anything_is_a_usage_error(
    tmp_path: Path, only: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        plan_of(tmp_path, {"declare": {"knowledge": [NOTE]}, "only": [only]})


ENTERPRISE = Target("production", "https://api.devin.ai", "v3", None, enterprise=True)


def test_what_an_enterprise_does_not_have_is_created(tmp_path: Path) -> None:
    declarations = loaded(tmp_path, {"knowledge": [NOTE]}).declarations
    plan = build_plan(declarations, snapshot([]), PlanRequest(ENTERPRISE, Policy(), TODAY))
    assert [change.reason for change in plan.changes] == ["not in the enterprise"]


def test_a_plan_for_an_enterprise_blocks_what_would_take_a_note_out_of_its_folder(
    tmp_path: Path,
) -> None:
    in_folder = NOTE | {"folder": "F"}
    plan = build_plan(
        loaded(tmp_path, {"knowledge": [in_folder]}).declarations,
        snapshot([{"kind": "folder", "path": "F"}, LIVE | {"folder": "F"}]),
        PlanRequest(ENTERPRISE, Policy(), TODAY),
    )
    assert plan.changes == ()
    assert "an update would move it out of F" in plan.blocked[0].reason


def test_members_that_devinops_does_not_know_are_named_once_a_kind_with_an_example() -> None:
    mood, room = {("mood",): 1}, {("a", 0, "room"): 2, ("a", 1, "room"): 3}
    lives = [
        replace(live("playbook", title="P"), unknown=mood),
        replace(live("knowledge", name="A"), unknown=mood),
        replace(live("knowledge", name="B"), unknown=mood | room),
        replace(live("secret", key="S"), unknown=mood, ours=False),
        live("folder", path="F"),
    ]
    assert list(unknown_notes(lives, "that is that")) == [
        (
            "devinops does not know these members of notes: a[].room, mood (as in knowledge:A). "
            "No entry can set them, and that is that"
        ),
        (
            "devinops does not know these members of playbooks: mood (as in playbook:P). "
            "No entry can set them, and that is that"
        ),
    ]


def test_a_plan_says_what_an_update_does_to_members_that_devinops_does_not_know(
    tmp_path: Path,
) -> None:
    there = replace(live("knowledge", name="A", id="note-1", body="old"), unknown={("mood",): 1})
    plan = plan_of(tmp_path, {"declare": {"knowledge": [NOTE]}}, live=Snapshot.of([there]))
    assert [str(change.action) for change in plan.changes] == ["update"]
    (note,) = plan.notes
    assert note == (
        "devinops does not know these members of notes: mood (as in knowledge:A). "
        "No entry can set them, and an update leaves them as they are, or says what is gone"
    )
