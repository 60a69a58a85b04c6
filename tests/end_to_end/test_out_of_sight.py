"""Objects that an organization no longer shows although they exist, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devinops.emulator import Emulator
from tests.testing.command_line import Devinops, Write
from tests.testing.inventories import commit, git

CONFIG = """\
version: 1
targets:
  production: {org_id: org-emulator, inventory: {store: %s}, prune: owned}
"""
FILES = {
    "knowledge/F/note.md": "---\nname: Note\ntrigger: t\n---\nBody.\n",
    "knowledge/other.md": "---\nname: Other\ntrigger: t\n---\nBody.\n",
    "playbooks/triage.md": '---\ntitle: Triage\nmacro: "!triage"\n---\nLook.\n',
}
SEED = {"organizations": {"org-emulator": {"folders": [{"path": "F"}]}}}
AUTOMATION = {
    "automations.yaml": "automations:\n"
    "  - name: Nightly\n"
    "    actions: [{type: start_session, prompt: Go.}]\n"
    "    triggers:\n"
    "      - event_type: schedule:recurring\n"
    "        conditions: {any: [{all: [{field: rrule, operator: recurrence, value: FREQ=DAILY}]}]}\n"
}


@pytest.fixture(params=["kept", "new"])
def emulator(use: Callable[..., None], request: pytest.FixtureRequest) -> Iterator[Emulator]:
    with Emulator(SEED, quirks={"promoted_id": request.param}) as running:
        use(running.url, "cog_enterprise")
        yield running


@pytest.fixture
def root(repository: Write, devinops: Devinops, emulator: Emulator) -> Path:
    """A repository whose entries are applied and committed, and then promoted in the web app."""
    root = applied(repository, devinops, "file", FILES)
    emulator.promote("knowledge", note(emulator, "Note")["note_id"])
    emulator.promote("playbook", emulator.playbooks()[0]["playbook_id"])
    emulator.clear_requests()
    return root


def applied(repository: Write, devinops: Devinops, store: str, files: dict[str, str]) -> Path:
    config = CONFIG % store if store != "none" else CONFIG.replace(", prune: owned", "") % store
    root = repository({"devinops.yaml": config, **files})
    git(root, "init", "-q")
    git(root, "add", ".")
    commit(root, "-m", "entries")
    ran = devinops("apply", "--yes", "-C", root, "--allow", "spend")
    assert ran.code == 0, ran
    return root


def note(emulator: Emulator, name: str) -> dict[str, Any]:
    return next(n for n in emulator.knowledge() if n["name"] == name)


def asked(emulator: Emulator) -> list[str]:
    return [r["path"] for r in emulator.requests if "/v3/enterprise/" in r["path"]]


def writes(emulator: Emulator) -> list[str]:
    return [r["method"] for r in emulator.requests if r["method"] != "GET"]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("options", [(), ("--on-drift", "overwrite"), ("--on-conflict", "git")])
@pytest.mark.parametrize("edited", [False, True])
def test_what_was_promoted_is_not_created_again(
    root: Path, emulator: Emulator, devinops: Devinops, options: tuple[str, ...], edited: bool
) -> None:
    if edited:
        path = root / "knowledge" / "F" / "note.md"
        path.write_text(path.read_text().replace("Body", "New body"))
    ran = devinops("apply", "--yes", "-C", root, *options)
    assert (ran.code, writes(emulator)) == (4, []), ran
    assert ran.out.count("it was probably promoted, because the enterprise has an equal") == 2
    assert "the enterprise has an equal playbook (playbook-" in ran.out
    assert sorted(path.partition("?")[0] for path in asked(emulator)) == [
        "/v3/enterprise/knowledge/notes",
        "/v3/enterprise/playbooks",
    ]


def test_drift_says_it_and_pull_deletes_no_file(
    root: Path, emulator: Emulator, devinops: Devinops
) -> None:
    drift = devinops("drift", "-C", root)
    assert drift.code == 2
    assert drift.out.count("deleted: it was probably promoted, because the enterprise has") == 2
    pulled = devinops("pull", "--drift", "-C", root)
    assert "it was probably promoted" in pulled.out
    assert {path for path in FILES if (root / path).exists()} == FILES.keys()
    assert devinops("pull", "knowledge:F/Note", "-C", root).code in (0, 4)
    assert (root / "knowledge" / "F" / "note.md").exists()


def test_a_person_decides_by_removing_the_entries(
    root: Path, emulator: Emulator, devinops: Devinops
) -> None:
    for path in ("knowledge/F/note.md", "playbooks/triage.md"):
        (root / path).unlink()
    ran = devinops("apply", "--yes", "-C", root)
    assert (ran.code, writes(emulator)) == (0, []), ran
    plan = devinops("plan", "-C", root, "--detailed-exitcode")
    assert (plan.code, len(emulator.knowledge(None))) == (0, 1), plan


def test_a_person_decides_with_an_entry_for_the_enterprise(
    root: Path, emulator: Emulator, devinops: Devinops
) -> None:
    everyone = "  everyone: {enterprise: true, inventory: {store: file}}\n"
    (root / "devinops.yaml").write_text(CONFIG % "file" + everyone)
    for path in ("knowledge/F/note.md", "playbooks/triage.md"):
        text = (root / path).read_text().replace("---\n", "---\nenterprise: true\n", 1)
        (root / path).unlink()
        (root / path.replace("F/", "")).write_text(text)
    ran = devinops("apply", "--yes", "-C", root, "-t", "all")
    assert (ran.code, writes(emulator)) == (0, []), ran
    text = (root / ".devinops" / "everyone.jsonl").read_text()
    assert '"knowledge:Note"' in text
    assert '"playbook:Triage"' in text


def test_without_an_inventory_no_twin_is_created(
    repository: Write, devinops: Devinops, emulator: Emulator
) -> None:
    root = applied(repository, devinops, "none", FILES)
    emulator.promote("knowledge", note(emulator, "Note")["note_id"])
    emulator.clear_requests()
    ran = devinops("apply", "--yes", "-C", root)
    assert (ran.code, writes(emulator)) == (4, []), ran
    assert "it was probably promoted, because the enterprise has an equal note" in ran.out


def test_what_is_gone_from_the_enterprise_too_is_created_again(
    root: Path, emulator: Emulator, devinops: Devinops
) -> None:
    for promoted in emulator.knowledge(None):
        emulator.remove("knowledge", promoted["note_id"])
    for promoted in emulator.playbooks(None):
        emulator.edit("playbook", promoted["playbook_id"], body="Another one.", title="Other")
    ran = devinops("apply", "--yes", "-C", root, "--on-drift", "overwrite")
    is_kept = emulator.store.quirks.promoted_id == "kept"
    assert (ran.code, writes(emulator)) == ((4, ["POST"]) if is_kept else (0, ["POST"] * 2)), ran
    assert note(emulator, "Note")["body"] == "Body."


def test_a_run_without_a_missing_object_does_not_ask_the_enterprise(
    repository: Write, devinops: Devinops, emulator: Emulator
) -> None:
    root = applied(repository, devinops, "file", FILES)
    repository({"knowledge/new.md": "---\nname: New\ntrigger: t\n---\nNew.\n"})
    for command in (["plan"], ["drift"], ["pull", "--drift"], ["apply", "--yes"]):
        devinops(*command, "-C", root)
    assert asked(emulator) == []


def test_a_key_that_may_not_ask_the_enterprise_only_says_what_may_be(
    root: Path, emulator: Emulator, devinops: Devinops, use: Callable[..., None]
) -> None:
    use(emulator.url, "cog_emulator")
    plan = devinops("plan", "-C", root)
    assert plan.code == 0
    assert (
        "knowledge:F/Note: deleted: it may have been promoted to the enterprise; otherwise pass "
        "--on-drift overwrite to create it again"
    ) in plan.out
    drift = devinops("drift", "-C", root)
    assert drift.out.count("deleted: it may have been promoted to the enterprise") == 2


def test_the_enterprise_key_of_the_target_asks(
    root: Path,
    emulator: Emulator,
    devinops: Devinops,
    use: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(emulator.url, "cog_emulator")
    monkeypatch.setenv("DEVIN_ENTERPRISE", "cog_enterprise")
    text = (CONFIG % "file").replace("org_id:", "enterprise_key_env: DEVIN_ENTERPRISE, org_id:")
    (root / "devinops.yaml").write_text(text)
    plan = devinops("plan", "-C", root)
    assert (plan.code, plan.out.count("it was probably promoted")) == (4, 2)


@pytest.fixture
def hidden(repository: Write, devinops: Devinops, use: Callable[..., None]) -> Iterator[Any]:
    """An emulator with an owned automation that a person made run as its creator."""
    with Emulator(SEED, quirks={"creators_automations": "hidden"}) as emulator:
        use(emulator.url)
        root = applied(repository, devinops, "file", FILES | AUTOMATION)
        (one,) = emulator.automations()
        emulator.edit("automation", one["automation_id"], run_as={"type": "creator"})
        yield emulator, root


def test_an_automation_that_may_be_hidden_is_created_again_only_with_an_approval_that_says_so(
    hidden: Any, devinops: Devinops
) -> None:
    emulator, root = hidden
    plan = devinops("plan", "-C", root)
    assert "automation:Nightly: deleted: it may be hidden from this key, if it" in plan.out
    refused = devinops("apply", "--yes", "-C", root, "--on-drift", "overwrite")
    assert refused.code == 4
    line = next(line for line in refused.out.splitlines() if "refused" in line)
    assert (
        "it may be hidden from this key, if it runs as its creator, so there may be two: if "
        "this is intended, pass"
    ) in line
    assert len(emulator.automations()) == 1


def test_the_file_of_an_automation_that_may_be_hidden_stays_unless_it_is_named(
    hidden: Any, devinops: Devinops, repository: Write
) -> None:
    _, root = hidden
    pulled = devinops("pull", "--drift", "-C", root, "--format", "json")
    (left,) = [item for item in json.loads(pulled.out)["left"] if "Nightly" in item["key"]]
    assert "it may be hidden from this key" in left["reason"]
    assert (root / "automations.yaml").exists()
    devinops("pull", "automation:Nightly", "-C", root)
    assert not (root / "automations.yaml").exists()
