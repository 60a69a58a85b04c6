"""The skill that init writes for coding agents is valid, says only what is true, and stays up to date."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from skills_ref import validate

from devinops.cli.setup.editor_files import SKILL
from devinops.cli.setup.placed_files import marked
from devinops.kinds import KINDS
from devinops.load import CONFIG
from tests.testing.command_line import Devinops
from tests.testing.command_manual import commands
from tests.testing.inventories import git
from tests.testing.places import ROOT
from tests.testing.tree import plant

TEXT = (ROOT / "devinops/templates/skill.md").read_text("utf-8")
CODE = [
    line.strip()
    for line in re.findall(r"`([^`\n]+)`|(?m:^    (.+)$)", TEXT)
    for line in line
    if line
]
"""What stands between backquotes, or is an indented line."""


@pytest.fixture
def top(tmp_path: Path, devinops: Devinops) -> Path:
    """A repository with the skill."""
    git(tmp_path, "init")
    ran = devinops("init", "-C", tmp_path, "--ci", "none", "--editor", "agents")
    assert f"wrote {SKILL}\n" in ran.out
    return tmp_path


def test_the_skill_is_valid_and_short(top: Path) -> None:
    assert validate((top / SKILL).parent) == []
    assert (top / SKILL).read_text().count("\n") <= 60


def test_the_commands_and_options_in_it_exist() -> None:
    known = {name: {opt for p in command.params for opt in p.opts} for name, command in commands()}
    calls = [line.partition("#")[0].split() for line in CODE if line.startswith("devinops ")]
    assert {"fmt", "validate", "lint", "plan"} <= {call[1] for call in calls}
    for _, command, *rest in calls:
        assert {word for word in rest if word.startswith("-")} <= known[command]
    options = {line for line in CODE if line.startswith("--")}
    assert options
    assert options <= known["apply"]


def test_the_files_in_it_are_those_that_devinops_reads() -> None:
    files = {line for line in CODE if re.fullmatch(r"[\w-]+\.ya?ml", line)}
    assert {CONFIG, "secrets.yaml"} <= files
    assert files <= {CONFIG, *(f"{section}.yaml" for section in KINDS.sections)}
    assert {line for line in CODE if re.fullmatch("[a-z]+/", line)} == {
        f"{name}/" for name in KINDS.directories
    }


def test_its_example_has_no_problem_and_no_finding(tmp_path: Path, devinops: Devinops) -> None:
    ((path, note),) = re.findall(r"`([^`]+)`:\n\n```markdown\n(.+?)```\n", TEXT, re.DOTALL)
    (previously,) = (line for line in CODE if line.startswith("previously:"))
    plant(tmp_path, {path: note.replace("\n---\n", f"\n{previously}\n---\n", 1)})
    for command in ("validate", "lint", "fmt --check"):
        ran = devinops(*command.split(), "-C", tmp_path)
        assert (ran.code, ran.err) == (0, ""), ran
    assert devinops("validate", "-C", tmp_path).out == "1 entry in 1 file, no problems\n"


def test_a_skill_that_nobody_edited_is_updated_without_the_option(
    top: Path, devinops: Devinops
) -> None:
    new = (top / SKILL).read_text()
    assert new == marked(TEXT)
    (top / SKILL).write_text(marked(TEXT.replace("Never", "Please never")))
    assert f"updated {SKILL}\n" in devinops("init", "-C", top).out
    assert (top / SKILL).read_text() == new


def test_an_edited_skill_and_one_of_somebody_else_are_kept(top: Path, devinops: Devinops) -> None:
    for mine in (f"{(top / SKILL).read_text()}- Ask Ada.\n", "---\nname: devinops\n---\nOurs\n"):
        (top / SKILL).write_text(mine)
        ran = devinops("init", "-C", top, "--editor", "agents")
        assert f"kept  {SKILL}, which differs from what devinops init would write\n" in ran.out
        assert SKILL not in devinops("init", "-C", top).out
        assert (top / SKILL).read_text() == mine


def test_one_skill_is_for_all_roots_of_a_repository(top: Path, devinops: Devinops) -> None:
    (top / "teams").mkdir()
    both = ("--editor", "agents", "--editor", "vscode")
    out = devinops("init", "-C", top / "teams", "--ci", "none", *both).out
    assert f"unchanged ../{SKILL}\n" in out
    assert "wrote ../.vscode/settings.json\n" in out
