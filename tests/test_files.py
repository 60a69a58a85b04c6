"""Every writer that replaces a file: all of it or nothing, one line where it cannot, permissions kept."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devinops import files
from devinops.cli.init import _write
from devinops.cli.options import write_file
from devinops.errors import ConfigError
from devinops.saved import save

Writer = Callable[[Path, list[str]], object]
WRITERS: dict[str, Writer] = {
    "--report": write_file,
    "--out": save,
    "--directory": lambda path, chunks: write_file(path, chunks, "--directory"),
    "init": lambda path, chunks: _write(path.parent, path.name, "".join(chunks)),
}
REPLACING = {name: writer for name, writer in WRITERS.items() if name != "init"}
every = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
replacing = pytest.mark.parametrize("write", REPLACING.values(), ids=REPLACING)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@every
def test_a_file_is_written_and_nothing_else_stays(write: Writer, tmp_path: Path) -> None:
    write(tmp_path / "a", ["one\n", "zwei ü\n"])
    assert (tmp_path / "a").read_bytes() == "one\nzwei ü\n".encode()
    assert names(tmp_path) == ["a"]


@replacing
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o444])
def test_permissions_are_kept(write: Writer, mode: int, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    path.chmod(mode)
    write(path, ["new"])
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", mode)


@every
@pytest.mark.parametrize("step", ["fsync", "replace", "open"])
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.ENOENT])
def test_what_fails_is_one_line_and_leaves_nothing_half_written(
    write: Writer, step: str, error: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> int:
        raise OSError(error, os.strerror(error))

    kept = tmp_path / "kept"
    kept.write_text("old")
    with monkeypatch.context() as broken:
        if step == "replace":
            broken.setattr(Path, "replace", fail)
        else:
            broken.setattr(os, step, fail)
        with pytest.raises(ConfigError, match=os.strerror(error)) as caught:
            write(tmp_path / "a", ["new"])
        assert "\n" not in str(caught.value)
        if write in REPLACING.values():
            with pytest.raises(ConfigError):
                write(kept, ["new"])
    assert (names(tmp_path), kept.read_text()) == (["kept"], "old")


@replacing
def test_what_breaks_in_the_middle_leaves_the_old_file(write: Writer, tmp_path: Path) -> None:
    def chunks() -> Iterator[str]:
        yield "half"
        raise KeyboardInterrupt

    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write(path, chunks())  # type: ignore[arg-type]
    assert (names(tmp_path), path.read_text()) == (["a"], "old")


@replacing
def test_a_link_is_replaced_and_what_it_leads_to_is_not_touched(write: Writer, tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    inside.mkdir()
    outside.write_text("old")
    (inside / "a").symlink_to(outside)
    write(inside / "a", ["new"])
    assert (outside.read_text(), (inside / "a").read_text(), (inside / "a").is_symlink()) == (
        "old",
        "new",
        False,
    )


def test_init_takes_a_link_for_a_file_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "nowhere")
    assert _write(tmp_path, "a", "text") is False
    assert names(tmp_path) == ["a"]


@replacing
@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["directory", "pipe"])
def test_what_is_no_file_stays(write: Writer, make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "a")
    with pytest.raises(ConfigError, match="no file"):
        write(tmp_path / "a", ["new"])
    assert not (tmp_path / "a").is_file()


def test_what_a_crash_left_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / f".a.{os.getpid()}.tmp").write_text("torn")
    files.replace(tmp_path / "a", ["new"])
    assert names(tmp_path) == ["a"]
