"""`missing_folders: root` over real HTTP: notes wait in the root until a person creates their folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devinops.emulator import Emulator
from tests.testing.command_line import Devinops, Write
from tests.testing.documents import read_one

POLICY = "    missing_folders: root\n"
CONFIG = "version: 1\ntargets:\n  production:\n    inventory: {store: file}\n    prune: owned\n"


@pytest.fixture(params=["cog_emulator", "apk_emulator"])
def emulator(request: pytest.FixtureRequest, use: Callable[..., None]) -> Iterator[Emulator]:
    with Emulator({"organizations": {"org-emulator": {"folders": [{"path": "F"}]}}}) as running:
        use(running.url, key=request.param)
        yield running


def note(name: str, body: str = "b", **fields: str) -> str:
    more = "".join(f"{key}: {value}\n" for key, value in fields.items())
    return f"---\nname: {name}\ntrigger: t\n{more}---\n{body}\n"


def create(emulator: Emulator, path: str) -> None:
    """Create a folder as a person in the web app."""
    emulator.add_folder(path)


def places(emulator: Emulator) -> dict[str, str]:
    return {found["name"]: found["folder_path"] or "" for found in emulator.knowledge()}


def document(devinops: Devinops, *argv: str | Path) -> dict[str, Any]:
    found = read_one(devinops(*argv, "--format", "json").out)
    assert isinstance(found, dict)
    return found


def applied(devinops: Devinops, root: Path, *argv: str) -> str:
    ran = devinops("apply", "-C", root, "--yes", *argv)
    assert ran.code == 0, ran.out + ran.err
    return str(ran.out)


def actions(plan: dict[str, Any]) -> list[tuple[str, str]]:
    return [(change["action"], change["key"]) for change in plan["changes"]]


@pytest.mark.sampled(2, ci=2)
def test_notes_wait_in_the_root_and_move_when_their_folder_exists(
    emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    files = {f"knowledge/D{n % 49:02}/n{n}.md": note(f"N{n}") for n in range(180)}
    root, report = repository({"devinops.yaml": CONFIG + POLICY, **files}), tmp_path / "plan.md"
    plan = devinops("plan", "-C", root, "--report", f"markdown={report}")
    assert plan.code == 0
    shown = document(devinops, "plan", "-C", root)["changes"][0]
    assert "in the root until the folder D00 exists, then apply moves it there" in shown["reason"]
    assert "  D00  needed by 4 entries, in the root until then\n" in plan.out
    assert "- [ ] D00 (needed by 4 entries, in the root until then)" in report.read_text()
    digest = document(devinops, "plan", "-C", root)["digest"]
    applied(devinops, root, "--expect", digest)
    assert set(places(emulator).values()) == {""}
    # Nothing is left to do or to pull, and nothing counts as an edit.
    waiting = document(devinops, "plan", "-C", root)
    assert (waiting["changes"], waiting["exit_code"], waiting["unchanged"]) == ([], 0, 180)
    assert [item["path"] for item in waiting["missing"]] == [f"D{n:02}" for n in range(49)]
    assert waiting["missing"][0] == {"kind": "folder", "path": "D00", "entries": 4, "in_root": 4}
    assert devinops("drift", "-C", root).code == 0
    assert devinops("pull", "-C", root, "--drift", "--check").code == 0
    assert "knowledge" not in devinops("pull", "-C", root, "--check").out
    for number in range(3):
        create(emulator, f"D{number:02}")
    moving = document(devinops, "plan", "-C", root)
    assert {action for action, _ in actions(moving)} == {"rename"}
    assert moving["changes"][0]["key"] == "knowledge:D00/N0"
    assert moving["changes"][0]["reason"].endswith(
        "; it was in the root until the folder D00 existed"
    )
    ids = {found["name"]: found["note_id"] for found in emulator.knowledge()}
    applied(devinops, root, "--expect", moving["digest"])
    assert (
        sorted(filter(None, places(emulator).values())) == ["D00"] * 4 + ["D01"] * 4 + ["D02"] * 4
    )
    assert {found["name"]: found["note_id"] for found in emulator.knowledge()} == ids
    after = document(devinops, "plan", "-C", root)
    assert (after["changes"], len(after["missing"])) == ([], 46)


def test_a_note_in_the_root_is_updated_there_and_moves_when_its_folder_exists(
    emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    root = repository({"devinops.yaml": CONFIG, "knowledge/G/a.md": note("A")})
    saved = tmp_path / "plan.json"
    assert devinops("plan", "-C", root, "--out", saved).code == 0
    applied(devinops, root, str(saved))
    repository({"devinops.yaml": CONFIG, "knowledge/G/a.md": note("A", "edited")})
    assert "~ knowledge:G/A" in applied(devinops, root)
    assert (places(emulator), emulator.knowledge()[0]["body"]) == ({"A": ""}, "edited")
    create(emulator, "G")
    applied(devinops, root)
    assert places(emulator) == {"A": "G"}
    assert document(devinops, "plan", "-C", root)["changes"] == []


def test_by_default_a_new_note_of_a_new_folder_is_created_in_the_root_with_a_warning(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository({"devinops.yaml": CONFIG, "knowledge/G/a.md": note("A")})
    plan = document(devinops, "plan", "-C", root)
    (warning,) = plan["problems"]
    assert (warning["code"], warning["path"]) == ("missing-parent", "knowledge/G/a.md")
    assert warning["message"].startswith("the folder G is missing: create it in the web app")
    assert (plan["exit_code"], actions(plan)) == (0, [("create", "knowledge:G/A")])
    applied(devinops, root)
    assert document(devinops, "plan", "-C", root)["problems"] == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_folder_that_is_made_between_review_and_merge_changes_no_digest(
    when: str, emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    """Of a new note, and of one that waits; the saved plan is as good. Nor does one that goes."""
    root = repository({"devinops.yaml": CONFIG, "knowledge/G/a.md": note("A")})
    if when == "after":
        applied(devinops, root)
        repository({"knowledge/G/a.md": note("A", "edited"), "knowledge/b.md": note("B")})
    saved = tmp_path / "plan.json"
    assert devinops("plan", "-C", root, "--out", saved).code == 0
    digest = document(devinops, "plan", "-C", root)["digest"]
    create(emulator, "G")
    now = document(devinops, "plan", "-C", root)
    assert now["digest"] == digest
    if when == "after":
        assert actions(now) == [("create", "knowledge:B"), ("rename", "knowledge:G/A")]
    assert devinops("show", saved).code == 0
    applied(devinops, root, str(saved))
    assert places(emulator)["A"] == "G"
    assert document(devinops, "plan", "-C", root)["changes"] == []


def test_a_note_that_waits_may_move_although_nobody_reviewed_that(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository({"devinops.yaml": CONFIG, "knowledge/G/a.md": note("A")})
    applied(devinops, root)
    repository({"knowledge/b.md": note("B")})
    digest = document(devinops, "plan", "-C", root)["digest"]
    assert "out of the root" not in devinops("drift", "-C", root).out
    create(emulator, "G")
    drift = devinops("drift", "-C", root)
    moves = "the next apply moves knowledge:G/A out of the root, because the folder exists now"
    assert (drift.code, moves in " ".join(drift.out.split())) == (0, True)
    # It says what the files say, and nothing if they have errors, because then nothing is applied.
    repository({"knowledge/G/a.md": note("A", ensure="unmanaged")})
    assert "out of the root" not in devinops("drift", "-C", root).out
    repository({"knowledge/G/a.md": note("A"), "knowledge/c.md": note("C", nmae="C")})
    assert "out of the root" not in devinops("drift", "-C", root).out
    (root / "knowledge/c.md").unlink()
    applied(devinops, root, "--expect", digest)
    assert places(emulator) == {"A": "G", "B": ""}
    assert "out of the root" not in devinops("drift", "-C", root).out


def test_a_saved_plan_in_which_a_note_arrives_is_shown_and_applied(
    emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    root = repository({"devinops.yaml": CONFIG, "knowledge/G/a.md": note("A")})
    applied(devinops, root)
    create(emulator, "G")
    saved = tmp_path / "plan.json"
    assert devinops("plan", "-C", root, "--out", saved).code == 0
    assert devinops("show", saved).code == 0
    applied(devinops, root, str(saved))
    assert places(emulator) == {"A": "G"}


def test_a_waiting_note_goes_to_another_folder_only_if_that_was_reviewed(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository({"devinops.yaml": CONFIG, "knowledge/G/a.md": note("A")})
    applied(devinops, root)
    repository({"knowledge/b.md": note("B", "other")})
    digest = document(devinops, "plan", "-C", root)["digest"]
    (root / "knowledge" / "F").mkdir()
    (root / "knowledge" / "G" / "a.md").rename(root / "knowledge" / "F" / "a.md")
    assert actions(document(devinops, "plan", "-C", root))[-1] == ("rename", "knowledge:F/A")
    assert devinops("apply", "-C", root, "--yes", "--expect", digest).code == 5
    assert places(emulator) == {"A": ""}
    applied(devinops, root)
    assert places(emulator) == {"A": "F", "B": ""}


def test_a_name_nearly_that_of_a_folder_stays_blocked(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    create(emulator, "Backend")
    root = repository({"devinops.yaml": CONFIG, "knowledge/Backnd/a.md": note("A")})
    plan = document(devinops, "plan", "-C", root)
    assert (plan["exit_code"], plan["changes"]) == (4, [])
    assert [block["key"] for block in plan["blocked"]] == ["folder:Backnd"]
    asked = 'knowledge:Backnd/A: the folder "Backnd" is missing; did you mean "Backend"?'
    assert asked in " ".join(devinops("plan", "-C", root).out.split())


def test_without_an_inventory_it_is_a_problem(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    config = "version: 1\ntargets:\n  production:\n"
    root = repository(
        {
            "devinops.yaml": config + "    inventory: {store: none}\n" + POLICY,
            "knowledge/G/a.md": note("A"),
        }
    )
    ran = devinops("validate", "-C", root)
    assert ran.code == 1
    assert "missing_folders: root needs an inventory: remove inventory: {store: none}" in ran.out


def test_a_namesake_in_the_root_blocks(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    emulator.add("knowledge", name="A", trigger="t", body="theirs")
    root = repository(
        {
            "devinops.yaml": CONFIG + POLICY,
            "knowledge/G/a.md": note("A"),
            "knowledge/G/b.md": note("B"),
            "knowledge/H/b.md": note("B"),
        }
    )
    plan = document(devinops, "plan", "-C", root)
    assert actions(plan) == [("create", "knowledge:G/B")]
    reasons = {block["key"]: block["reason"] for block in plan["blocked"]}
    assert "already has the key knowledge:A: rename it in the web app" in reasons["knowledge:G/A"]
    assert reasons["knowledge:H/B"] == (
        "another entry of this plan already gets the key knowledge:B: rename one of them, or "
        "create H in the web app"
    )
    assert devinops("apply", "-C", root, "--yes").code == 4
    assert [found["body"] for found in emulator.knowledge() if found["name"] == "A"] == ["theirs"]
    create(emulator, "G")
    create(emulator, "H")
    applied(devinops, root)
    assert sorted(found["folder_path"] or "" for found in emulator.knowledge()) == [
        "",
        "G",
        "G",
        "H",
    ]


def test_after_a_lost_inventory_a_waiting_note_is_not_created_again(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository({"devinops.yaml": CONFIG, "knowledge/G/a.md": note("A")})
    applied(devinops, root)
    (only,) = emulator.knowledge()
    (root / ".devinops/production.jsonl").unlink()
    assert devinops("apply", "-C", root, "--yes").code == 4
    create(emulator, "G")
    assert devinops("apply", "-C", root, "--yes").code == 4
    assert places(emulator) == {"A": ""}
    applied(devinops, root, "--adopt")
    assert [found["note_id"] for found in emulator.knowledge()] == [only["note_id"]]
    assert places(emulator) == {"A": "G"}
    assert document(devinops, "plan", "-C", root)["changes"] == []


@pytest.mark.parametrize("is_edited", [False, True])
def test_a_rollback_leaves_a_note_in_the_folder_for_which_it_waited(
    is_edited: bool, emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository({"devinops.yaml": CONFIG, "knowledge/G/a.md": note("A")})
    applied(devinops, root)
    create(emulator, "G")
    repository({"knowledge/G/a.md": note("A", "edited" if is_edited else "b")})
    applied(devinops, root)
    rolled = devinops("rollback", "-C", root, "latest", "--yes")
    assert (rolled.code, places(emulator)) == (0, {"A": "G"}), rolled.out + rolled.err
    assert ("~ knowledge:G/A" in rolled.out) is is_edited
    repository({"knowledge/G/a.md": note("A")})
    plan = document(devinops, "plan", "-C", root)
    assert (plan["changes"], plan["drift"], emulator.knowledge()[0]["body"]) == ([], [], "b")
    assert devinops("drift", "-C", root).code == (2 if is_edited else 0)
    applied(devinops, root)
    assert devinops("drift", "-C", root).code == 0


def test_a_person_who_moves_or_deletes_a_waiting_note_is_seen(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    files = {f"knowledge/G/{name}.md": note(name.upper()) for name in "abc"}
    root = repository({"devinops.yaml": CONFIG + POLICY, **files})
    applied(devinops, root)
    ids = {found["name"]: found["note_id"] for found in emulator.knowledge()}
    emulator.edit("knowledge", ids["A"], folder="F")
    emulator.remove("knowledge", ids["B"])
    plan = document(devinops, "plan", "-C", root)
    assert [(d["key"], d["moved"]) for d in plan["drift"]] == [
        ("knowledge:G/A", "edited"),
        ("knowledge:G/B", "deleted"),
    ]
    # Created by hand, with the note already in it: nothing is left to do.
    create(emulator, "G")
    emulator.edit("knowledge", ids["C"], folder="G")
    emulator.edit("knowledge", ids["A"], folder="G")
    plan = document(devinops, "plan", "-C", root)
    assert (plan["changes"], [d["key"] for d in plan["drift"]]) == ([], ["knowledge:G/B"])


def test_a_deleted_folder_is_drift_of_the_notes_in_it(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    """`plan` and `drift` say the same, also if a note waited for the folder before."""
    root = repository({"devinops.yaml": CONFIG, "knowledge/G/a.md": note("A")})
    applied(devinops, root)
    create(emulator, "G")
    applied(devinops, root)
    emulator.remove("folders", emulator.knowledge()[0]["folder_id"])
    assert places(emulator) == {"A": ""}
    for argv in (["plan"], ["apply", "--yes"], ["drift"]):
        found = document(devinops, argv[0], "-C", root, *argv[1:])
        assert [(d["key"], d["moved"]) for d in found["drift"]] == [("knowledge:G/A", "edited")]
        assert (found["changes"], found["exit_code"]) == ([], 2 if argv == ["drift"] else 0)
    create(emulator, "G")
    applied(devinops, root, "--on-drift", "overwrite")
    assert places(emulator) == {"A": "G"}
    assert devinops("drift", "-C", root).code == 0


def test_a_waiting_note_is_renamed_moved_and_deleted_under_its_declared_key(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    files = {"knowledge/G/a.md": note("A"), "playbooks.yaml": "playbooks: []\n"}
    root = repository({"devinops.yaml": CONFIG + POLICY, **files})
    applied(devinops, root)
    (only,) = emulator.knowledge()
    repository({"knowledge/G/a.md": note("A2", previously="[{name: A}]")})
    assert "> knowledge:G/A → G/A2" in applied(devinops, root)
    # To another missing folder: it stays in the root, and the inventory follows.
    (root / "knowledge/G/a.md").unlink()
    repository({"knowledge/H/a.md": note("A2")})
    applied(devinops, root)
    assert "knowledge:H/A2" in devinops("inventory", "list", "-C", root).out
    assert (places(emulator), emulator.knowledge()[0]["note_id"]) == ({"A2": ""}, only["note_id"])
    run = devinops("rollback", "-C", root, "latest", "--yes")
    assert (run.code, places(emulator)) == (0, {"A": ""})
    repository({"knowledge/H/a.md": note("A2", previously="[{name: A}]")})
    devinops("apply", "-C", root, "--yes", "--on-conflict", "git")
    (root / "knowledge/H/a.md").unlink()
    plan = document(devinops, "plan", "-C", root, "--on-conflict", "git")
    assert actions(plan) == [("delete", "knowledge:H/A")]


def test_a_note_in_another_folder_stays_there(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository({"devinops.yaml": CONFIG + POLICY, "knowledge/F/a.md": note("A")})
    applied(devinops, root)
    (root / "knowledge/F/a.md").unlink()
    repository({"knowledge/G/a.md": note("A")})
    plan = document(devinops, "plan", "-C", root)
    assert (plan["changes"], plan["exit_code"], places(emulator)) == ([], 4, {"A": "F"})
    assert plan["missing"] == [{"kind": "folder", "path": "G", "entries": 1}]


def test_a_create_without_a_response_is_found_in_the_root(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository({"devinops.yaml": CONFIG + POLICY, "knowledge/G/a.md": note("A")})
    emulator.faults = [{"method": "POST", "nth": 1, "fault": "drop", "when": "after"}]
    devinops("apply", "-C", root, "--yes")
    assert emulator.faults["counts"] == [{"matched": 1, "faulted": 1}]
    applied(devinops, root)
    assert places(emulator) == {"A": ""}
