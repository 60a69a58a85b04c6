"""The command line of export: what it writes, refuses and says."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devinops.emulator import Emulator
from tests.testing.command_line import Devinops, Write

NOTE = "---\nname: {0}\ntrigger: When doing {0}\n---\nBody of {0}.\n"
FILES = {
    "knowledge/a.md": NOTE.format("A"),
    "knowledge/b.md": NOTE.format("B"),
    "playbooks/p.md": "---\ntitle: P\n---\n1.\n",
}
SKILL_A, SKILL_B = "skills/a/SKILL.md", "skills/b/SKILL.md"


def export(devinops: Devinops, root: Path, *argv: Any, format: str = "json") -> Any:
    ran = devinops("export", "-C", root, root / "plugin", "--format", format, *argv)
    return ran.code, json.loads(ran.out) if format == "json" else ran.out


def changes(document: Any) -> dict[str, str]:
    return {file["path"]: file["change"] for file in document["files"]}


@pytest.fixture
def root(repository: Write) -> Path:
    return repository(FILES)


@pytest.fixture
def plugin(root: Path, devinops: Devinops) -> Path:
    """A plugin that is up to date."""
    assert export(devinops, root)[0] == 0
    return root / "plugin"


def contents(plugin: Path) -> dict[str, str]:
    paths = (path for path in plugin.rglob("*") if path.is_file())
    return {path.relative_to(plugin).as_posix(): path.read_text() for path in paths}


# --- writing --------------------------------------------------------------------------------------


def test_a_plugin_is_written_and_then_up_to_date(root: Path, devinops: Devinops) -> None:
    code, document = export(devinops, root)
    written = contents(root / "plugin")
    assert sorted(written) == sorted(changes(document))
    assert json.loads(written[".devin-plugin/plugin.json"])["name"] == "plugin"
    assert json.loads(written["plugin.json"])["name"] == "plugin"
    assert (code, document["shipped"]) == (0, [])
    assert export(devinops, root, "--check") == (
        0,
        {
            **document,
            "check": True,
            "files": [
                {**file, "change": "unchanged"}
                for file in document["files"]
                if not file["path"].endswith("plugin.json")
            ],
            "shipped": ["knowledge:A", "knowledge:B", "playbook:P"],
        },
    )
    assert contents(root / "plugin") == written


def test_check_says_which_files_are_not_up_to_date_and_writes_nothing(
    root: Path, plugin: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root.parent)
    (root / "knowledge/a.md").write_text(NOTE.format("A") + "More.\n")
    (root / "knowledge/b.md").unlink()
    before = contents(plugin)
    code, out = export(devinops, root, "--check", format="text")
    assert code == 2
    assert out.splitlines() == [
        f"~ {plugin}/{SKILL_A}  knowledge:A",
        f"- {plugin}/{SKILL_B}  knowledge:B",
        (
            f"{plugin} is not up to date: 1 changed, 1 removed, 2 unchanged; run devinops export "
            f"-C {root.name} without --check"
        ),
    ]
    assert contents(plugin) == before


def test_what_is_gone_is_removed_and_other_files_stay(
    root: Path, plugin: Path, devinops: Devinops
) -> None:
    (root / "knowledge/a.md").unlink()
    (root / "knowledge/b.md").unlink()
    (plugin / "skills/b/reference.md").write_text("mine")
    (plugin / "AGENTS.md").write_text("mine")
    assert export(devinops, root)[0] == 0
    assert sorted(contents(plugin)) == [
        ".devin-plugin/plugin.json",
        "AGENTS.md",
        "devinops-lock.jsonl",
        "plugin.json",
        "skills/b/reference.md",
        "skills/p/SKILL.md",
    ]
    assert not (plugin / "skills/a").exists()


@pytest.mark.parametrize(("force", "code"), [((), 4), (("--force",), 0)])
def test_a_file_that_was_changed_by_hand_is_overwritten_only_by_force(
    root: Path, plugin: Path, devinops: Devinops, force: tuple[str, ...], code: int
) -> None:
    before = (plugin / SKILL_A).read_text()
    (plugin / SKILL_A).write_text(before + "edited\n")
    checked, out = export(devinops, root, "--check", format="text")
    assert (checked, "without --check" in out) == (2, False), "an export would not change the file"
    assert export(devinops, root, "--check", format="outputs")[1].startswith("exit_code=2\n")
    ended, out = export(devinops, root, *force, format="text")
    assert ended == code
    assert ("copy the change to knowledge/a.md, or pass --force" in out) is not bool(force)
    assert ((plugin / SKILL_A).read_text() == before) is bool(force)


def test_line_ends_of_a_checkout_are_no_change(
    root: Path, plugin: Path, devinops: Devinops
) -> None:
    path = plugin / SKILL_A
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert export(devinops, root, "--check")[0] == 0


def test_an_unreadable_file_belongs_to_somebody_else(root: Path, devinops: Devinops) -> None:
    theirs = root / "plugin" / SKILL_A
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"\xff")
    code, document = export(devinops, root)
    assert (code, theirs.read_bytes()) == (0, b"\xff")
    assert changes(document)["skills/a-9bf3aa90/SKILL.md"] == "new"


@pytest.mark.parametrize("name", [".devin-plugin/plugin.json", "plugin.json"])
@pytest.mark.parametrize("data", [b"\xff", b"{", b"[]", None])
def test_an_unreadable_manifest_is_an_error_that_names_it(
    root: Path, devinops: Devinops, data: bytes | None, name: str
) -> None:
    manifest = root / "plugin" / name
    manifest.parent.mkdir(parents=True)
    if data is None:
        manifest.symlink_to("nowhere")
    else:
        manifest.write_bytes(data)
    code, document = export(devinops, root)
    assert code == 1
    assert f"cannot read {manifest}: " in document["error"]
    assert [path.name for path in (root / "plugin").iterdir()] == [name.partition("/")[0]]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"devinops_lock": 1}\n{"slug": "../x", "key": "knowledge:A"}\n', ':2: "../x" is not'),
        (b'{"devinops_lock": 1}\n<<<<<<< HEAD\n', ":2: this is a conflict marker of Git"),
        (b"", ":1: this is not JSON"),
        (b"\xff", "1:1: "),
        (None, "cannot read this file"),
    ],
)
def test_a_damaged_lock_file_stops_the_export(
    root: Path, plugin: Path, devinops: Devinops, data: bytes | None, expected: str
) -> None:
    lock = plugin / "devinops-lock.jsonl"
    lock.unlink()
    if data is None:
        lock.symlink_to("nowhere")
    else:
        lock.write_bytes(data)
    (root / "knowledge/a.md").unlink()
    before = sorted(plugin.rglob("*"))
    ran = devinops("export", "-C", root, plugin, "--force")
    assert ran.code == 1, ran
    said = " ".join((ran.out + ran.err).split())
    assert (lock.name in said, expected in said) == (True, True), said
    assert sorted(plugin.rglob("*")) == before


def test_a_renamed_note_keeps_its_name_because_the_inventory_has_its_id(
    repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    config = "version: 1\ntargets: {production: {inventory: {store: file}}}\n"
    root = repository({"devinops.yaml": config, "knowledge/a.md": NOTE.format("A")})
    assert export(devinops, root)[0] == 0
    with Emulator() as emulator:
        use(emulator.url)
        assert devinops("apply", "-C", root, "--yes").code == 0
        assert export(devinops, root, "--check")[0] == 0, "a new id changes no name"
        assert changes(export(devinops, root)[1])["devinops-lock.jsonl"] == "changed"
        renamed = NOTE.format("Z").replace("Body of Z", "Body of A")
        (root / "knowledge/a.md").write_text(renamed)
        assert devinops("apply", "-C", root, "--yes").code == 0
    assert changes(export(devinops, root)[1]) == {
        "devinops-lock.jsonl": "changed",
        SKILL_A: "changed",
    }
    assert "knowledge:Z" in (root / "plugin/devinops-lock.jsonl").read_text()


def test_what_is_not_portable_is_reported(root: Path, devinops: Devinops) -> None:
    pinned = NOTE.replace("---\n", "---\npinned_repo: all\n", 1)
    (root / "knowledge/b.md").write_text(pinned.format("B"))
    (root / "knowledge/c.md").write_text(pinned.format("C"))
    assert (
        "not portable: only Devin obeys triggers: [user], so another agent may start it by itself: "
        "playbook:P\n"
        "not portable: only Devin reads rules: knowledge:B, knowledge:C\n"
    ) in export(devinops, root, format="text")[1]
    _, document = export(devinops, root)
    assert [item["key"] for item in document["not_portable"]] == [
        "playbook:P",
        "knowledge:B",
        "knowledge:C",
    ]


def test_a_portable_plugin_says_nothing_about_it(repository: Write, devinops: Devinops) -> None:
    root = repository({"knowledge/a.md": NOTE.format("A")})
    assert "not portable" not in export(devinops, root, format="text")[1]


def test_without_any_entry_left_nothing_is_removed(
    root: Path, plugin: Path, devinops: Devinops
) -> None:
    before = contents(plugin)
    (root / "secrets.yaml").write_text("secrets: [{key: TOKEN}]\n")
    for path in FILES:
        (root / path).unlink()
    code, document = export(devinops, root, "--force")
    assert (code, document["complete"]) == (4, False)
    assert "no entry is left for" in document["error"]
    assert contents(plugin) == before


def test_a_repository_removes_only_what_is_gone_from_all_entries(
    root: Path, plugin: Path, devinops: Devinops
) -> None:
    (root / "knowledge/b.md").unlink()
    pinned = NOTE.replace("---\n", "---\npinned_repo: acme/api\n", 1).format("C")
    (root / "knowledge/c.md").write_text(pinned)
    code, out = export(devinops, root, "--repository", "acme/api", format="text")
    assert code == 0
    assert "not selected, so its file stays: knowledge:A, playbook:P\n" in out
    assert sorted(contents(plugin)) == [
        ".devin-plugin/plugin.json",
        "devinops-lock.jsonl",
        "plugin.json",
        "rules/c.md",
        SKILL_A,
        "skills/p/SKILL.md",
    ]


def test_a_target_removes_nothing_of_another(repository: Write, devinops: Devinops) -> None:
    config = "version: 1\ntargets: {staging: {}, production: {}}\n"
    limited = NOTE.format("B").replace("---\n", "---\ntargets: [staging]\n", 1)
    root = repository(FILES | {"devinops.yaml": config, "knowledge/b.md": limited})
    assert export(devinops, root)[0] == 0
    before = contents(root / "plugin")
    assert export(devinops, root, "-t", "production")[0] == 0
    assert contents(root / "plugin") == before


def test_a_plugin_may_have_the_entries_of_several_repositories(
    tmp_path: Path, devinops: Devinops
) -> None:
    plugin = tmp_path / "shared"
    for name, remote in (("A", "https://u:p@git.example/acme/a.git"), ("B", "git@x:acme/b.git")):
        root = tmp_path / name
        (root / "knowledge").mkdir(parents=True)
        (root / "knowledge/n.md").write_text(NOTE.format(name))
        for argv in (("init", "-q"), ("remote", "add", "origin", remote)):
            subprocess.run(["git", "-C", root, *argv], check=True)
        ran = devinops("export", "-C", root, plugin)
        assert ran.code == 0, ran
    assert "written from acme/a, so its file stays: knowledge:A\n" in ran.out
    assert {SKILL_A, SKILL_B} < contents(plugin).keys()
    subprocess.run(["git", "-C", root, "remote", "remove", "origin"], check=True)
    assert devinops("export", "-C", root, plugin, "--check").code == 0


@pytest.mark.parametrize(("gone", "argv", "code"), [(3, (), 0), (4, (), 4), (4, ("--force",), 0)])
def test_many_files_are_removed_only_by_force(
    repository: Write, devinops: Devinops, gone: int, argv: tuple[str, ...], code: int
) -> None:
    root = repository({f"knowledge/{name}.md": NOTE.format(name) for name in "ABCDEF"})
    assert export(devinops, root)[0] == 0
    for name in "ABCDEF"[:gone]:
        (root / f"knowledge/{name}.md").unlink()
    ended, document = export(devinops, root, *argv)
    left = len(list((root / "plugin/skills").iterdir()))
    assert (ended, left) == (code, 6 if code else 6 - gone)
    assert ("4 of the 6 files that devinops wrote" in document.get("error", "")) is bool(code)


def test_moving_all_files_needs_no_force(repository: Write, devinops: Devinops) -> None:
    root = repository({f"knowledge/{name}.md": NOTE.format(name) for name in "ABCDEF"})
    assert export(devinops, root)[0] == 0
    assert export(devinops, root, "--as", "rules")[0] == 0
    assert len(list((root / "plugin/rules").iterdir())) == 6


@pytest.mark.parametrize("argv", [(), ("--check",)])
def test_a_retired_entry_without_a_skill_waits_for_a_decision(
    root: Path, devinops: Devinops, argv: tuple[str, ...]
) -> None:
    retired = NOTE.format("B").replace("---\n", "---\nensure: absent\n", 1)
    (root / "knowledge/b.md").write_text(retired)
    assert export(devinops, root)[0] == 4
    code, document = export(devinops, root, *argv)
    assert (code, [item["key"] for item in document["left_out"]]) == (4, ["knowledge:B"])
    assert not (root / "plugin" / SKILL_B).exists()


def test_a_link_out_of_the_plugin_is_not_followed(
    root: Path, tmp_path_factory: pytest.TempPathFactory, devinops: Devinops
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (root / "plugin").mkdir()
    (root / "plugin" / "skills").symlink_to(elsewhere)
    code, document = export(devinops, root)
    assert code == 1
    assert "a symbolic link leads out of" in document["error"]
    assert list(elsewhere.iterdir()) == []


def test_only_the_entries_of_the_target_are_exported(repository: Write, devinops: Devinops) -> None:
    config = "version: 1\ntargets: {staging: {}, production: {}}\n"
    limited = NOTE.format("B").replace("---\n", "---\ntargets: [staging]\n", 1)
    root = repository(FILES | {"devinops.yaml": config, "knowledge/b.md": limited})
    assert SKILL_B in changes(export(devinops, root, "--check")[1])
    assert SKILL_B not in changes(export(devinops, root, "--check", "-t", "production")[1])
    assert export(devinops, root, "--check", "-t", "prod")[0] == 64


def test_many_keys_are_shortened_unless_all_are_asked_for(
    repository: Write, devinops: Devinops
) -> None:
    note = NOTE.replace("---\n", "---\npinned_repo: acme/api\n", 1)
    root = repository({f"knowledge/{name}.md": note.format(name) for name in "ABCDE"})
    assert "knowledge:C and 2 more\n" in export(devinops, root, format="text")[1]
    assert "knowledge:D, knowledge:E\n" in export(devinops, root, "-v", format="text")[1]


# --- the command line -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ((), "Missing argument 'DIR'"),
        (("x", "y"), "unexpected extra argument (y)"),
        (
            ("--to", "plugin", "x"),
            "devinops export DIR writes a plugin, and devinops pull the live objects.",
        ),
        (("--live", "--out", "x.json"), "devinops pull writes the live objects to files."),
        (("--status", "x"), "devinops export DIR --check compares a plugin with the entries."),
        (("knowledge",), "a plugin cannot be in"),
        ((".devinops/x",), "a plugin cannot be in"),
    ],
)
def test_a_wrong_command_line_writes_nothing(
    root: Path,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    argv: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(root)
    before = contents(root)
    ran = devinops("export", *argv)
    assert ran.code == 64
    assert message in " ".join(ran.err.split())
    assert contents(root) == before


def test_problems_in_the_files_stop_the_export(repository: Write, devinops: Devinops) -> None:
    root = repository({"knowledge/a.md": "---\nname: A\n---\nb\n"})
    code, document = export(devinops, root)
    assert (code, document["problems"][0]["code"]) == (1, "missing-field")
    assert not (root / "plugin").exists()
