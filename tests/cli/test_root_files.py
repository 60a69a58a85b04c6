"""Changes of files below a root are prepared first, and then made together."""

from __future__ import annotations

from pathlib import Path

import pytest

from devinops.cli.root_files import Writing, taken, write
from devinops.ingest.pull_result import FileChange
from devinops.model.errors import NotWritten
from tests.testing.tree import snapshot


def new(path: str, text: str = "text\n") -> FileChange:
    return FileChange(path, text, (), is_new=True)


def everything(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))


def test_files_are_written_changed_and_deleted(tmp_path: Path) -> None:
    (tmp_path / "old.md").write_text("old")
    (tmp_path / "gone.md").write_text("gone")
    write(
        tmp_path,
        [new("a/b/c.md"), FileChange("old.md", "new", ()), FileChange("gone.md", None, ())],
    )
    assert snapshot(tmp_path) == {"a/b/c.md": b"text\n", "old.md": b"new"}


def test_many_files_with_the_same_beginning_of_their_names(tmp_path: Path) -> None:
    files = [new(f"a/{'long-' * 15}{number}.md", f"{number}\n") for number in range(100)]
    write(tmp_path, files)
    assert snapshot(tmp_path) == {file.path: (file.text or "").encode() for file in files}


def test_what_is_only_prepared_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "old.md").write_text("old")
    with Writing(tmp_path) as writing:
        writing.prepare([new("a/b/c.md"), FileChange("old.md", "new", ())])
        writing.prepare([new("x/y.md")])
    assert everything(tmp_path) == ["old.md"]
    assert (tmp_path / "old.md").read_text() == "old"


def test_what_is_prepared_last_counts(tmp_path: Path) -> None:
    with Writing(tmp_path) as writing:
        writing.prepare([new("a/b.md"), new("c.md")])
        writing.prepare([new("a/d.md")])
        writing.finish()
    assert everything(tmp_path) == ["a", "a/d.md"]


def test_a_file_that_another_program_created_stays(tmp_path: Path) -> None:
    with Writing(tmp_path) as writing:
        writing.prepare([new("a.md"), new("b.md")])
        (tmp_path / "b.md").write_text("theirs")
        with pytest.raises(NotWritten, match=r"b\.md: another program has created it"):
            writing.finish()
    assert snapshot(tmp_path) == {"b.md": b"theirs"}


@pytest.mark.parametrize("target", ["..", "nowhere"])
def test_a_link_leads_nowhere_else(tmp_path: Path, target: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "a").symlink_to(target)
    with pytest.raises(NotWritten, match="cannot write"):
        write(root, [new("a/b.md")])
    assert everything(tmp_path) == ["root", "root/a"]


def test_a_file_above_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(NotWritten, match="/a"):
        write(tmp_path, [new("a/b.md")])
    assert everything(tmp_path) == ["a"]


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    for name in (".c.md.123-4.tmp", ".c.md.123.tmp", "c.md.123-4.tmp"):
        (tmp_path / "a").mkdir(exist_ok=True)
        (tmp_path / "a" / name).write_text("half")
    write(tmp_path, [new("a/b.md")])
    assert everything(tmp_path) == ["a", "a/.c.md.123.tmp", "a/b.md", "a/c.md.123-4.tmp"]


def test_a_root_that_does_not_exist_has_no_files(tmp_path: Path) -> None:
    assert taken(tmp_path / "none") == frozenset()
