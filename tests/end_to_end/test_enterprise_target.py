"""The main job on the notes and playbooks of an enterprise: `enterprise: true` over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from devinops.emulator import Emulator
from tests.testing.command_line import Devinops, Write
from tests.testing.documents import read_one

CONFIG = """\
version: 1
targets:
  everyone: {enterprise: true, inventory: {store: file}, prune: owned}
"""
FILES = {
    "devinops.yaml": CONFIG,
    "knowledge/style.md": "---\nname: Style\ntrigger: When writing code\npinned_repo: acme/api\nenterprise: true\n---\nTabs.\n",
    "knowledge.yaml": "knowledge:\n  - {name: Reviews, trigger: t, body: Two people., is_enabled: false, enterprise: true}\n",
    "playbooks/triage.md": '---\ntitle: Triage\nmacro: "!triage"\nenterprise: true\n---\nLook.\n',
}
NOTE = {"name": "Style", "trigger": "t", "body": "of an organization"}
SEED = {
    "organizations": {
        "org-emulator": {
            "folders": [{"path": "Backend"}],
            "knowledge": [{**NOTE, "id": "note-org"}],
            "playbooks": [{"title": "Triage", "body": "of an organization", "id": "playbook-org"}],
            "secrets": [{"key": "TOKEN", "type": "totp", "id": "secret-org"}],
        },
        "org-other": {"knowledge": [{**NOTE, "id": "note-other"}]},
    },
    "enterprise": {
        "folders": [{"path": "Shared"}],
        "knowledge": [{"name": "Theirs", "trigger": "t", "body": "b", "id": "note-theirs"}],
    },
}


@pytest.fixture
def emulator(use: Callable[..., None]) -> Iterator[Emulator]:
    with Emulator(SEED) as running:
        use(running.url, "cog_enterprise")
        yield running


def of_organizations(emulator: Emulator) -> list[Any]:
    kinds = (emulator.knowledge, emulator.playbooks, emulator.secrets)
    return [objects(org) for objects in kinds for org in ("org-emulator", "org-other")]


def notes(emulator: Emulator) -> dict[str, Any]:
    return {note["name"]: note for note in emulator.knowledge(None)}


def bodies_sent(emulator: Emulator) -> list[Any]:
    return [r["body"] for r in emulator.requests if r["method"] in ("POST", "PUT")]


def test_the_whole_job(emulator: Emulator, repository: Write, devinops: Devinops) -> None:
    before = of_organizations(emulator)
    root = repository(FILES)

    plan = devinops("plan", "-C", root)
    header = plan.out.splitlines()[0]
    assert header.startswith("Plan for everyone: the enterprise on the emulator at http://")
    assert ": 3 to create; 1 unmanaged." in plan.out
    assert {request["method"] for request in emulator.requests} == {"GET"}

    applied = devinops("apply", "-C", root, "--yes")
    assert applied.code == 0, applied
    assert all("folder_id" not in body for body in bodies_sent(emulator))
    assert notes(emulator).keys() == {"Style", "Reviews", "Theirs"}
    assert notes(emulator)["Style"]["pinned_repo"] == "acme/api"
    assert [playbook["macro"] for playbook in emulator.playbooks(None)] == ["!triage"]
    assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0
    style = notes(emulator)["Style"]["note_id"]

    repository(
        {
            "knowledge/style.md": FILES["knowledge/style.md"].replace("Style", "Formatting"),
            "playbooks/triage.md": FILES["playbooks/triage.md"].replace("Look.", "Look twice."),
        }
    )
    (root / "knowledge.yaml").unlink()
    emulator.clear_requests()
    changed = devinops("apply", "-C", root, "--yes")
    assert changed.code == 0, changed
    for action in ("1 to update", "1 to rename", "1 to delete"):
        assert action in changed.out
    assert all("folder_id" not in body for body in bodies_sent(emulator))
    assert {name: note["note_id"] for name, note in notes(emulator).items()} == {
        "Formatting": style,
        "Theirs": "note-theirs",
    }

    back = devinops("rollback", "latest", "-C", root, "--yes")
    assert back.code == 0, back
    assert notes(emulator).keys() == {"Style", "Reviews", "Theirs"}
    assert notes(emulator)["Style"]["note_id"] == style
    assert [playbook["body"] for playbook in emulator.playbooks(None)] == ["Look."]

    assert of_organizations(emulator) == before
    assert notes(emulator)["Theirs"]["body"] == "b"


def test_the_inventory_and_the_plan_are_bound_to_the_enterprise(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository(FILES)
    assert devinops("apply", "-C", root, "--yes").code == 0
    header = json.loads((root / ".devinops/everyone.jsonl").read_text().splitlines()[0])
    assert (header["enterprise"], header["org_id"]) == (True, None)

    saved = read_one(devinops("plan", "-C", root, "--format", "json").out)
    assert (saved["target"]["enterprise"], saved["target"]["org_id"]) == (True, None)

    organization = CONFIG.replace("enterprise: true", "org_id: org-emulator")
    texts = {path: text.replace("enterprise: true", "meta: {}") for path, text in FILES.items()}
    repository({**texts, "devinops.yaml": organization})
    refused = devinops("plan", "-C", root)
    assert refused.code == 1
    assert "belongs to an enterprise, but the run is for the organization" in refused.err


def test_what_is_said_is_about_the_enterprise(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository(FILES)
    assert "not in the enterprise" in devinops("plan", "-C", root).out
    assert devinops("apply", "-C", root, "--yes").code == 0
    plan = devinops("plan", "-C", root, "--format", "markdown").out
    assert "Plan of devinops for the enterprise " in plan
    link = devinops("inventory", "link", "knowledge:Style", "nope", "-C", root)
    assert "the enterprise has no note with the id nope" in link.err
    link = devinops("inventory", "link", "knowledge:Style", "note-org", "-C", root)
    assert "note-org does not belong to the enterprise (org)" in link.err


def test_a_backup_of_the_enterprise_is_not_rolled_back_in_an_organization(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    emulator.add("knowledge", **NOTE, access_type="enterprise")
    root = repository({**FILES, "devinops.yaml": "version: 1\ntargets: {a: {enterprise: true}}\n"})
    assert devinops("apply", "-C", root, "--yes", "--adopt").code == 0
    repository({"devinops.yaml": "version: 1\ntargets: {a: {org_id: org-emulator}}\n"})
    refused = devinops("rollback", "latest", "-C", root, "--yes")
    assert refused.code == 1
    assert "scope enterprise, not organization" in refused.err


@pytest.mark.parametrize(
    ("files", "messages"),
    [
        (
            {"secrets.yaml": "secrets: [{key: A, enterprise: true}, {key: B, enterprise: true}]", "folders.yaml": "folders: [{path: F, enterprise: true}]"},
            [
                "secrets.yaml:1:11: an enterprise has no secret, only its organizations have",
                "secrets.yaml:1:39: an enterprise has no secret",
                "folders.yaml:1:11: an enterprise has no folder",
            ],
        ),
        (
            {
                "knowledge/Backend/a.md": "---\nname: A\ntrigger: t\nenterprise: true\n---\nb\n",
                "knowledge.yaml": "knowledge:\n- {name: B, folder: F, trigger: t, body: b, enterprise: true}\n",
            },
            [
                'knowledge.yaml:2:21: the API of an enterprise accepts no folder for a note, but this entry is in "F": write',
                'knowledge/Backend/a.md:1:1: the API of an enterprise accepts no folder for a note, but this entry is in "Backend"',
            ],
        ),
    ],
)  # fmt: skip
def test_what_an_enterprise_does_not_have_is_one_problem_for_each_entry(
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    files: dict[str, str],
    messages: list[str],
) -> None:
    root = repository({"devinops.yaml": CONFIG, **files})
    plan = devinops("plan", "-C", root, "--format", "json")
    problems = read_one(plan.out)["problems"]
    found = [f"{p['path']}:{p['line']}:{p['column']}: {p['message']}" for p in problems]
    places = [(p["path"], p["line"], p["column"]) for p in problems]
    assert (plan.code, places) == (1, sorted(places))
    assert len(found) == len(messages)
    assert all(any(line.startswith(message) for line in found) for message in messages)
    assert emulator.requests == []


def test_an_entry_can_be_left_to_the_targets_of_organizations(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    config = "version: 1\ntargets:\n  everyone: {enterprise: true}\n  one: {org_id: org-emulator}\n"
    secrets = "secrets: [{key: TOKEN, type: totp, targets: [one]}]"
    root = repository({"devinops.yaml": config, "secrets.yaml": secrets})
    assert devinops("plan", "-C", root, "-t", "everyone").code == 0
    assert "1 unchanged" in devinops("plan", "-C", root, "-t", "one").out


def test_an_update_never_takes_a_note_out_of_a_folder_of_the_enterprise(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository(FILES)
    assert devinops("apply", "-C", root, "--yes").code == 0
    emulator.edit("knowledge", notes(emulator)["Style"]["note_id"], folder="Shared")
    repository({"knowledge/style.md": FILES["knowledge/style.md"].replace("Tabs", "Spaces")})
    plan = devinops("plan", "-C", root)
    assert plan.code == 4
    assert "an update would move it out of Shared" in plan.out
    assert devinops("apply", "-C", root, "--yes").code == 4
    assert notes(emulator)["Style"]["folder_path"] == "Shared"

    back = devinops("rollback", "latest", "-C", root, "--yes")
    assert back.code == 1, "nothing was overwritten, so there is no backup"


def test_a_rollback_does_not_take_a_note_out_of_a_folder_either(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository(FILES)
    devinops("apply", "-C", root, "--yes")
    repository({"knowledge/style.md": FILES["knowledge/style.md"].replace("Tabs", "Spaces")})
    assert devinops("apply", "-C", root, "--yes").code == 0
    emulator.edit("knowledge", notes(emulator)["Style"]["note_id"], folder="Shared")
    back = devinops("rollback", "latest", "-C", root, "--yes")
    assert back.code == 4
    assert "an update would move it out of Shared" in back.out
    assert notes(emulator)["Style"]["body"] == "Spaces."


def test_the_most_notes_that_an_enterprise_can_have_is_the_apis_own_error(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    for number in range(299):
        emulator.add(
            "knowledge", name=f"N{number}", trigger="t", body="b", access_type="enterprise"
        )
    applied = devinops("apply", "-C", repository(FILES), "--yes")
    assert applied.code == 3
    assert "returned 400: At most 300 enterprise knowledge items are allowed" in applied.out
    assert len(emulator.playbooks(None)) == 1


def test_for_a_key_of_one_organization_the_message_says_what_it_lacks(
    emulator: Emulator, repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    use(emulator.url, "cog_emulator")
    plan = devinops("plan", "-C", repository(FILES))
    assert plan.code == 1
    assert "403" in plan.err
    assert "ManageAccount" in plan.err
