"""Paths for other programs start at the checkout, wherever the root lies in it."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath

import pytest

from devinops.cli.checkout import below_checkout, untracked
from tests.testing.actions import commands
from tests.testing.command_line import Devinops


@pytest.fixture
def below(tmp_path: Path) -> Path:
    root = tmp_path / "team" / "x"
    (root / "knowledge").mkdir(parents=True)
    (root / "knowledge" / "a.md").write_text("no front matter\n")
    return root


def test_the_checkout_is_that_of_git(tmp_path: Path, below: Path) -> None:
    subprocess.run(["git", "-C", str(tmp_path), "init", "-q"], check=True)
    assert below_checkout(below, {}) == PurePosixPath("team/x")
    assert below_checkout(tmp_path, {}) == PurePosixPath()


def test_without_git_it_is_that_of_the_job(tmp_path: Path, below: Path) -> None:
    assert below_checkout(below, {}) is None
    job = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(tmp_path)}
    assert below_checkout(below, job) == PurePosixPath("team/x")
    elsewhere = {**job, "GITHUB_WORKSPACE": str(tmp_path / "elsewhere")}
    assert below_checkout(below, elsewhere) is None


def test_an_annotation_is_at_the_path_that_the_checkout_has(
    tmp_path: Path, below: Path, devinops: Devinops
) -> None:
    subprocess.run(["git", "-C", str(tmp_path), "init", "-q"], check=True)
    ran = devinops("validate", "-C", below, "--format", "github")
    assert ran.code == 1
    assert [c.properties["file"] for c in commands(ran.out)] == ["team/x/knowledge/a.md"]


@pytest.mark.parametrize("command", ["drift", "pull", "whoami"])
def test_a_format_for_problems_is_refused_where_no_answer_holds_any(
    command: str, tmp_path: Path, devinops: Devinops
) -> None:
    assert devinops(command, "-C", tmp_path, "--format", "sarif").code == 64
    ran = devinops(command, "-C", tmp_path, "--report", f"junit={tmp_path / 'x'}")
    assert ran.code == 64
    assert "--report must be FORMAT=FILE" in ran.err
    assert not (tmp_path / "x").exists()


def test_untracked_files_are_those_that_are_not_even_staged(tmp_path: Path, below: Path) -> None:
    told: list[str] = []
    assert untracked(below, told.append) == frozenset()
    assert "not a git repository" in told.pop()
    subprocess.run(["git", "-C", str(tmp_path), "init", "-q"], check=True)
    (tmp_path / "outside.md").write_text("")
    (below / "knowledge" / "é\n.md").write_text("")
    assert untracked(below, told.append) == {"."}
    assert untracked(tmp_path, told.append) == {"outside.md", "team"}
    subprocess.run(["git", "-C", str(below), "add", "knowledge/a.md"], check=True)
    assert untracked(below, told.append) == {"knowledge/é\n.md"}
    assert told == []
    (below / "devinops.yaml").write_text("version: 1")
    assert "devinops.yaml" in untracked(below, told.append)
    assert told == ["devinops.yaml is not read, because Git does not track it"]
