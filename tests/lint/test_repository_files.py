"""The files around the entries, on a disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from devinops.lint import repository_files
from devinops.lint.repository_files import FileRepository
from tests.testing.tree import plant


def test_the_rules_that_devin_reads_are_found_in_the_whole_checkout(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            ".git/AGENTS.md": "of git",
            "AGENTS.md": "top",
            "CLAUDE.md": "",
            "services/a/AGENTS.md": "a",
            ".cursorrules": "c",
            ".cursor/rules/x.mdc": "x",
            ".cursor/notes.md": "no rule",
            ".claude/skills/s/SKILL.md": "s",
            "skills/s/SKILL.md": "not where Devin looks",
            "node_modules/p/AGENTS.md": "of a package",
            ".hidden/AGENTS.md": "hidden",
            "docs/rules.md": "no rule",
            "devin/knowledge/a.md": "an entry",
        },
    )
    (tmp_path / "services" / "a" / "CLAUDE.md").symlink_to(tmp_path / "AGENTS.md")
    found = FileRepository(tmp_path / "devin").rules()
    assert sorted(found) == [
        "../.claude/skills/s/SKILL.md",
        "../.cursor/rules/x.mdc",
        "../.cursorrules",
        "../AGENTS.md",
        "../services/a/AGENTS.md",
    ]
    assert found["../AGENTS.md"] == "top"


def test_without_git_only_the_root_counts(tmp_path: Path) -> None:
    plant(tmp_path, {"AGENTS.md": "above", "root/AGENTS.md": "in it"})
    files = FileRepository(tmp_path / "root")
    assert files.rules() == {"AGENTS.md": "in it"}
    assert (files.from_top("docs/a.md"), files.lines("AGENTS.md")) == ("docs/a.md", ["in it"])


def test_a_large_tree_and_a_large_file_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, {"AGENTS.md": "x" * 11, "a/AGENTS.md": "a", "b/AGENTS.md": "b"})
    monkeypatch.setattr(repository_files, "MAX_FILE_BYTES", 10)
    monkeypatch.setattr(repository_files, "MAX_DIRECTORIES", 2)
    assert FileRepository(tmp_path).rules() == {"a/AGENTS.md": "a"}


def test_files_exist_in_the_checkout_and_what_is_outside_is_not_judged(tmp_path: Path) -> None:
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    plant(tmp_path, {"repository/docs/a.md": "a", "repository/root/b.md": "b\nc"})
    files = FileRepository(tmp_path / "repository" / "root")
    assert all(map(files.exists, ("b.md", "../docs/a.md", "../docs")))
    assert not any(map(files.exists, ("a.md", "../b.md", "../../x", "../..")))
    assert [files.is_beyond(path) for path in ("a.md", "../b.md", "..", "../../x")] == [
        *(False, False, False),
        True,
    ]
    assert files.from_top("docs/a.md") == "../docs/a.md"
    assert (files.lines("b.md"), files.lines("none.md")) == (["b", "c"], ())
