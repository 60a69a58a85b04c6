"""What Terraform owns in an enterprise is imported, and the first plan of each target writes nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devinops.config.reading import read_repository
from devinops.emulator import Emulator
from devinops.kinds import KINDS
from devinops.model.values import UNSET
from tests.testing.command_line import Devinops
from tests.testing.links import DOCS
from tests.testing.places import read_cases

CASE: Any = read_cases("terraform_state.yaml")
RESOURCES = CASE["state"]["resources"]
CONFIG = """\
version: 1
defaults: {api_key_env: DEVIN_ENTERPRISE, enterprise_key_env: DEVIN_ENTERPRISE, inventory: {store: file}}
targets:
  corp: {enterprise: true}
  web: {org_id: org-web}
  data: {org_id: org-data}
"""
TARGETS = ("corp", "web", "data")
NAMED_BY_DATA = "devin_knowledge_folders"
"""A note needs the path of its folder; every other reference can be an id."""


@pytest.fixture
def emulator(use: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    with Emulator(CASE["seed"]) as running:
        use(running.url)
        monkeypatch.setenv("DEVIN_ENTERPRISE", "cog_enterprise")
        yield running


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository with three targets, the current directory; the state is beside it."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "devinops.yaml").write_text(CONFIG)
    write_state(root, RESOURCES)
    monkeypatch.chdir(root)
    return root


def write_state(root: Path, resources: list[dict[str, Any]]) -> None:
    state = {**CASE["state"], "resources": resources}
    (root.parent / "state.json").write_text(json.dumps(state))


def entries(root: Path, target: str) -> dict[str, dict[str, Any]]:
    """Return what the entries of a target say beyond their keys."""
    return {
        str(entry.key): {
            name: value
            for name, value in entry.resource.items()
            if name not in entry.kind.key_fields and value is not UNSET
        }
        for entry in read_repository(root)[1].declarations
        if entry.concerns(target)
    }


def test_the_state_has_every_resource_of_the_provider() -> None:
    assert len({each["type"] for each in RESOURCES if each["mode"] == "managed"}) == 17


@pytest.mark.sampled(3)
@pytest.mark.parametrize("is_named", [True, False], ids=["names", "ids"])
def test_each_target_adopts_its_own_objects_and_writes_nothing(
    is_named: bool, emulator: Emulator, root: Path, devinops: Devinops
) -> None:
    if not is_named:
        needed = ("managed", NAMED_BY_DATA)
        write_state(root, [r for r in RESOURCES if r["mode"] in needed or r["type"] in needed])
    for target in TARGETS:
        ran = devinops("import", "-t", target, "../state.json")
        assert ran.code == 4  # the objects of the other targets are not imported
        assert "s3cr3t" not in ran.out
    if is_named:
        assert {target: entries(root, target) for target in TARGETS} == CASE["entries"]
    ran = devinops("apply", "-t", "all", "--yes")
    assert (ran.code, ran.err) == (0, "")
    assert devinops("plan", "-t", "all", "--detailed-exitcode").code == 0
    assert {request["method"] for request in emulator.requests} == {"GET"}
    for target in TARGETS:
        owned = devinops("inventory", "list", "-t", target, "--format", "json")
        adopted = [key for key in entries(root, target) if not key.startswith("secret:")]
        assert len(json.loads(owned.out)["records"]) == len(adopted)


def test_what_stays_in_terraform_is_said(root: Path, devinops: Devinops) -> None:
    ran = devinops("import", "-t", "web", "../state.json", "--format", "json")
    document = json.loads(ran.out)
    stays = [each["what"] for each in document["not_imported"] if "objects of" not in each["what"]]
    assert stays == CASE["stays"]
    removed = [line.split()[-1] for line in document["commands"] if "state rm" in line]
    assert len(removed) == len(entries(root, "web")) - 1
    assert not any("devin_organization" in address for address in removed)
    text = devinops("import", "-t", "web", "../state.json").out
    ignored = "lifecycle { ignore_changes = [max_cycle_acu_limit, max_session_acu_limit] }"
    assert f'  devin_organization.team["web"]: {ignored}\n' in text


@pytest.mark.parametrize("cycle", ["500", "null"])
def test_terraform_ignores_only_the_arguments_that_the_entry_sets(
    root: Path, devinops: Devinops, cycle: str
) -> None:
    """An organization never leaves the state, whatever its limits are."""
    state = root.parent / "state.json"
    text = state.read_text().replace('_session_acu_limit": 20', '_session_acu_limit": null')
    state.write_text(text.replace('_cycle_acu_limit": 500', f'_cycle_acu_limit": {cycle}'))
    out = devinops("import", "-t", "web", "../state.json").out
    ignored = "lifecycle { ignore_changes = [max_cycle_acu_limit] }"
    assert f'  devin_organization.team["web"]: {ignored}\n' in out
    assert "state rm 'devin_organization" not in out


def test_the_page_has_every_resource_and_data_source_in_its_tables() -> None:
    """Those that come in are told from the others by what their row says."""
    page = (DOCS / "how-to" / "from-terraform.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `devin_")]
    use = {type: row.split("|")[2] for row in rows for type in re.findall(r"`(devin_\w+)`", row)}
    assert {each["type"] for each in RESOURCES} <= use.keys()
    known = {
        type
        for names in (kind.terraform for kind in KINDS.values())
        for type in (names.organization, names.enterprise, *names.named_by)
    } - {""}
    assert {type for type, text in use.items() if not text.strip().startswith("none")} == known


ELSEWHERE = {
    "several targets, none chosen": (
        CONFIG,
        [],
        {
            "the enterprise": "devinops import -t corp ../state.json",
            "organization org-data": "devinops import -t data ../state.json",
            "organization org-web": "devinops import -t web ../state.json",
        },
    ),
    "one of several": (
        CONFIG,
        ["-t", "web"],
        {
            "the enterprise": "devinops import -t corp ../state.json",
            "organization org-data": "devinops import -t data ../state.json",
        },
    ),
    "only the enterprise": (
        "version: 1\ntargets: {corp: {enterprise: true}}\n",
        [],
        {
            place: f"add a target with org_id: {id} to devinops.yaml, then devinops import -t NAME"
            for place, id in (
                ("organization org-data", "org-data"),
                ("organization org-web", "org-web"),
            )
        },
    ),
    "a target without an id": (
        "version: 1\ntargets: {production: {}}\n",
        [],
        {
            "the enterprise": "add a target with enterprise: true to devinops.yaml, then",
            "organization org-data": "DEVIN_ORG_ID=org-data devinops import ../state.json",
            "organization org-web": "DEVIN_ORG_ID=org-web devinops import ../state.json",
        },
    ),
}


@pytest.mark.parametrize(
    ("config", "options", "expected"), ELSEWHERE.values(), ids=ELSEWHERE.keys()
)
def test_the_objects_of_other_targets_come_with_their_command(
    config: str, options: list[str], expected: dict[str, str], root: Path, devinops: Devinops
) -> None:
    (root / "devinops.yaml").write_text(config)
    lines = devinops("import", *options, "../state.json").out.splitlines()
    others = [line for line in lines if "objects of" in line]
    assert len(others) == len(expected)
    for line, (place, command) in zip(others, expected.items(), strict=True):
        assert f"objects of {place} (" in line
        assert f": to import them: {command}" in line


@pytest.mark.parametrize(
    ("config", "setting"),
    [
        ("version: 1\ntargets: {corp: {enterprise: true}}\n", "enterprise: true"),
        (CONFIG, "targets:\n  - corp"),
    ],
)
def test_what_only_one_target_gets_says_so(
    config: str, setting: str, root: Path, devinops: Devinops
) -> None:
    """This is also true of what other tools have."""
    (root / "devinops.yaml").write_text(config)
    (root / "one.mdc").write_text("---\ndescription: When testing\n---\n# One\n\ntext\n")
    devinops("import", "-t", "corp", "../state.json", "one.mdc")
    for name in ("house-rules", "one"):
        assert f"\n{setting}\n" in (root / "knowledge" / f"{name}.md").read_text()
    again = devinops("import", "-t", "corp", "one.mdc")
    assert again.out.splitlines()[-1] == "Imported 0 entries into 0 files; 1 duplicate"


@pytest.mark.parametrize(
    ("targets", "code"), [("", 4), ("targets: [web, data]\n", 4), ("targets: [web]\n", 0)]
)
def test_force_never_takes_an_entry_from_other_targets(
    targets: str, code: int, root: Path, devinops: Devinops
) -> None:
    note = root / "knowledge" / "one.md"
    note.parent.mkdir()
    note.write_text(f"---\nname: One\ntrigger: When testing\n{targets}---\n\nold\n")
    (root / "one.mdc").write_text("---\ndescription: When testing\n---\n# One\n\ntext\n")
    ran = devinops("import", "-t", "web", "--force", "one.mdc")
    assert (ran.code, "old" in note.read_text()) == (code, code == 4)
    assert ("other targets: edit it by hand" in ran.out) == (code == 4)
