"""Changes of files below a root are prepared first, and then made together."""

from __future__ import annotations

import errno
import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devinops import atomic
from devinops.cli.write_files import Writing, taken, write
from devinops.ingest.pull_result import Left
from devinops.kinds import KINDS
from devinops.model.errors import NotWritten
from devinops.model.objects import Declaration, Source
from devinops.writers import FileChange
from tests.testing.command_line import Devinops
from tests.testing.tree import plant, snapshot


def new(path: str, text: str = "text\n") -> FileChange:
    return FileChange(path, text, (), is_new=True)


def everything(root: Path) -> list[str]:
    paths = (path.relative_to(root).as_posix() for path in root.rglob("*"))
    return sorted(path for path in paths if path not in (".devinops", ".devinops/.gitignore"))


def entry(path: str, text_file: str = "") -> Declaration:
    resource = KINDS["knowledge"].resource(name=path)
    key = KINDS["knowledge"].key(resource)
    return Declaration(key, resource, Source(path), text_file=text_file)


def test_files_are_written_changed_and_deleted(tmp_path: Path) -> None:
    (tmp_path / "old.md").write_text("old")
    (tmp_path / "gone.md").write_text("gone")
    write(
        tmp_path,
        [new("a/b/c.md"), FileChange("old.md", "new", ()), FileChange("gone.md", None, ())],
        {"old.md": "old", "gone.md": "gone"},
    )
    assert snapshot(tmp_path) == {"a/b/c.md": b"text\n", "old.md": b"new"}


def test_many_files_with_the_same_beginning_of_their_names(tmp_path: Path) -> None:
    files = [new(f"a/{'long-' * 15}{number}.md", f"{number}\n") for number in range(100)]
    assert write(tmp_path, files, {}) == []
    assert snapshot(tmp_path) == {file.path: (file.text or "").encode() for file in files}


def test_what_is_only_prepared_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "old.md").write_text("old")
    with Writing(tmp_path, {"old.md": "old"}) as writing:
        writing.prepare([new("a/b/c.md"), FileChange("old.md", "new", ())])
        writing.prepare([new("x/y.md")])
    assert everything(tmp_path) == ["old.md"]
    assert (tmp_path / "old.md").read_text() == "old"


def test_what_is_prepared_last_counts(tmp_path: Path) -> None:
    with Writing(tmp_path, {}) as writing:
        writing.prepare([new("a/b.md"), new("c.md")])
        writing.prepare([new("a/d.md")])
        writing.finish()
    assert everything(tmp_path) == ["a", "a/d.md"]


SAVES: dict[str, Callable[[Path], object]] = {
    "saved": lambda path: path.write_text("theirs"),
    "deleted": Path.unlink,
    "a directory": lambda path: (path.unlink(), path.mkdir()),
    "a link": lambda path: path.rename(path.with_name("b")) and path.symlink_to("b"),
    "with other line ends": lambda path: path.write_bytes(b"old\r\n"),
}


@pytest.mark.parametrize("moment", ["before it is prepared", "before it is written"])
@pytest.mark.parametrize("text", ["new", None], ids=["replaced", "removed"])
@pytest.mark.parametrize("save", SAVES.values(), ids=SAVES)
def test_a_file_that_changed_stays_and_the_others_are_written(
    save: Callable[[Path], object], text: str | None, moment: str, tmp_path: Path
) -> None:
    for name in ("a.md", "z.md"):
        (tmp_path / name).write_text("old\n")
    changes = [FileChange("a.md", text, ()), FileChange("z.md", "new", ()), new("n.md")]
    with Writing(tmp_path, {"a.md": "old\n", "z.md": "old\n"}) as writing:
        if moment == "before it is written":
            writing.prepare(changes)
        save(tmp_path / "a.md")
        before = snapshot(tmp_path)
        if moment == "before it is prepared":
            writing.prepare(changes)
        writing.finish()
        assert snapshot(tmp_path) == {**before, "z.md": b"new", "n.md": b"text\n"}
        (left,) = writing.unwritten
        assert left.change == changes[0]
        if moment == "before it is prepared" and save is SAVES["a link"]:
            what = "is a symbolic link, which is not followed, so it was left as it is: fix the "
            assert left.reason == f"a.md {what}problem, then run again"
        else:
            what = "changed while devinops ran, so it was left as it is: run again"
            assert left.reason == f"a.md {what}"


def test_a_read_only_file_stays_and_the_others_are_written(tmp_path: Path) -> None:
    plant(tmp_path, {"a.md": "old", "b.md": "old", "c.md": "old"})
    for name in ("a.md", "b.md"):
        (tmp_path / name).chmod(0o444)
    changes = [FileChange("a.md", "new", ()), FileChange("b.md", None, ()), new("d.md")]
    left = write(tmp_path, changes, {"a.md": "old", "b.md": "old"})
    assert [(item.change.path, item.why) for item in left] == [
        ("a.md", Left.UNWRITABLE),
        ("b.md", Left.UNWRITABLE),
    ]
    assert left[0].reason == (
        "a.md is read-only, so it was left as it is: make it readable and writable, then run again"
    )
    assert snapshot(tmp_path) == {"a.md": b"old", "b.md": b"old", "c.md": b"old", "d.md": b"text\n"}


COMMANDS = {
    "fmt": ("knowledge/a.md", 1),
    "lint --fix": ("knowledge/a.md", 1),
    "import --force": ("knowledge/a.md", 4),
    "import": ("secrets.yaml", 4),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_saved_while_a_command_writes_stays(
    command: str, tmp_path: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, code = COMMANDS[command]
    note = "---\nname:   A\ntrigger: When\n---\nb\u200b\n"
    plant(tmp_path, {"knowledge/a.md": note, "secrets.yaml": "secrets:\n  - key: OLD\n"})
    source = {"type": "key-value", "key": "NEW"} if command == "import" else {}
    listed = {"items": [source or {"note_id": "n", "name": "A", "trigger": "When", "body": "c"}]}
    plant(tmp_path / "sources", {"list.json": json.dumps(listed)})
    write_file = atomic._write

    def save_and_write(*arguments: Any) -> None:
        (tmp_path / path).write_text("saved")
        write_file(*arguments)

    monkeypatch.setattr(atomic, "_write", save_and_write)
    sources = [tmp_path / "sources" / "list.json"] if "import" in command else []
    ran = devinops(*command.split(), "-C", tmp_path, *sources)
    assert (ran.code, (tmp_path / path).read_text()) == (code, "saved"), ran
    assert "changed while devinops ran" in ran.out + ran.err
    assert "run again" in ran.out + ran.err


def test_a_file_that_disappears_while_fmt_runs_is_a_problem_and_the_others_are_written(
    tmp_path: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = "---\nname:   A\ntrigger: When\n---\n"
    plant(tmp_path, {"knowledge/a.md": note, "knowledge/b.md": note.replace("A", "B")})
    check = atomic.check_unchanged

    def delete_and_check(path: Path, before: str | None, **options: Any) -> None:
        (tmp_path / "knowledge/a.md").unlink(missing_ok=True)
        check(path, before, **options)

    monkeypatch.setattr(atomic, "check_unchanged", delete_and_check)
    ran = devinops("fmt", "-C", tmp_path)
    assert ran.code == 1
    assert "a.md:1:1: error: cannot write this file: it changed while devinops ran" in ran.err
    assert "name: B\n" in (tmp_path / "knowledge/b.md").read_text()


def test_a_file_that_another_program_created_stays(tmp_path: Path) -> None:
    with Writing(tmp_path, {}) as writing:
        writing.prepare([new("a.md"), new("b.md")])
        (tmp_path / "b.md").write_text("theirs")
        writing.finish()
    assert [item.change.path for item in writing.unwritten] == ["b.md"]
    assert snapshot(tmp_path) == {"a.md": b"text\n", "b.md": b"theirs"}


def test_a_change_depends_on_all_files_of_its_entries(tmp_path: Path) -> None:
    """An entry goes only if its text is still what was read; another entry has its own text."""
    raws = {"k.yaml": "old", "l.yaml": "old", "a.md": "old", "b.md": "old"}
    for path, text in raws.items():
        (tmp_path / path).write_text(text)
    first, second = entry("k.yaml", "a.md"), entry("l.yaml", "b.md")
    changes = [
        FileChange("b.md", "new", (second.key,)),
        FileChange("k.yaml", None, (first.key,)),
        FileChange("l.yaml", "new", (second.key,)),
    ]
    with Writing(tmp_path, raws, [first, second]) as writing:
        writing.prepare(changes)
        (tmp_path / "a.md").write_text("saved")
        writing.finish()
    assert snapshot(tmp_path) == {
        "k.yaml": b"old",
        "a.md": b"saved",
        "l.yaml": b"new",
        "b.md": b"new",
    }
    assert [item.reason for item in writing.unwritten] == [
        "a.md changed while devinops ran, so k.yaml was left as it is: run again"
    ]


def test_git_is_asked_again_before_a_file_is_deleted(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("old")
    with Writing(tmp_path, {"a.md": "old"}) as writing:
        writing.prepare([FileChange("a.md", None, ())])
        writing.finish(lambda path: path != "a.md")
    assert [item.reason for item in writing.unwritten] == [
        "a.md changed in Git while devinops ran, so it was left as it is: run again"
    ]
    assert snapshot(tmp_path) == {"a.md": b"old"}


def test_a_directory_cannot_be_where_a_link_leads_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("nowhere")
    with pytest.raises(NotWritten, match="cannot write"):
        write(tmp_path, [new("a/b.md")], {})
    assert everything(tmp_path) == ["a"]


@pytest.mark.parametrize("moment", ["before it is prepared", "before it is written"])
@pytest.mark.parametrize("above", ["a", "a/b"])
@pytest.mark.parametrize("to", ["outside", "root/same"])
def test_a_directory_that_becomes_a_link_is_not_followed(
    tmp_path: Path, to: str, above: str, moment: str
) -> None:
    """The files there have the same texts, so only the link tells that they are others."""
    files = {"a/b/old.md": "old", "a/b/gone.md": "old"}
    root = plant(tmp_path / "root", {**files, "kept.md": "old"})
    plant(tmp_path / to, {"b/old.md": "old", "b/gone.md": "old", "old.md": "old", "gone.md": "old"})
    changes = [
        FileChange("a/b/old.md", "new", ()),
        FileChange("a/b/gone.md", None, ()),
        new("a/b/new.md"),
        FileChange("kept.md", "new", ()),
    ]
    with Writing(root, {**files, "kept.md": "old"}) as writing:
        if moment == "before it is written":
            writing.prepare(changes)
        (root / above).rename(tmp_path / "moved")
        (root / above).symlink_to(tmp_path / to)
        if moment == "before it is prepared":
            writing.prepare(changes)
        writing.finish()
    assert (root / "kept.md").read_text() == "new"
    assert set(snapshot(tmp_path / to).values()) == {b"old"}
    assert set(snapshot(tmp_path / "moved").values()) == {b"old"}
    what = "is below a symbolic link, which is not followed, so it was left as it is: fix the "
    assert [(left.reason, left.why) for left in writing.unwritten] == [
        (f"a/b/{name}.md {what}problem, then run again", Left.UNWRITABLE)
        for name in ("old", "gone", "new")
    ]


@pytest.mark.parametrize("to", [".", "nowhere"])
def test_a_link_that_was_there_may_lead_to_a_directory_below_the_root(
    tmp_path: Path, to: str
) -> None:
    plant(tmp_path, {"nowhere/old.md": "old", "old.md": "old"})
    (tmp_path / "a").symlink_to(to)
    assert (
        write(tmp_path, [new("a/new.md"), FileChange("a/old.md", "new", ())], {"a/old.md": "old"})
        == []
    )
    assert (tmp_path / to / "new.md").read_text() == "text\n"
    assert (tmp_path / to / "old.md").read_text() == "new"


def test_a_file_above_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(NotWritten, match="/a"):
        write(tmp_path, [new("a/b.md")], {})
    assert everything(tmp_path) == ["a"]


_KILLED = """
import os, signal
from pathlib import Path
from devinops.cli.write_files import Writing
from devinops.writers import FileChange
writing = Writing(Path("."), {})
writing.prepare([FileChange("a/b.md", "half", (), is_new=True)])
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_needs_is_not(
    tmp_path: Path,
) -> None:
    subprocess.run([sys.executable, "-c", _KILLED], cwd=tmp_path, check=False)
    left = [path for path in everything(tmp_path) if path != "a"]
    assert [Path(path).suffix for path in left] == [".lock", ".tmp", ".tmp"]
    assert all(path.startswith(".devinops/prepared-") for path in left)
    with Writing(tmp_path, {}) as living:
        living.prepare([new("c.md")])
        write(tmp_path, [new("d.md")], {})
        living.finish()
    assert everything(tmp_path) == ["a", "c.md", "d.md"]


def test_git_does_not_see_what_is_prepared(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    with Writing(tmp_path, {}) as writing:
        writing.prepare([new("c.md")])
        (directory,) = (tmp_path / ".devinops").glob("prepared-*.tmp")
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        status = ["git", "-C", tmp_path, "status", "--porcelain", "-uall"]
        assert subprocess.check_output(status, text=True) == ""


@pytest.mark.parametrize("state", ["a file", "a link", "another file system"])
def test_without_a_place_below_devinops_a_file_is_prepared_next_to_its_path(
    state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if state == "a file":
        (tmp_path / ".devinops").write_text("")
    elif state == "a link":
        (tmp_path / ".devinops").symlink_to(tmp_path / "nowhere")
    else:
        rename = Path.replace

        def replace(path: Path, target: Path) -> Path:
            if path.parent.name.startswith("prepared-"):
                raise OSError(errno.EXDEV, "Invalid cross-device link")
            return rename(path, target)

        monkeypatch.setattr(Path, "replace", replace)
    (tmp_path / "a.md").write_text("old")
    (tmp_path / "a.md").chmod(0o640)
    changes = [FileChange("a.md", "new", ()), new("b.md")]
    assert write(tmp_path, changes, {"a.md": "old"}) == []
    assert snapshot(tmp_path) == {"a.md": b"new", "b.md": b"text\n"}
    assert stat.S_IMODE((tmp_path / "a.md").stat().st_mode) == 0o640
    assert everything(tmp_path)[-2:] == ["a.md", "b.md"]


def test_a_root_that_does_not_exist_has_no_files(tmp_path: Path) -> None:
    assert taken(tmp_path / "none") == frozenset()
