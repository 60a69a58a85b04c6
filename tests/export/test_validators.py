"""Plugins are valid by the reference validator of skills, and by skillsaw, which knows Devin."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skills_ref import validate

from devinops.export.plugin import MANIFEST, PORTABLE, PluginChoices, export_plugin
from devinops.model.objects import Declaration, Source
from tests.testing.hostile_text import SOFT
from tests.testing.objects import live


def entry(kind: str, **facts: Any) -> Declaration:
    given = live(kind, **facts)
    meta = {"globs": ["**/*.ts"]} if facts.get("name") == "With patterns" else {}
    return Declaration(given.key, given.resource, Source("a.md"), meta=meta)


NOTES = [
    entry("knowledge", name="Error envelope", trigger="Use when adding an endpoint", body="b"),
    entry("knowledge", name="日本語", trigger="作業するとき: a # b", body="---\nnot front matter"),
    entry("knowledge", name="yes", trigger="- x\n- y\n", body="  indented", macro="!m"),
    entry("knowledge", name="Long", trigger="word " * 400, body="# A\n\n" + "text\n" * 50),
    entry("knowledge", name="Very long", trigger="When long", body="# A\n\n" + "text\n" * 6_000),
    entry("knowledge", name="With patterns", trigger="t", body="b", pinned_repo="acme/api"),
    entry("knowledge", name="Everywhere", trigger="true", body="b", pinned_repo="all"),
]
HOSTILE = entry("knowledge", name="Hostile", trigger=SOFT, body=SOFT)
PLAYBOOKS = [entry("playbook", title="Triage: an incident", macro="!triage", body="1.")]


def write(directory: Path, files: Iterable[tuple[str, str]]) -> None:
    for path, text in files:
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text, encoding="utf-8")


def plugin(entries: Iterable[Declaration], *, as_rules: bool = False) -> Mapping[str, str]:
    exported = export_plugin(entries, {}, PluginChoices("acme", as_rules=as_rules))
    return {file.path: file.text for file in exported.files}


def skillsaw(directory: Path, *argv: str) -> list[Mapping[str, Any]]:
    """Return the errors that skillsaw finds."""
    command = [sys.executable, "-m", "skillsaw", "lint", "--format", "json", *argv, str(directory)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    violations = json.loads(ran.stdout)["violations"]
    return [found for found in violations if found["severity"] == "error"]


def test_notes_are_skills_by_the_reference_validator(tmp_path: Path) -> None:
    write(tmp_path, plugin([*NOTES, HOSTILE]).items())
    skills = sorted((tmp_path / "skills").iterdir())
    assert len(skills) == len(NOTES)
    assert {skill.name: validate(skill) for skill in skills} == {s.name: [] for s in skills}


def test_a_playbook_has_one_field_that_only_devin_knows(tmp_path: Path) -> None:
    write(tmp_path, plugin(PLAYBOOKS).items())
    (problem,) = validate(tmp_path / "skills" / "triage")
    assert "Unexpected fields in frontmatter: triggers" in problem


@pytest.mark.matrix
@pytest.mark.parametrize("as_rules", [pytest.param(False, marks=pytest.mark.nightly), True])
def test_skillsaw_finds_no_error(tmp_path: Path, as_rules: bool) -> None:
    """It finds rules and Devin's own skills only in a directory of the repository itself."""
    write(tmp_path, plugin([*NOTES, *PLAYBOOKS], as_rules=as_rules).items())
    for part in ("skills", "rules"):
        shutil.copytree(tmp_path / part, tmp_path / ".devin" / part)
    assert skillsaw(tmp_path) == []


@pytest.mark.matrix
def test_skillsaw_would_find_an_error(tmp_path: Path) -> None:
    write(tmp_path, plugin(NOTES[:1]).items())
    broken = tmp_path / "skills/error-envelope/SKILL.md"
    broken.write_text(broken.read_text().replace("name: error-envelope", "name: Not a slug"))
    assert skillsaw(tmp_path)


@pytest.mark.matrix
def test_skillsaw_takes_the_plugin_for_a_portable_one(tmp_path: Path) -> None:
    write(tmp_path, plugin([*NOTES, *PLAYBOOKS]).items())
    assert (tmp_path / MANIFEST).exists(), "Devin's manifest stands beside it"
    only = ("--type", "agent-plugin", "--rule", "agent-plugin-json-valid")
    assert skillsaw(tmp_path, *only) == []
    manifest = tmp_path / PORTABLE
    manifest.write_text(manifest.read_text().replace("acme", "Acme"))
    assert [found["rule_id"] for found in skillsaw(tmp_path, *only)] == ["agent-plugin-json-valid"]


# The validator takes any `---` for the end of the front matter, also inside quotation marks.
WORDS = (
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)
        | st.sampled_from(["---", "\\----", "a --- b"]),
        min_size=1,
    )
    .map("".join)
    .filter(str.strip)
)


@given(WORDS, WORDS)
def test_every_note_is_a_valid_skill(name: str, trigger: str) -> None:
    files = plugin([entry("knowledge", name=name, trigger=trigger, body="b")])
    with TemporaryDirectory() as directory:
        write(Path(directory), files.items())
        (skill,) = (Path(directory) / "skills").iterdir()
        assert validate(skill) == []
