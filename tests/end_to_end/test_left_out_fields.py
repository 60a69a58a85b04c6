"""Fields that entries leave out, over real HTTP: recorded by an apply, shown if a person changes them, never written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devinops.emulator import Emulator
from tests.testing.command_line import Devinops, Write
from tests.testing.documents import read_one
from tests.testing.inventories import commit, git

CONFIG = "version: 1\ntargets:\n  production:\n    inventory: {store: file}\n"
NOTES = "knowledge:\n" + "".join(
    f"  - {{name: {name}, trigger: t, body: {name.lower()}}}\n" for name in "ABC"
)
AUTOMATION = {
    "name": "Triage",
    "triggers": [{"event_type": "github:push"}],
    "actions": [{"type": "start_session", "prompt": "Look."}],
}
FILES = {
    "devinops.yaml": CONFIG,
    "knowledge.yaml": NOTES,
    "playbooks.yaml": "playbooks:\n  - {title: P, body: p}\n",
    "automations.yaml": json.dumps({"automations": [AUTOMATION]}),
}
SHOWN = [
    ("automation:Triage", ["enabled"]),
    ("knowledge:A", ["is_enabled", "pinned_repo"]),
    ("knowledge:B", ["is_enabled"]),
    ("knowledge:C", ["is_enabled"]),
    ("playbook:P", ["macro"]),
]


@pytest.fixture
def emulator(use: Callable[..., None]) -> Iterator[Emulator]:
    with Emulator({"organizations": {"org-emulator": {}}}) as running:
        use(running.url)
        yield running


@pytest.fixture
def root(emulator: Emulator, repository: Write, devinops: Devinops) -> Path:
    """A repository whose entries were applied from its first commit."""
    root = repository(FILES)
    git(root, "init", "-q")
    git(root, "add", ".")
    commit(root, "-m", "first")
    assert devinops("apply", "-C", root, "--yes", "--allow", "spend").code == 0
    return root


def switch_off(emulator: Emulator) -> None:
    """Change in the web app what no entry has."""
    ids = {note["name"]: note["note_id"] for note in emulator.knowledge()}
    for id in ids.values():
        emulator.edit("knowledge", id, is_enabled=False)
    emulator.edit("knowledge", ids["A"], pinned_repo="all")
    emulator.edit("playbook", emulator.playbooks()[0]["playbook_id"], macro="!p")
    (automation,) = emulator.automations()
    emulator.edit("automation", automation["automation_id"], enabled=False)


def document(devinops: Devinops, command: str, root: Path, *argv: str) -> dict[str, Any]:
    found = read_one(devinops(command, "-C", root, *argv, "--format", "json").out)
    assert isinstance(found, dict)
    return found


def drift(devinops: Devinops, command: str, root: Path, *argv: str) -> list[tuple[str, list[str]]]:
    """Return the keys and fields that a command shows as changed outside devinops."""
    found = document(devinops, command, root, *argv)
    assert found.get("changes", []) == found.get("blocked", []) == []
    return [(item["key"], sorted(item["fields"])) for item in found["drift"]]


def test_what_a_person_switches_off_is_shown_and_pulled_and_then_managed(
    emulator: Emulator, root: Path, devinops: Devinops
) -> None:
    for command in ("plan", "drift"):
        assert drift(devinops, command, root) == []
    switch_off(emulator)
    for command in ("plan", "drift"):
        assert drift(devinops, command, root) == SHOWN
    assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0
    assert devinops("drift", "-C", root).code == 2
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert drift(devinops, "drift", root) == SHOWN, "an apply does not accept it"

    pulled = document(devinops, "pull", root, "--drift")
    assert (pulled["exit_code"], pulled["left"]) == (0, [])
    assert git(root, "diff", "--stat").splitlines()[-1].strip().startswith("3 files changed")
    assert "{name: B, trigger: t, is_enabled: false, body: b}" in (
        root / "knowledge.yaml"
    ).read_text(encoding="utf-8")
    assert drift(devinops, "plan", root) == []
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert drift(devinops, "drift", root) == []
    emulator.edit("playbook", emulator.playbooks()[0]["playbook_id"], macro=None)
    argv = ("plan", root, "--on-drift", "overwrite")
    (change,) = document(devinops, *argv)["changes"]
    assert (change["key"], list(change["fields"])) == ("playbook:P", ["macro"])


@pytest.mark.parametrize("on_drift", ["keep", "overwrite"])
def test_an_update_leaves_the_field_as_it_is_and_its_change_visible(
    emulator: Emulator, root: Path, repository: Write, devinops: Devinops, on_drift: str
) -> None:
    switch_off(emulator)
    repository({"knowledge.yaml": NOTES.replace("body: a", "body: new")})
    argv = ("apply", "-C", root, "--yes", "--on-drift", on_drift)
    assert devinops(*argv).code == 0
    notes = {note["name"]: note for note in emulator.knowledge()}
    assert (notes["A"]["body"], notes["A"]["pinned_repo"], notes["A"]["is_enabled"]) == (
        "new",
        "all",
        False,
    )
    assert drift(devinops, "drift", root) == SHOWN


def test_a_person_accepts_the_changes_without_writing_them_into_the_files(
    emulator: Emulator, root: Path, devinops: Devinops
) -> None:
    switch_off(emulator)
    digest = document(devinops, "plan", root)["digest"]
    one = ("--on-conflict", "live=playbook:P")
    assert drift(devinops, "plan", root, *one) == SHOWN[:-1]
    accept = ("--on-conflict", "live")
    assert document(devinops, "plan", root, *accept)["digest"] == digest
    assert devinops("apply", "-C", root, "--yes", *accept).code == 0
    assert {request["method"] for request in emulator.requests[-5:]} == {"GET"}
    assert drift(devinops, "drift", root) == []
    switch = {"is_enabled": True}
    emulator.edit("knowledge", emulator.knowledge()[0]["note_id"], **switch)
    assert len(drift(devinops, "drift", root)) == 1, (
        "from now on, that is what they are compared with"
    )


def test_an_inventory_of_before_is_completed_by_the_next_apply(
    emulator: Emulator, root: Path, devinops: Devinops
) -> None:
    """Nobody knows what the fields were at its last apply, so they are no drift."""
    inventory = root / ".devinops" / "production.jsonl"
    rows = [json.loads(row) for row in inventory.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        row.pop("left_out", None)
    rows[0]["devinops_inventory"] = 2
    inventory.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    switch_off(emulator)
    for command in ("plan", "drift"):
        assert drift(devinops, command, root) == []
    found = document(devinops, "apply", root, "--yes")
    assert (found["exit_code"], found["results"]) == (0, [])
    emulator.edit("knowledge", emulator.knowledge()[0]["note_id"], is_enabled=True)
    assert len(drift(devinops, "drift", root)) == 1


@pytest.mark.parametrize("view", ["organization", "service_user"])
def test_a_switch_that_may_be_each_users_own_is_one_line_a_kind(
    use: Callable[..., None], repository: Write, devinops: Devinops, view: str
) -> None:
    root = repository({"devinops.yaml": CONFIG, "knowledge.yaml": NOTES})
    quirks = {"is_enabled_view": view}
    with Emulator({"organizations": {"org-emulator": {}}}, quirks=quirks) as emulator:
        use(emulator.url)
        assert devinops("apply", "-C", root, "--yes").code == 0
        for note in emulator.knowledge():
            emulator.edit("knowledge", note["note_id"], is_enabled=False)
        for command in ("plan", "drift"):
            lines = [row for row in devinops(command, "-C", root).out.splitlines() if "@ k" in row]
            assert len(lines) == (view == "organization")
            page = devinops(command, "-C", root, "--format", "markdown").out
            assert "+ false" not in page
            assert page.count("is_enabled") == len(lines)
            every = devinops(command, "-C", root, "-v").out.count("@ knowledge:")
            assert every == (3 if view == "organization" else 0)
        shown = devinops("plan", "-C", root).out
    if view == "organization":
        assert (
            "@ knowledge:A: edited: is_enabled, also of knowledge:B, knowledge:C; each user may see"
            in " ".join(shown.split())
        )
        assert "3 changed outside devinops" in shown
