"""What export writes, import reads: nothing is lost on the way, or it is reported."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from devinops.config.reading import read_repository
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


EXAMPLES = ("access", "automations", "basic", "settings")


def test_the_examples_have_every_kind_that_a_file_can_ask_for() -> None:
    repositories = (read_repository(ROOT / "examples" / name)[1] for name in EXAMPLES)
    there = {entry.key.kind for loaded in repositories for entry in loaded.declarations}
    assert {noun for noun, kind in KINDS.items() if kind.is_declared} <= there


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


# --- skills of another tool -----------------------------------------------------------------------

SKILLS = [
    *["add-tests", "api-errors", "breaking-changes", "c-sharp", "changelog", "commit-message"],
    *["conventional-commit", "database-migration", "debug", "docker-compose", "e2e-tests"],
    *["feature-flags", "incident-report", "instructions", "k8s-rollout", "release-notes"],
    *["review-pr", "security-review", "skill-creator", "x509-certificates"],
]
COMMIT = "https://git.example/acme/skills/blob/3f786850e387550fdab836ed7e6dc881de23001b"


def collection() -> dict[str, str]:
    """Return 20 skills, and what people start, as path → text.

    In many collections all skills have the same headings, and refer to each other.
    """
    files = {
        ".github/prompts/create-readme.prompt.md": "---\nagent: agent\n---\n1. Look at [the style](../docs/style.md).\n",
        ".claude/commands/open-pr.md": "1. Open it.\n",
        ".windsurf/workflows/deploy.md": "---\ndescription: Deploys.\n---\n1. Run make.\n",
        "agents/reviewer.agent.md": "---\ndescription: Reviews.\n---\nYou review.\n",
        "docs/style.md": "Be brief.\n",
    }
    for number, (name, other) in enumerate(zip(SKILLS, SKILLS[1:] + SKILLS[:1], strict=True)):
        title = ("## Instructions", "# Instructions", "# One\n\n# Two", f"# All about {name}")[
            number % 4
        ]
        files[f"skills/{name}/SKILL.md"] = (
            f"---\nname: {name}\ndescription: Use when it is about {name}.\n---\n{title}\n\n"
            f"Read [{other}](../{other}/SKILL.md#usage) and [all of it][1], not `[x](y.md)`.\n\n"
            f'<img src="{name}.png">\n\n[1]: references/{name}.md\n'
        )
        files[f"skills/{name}/references/{name}.md"] = f"# {name}\n"
    return files


@pytest.fixture
def imported(repository: Write, tmp_path: Path, devinops: Devinops) -> tuple[Path, Path]:
    """Return the directory of a collection, and the root with its entries."""
    sources, root = repository(collection()), tmp_path / "root"
    root.mkdir()
    config = "version: 1\ntargets: {t: {inventory: {store: file}}}\n"
    (root / "devinops.yaml").write_text(config)
    ran = devinops("import", "-C", root, "--link-base", COMMIT, sources)
    assert ran.code == 0, ran
    assert ran.out.splitlines()[-4:-1] == [
        "1 agent not read: name a file to import it",
        "21 other Markdown files not read: name a file to import it",
        "Imported 23 entries into 23 files",
    ]
    return sources, root


def test_a_collection_of_skills_keeps_names_slugs_and_links(
    imported: tuple[Path, Path], emulator: Emulator, tmp_path: Path, devinops: Devinops
) -> None:
    _, root = imported
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert {note["name"] for note in emulator.knowledge()} == set(SKILLS)
    pulled, plugin = tmp_path / "pulled", tmp_path / "plugin"
    pulled.mkdir()
    assert devinops("pull", "-C", pulled).code == 0
    assert values(pulled) == values(root)
    assert devinops("export", "-C", pulled, plugin).code == 0
    exported = {path.name: (path / "SKILL.md").read_text() for path in plugin.glob("skills/*")}
    assert exported.keys() == {*SKILLS, "create-readme", "open-pr", "deploy"}
    for name, other in zip(SKILLS, SKILLS[1:] + SKILLS[:1], strict=True):
        assert exported[name].endswith(
            f"Read [{other}]({COMMIT}/skills/{other}/SKILL.md#usage) and [all of it][1], "
            f'not `[x](y.md)`.\n\n<img src="{COMMIT}/skills/{name}/{name}.png">\n\n'
            f"[1]: {COMMIT}/skills/{name}/references/{name}.md\n"
        )
    assert f"[the style]({COMMIT}/.github/docs/style.md)" in exported["create-readme"]


def test_a_second_import_of_a_collection_changes_nothing(
    imported: tuple[Path, Path], devinops: Devinops
) -> None:
    sources, root = imported
    before = {path: path.read_text() for path in root.rglob("*.md")}
    again = devinops("import", "-C", root, "--link-base", COMMIT, sources)
    assert again.code == 0
    assert again.out.splitlines()[-1] == "Imported 0 entries into 0 files; 23 duplicates"
    assert {path: path.read_text() for path in root.rglob("*.md")} == before


def test_a_slug_does_not_depend_on_the_other_skills(
    imported: tuple[Path, Path], tmp_path: Path, devinops: Devinops
) -> None:
    sources, _ = imported
    alone = tmp_path / "alone"
    alone.mkdir()
    assert devinops("import", "-C", alone, sources / "skills" / "instructions").code == 0
    assert devinops("export", "-C", alone, tmp_path / "plugin").code == 0
    assert [path.name for path in (tmp_path / "plugin").glob("skills/*")] == ["instructions"]
