"""Every writer of files: all of it or nothing, one line where it cannot, permissions kept, links not followed."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devinops import atomic
from devinops.applying.saved import read_plans, save
from devinops.cli.output import write_file
from devinops.cli.setup.placed_files import NewFile
from devinops.cli.setup.placed_files import place as place_file
from devinops.inventory import disk
from devinops.model.errors import DevinopsError, NotWritten, UnusableFile
from tests.testing.disk import WRONG, breaks, limited, names, room_for
from tests.testing.inventories import commit, git

Writer = Callable[[Path, list[str]], object]


def put(path: Path, text: str) -> object:
    return place_file(NewFile(path.name, text), path.parent, path.parent)


WRITERS: dict[str, Writer] = {
    "--report": write_file,
    "--out": save,
    "--directory": lambda path, chunks: write_file(path, chunks, "--directory"),
    "inventory": lambda path, chunks: disk.replace(path, "".join(chunks)),
    "init": lambda path, chunks: put(path, "".join(chunks)),
}
REPLACING = {name: writer for name, writer in WRITERS.items() if name != "init"}
"""Those that write over what is there."""
ANY_TEXT = {name: writer for name, writer in REPLACING.items() if name != "inventory"}
every = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
replacing = pytest.mark.parametrize("write", REPLACING.values(), ids=REPLACING)
any_text = pytest.mark.parametrize("write", ANY_TEXT.values(), ids=ANY_TEXT)
no_files = pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["directory", "pipe"])


# --- whole files ------------------------------------------------------------------------------------------


@every
def test_a_file_is_written_and_nothing_else_stays(write: Writer, tmp_path: Path) -> None:
    write(tmp_path / "a", ["one\n", "two\n"])
    assert (tmp_path / "a").read_bytes() == b"one\ntwo\n"
    assert names(tmp_path) == ["a"]


@any_text
def test_a_report_holds_whatever_the_text_is(write: Writer, tmp_path: Path) -> None:
    write(tmp_path / "a", ["zwei ü\n", "half \ud83d\n"])
    assert (tmp_path / "a").read_bytes() == b"zwei \xc3\xbc\nhalf \\ud83d\n"


@pytest.mark.parametrize("text", ["ü", "\ud83d"])
def test_an_inventory_is_never_altered_on_the_way(text: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(UnicodeError):
        disk.replace(tmp_path / "a", text)
    assert (names(tmp_path), (tmp_path / "a").read_text()) == (["a"], "old")


@replacing
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o444])
def test_permissions_are_kept(write: Writer, mode: int, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    path.chmod(mode)
    write(path, ["new"])
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", mode)


def test_what_is_private_is_private_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    path.chmod(0o600)
    modes: list[int] = []

    def chunks() -> Iterator[str]:
        modes.extend(stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir())
        yield "new"

    atomic.replace(path, chunks())
    assert modes == [0o600, 0o600]


@replacing
def test_a_name_may_be_as_long_as_names_may_be(write: Writer, tmp_path: Path) -> None:
    write(tmp_path / ("🚀" * 63), ["new"])
    assert len(names(tmp_path)) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_saved_plan_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "plan.json")
    with pytest.raises(UnusableFile, match="cannot read the plan"):
        read_plans(tmp_path / "plan.json")


@every
@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
@pytest.mark.parametrize("error", WRONG, ids=errno.errorcode.get)
def test_what_fails_is_one_line_and_leaves_nothing_half_written(
    write: Writer, step: str, error: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"
    kept.write_text("old")
    with monkeypatch.context() as broken:
        breaks(broken, step, error)
        for path in (tmp_path / "a", kept) if write in REPLACING.values() else (tmp_path / "a",):
            with pytest.raises(DevinopsError) as caught:
                write(path, ["new"])
            said = str(caught.value)
            assert str(path) in said
            assert os.strerror(error) in said
            assert said.endswith("then run again")
            assert "\n" not in said
    assert (names(tmp_path), kept.read_text()) == (["kept"], "old")
    write(tmp_path / "a", ["new"])
    assert (tmp_path / "a").read_text() == "new"


@every
@limited
@pytest.mark.parametrize("room", [0, 1, 4095, 4096, 99_999])
def test_a_disk_that_is_full_half_way_leaves_the_old_file(
    write: Writer, room: int, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    kept.write_text("old")
    with room_for(room):
        for path in (tmp_path / "a", kept) if write in REPLACING.values() else (tmp_path / "a",):
            with pytest.raises(
                DevinopsError, match=r"File too large: free up space, then run again$"
            ):
                write(path, ["x" * 50_000, "y" * 50_000])
    assert (names(tmp_path), kept.read_text()) == (["kept"], "old")


@replacing
def test_once_it_is_in_its_place_it_is_written(
    write: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last step, which makes the name last, can fail too; saying so would mean that the old file is there."""
    (tmp_path / "a").write_text("old")
    breaks(monkeypatch, "fsync", errno.EIO, after=1)
    write(tmp_path / "a", ["new"])
    assert ((tmp_path / "a").read_text(), names(tmp_path)) == ("new", ["a"])


@any_text
def test_what_breaks_in_the_middle_leaves_the_old_file(write: Writer, tmp_path: Path) -> None:
    def chunks() -> Iterator[str]:
        yield "half"
        raise KeyboardInterrupt

    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write(path, chunks())  # type: ignore[arg-type]
    assert (names(tmp_path), path.read_text()) == (["a"], "old")


@any_text
def test_a_link_stays_and_so_does_what_it_leads_to(write: Writer, tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    inside.mkdir()
    outside.write_text("old")
    (inside / "a").symlink_to(outside)
    with pytest.raises(
        (OSError, DevinopsError), match="it is a symbolic link, which is not followed"
    ):
        write(inside / "a", ["new"])
    assert (outside.read_text(), names(inside), (inside / "a").readlink()) == (
        "old",
        ["a"],
        outside,
    )


@every
def test_a_link_in_the_place_of_what_is_written_first_is_not_followed(
    write: Writer, tmp_path: Path
) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    inside.mkdir()
    outside.write_text("old")
    (inside / f".a.{os.getpid()}.tmp").symlink_to(outside)
    write(inside / "a", ["new"])
    assert (outside.read_text(), (inside / "a").read_text(), names(inside)) == ("old", "new", ["a"])


def test_init_takes_a_link_for_a_file_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "nowhere")
    put(tmp_path / "a", "text")
    assert names(tmp_path) == ["a"]


@replacing
@no_files
def test_what_is_no_file_stays(write: Writer, make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "a")
    with pytest.raises(DevinopsError, match="not a regular file"):
        write(tmp_path / "a", ["new"])
    assert not (tmp_path / "a").is_file()
    assert names(tmp_path) == ["a"]


@every
def test_a_place_below_a_file_or_nowhere_is_one_line(write: Writer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    places = [tmp_path / "file" / "a"]
    if write in REPLACING.values():  # init makes its directories
        places.append(tmp_path / "nowhere" / "a")
    for place in places:
        with pytest.raises(DevinopsError) as caught:
            write(place, ["new"])
        assert str(place) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert (names(tmp_path), (tmp_path / "file").read_text()) == (["file"], "old")


@every
def test_what_a_crash_left_is_in_nobodys_way(write: Writer, tmp_path: Path) -> None:
    (tmp_path / f".a.{os.getpid()}.tmp").write_text("torn")
    write(tmp_path / "a", ["new"])
    assert names(tmp_path) == ["a"]


@pytest.fixture(params=["top", "below", "work tree", "submodule"])
def in_repository(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A directory in a Git repository that has a commit."""
    top = tmp_path / "top"
    git(tmp_path, "init", "--quiet", "top")
    commit(top, "--allow-empty", "--message", "one")
    if request.param == "work tree":
        git(top, "worktree", "add", "--quiet", "--detach", "../other")
        return tmp_path / "other"
    if request.param == "submodule":
        allowed = ("-c", "protocol.file.allow=always")
        git(top, *allowed, "submodule", "--quiet", "add", str(top), "part")
        return top / "part"
    directory = top if request.param == "top" else top / "a" / "b"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


@every
def test_git_does_not_see_what_a_crash_leaves(
    write: Writer, in_repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def look(self: Path, target: Path) -> Path:
        assert self.read_text() == "new"
        seen.append(git(in_repository, "status", "--porcelain", "--ignored", "."))
        return replace(self, target)

    replace = Path.replace
    monkeypatch.setattr(Path, "replace", look)
    write(in_repository / "a.txt", ["new"])
    assert seen == [""]
    assert (in_repository / "a.txt").read_text() == "new"
    assert not list(in_repository.parent.rglob("*.tmp"))


@pytest.mark.parametrize("what", ["a directory", "read-only", "a file", "a pipe", "elsewhere"])
@every
def test_a_repository_that_takes_no_files_is_in_nobodys_way(
    write: Writer, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / ".git"
    if what == "a file":
        place.write_text("gitdir: nowhere\n")
    elif what == "a pipe":
        os.mkfifo(place)
    else:
        place.mkdir()
    monkeypatch.setattr(os, "access", lambda *_: what != "read-only")
    replace = Path.replace

    def fails(self: Path, target: Path) -> Path:
        if self.parent == place:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return replace(self, target)

    if what == "elsewhere":
        monkeypatch.setattr(Path, "replace", fails)
    write(tmp_path / "a", ["zwei ü\r\n" if write in ANY_TEXT.values() else "two\n"])
    assert (tmp_path / "a").read_bytes() in (b"zwei \xc3\xbc\r\n", b"two\n")
    assert names(tmp_path) == [".git", "a"]
    assert not place.is_dir() or names(place) == []


# --- lines ------------------------------------------------------------------------------------------------

LINE = b'{"a": 1}\n'


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[int]:
    descriptor = atomic.open_lines(tmp_path / "lines")
    atomic.append(descriptor, b"first\n")
    yield descriptor
    os.close(descriptor)


def test_lines_that_are_written_byte_by_byte_are_whole(
    lines: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:1]))
    atomic.append(lines, LINE)
    assert (tmp_path / "lines").read_bytes() == b"first\n" + LINE


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("cut", [True, False], ids=["cut", "not cut"])
@pytest.mark.parametrize("fits", range(len(LINE)))
def test_a_line_that_does_not_fit_leaves_nothing_of_it(
    lines: int,
    fits: int,
    cut: bool,
    error: BaseException,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where cutting it off fails as well, the next line does it."""
    write, room = os.write, [fits]

    def full(descriptor: int, data: bytes) -> int:
        if not room[0]:
            raise error
        room[0] -= 1
        return write(descriptor, data[:1])

    with monkeypatch.context() as broken:
        broken.setattr(os, "write", full)
        if not cut:
            breaks(broken, "ftruncate", errno.EIO)
        with pytest.raises(type(error)) as caught:
            atomic.append(lines, LINE)
        assert caught.value is error
    torn = b"" if cut else LINE[:fits]
    assert (tmp_path / "lines").read_bytes() == b"first\n" + torn
    atomic.append(lines, b"last\n")
    assert (tmp_path / "lines").read_bytes() == b"first\nlast\n"


@pytest.mark.parametrize("error", WRONG, ids=errno.errorcode.get)
def test_a_line_that_is_not_on_the_disk_was_not_added(
    lines: int, error: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        breaks(broken, "fsync", error)
        with pytest.raises(OSError, match=os.strerror(error)):
            atomic.append(lines, LINE)
    assert (tmp_path / "lines").read_bytes() == b"first\n"


@limited
def test_a_line_for_which_there_is_no_room_was_not_added(lines: int, tmp_path: Path) -> None:
    with room_for(8), pytest.raises(OSError, match="File too large"):
        atomic.append(lines, LINE)
    assert (tmp_path / "lines").read_bytes() == b"first\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_disk_that_was_always_full_is_reported_as_it_is() -> None:
    descriptor = os.open("/dev/full", os.O_RDWR)
    try:
        with pytest.raises(OSError, match="No space left"):
            atomic.append(descriptor, LINE)
    finally:
        os.close(descriptor)


@no_files
def test_lines_are_not_added_to_what_is_no_file(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    make(tmp_path / "lines")
    with pytest.raises(OSError):
        atomic.open_lines(tmp_path / "lines")
    assert not (tmp_path / "lines").is_file()


@pytest.mark.parametrize("new", [True, False])
def test_lines_are_not_added_through_a_link(new: bool, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("old")
    (tmp_path / "lines").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError):
        atomic.open_lines(tmp_path / "lines", new=new)
    assert (tmp_path / "outside").read_text() == "old"


def test_a_file_whose_name_may_not_last_is_not_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(monkeypatch, "fsync", errno.EIO)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        atomic.open_lines(tmp_path / "lines", new=True)
    assert names(tmp_path) == []


# --- reading and directories ------------------------------------------------------------------------------


@no_files
def test_what_is_no_file_is_not_read_and_not_waited_for(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    make(tmp_path / "a")
    with pytest.raises(OSError):
        atomic.read(tmp_path / "a")


def test_a_link_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("of others")
    (tmp_path / "a").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError):
        atomic.read(tmp_path / "a")


@pytest.mark.parametrize("way", ["link", "link to nowhere", "file"])
def test_a_directory_is_made_in_its_place_or_not_at_all(way: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    if way == "link":
        (tmp_path / "elsewhere").mkdir()
    if way == "file":
        (root / ".devinops").write_text("old")
    else:
        (root / ".devinops").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        atomic.state_directory(root)
    assert names(tmp_path) == (["elsewhere", "root"] if way == "link" else ["root"])
    assert way != "link" or names(tmp_path / "elsewhere") == []


@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
def test_a_gitignore_is_whole_or_not_there(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".devinops").mkdir()
    with monkeypatch.context() as broken:
        breaks(broken, step, errno.ENOSPC)
        with pytest.raises(OSError, match="No space left"):
            atomic.state_directory(tmp_path)
    assert names(tmp_path / ".devinops") == []
    atomic.state_directory(tmp_path)
    assert (tmp_path / ".devinops" / ".gitignore").read_text() == atomic.IGNORED


def test_a_gitignore_that_is_a_link_stays_and_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / ".devinops").mkdir()
    (tmp_path / ".devinops" / ".gitignore").symlink_to(tmp_path / "outside")
    atomic.state_directory(tmp_path)
    assert names(tmp_path) == [".devinops"]


@pytest.mark.parametrize("error", [errno.EINVAL, errno.ENOTSUP], ids=errno.errorcode.get)
def test_a_system_that_cannot_make_names_last_is_no_error(
    error: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(monkeypatch, "fsync", error)
    atomic.sync_directory(tmp_path)


def test_a_directory_that_cannot_be_read_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(monkeypatch, "open", errno.EACCES)
    atomic.sync_directory(tmp_path)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "No space left on device: free up space, then run again"),
        (errno.EROFS, "Read-only file system: make it readable and writable, then run again"),
        (errno.ENOENT, "No such file or directory: create its directory, then run again"),
        (errno.EIO, "Input/output error: fix the problem, then run again"),
    ],
    ids=lambda value: errno.errorcode[value] if isinstance(value, int) else "",
)
def test_an_error_says_what_to_do(number: int, words: str) -> None:
    assert atomic.reason(OSError(number, os.strerror(number))) == words


def test_the_option_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotWritten, match=r"^--directory cannot write .*a: "):
        write_file(tmp_path / "nowhere" / "a", ["x"], "--directory")
