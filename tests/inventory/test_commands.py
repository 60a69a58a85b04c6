"""`devinops inventory`: what it says of the record, and that it never writes to the organization."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

from devinops.cli.handlers import inventory
from devinops.emulator import Emulator
from devinops.model.changes import Action
from devinops.model.inventory import Base, Intent, Inventory, Record, fingerprint
from devinops.model.keys import Key
from devinops.model.target import Target
from tests.testing.command_line import Devinops, Write
from tests.testing.inventories import in_file

CONFIG = "version: 1\ntargets: {production: {org_id: org-emulator, inventory: {store: file}}}\n"
SEED = {
    "organizations": {
        "org-emulator": {
            "folders": [{"path": "Backend", "id": "folder-1"}],
            "knowledge": [
                {
                    "id": "note-1",
                    "name": "Errors",
                    "folder": "Backend",
                    "trigger": "t",
                    "body": "errors",
                },
                {"id": "note-2", "name": "Twice", "trigger": "t", "body": "b"},
                {"id": "note-3", "name": "Twice", "trigger": "t", "body": "b"},
                {
                    "id": "note-4",
                    "name": "Moved",
                    "trigger": "t",
                    "body": "moved body",
                    "created_at": 1767225600,
                },
            ],
        }
    },
    "enterprise": {
        "knowledge": [{"id": "note-9", "name": "Enterprise", "trigger": "t", "body": "b"}]
    },
}


@pytest.fixture
def emulator(use: Callable[..., None]) -> Iterator[Emulator]:
    with Emulator(SEED) as running:
        use(running.url)
        yield running
        assert all(one["method"] == "GET" for one in running.requests)


@pytest.fixture
def root(repository: Write, emulator: Emulator) -> Path:
    note = "---\nname: Twice\ntrigger: t\n---\nb\n"
    return repository({"devinops.yaml": CONFIG, "knowledge/twice.md": note})


@pytest.fixture
def declares(repository: Write) -> Declares:
    """Write entries with these names, and with more fields."""

    def write(*names: str, **fields: str) -> None:
        more = "".join(f"{name}: {value}\n" for name, value in fields.items())
        trigger = "" if "ensure" in fields else "trigger: t\n"
        files = {f"knowledge/{n}.md": f"---\nname: {n}\n{trigger}{more}---\nb\n" for n in names}
        repository(files)

    return write


def owned(key: str, id: str, **fields: str) -> Record:
    bases = {name: Base(fingerprint(value), fingerprint(value)) for name, value in fields.items()}
    return Record(Key.parse(key), id, "knowledge/x.md", fields=bases)


Owns = Callable[..., Inventory]
Declares = Callable[..., None]


@pytest.fixture
def owns(root: Path, emulator: Emulator) -> Owns:
    """Add records to the inventory, and return it as it is: `owns(record, …)`."""

    def put(*records: Record) -> Inventory:
        store = in_file(root, Target("production", emulator.url, "v3", "org-emulator"))
        if records:
            base = store.read()
            store.write(base.changed(records), base)
        return store.read()

    return put


ERRORS = owned("knowledge:Backend/Errors", "note-1", body="errors", trigger="t")


def test_without_an_inventory_the_message_says_how_to_get_one(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository({"devinops.yaml": "version: 1\ndefaults: {inventory: {store: none}}\n"})
    for argv in (["list"], ["show", "knowledge:a"], ["link", "knowledge:a", "b"], ["forget", "knowledge:a"], ["repair"], ["unlock", "r"]):  # fmt: skip
        ran = devinops("inventory", *argv, "-C", root)
        assert (ran.code, ran.out) == (1, "")
        assert "the target default has no inventory: remove inventory: {store: none}" in ran.err
    assert emulator.requests == []


def test_list_shows_key_id_and_file_and_the_count_last(
    root: Path, owns: Owns, devinops: Devinops
) -> None:
    assert devinops("inventory", "list", "-C", root).out == "0 owned (file)\n"
    owns(owned("knowledge:Twice", "note-2"), ERRORS)
    assert devinops("inventory", "list", "-C", root).out == (
        "knowledge:Twice           note-2  knowledge/x.md\n"
        "knowledge:Backend/Errors  note-1  knowledge/x.md\n"
        "2 owned (file)\n"
    )
    found = json.loads(devinops("inventory", "list", "-C", root, "--format", "json").out)
    assert (found["target"], found["store"], found["owned"]) == ("production", "file", 2)
    assert [one["id"] for one in found["records"]] == ["note-2", "note-1"]
    assert found["open_runs"] == []


def test_text_of_others_is_not_obeyed(root: Path, owns: Owns, devinops: Devinops) -> None:
    owns(Record(Key.parse("knowledge:\u202e##[group]"), "\x1b[31m"))
    assert not {"\u202e", "\x1b", "##["} & set(devinops("inventory", "list", "-C", root).out)
    assert "##[" not in devinops("inventory", "list", "-C", root).out


def test_when_it_was_sent_and_what_was_deleted_is_shown(
    root: Path, owns: Owns, devinops: Devinops, emulator: Emulator
) -> None:
    owns(replace(ERRORS, at="2026-03-12T10:15:00Z"), owned("knowledge:Old", "note-0"))
    store = in_file(root, Target("production", emulator.url, "v3", "org-emulator"))
    run, gone = "20260313T000000Z-abcdef", owned("knowledge:Old", "note-0")
    store.begin(run, [Intent(run, Action.DELETE, gone.key, gone.id)], store.read())
    store.settle(run, removals=[gone.object_id], at="2026-03-13T00:00:00Z")
    store.finish(run)
    shown = devinops("inventory", "show", str(ERRORS.key), "-C", root).out
    assert "sent      2026-03-12T10:15:00Z\n" in shown
    assert devinops("inventory", "list", "-C", root).out == (
        "knowledge:Backend/Errors  note-1  knowledge/x.md\n"
        "deleted 2026-03-13T00:00:00Z: knowledge:Old, note-0\n"
        "1 owned (file)\n"
    )
    document = json.loads(devinops("inventory", "list", "-C", root, "--format", "json").out)
    assert document["records"][0]["at"] == "2026-03-12T10:15:00Z"
    assert document["deleted"] == [
        {"key": "knowledge:Old", "id": "note-0", "at": "2026-03-13T00:00:00Z"}
    ]


def test_folders_that_are_remembered_are_not_owned(
    root: Path, owns: Owns, devinops: Devinops
) -> None:
    owns(ERRORS, Record(Key.parse("folder:Backend"), "folder-1", memory=True))
    assert devinops("inventory", "list", "-C", root).out.endswith("1 owned (file)\n")


def test_show_tells_field_by_field_whether_live_agrees(
    root: Path, owns: Owns, devinops: Devinops
) -> None:
    left_out = {"is_enabled": fingerprint(True), "pinned_repo": fingerprint("all")}
    errors = owned("knowledge:Backend/Errors", "note-1", body="other", trigger="t")
    owns(replace(errors, left_out=left_out), owned("knowledge:Gone", "x", body="b"))
    ran = devinops("inventory", "show", "knowledge:Backend/Errors", "-C", root)
    assert ran.code == 0
    assert [line.split(maxsplit=2)[::2] for line in ran.out.splitlines()[-4:]] == [
        ["body", "changed outside"],
        ["is_enabled", "as applied, left out of the entry"],
        ["pinned_repo", "changed outside, left out of the entry"],
        ["trigger", "as applied"],
    ]
    ran = devinops("inventory", "show", "knowledge:Gone", "-C", root, "--format", "json")
    record = json.loads(ran.out)["record"]
    assert (record["live"], record["fields"]["body"]["state"]) == (None, "gone")


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["show", "knowledge:Backend/Error"], 1, 'did you mean "knowledge:Backend/Errors"?'),
        (["forget", "knowledge:Backend/Error"], 1, 'did you mean "knowledge:Backend/Errors"?'),
        (["show", "Errors"], 64, "write KEY as plan and inventory list print it"),
        (["show", "knowlege:Errors"], 64, 'did you mean "knowledge"?'),
        (["link", "folder:Backend", "folder-1"], 64, "a folder is never owned"),
        (["link", "knowledge:Twice", "note-7"], 1, "no note with the id note-7; knowledge:Twice has the id note-2 or note-3"),
        (["link", "knowledge:Twic", "note-2"], 1, 'did you mean "knowledge:Twice"?'),
        (["link", "knowledge:Twice", "note-9"], 1, "note-9"),
        (["link", "knowledge:Twice", "note-1"], 1, "owned as knowledge:Backend/Errors"),
        (["unlock", "r7"], 1, 'there is no open run "r7"; the open runs are: none'),
        (["lis"], 64, "There is no command 'lis'. Did you mean 'list'?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_what_is_not_meant_is_refused_with_a_hint(
    root: Path, owns: Owns, devinops: Devinops, argv: list[str], code: int, words: str
) -> None:
    before = owns(ERRORS)
    ran = (
        devinops("inventory", *argv, "-C", root) if len(argv) > 1 else devinops("inventory", *argv)
    )
    assert (ran.code, ran.out) == (code, "")
    assert words in ran.err
    assert owns() == before


@pytest.mark.parametrize(
    "argv",
    [["show", "playbook:x"], ["forget", "playbook:x"], ["link", "playbook:x", "playbook-1"]],
    ids=" ".join,
)
def test_a_hint_leads_to_the_same_root_and_target(
    root: Path,
    emulator: Emulator,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    argv: list[str],
) -> None:
    emulator.add("playbook", title="Nothing that looks like it", body="b", id="playbook-1")
    monkeypatch.chdir(root.parent)
    ran = devinops("inventory", *argv, "-C", root.name, "-t", "production")
    command = f"devinops inventory list -C {root.name} -t production"
    assert (ran.code, f"; {command} shows the known keys" in ran.err) == (1, True), ran.err


def test_link_settles_which_of_two_namesakes_is_meant(
    root: Path, owns: Owns, devinops: Devinops
) -> None:
    ran = devinops("inventory", "link", "knowledge:Twice", "note-3", "-C", root)
    assert (ran.code, ran.out) == (0, "knowledge:Twice is note-3\n")
    assert owns().records == (Record(Key.parse("knowledge:Twice"), "note-3"),)
    assert devinops("inventory", "link", "knowledge:Twice", "note-2", "-C", root).code == 0
    assert [one.id for one in owns().records] == ["note-2"]


def test_a_record_that_is_linked_anew_keeps_what_is_not_of_the_object(
    root: Path, owns: Owns, devinops: Devinops
) -> None:
    owns(
        Record(
            Key.parse("knowledge:Twice"),
            "old",
            "knowledge/twice.md",
            "c0ffee",
            True,
            {"body": Base("1", "1")},
        )
    )
    devinops("inventory", "link", "knowledge:Twice", "note-3", "-C", root)
    assert owns().records == (
        Record(Key.parse("knowledge:Twice"), "note-3", "knowledge/twice.md", "c0ffee", True),
    )


@pytest.mark.parametrize("damage", [("org-emulator", "org-other"), ('"key"', "key")])
def test_forget_all_starts_again_whatever_the_inventory_holds(
    root: Path, owns: Owns, devinops: Devinops, damage: tuple[str, str]
) -> None:
    owns(ERRORS, owned("knowledge:Twice", "note-2"))
    path = root / ".devinops" / "production.jsonl"
    path.write_text(path.read_text().replace(*damage))
    assert devinops("inventory", "list", "-C", root).code == 1
    asks = devinops("inventory", "forget", "--all", "-C", root)
    assert (asks.code, path.exists()) == (64, True)
    assert "cannot ask without a terminal: pass --yes" in asks.err
    ran = devinops("inventory", "forget", "--all", "--yes", "-C", root)
    assert (ran.code, ran.out) == (0, "0 owned (file)\n")
    assert not path.exists()
    assert owns().records == ()


@pytest.mark.parametrize(("yes", "code", "left"), [(False, 4, (ERRORS,)), (True, 0, ())])
def test_forget_all_asks_at_a_terminal(
    root: Path,
    owns: Owns,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    yes: bool,
    code: int,
    left: tuple[Record, ...],
) -> None:
    owns(ERRORS)
    monkeypatch.setattr(inventory, "is_interactive", lambda: True)
    monkeypatch.setattr(click, "confirm", lambda *_, **__: yes)
    ran = devinops("inventory", "forget", "--all", "-C", root)
    assert (ran.code, owns().records) == (code, left)


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        ("", "Stop owning all 2 objects of production, and remove .devinops/production.jsonl?"),
        ("x", "Stop owning all objects of production, and remove .devinops/production.jsonl?"),
    ],
)
def test_forget_all_says_what_is_lost_before_it_asks(
    root: Path,
    owns: Owns,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    damage: str,
    expected: str,
) -> None:
    owns(ERRORS, owned("knowledge:Twice", "note-2"))
    with (root / ".devinops" / "production.jsonl").open("a") as file:
        file.write(damage)
    asked: list[str] = []
    monkeypatch.setattr(inventory, "is_interactive", lambda: True)
    monkeypatch.setattr(click, "confirm", lambda text, **_: asked.append(text))
    assert devinops("inventory", "forget", "--all", "-C", root).code == 4
    assert asked == [expected]


def test_forget_all_waits_for_a_run_unless_nobody_could_unlock_it(
    root: Path, owns: Owns, devinops: Devinops, emulator: Emulator
) -> None:
    owns(ERRORS)
    store = in_file(root, Target("production", emulator.url, "v3", "org-emulator"))
    update = Intent("run-1", Action.UPDATE, ERRORS.key, ERRORS.id)
    store.begin("run-1", [update], store.read())
    ran = devinops("inventory", "forget", "--all", "--yes", "-C", root)
    assert (ran.code, owns().records) == (5, (ERRORS,))
    unlock = f"devinops inventory unlock -C {os.path.relpath(root)} run-1"
    assert f"the run run-1 has not finished: wait for it; if it died, run {unlock}" in ran.err
    assert ran.err.endswith("Nothing was forgotten\n")
    path = root / ".devinops" / "production.jsonl"
    path.write_text(path.read_text() + "damaged")
    assert devinops("inventory", "forget", "--all", "--yes", "-C", root).code == 0
    assert not path.exists()


@pytest.mark.parametrize("argv", [[], ["knowledge:Twice", "--all"]])
def test_forget_wants_either_a_key_or_all(root: Path, devinops: Devinops, argv: list[str]) -> None:
    ran = devinops("inventory", "forget", *argv, "-C", root)
    assert (ran.code, ran.out) == (64, "")
    assert "name one KEY, or pass --all" in ran.err


def test_forget_drops_the_record_alone(root: Path, owns: Owns, devinops: Devinops) -> None:
    owns(ERRORS, owned("knowledge:Twice", "note-2"))
    ran = devinops("inventory", "forget", "knowledge:Twice", "-C", root)
    assert (ran.code, ran.out) == (
        0,
        "knowledge:Twice is no longer owned; note-2 was not touched\n",
    )
    assert owns().records == (ERRORS,)


def test_unlock_says_what_to_run_before_an_apply_that_is_refused(
    root: Path, devinops: Devinops, emulator: Emulator
) -> None:
    config = CONFIG.replace("{store: file}", "{store: file}, on_drift: fail")
    (root / "devinops.yaml").write_text(config)
    store = in_file(root, Target("production", emulator.url, "v3", "org-emulator"))
    update = Intent("run-1", Action.UPDATE, Key.parse("knowledge:Twice"), "note-2")
    store.begin("run-1", [update], store.read())
    assert devinops("inventory", "unlock", "run-1", "-C", root).out.endswith(
        "outside devinops; if on_drift: fail refuses that apply, run devinops pull -C "
        f"{os.path.relpath(root)} --drift before it\n"
    )


def test_unlock_shows_what_was_not_settled(
    root: Path, owns: Owns, devinops: Devinops, emulator: Emulator
) -> None:
    store = in_file(root, Target("production", emulator.url, "v3", "org-emulator"))
    intents = [
        Intent("run-1", Action.CREATE, Key.parse("knowledge:New")),
        Intent("run-1", Action.UPDATE, Key.parse("knowledge:Twice"), "note-2"),
    ]
    store.begin("run-1", intents, store.read())
    assert (
        "open run run-1: 2 writes without a result" in devinops("inventory", "list", "-C", root).out
    )
    assert 'did you mean "run-1"?' in devinops("inventory", "unlock", "run-2", "-C", root).err
    ran = devinops("inventory", "unlock", "run-1", "-C", root)
    assert ran.out == (
        "unlocked run-1: 2 writes without a result\n  create knowledge:New\n  update knowledge:Twice (note-2)\n"
        f"run devinops apply -C {os.path.relpath(root)} next: until it has recorded what the run "
        "wrote, drift shows that as changed outside devinops\n"
    )
    (left,) = owns().intents
    assert (left.key, left.unclear) == (intents[0].key, True)
    listed = devinops("inventory", "list", "-C", root)
    assert "may have been created: knowledge:New, by the run run-1" in listed.out
    document = json.loads(devinops("inventory", "list", "-C", root, "--format", "json").out)
    assert (document["open_runs"], document["unclear"]) == (
        [],
        [{"run": "run-1", "key": "knowledge:New"}],
    )


LOST = owned("knowledge:Was", "gone-1", body="moved body")


def test_repair_links_what_is_gone_to_what_looks_like_it(
    root: Path, owns: Owns, declares: Declares, devinops: Devinops
) -> None:
    declares("Was")
    before = owns(ERRORS, LOST)
    ran = devinops("inventory", "repair", "-C", root)
    assert ran.code == 4
    assert ran.out == (
        "knowledge:Was: gone-1 is gone\n"
        "  -> note-4, knowledge:Moved: the same body, the same folder, created 2026-01-01\n"
        "1 to link again, 0 to decide\n"
    )
    assert "pass --yes to link" in ran.err
    assert owns() == before
    assert devinops("inventory", "repair", "--yes", "-C", root).code == 0
    assert owns().records == (Record(LOST.key, "note-4", LOST.source), ERRORS)
    assert devinops("inventory", "repair", "-C", root).out == "0 to link again, 0 to decide\n"


@pytest.mark.parametrize(("answer", "code", "id"), [(True, 0, "note-4"), (False, 4, "gone-1")])
def test_repair_asks_at_a_terminal(
    root: Path,
    owns: Owns,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    declares: Declares,
    answer: bool,
    code: int,
    id: str,
) -> None:
    declares("Was")
    owns(LOST)
    monkeypatch.setattr(inventory, "is_interactive", lambda: True)
    monkeypatch.setattr(click, "confirm", lambda *_, **__: answer)
    assert devinops("inventory", "repair", "-C", root).code == code
    assert [one.id for one in owns().records] == [id]


def test_repair_leaves_to_a_person_what_is_not_clear(
    root: Path, owns: Owns, declares: Declares, devinops: Devinops
) -> None:
    declares("Nothing")
    before = owns(
        owned("knowledge:Twice", "gone-1", body="b"), owned("knowledge:Nothing", "gone-2", body="z")
    )
    ran = devinops("inventory", "repair", "--yes", "-C", root, "--format", "json")
    found: list[dict[str, Any]] = json.loads(ran.out)["missing"]
    assert ran.code == 4
    assert [(one["key"], one["link"], [c["id"] for c in one["candidates"]]) for one in found] == [
        ("knowledge:Nothing", None, []),
        ("knowledge:Twice", None, ["note-2", "note-3"]),
    ]
    outputs = devinops("inventory", "repair", "--yes", "-C", root, "--format", "outputs").out
    assert outputs.startswith("exit_code=4\n")
    assert owns() == before


def test_the_same_text_is_better_evidence_than_the_same_name(
    root: Path, owns: Owns, devinops: Devinops
) -> None:
    owns(owned("knowledge:Twice", "gone-1", body="moved body"))
    ran = devinops("inventory", "repair", "-C", root)
    assert [row.split()[1] for row in ran.out.splitlines() if "->" in row] == ["note-4,"]
    assert "note-2" not in ran.out


@pytest.mark.parametrize(
    ("name", "fields", "links"),
    [
        ("Was", {}, 1),
        ("New", {"previously": "[{name: Was}]"}, 1),
        ("New", {}, 0),
        ("Was", {"ensure": "absent"}, 0),
        ("Was", {"targets": "[staging]"}, 0),
    ],
)
def test_nothing_is_linked_to_a_record_without_an_entry(
    root: Path,
    owns: Owns,
    declares: Declares,
    devinops: Devinops,
    name: str,
    fields: dict[str, str],
    links: int,
) -> None:
    """The next plan would delete what was linked."""
    config = CONFIG.replace("targets: {", "targets: {staging: {}, ")
    (root / "devinops.yaml").write_text(config)
    declares(name, **fields)
    owns(LOST)
    ran = devinops("inventory", "repair", "-C", root, "-t", "production")
    assert (ran.code, ran.out.count("->"), "note-4" in ran.out) == (4, links, bool(links))


def test_what_to_decide_is_a_command_that_a_shell_takes_as_it_is(
    root: Path, owns: Owns, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    owns(owned("knowledge:Don't panic", "gone-1", body="z"), owned("knowledge:O k", "note-2"))
    monkeypatch.chdir(root.parent)
    forget = f"devinops inventory forget -C {root.name}"
    assert devinops("inventory", "repair", "-C", root).out == (
        "knowledge:Don't panic: gone-1 is gone\n"
        f"  decide: {forget} 'knowledge:Don'\"'\"'t panic'\n"
        "    after forget, an entry with this key is planned as a new one\n"
        "0 to link again, 1 to decide\n"
    )
    other = devinops("inventory", "link", "knowledge:Twice", "note-2", "-C", root).err
    assert f"note-2 is owned as knowledge:O k: run {forget} 'knowledge:O k' first" in other


def test_two_records_never_get_one_object(
    root: Path, owns: Owns, declares: Declares, devinops: Devinops
) -> None:
    declares("A", "B")
    before = owns(
        owned("knowledge:A", "gone-1", body="moved body"),
        owned("knowledge:B", "gone-2", body="moved body"),
    )
    assert (
        "0 to link again, 2 to decide" in devinops("inventory", "repair", "--yes", "-C", root).out
    )
    assert owns() == before


def test_what_is_owned_is_no_candidate(
    root: Path, owns: Owns, declares: Declares, devinops: Devinops
) -> None:
    declares("Was")
    owns(LOST, owned("knowledge:Moved", "note-4", body="moved body"))
    assert (
        "0 to link again, 1 to decide" in devinops("inventory", "repair", "--yes", "-C", root).out
    )


def test_an_inventory_of_another_organization_stops(
    root: Path, owns: Owns, devinops: Devinops, repository: Write
) -> None:
    owns(ERRORS)
    path = root / ".devinops" / "production.jsonl"
    path.write_text(path.read_text().replace("org-emulator", "org-other"))
    ran = devinops("inventory", "list", "-C", root, "--format", "json")
    assert ran.code == 1
    assert (
        ".devinops/production.jsonl:1: this inventory belongs to the organization org-other"
        in json.loads(ran.out)["error"]
    )
