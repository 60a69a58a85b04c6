"""What export writes, import reads: nothing is lost on the way, or it is reported."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from devinops.emulator import Emulator
from devinops.kinds import KINDS
from devinops.load import load
from devinops.model.keys import Key
from devinops.model.kind import Lifecycle
from devinops.model.objects import Declaration, Ensure
from tests.testing.command_line import Devinops, Write
from tests.testing.hostile_names import organization
from tests.testing.places import ROOT

BASIC = {
    "knowledge/top.md": "---\nname: Top\ntrigger: Use when at the top\n---\n# Other title\n\nText.\n",
    "knowledge/Backend/APIs/errors.md": (
        "---\nname: 'Errors: all of them'\ntrigger: |\n  When adding\n  an endpoint\n"
        "pinned_repo: acme/api\n---\n  indented\n\n- a\n"
    ),
    "knowledge/long.md": f"---\nname: Long\ntrigger: {'word ' * 300}\n---\nb\n",
    "knowledge/日本語.md": "---\nname: 日本語 テスト\ntrigger: 作業するとき\n---\n---\nb\n",
    "knowledge/all.md": "---\nname: Everywhere\ntrigger: t\npinned_repo: all\n---\nShort.\n",
    "knowledge/very-long.md": (
        "---\nname: Very long\ntrigger: When it is long\n---\n# Long\n\n" + "A line.\n" * 3_000
    ),
    "playbooks/triage.md": '---\ntitle: Triage an incident\nmacro: "!triage_it"\n---\n1. Read.\n',
    "playbooks/review.md": "---\ntitle: Review\n---\nRead the diff.\n",
}


def declarations(root: Path) -> dict[Key, Declaration]:
    loaded = load(root)
    assert loaded.problems == ()
    return {declaration.key: declaration for declaration in loaded.declarations}


def values(root: Path) -> dict[Key, dict[str, Any]]:
    return {key: dict(found.resource.items()) for key, found in declarations(root).items()}


def texts(root: Path, kind: str) -> dict[str, tuple[Any, ...]]:
    """Return name → trigger and body of what a root declares."""
    return {
        key.name: tuple(getattr(found.resource, name) for name in ("trigger", "body"))
        for key, found in declarations(root).items()
        if key.kind == kind
    }


@pytest.mark.parametrize("argv", [(), ("--as", "rules")])
def test_a_plugin_comes_back_with_the_same_names_triggers_and_bodies(
    repository: Write, tmp_path: Path, devinops: Devinops, argv: tuple[str, ...]
) -> None:
    root, back = repository(BASIC), tmp_path / "back"
    back.mkdir()
    plugin = tmp_path / "plugin"
    assert devinops("export", "-C", root, "--to", "plugin", plugin, *argv).code == 0
    ran = devinops("import", "-C", back, plugin)
    assert ran.code == 0, ran
    assert texts(back, "knowledge") == texts(root, "knowledge")
    assert devinops("validate", "-C", back).code == 0


@pytest.mark.parametrize("argv", [(), ("--as", "rules")])
def test_a_plugin_comes_back_as_the_same_declarations(
    repository: Write, tmp_path: Path, devinops: Devinops, argv: tuple[str, ...]
) -> None:
    root, back = repository(BASIC), tmp_path / "back"
    back.mkdir()
    plugin = tmp_path / "plugin"
    assert devinops("export", "-C", root, "--to", "plugin", plugin, *argv).code == 0
    ran = devinops("import", "-C", back, plugin)
    assert (ran.code, "pins it there" in ran.out, "not carried over" in ran.out) == (
        0,
        False,
        False,
    )
    assert values(back) == values(root)


def test_patterns_of_a_rule_are_reported_and_its_trigger_stays(
    repository: Write, tmp_path: Path, devinops: Devinops
) -> None:
    note = "---\nname: N\ntrigger: When typing\nmeta: {globs: ['*.ts']}\n---\nText.\n"
    root, back = repository({"knowledge/n.md": note}), tmp_path / "back"
    back.mkdir()
    plugin = tmp_path / "plugin"
    assert devinops("export", "-C", root, "--to", "plugin", plugin, "--as", "rules").code == 0
    ran = devinops("import", "-C", back, plugin)
    assert "not carried over: globs, from the entry's meta: *.ts" in ran.out
    assert values(back) == values(root)


def test_json_comes_back_as_the_same_declarations(
    repository: Write, tmp_path: Path, devinops: Devinops
) -> None:
    secrets = "secrets: [{key: TOKEN, type: cookie, note: read-only}]\n"
    root, back = repository(BASIC | {"secrets.yaml": secrets}), tmp_path / "back"
    back.mkdir()
    out = tmp_path / "backup.json"
    assert devinops("export", "-C", root, "--to", "json", "--out", out).code == 0
    ran = devinops("import", "-C", back, out)
    assert ran.code == 0, ran
    assert values(back) == values(root)


@pytest.fixture(params=["cog_emulator", "apk_emulator"])
def hostile(request: pytest.FixtureRequest, use: Callable[..., None]) -> Iterator[Emulator]:
    with Emulator({"organizations": {"org-emulator": organization()}}) as emulator:
        use(emulator.url, request.param)
        yield emulator


def test_an_organization_as_json_comes_back_as_pull_writes_it(
    hostile: Emulator, tmp_path: Path, devinops: Devinops
) -> None:
    pulled, back, out = tmp_path / "pulled", tmp_path / "back", tmp_path / "backup.json"
    for root in (pulled, back):
        root.mkdir()
    assert devinops("pull", "-C", pulled).code == 0
    assert devinops("export", "-C", pulled, "--to", "json", "--live", "--out", out).code == 0
    ran = devinops("import", "-C", back, out, "--format", "json")
    report: Mapping[str, Any] = json.loads(ran.out)
    assert report["not_imported"] == []
    written = {key: found for key, found in values(pulled).items() if key.kind != "folder"}
    assert values(back) == written


EXAMPLES = ("automations", "basic", "settings")


def test_the_examples_have_every_kind_that_a_file_can_ask_for() -> None:
    there = {key.kind for name in EXAMPLES for key in declarations(ROOT / "examples" / name)}
    assert KINDS.keys() <= there


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_kind_comes_back_from_json(example: str, tmp_path: Path, devinops: Devinops) -> None:
    root, back, out = ROOT / "examples" / example, tmp_path / "back", tmp_path / "backup.json"
    back.mkdir()
    assert devinops("export", "-C", root, "--to", "json", "--out", out).code == 0
    ran = devinops("import", "-C", back, out)
    assert ran.code == 0, ran
    required = {kind.noun for kind in KINDS.values() if kind.lifecycle is Lifecycle.REQUIRED}
    there = {
        key: found
        for key, found in declarations(root).items()
        if found.ensure is Ensure.PRESENT and key.kind not in required
    }
    assert there
    assert {key: listed(found) for key, found in declarations(back).items()} == {
        key: listed(found) for key, found in there.items()
    }


def listed(declaration: Declaration) -> dict[str, Any]:
    """Return the values that the API has, without those that mean the same if left out."""
    kind = declaration.kind
    return {
        name: value
        for name, value in declaration.resource.items()
        if kind.apis["v3"].parts or kind.by_name[name].reads("v3")
        if value not in (None, {}, [])
    }
