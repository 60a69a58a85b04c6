"""Where an answer may be written: never over what devinops reads or keeps."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from devinops.cli.output import check_outputs
from devinops.emulator import Emulator
from devinops.model.errors import UsageError
from tests.testing.command_line import Devinops, Write

NOTE = "---\nname: A\ntrigger: When testing\n---\nThe body.\n"
FILES = {
    "devinops.yaml": "version: 1\npaths: [more/*.yaml]\nignore: [knowledge/drafts/**]\n",
    "knowledge/a.md": NOTE,
    "knowledge/drafts/b.md": "a draft",
    "playbooks.yaml": "playbooks:\n  - {title: P, body_file: texts/p.md}\n",
    "texts/p.md": "The steps.\n",
    "texts/other.md": "nothing of ours\n",
    "more/secrets.yaml": "secrets:\n  - {key: TOKEN, type: key-value}\n",
    ".devinops/other.jsonl": "{}\n",
    ".devinops/backups/20260312T101500Z-1f2e3d.jsonl": "{}\n",
    ".git/config": "[core]\n",
    "old.json": "an older plan",
}
KEPT = [name for name in FILES if name not in ("old.json", "texts/other.md")]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("option", ["--out", "--report"])
@pytest.mark.parametrize("name", [*KEPT, "secrets.yaml", "playbooks/new.md", "knowledge/plan.json"])
def test_what_devinops_reads_or_keeps_is_not_written_over(
    emulator: Emulator, repository: Write, devinops: Devinops, option: str, name: str
) -> None:
    root = repository(FILES)
    (root / "playbooks").mkdir()
    (root / "linked").symlink_to(root)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    for place in (root / name, root / "linked" / name, os.path.relpath(root / name)):
        value = f"json={place}" if option == "--report" else place
        ran = devinops("plan", "-C", root, option, value)
        assert (ran.code, ran.out, emulator.requests, ran.err.count("\n")) == (64, "", [], 1)
        assert f"{option} cannot write {place}: " in ran.err
        assert "choose" in ran.err
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "argv",
    [
        ["validate"],
        ["plan"],
        ["apply", "--yes"],
        ["drift"],
        ["rollback"],
        ["whoami"],
        ["inventory", "list"],
        ["show", "old.json"],
    ],
    ids=" ".join,
)
def test_every_command_checks_where_it_writes(
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    argv: list[str],
) -> None:
    monkeypatch.chdir(root := repository(FILES))
    for name in ("texts/p.md", "more/secrets.yaml", "devinops.yaml"):
        ran = devinops(*argv, "--report", f"text={name}")
        assert (ran.code, ran.out, emulator.requests) == (64, "", [])
        assert (root / name).read_text() == FILES[name]


@pytest.mark.parametrize(
    "argv",
    [
        ["plan", "--out", "x", "--report", "json=x"],
        ["plan", "--report", "text=x", "--report", "json=./x"],
        ["plan", "--report", "text=old.json", "--report", "json=OLD.json/../old.json"],
        ["plan", "--out", "x", "--report", "json=X"],
        ["apply", "old.json", "--report", "json=old.json"],
        ["show", "old.json", "--report", "json=twin.json"],
        ["rollback", "old.json", "--yes", "--report", "text=old.json"],
    ],
    ids=" ".join,
)
def test_no_file_is_named_twice(
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    argv: list[str],
) -> None:
    monkeypatch.chdir(root := repository(FILES))
    (root / "twin.json").hardlink_to(root / "old.json")
    (root / "OLD.json").mkdir()
    ran = devinops(*argv)
    assert (ran.code, ran.out, emulator.requests) == (64, "", [])
    assert "names this file twice" in ran.err
    assert (root / "old.json").read_text() == "an older plan"
    assert not (root / "x").exists()


@pytest.mark.parametrize("name", ["old.json", "texts/other.md", "texts/new.json"])
def test_an_older_answer_may_be_overwritten(
    emulator: Emulator, repository: Write, devinops: Devinops, name: str
) -> None:
    root = repository(FILES)
    for option in (["--out", root / name], ["--report", f"json={root / name}"]):
        assert devinops("plan", "-C", root, *option).code == 4
    assert (root / name).read_text().startswith("{")


def test_settings_with_problems_do_not_open_the_entries(
    repository: Write, devinops: Devinops
) -> None:
    root = repository(FILES | {"devinops.yaml": "versoin: 1\n"})
    ran = devinops("validate", "-C", root, "--report", f"text={root}/texts/p.md")
    assert (ran.code, (root / "texts/p.md").read_text()) == (64, FILES["texts/p.md"])


def test_what_is_not_there_yet_is_compared_without_case(repository: Write) -> None:
    root = repository({"knowledge/a.md": NOTE})
    for name in ("Devinops.YAML", "SECRETS.yaml"):
        with pytest.raises(UsageError, match="reads settings or entries there"):
            check_outputs([("--out", root / name)], [], root)


def test_links_in_a_circle_are_no_place(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(UsageError, match="--out cannot write"):
        check_outputs([("--out", tmp_path / "a" / "plan.json")], [], tmp_path)
