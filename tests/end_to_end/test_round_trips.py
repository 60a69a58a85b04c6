"""What export writes, import reads: nothing is lost on the way, or it is reported."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

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
    assert devinops("export", "-C", root, plugin, *argv).code == 0
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
    assert devinops("export", "-C", root, plugin, *argv).code == 0
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
    assert devinops("export", "-C", root, plugin, "--as", "rules").code == 0
    ran = devinops("import", "-C", back, plugin)
    assert "not carried over: globs, from the entry's meta: *.ts" in ran.out
    assert values(back) == values(root)


@pytest.fixture
def hostile(use: Callable[..., None]) -> Iterator[Emulator]:
    with Emulator({"organizations": {"org-emulator": organization()}}) as emulator:
        session = {"type": "start_session", "prompt": "Look: around."}
        rule = {"event_type": "github:push"}
        emulator.add("automation", name="a: b", triggers=[rule], actions=[session])
        use(emulator.url)
        yield emulator


LISTS = ("knowledge/notes", "knowledge/folders", "playbooks", "secrets", "automations")


def lists(emulator: Emulator) -> list[Any]:
    """Return the pages of all lists of the API, as curl prints them."""
    pages = []
    for path in LISTS:
        cursor = ""
        while cursor is not None:
            url = f"{emulator.url}/v3/organizations/org-emulator/{path}?first=100"
            url += f"&after={cursor}" if cursor else ""
            request = Request(url, headers={"Authorization": "Bearer cog_emulator"})
            with urlopen(request) as response:
                page = json.load(response)
            pages.append(page)
            cursor = page.get("end_cursor") if page.get("has_next_page") else None
    return pages


def test_the_lists_of_an_organization_come_back_as_pull_writes_them(
    hostile: Emulator, tmp_path: Path, devinops: Devinops
) -> None:
    pulled, back, out = tmp_path / "pulled", tmp_path / "back", tmp_path / "lists.json"
    for root in (pulled, back):
        root.mkdir()
    assert devinops("pull", "-C", pulled).code == 0
    out.write_text(json.dumps(lists(hostile)))
    ran = devinops("import", "-C", back, out, "--format", "json")
    report: Mapping[str, Any] = json.loads(ran.out)
    assert report["not_imported"] == []
    written = {key: found for key, found in values(pulled).items() if key.kind != "folder"}
    assert values(back) == written


EXAMPLES = ("automations", "basic", "settings")


def test_the_examples_have_every_kind_that_a_file_can_ask_for() -> None:
    there = {key.kind for name in EXAMPLES for key in declarations(ROOT / "examples" / name)}
    assert KINDS.keys() <= there


def test_what_was_applied_comes_back_from_the_lists(
    tmp_path: Path, use: Callable[..., None], devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, back, out = tmp_path / "basic", tmp_path / "back", tmp_path / "lists.json"
    for name in ("DEMO_NPM_TOKEN", "DEMO_STAGING_LOGIN"):
        monkeypatch.setenv(name, "value")
    shutil.copytree(ROOT / "examples" / "basic", root)
    back.mkdir()
    there = {
        key: found
        for key, found in declarations(root).items()
        if found.ensure is Ensure.PRESENT and found.kind.lifecycle is not Lifecycle.REQUIRED
    }
    with Emulator() as emulator:
        use(emulator.url)
        for key in declarations(root):
            if key.kind == "folder":
                emulator.add_folder(str(key.path))
        ran = devinops("apply", "-C", root, "--yes")
        assert ran.code == 0, ran
        out.write_text(json.dumps(lists(emulator)))
    ran = devinops("import", "-C", back, out)
    assert ran.code == 0, ran
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
