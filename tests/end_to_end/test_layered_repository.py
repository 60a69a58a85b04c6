"""Layers as users meet them: plan, apply, pull, lint and explain over real HTTP."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devinops.emulator import Emulator
from devinops.schema.all_schemas import schemas
from devinops.schema.findings import validator
from tests.testing.command_line import Devinops, Write
from tests.testing.tree import note

FILES = {
    "devinops.yaml": """\
version: 1
layers: [{path: layers/eu, where: {region: eu}}, {path: "orgs/{name}"}]
targets:
  pay: {org_id: org-pay, labels: {region: eu}, inventory: {store: file}, prune: owned}
  shop: {org_id: org-shop, inventory: {store: file}, prune: owned}
""",
    "knowledge/deploys.md": note("Deploys", "When deploying", "Run make deploy."),
    "knowledge/logs.md": note("Logs", "When logging", "Log no tokens."),
    "layers/eu/knowledge.yaml": "knowledge:\n- {name: Logs, ensure: absent}\n",
    "orgs/pay/knowledge/deploys.md": (
        "---\nname: Deploys\ntrigger: When deploying payments\nextends: true\n---\n"
    ),
}


@pytest.fixture
def emulator(use: Callable[..., None]) -> Iterator[Emulator]:
    with Emulator({"organizations": {"org-pay": {}, "org-shop": {}}}) as running:
        use(running.url, "cog_enterprise")
        yield running


@pytest.fixture
def root(emulator: Emulator, repository: Write, devinops: Devinops) -> Path:
    """A repository that was committed and applied to both targets."""
    root = repository(FILES)
    commit(root)
    for target in ("pay", "shop"):
        assert devinops("apply", "-C", root, "-t", target, "--yes").code == 0
    return root


def commit(root: Path) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for words in (("init", "--quiet"), ("add", "-A"), (*identity, "commit", "--quiet", "-m", "x")):
        subprocess.run(["git", *words], cwd=root, check=True)


def notes(emulator: Emulator, org: str) -> dict[str, Any]:
    return {item["name"]: item for item in emulator.knowledge(org)}


def test_each_organization_gets_its_own(emulator: Emulator, root: Path, devinops: Devinops) -> None:
    found = {org: notes(emulator, org) for org in ("org-pay", "org-shop")}
    assert {org: sorted(items) for org, items in found.items()} == {
        "org-pay": ["Deploys"],
        "org-shop": ["Deploys", "Logs"],
    }
    assert found["org-pay"]["Deploys"]["trigger"] == "When deploying payments"
    assert found["org-pay"]["Deploys"]["body"] == "Run make deploy."
    for target in ("pay", "shop"):
        assert devinops("plan", "-C", root, "-t", target, "--detailed-exitcode").code == 0


def test_a_plan_shows_which_layer_gave_a_value(
    emulator: Emulator, repository: Write, root: Path, devinops: Devinops, tmp_path: Path
) -> None:
    moved = FILES["orgs/pay/knowledge/deploys.md"].replace("payments", "the payments service")
    repository({"orgs/pay/knowledge/deploys.md": moved})
    plan = ("plan", "-C", root, "-t", "pay")
    over = "extends knowledge/deploys.md:1 (trigger)"
    out = tmp_path / "plan.json"
    text = devinops(*plan, "--out", out).out
    assert f"orgs/pay/knowledge/deploys.md:1 {over}: trigger" in text
    linked = over.replace("knowledge/deploys.md:1", "`knowledge/deploys.md:1`")
    assert linked in devinops(*plan, "--format", "markdown").out
    assert over in devinops("show", out).out
    document = json.loads(devinops(*plan, "--format", "json").out)
    assert document["changes"][0]["overridden"] == [
        {
            "how": "extends",
            "source": {"file": "knowledge/deploys.md", "line": 1, "column": 1},
            "fields": ["trigger"],
        }
    ]
    assert not list(validator(schemas()["run"]).iter_errors(document))
    deploys = notes(emulator, "org-pay")["Deploys"]["note_id"]
    emulator.edit("knowledge", deploys, trigger="edited")
    blocked = devinops(*plan)
    assert f"orgs/pay/knowledge/deploys.md:1 {over}: conflict: " in blocked.out


def test_pull_writes_a_value_into_the_file_that_gave_it(
    emulator: Emulator, root: Path, devinops: Devinops
) -> None:
    pull = ("pull", "-C", root, "-t", "pay", "--drift")
    deploys = notes(emulator, "org-pay")["Deploys"]["note_id"]
    emulator.edit("knowledge", deploys, trigger="edited")
    drifted = devinops("plan", "-C", root, "-t", "pay", "-v").out
    assert "      orgs/pay/knowledge/deploys.md:1: " in drifted
    assert devinops(*pull).code == 0
    text = (root / "orgs/pay/knowledge/deploys.md").read_text()
    assert text == FILES["orgs/pay/knowledge/deploys.md"].replace(
        "When deploying payments", "edited"
    )

    emulator.edit("knowledge", deploys, body="Only here.")
    assert "      knowledge/deploys.md:1: " in devinops("plan", "-C", root, "-t", "pay", "-v").out
    ran = devinops(*pull)
    assert ran.code == 4
    words = (
        "changed outside devinops in pay, but its entry at knowledge/deploys.md:1:1 is also for "
        "shop: edit it by hand, or write what is different here into the entry of a later layer, "
        "such as orgs/pay/knowledge/deploys.md"
    )
    assert words in " ".join(ran.out.split())
    assert (root / "knowledge/deploys.md").read_text() == FILES["knowledge/deploys.md"]

    emulator.edit("knowledge", deploys, body="Run make deploy.", name="Renamed")
    ran = devinops(*pull)
    assert "its name changed in the web app: write that at knowledge/deploys.md:1:1 and" in ran.out


def test_pull_does_not_delete_a_file_that_others_need(
    emulator: Emulator, root: Path, devinops: Devinops
) -> None:
    emulator.remove("knowledge", notes(emulator, "org-pay")["Deploys"]["note_id"])
    ran = devinops("pull", "-C", root, "-t", "pay", "knowledge:Deploys", "--drift")
    assert (ran.code, "deleted outside devinops in pay, but its entry at" in ran.out) == (4, True)
    assert (root / "orgs/pay/knowledge/deploys.md").exists()


def test_an_entry_of_two_layers_for_one_target_is_not_deleted_by_pull(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    layer = {
        "layers/eu/knowledge/a.md": note("A"),
        "orgs/pay/knowledge.yaml": "knowledge:\n- {name: A, trigger: pay, extends: true}\n",
    }
    root = repository({"devinops.yaml": FILES["devinops.yaml"], **layer})
    commit(root)
    assert devinops("apply", "-C", root, "-t", "pay", "--yes").code == 0
    emulator.remove("knowledge", notes(emulator, "org-pay")["A"]["note_id"])
    ran = devinops("pull", "-C", root, "-t", "pay", "knowledge:A", "--drift")
    places = "layers/eu/knowledge/a.md:1:1 and orgs/pay/knowledge.yaml:2:3"
    assert f"remove its entries at {places}" in " ".join(ran.out.split())


def test_an_entry_that_moves_to_another_layer_keeps_its_object(
    emulator: Emulator, root: Path, devinops: Devinops
) -> None:
    before = notes(emulator, "org-shop")["Deploys"]
    (root / "orgs/shop/knowledge").mkdir(parents=True)
    (root / "layers/eu/knowledge").mkdir()
    for directory in ("orgs/shop", "layers/eu"):
        text = FILES["knowledge/deploys.md"]
        (root / directory / "knowledge/deploys.md").write_text(text)
    (root / "knowledge/deploys.md").unlink()
    emulator.clear_requests()
    for target in ("pay", "shop"):
        assert devinops("apply", "-C", root, "-t", target, "--yes").code == 0
    assert {request["method"] for request in emulator.requests} == {"GET"}
    assert notes(emulator, "org-shop")["Deploys"] == before
    records = (root / ".devinops/shop.jsonl").read_text()
    assert "orgs/shop/knowledge/deploys.md" in records


def test_explain_prints_the_chain_of_each_field(root: Path, devinops: Devinops) -> None:
    explain = ("explain", "-C", root, "-t", "pay")
    assert devinops(*explain, "knowledge:Deploys").out == (
        "knowledge:Deploys for pay\n"
        "  orgs/pay/knowledge/deploys.md:1 extends knowledge/deploys.md:1 (trigger)\n"
        "trigger:\n"
        "  orgs/pay/knowledge/deploys.md:3  When deploying payments\n"
        "  knowledge/deploys.md:3  replaced: When deploying\n"
        "body:\n"
        "  knowledge/deploys.md:5  Run make deploy.\n"
    )
    document = json.loads(devinops(*explain, "knowledge:Deploys", "--format", "json").out)
    assert [value["replaced"] for value in document["fields"]["trigger"]] == [False, True]
    (step,) = document["overridden"]
    assert (step["how"], step["fields"]) == ("extends", ["trigger"])
    assert step["source"]["file"] == "knowledge/deploys.md"
    assert "  ensure: absent\n" in devinops(*explain, "knowledge:Logs").out
    unknown = devinops(*explain, "knowledge:Deploy")
    assert (unknown.code, 'did you mean "knowledge:Deploys"' in unknown.err) == (1, True)


def test_explain_says_who_gets_an_entry(repository: Write, root: Path, devinops: Devinops) -> None:
    repository({"orgs/shop/knowledge/long.md": note("Long", body="First.\n\nSecond.")})
    ran = devinops("explain", "-C", root, "-t", "pay", "knowledge:Long")
    assert "the target pay does not get knowledge:Long: it is for shop" in ran.err
    shown = devinops("explain", "-C", root, "-t", "shop", "knowledge:Long").out
    assert shown.endswith("First. … (3 lines)\n")


def test_lint_compares_what_one_target_gets(
    repository: Write, root: Path, devinops: Devinops
) -> None:
    text = "Every error has a code and a message. The code never changes, and the message may."
    same = {
        "knowledge/errors.md": note("Errors", "When an endpoint fails", text),
        "orgs/pay/knowledge/errors.md": note("Errors", "When a payment fails", text).replace(
            "\n---\n", "\noverrides: true\n---\n", 1
        ),
    }
    repository(same)
    lint = ("lint", "-C", root, "--select", "duplicate-body", "--select", "trigger-without-when")
    assert "duplicate-body" not in devinops(*lint).out
    repository({"orgs/shop/knowledge/copy.md": note("Copy", "When a call fails", text)})
    found = devinops(*lint).out
    assert "orgs/shop/knowledge/copy.md:5:1: warning: this body has the words of that of" in found
    assert "orgs/pay" not in found


def test_an_export_needs_a_target_if_layers_differ(root: Path, devinops: Devinops) -> None:
    ran = devinops("export", "-C", root, root / "plugin")
    assert (ran.code, "choose one with --target" in ran.err) == (64, True)
    assert devinops("export", "-C", root, root / "plugin", "-t", "pay").code == 0
    skills = [path.read_text() for path in root.glob("plugin/skills/*/SKILL.md")]
    assert ["description: When deploying payments" in skill for skill in skills] == [True]
