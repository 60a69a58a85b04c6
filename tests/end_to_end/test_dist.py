"""The files of a release: equal bytes from two checkouts, and a fault in them is found before anybody has them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from devinops.version import RELEASE
from tests.testing.inventories import commit, git
from tests.testing.places import ROOT

TOOLS, WHEELS = Path(sys.prefix) / "tools", Path(sys.prefix) / "wheelhouse"

pytestmark = [
    pytest.mark.matrix,
    pytest.mark.nightly,
    pytest.mark.skipif(
        not (TOOLS / ".done").exists() or not (WHEELS / ".done").exists(),
        reason="the tools are not installed: run the tests with `make test-all`",
    ),
]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clone of this repository, with what is not committed yet as one more commit, which is a release."""
    git(tmp_path, "clone", "-q", "--no-tags", str(ROOT), "checkout")
    top = tmp_path / "checkout"
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    for name in {*listed, *git(top, "ls-files").splitlines()}:
        (top / name).unlink(missing_ok=True)
        if (ROOT / name).is_file():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, top / name)
    git(top, "add", "--all")
    commit(top, "--allow-empty", "-m", "all")
    git(top, "tag", f"v{RELEASE}")
    git(top, "checkout", "-q", "--detach")  # as CI does for a tag
    return top


def dist(
    top: Path, out: Path, umask: int = 0o22, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [top / ".ci" / "dist", TOOLS, WHEELS, out],
        env={**os.environ, **(env or {})},
        umask=umask,
        capture_output=True,
        text=True,
        check=False,
    )


def bytes_of(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_two_checkouts_give_the_same_files_and_a_changed_byte_is_found(
    checkout: Path, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    ran = dist(checkout, first)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")

    other = tmp_path / "another place" / "tree"
    git(tmp_path, "clone", "-q", str(checkout), str(other))
    (other / "devinops" / "not_committed.py").write_text("x = 1\n")
    for path in (other, other / "devinops", other / "setup.py"):
        os.utime(path, (1, 1))
    env = {"LC_ALL": "C", "TZ": "Asia/Tokyo", "HOME": str(other), "USER": "somebody"}
    assert dist(other, second, umask=0o77, env=env).returncode == 0
    files = bytes_of(first)
    wheel = f"devinops-{RELEASE}-py3-none-any.whl"
    names = {
        wheel,
        f"devinops-{RELEASE}.tar.gz",
        "devinops.cdx.json",
        "requirements.txt",
        "SHA256SUMS",
    }
    assert set(files) == names
    assert files == bytes_of(second)

    check_contents(checkout, first)
    damaged = bytearray(files[wheel])
    damaged[len(damaged) // 2] ^= 1
    (second / wheel).write_bytes(damaged)
    for directory, code, said in ((first, 0, ""), (second, 1, f"{wheel}: FAILED\n")):
        checked = subprocess.run(
            ["sha256sum", "--check", "--quiet", "SHA256SUMS"],
            cwd=directory,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (checked.returncode, checked.stdout) == (code, said)
    sums = files["SHA256SUMS"].decode()
    assert {line[66:] for line in sums.splitlines()} == names - {"SHA256SUMS"}


def check_contents(checkout: Path, built: Path) -> None:
    """The source has all files of the commit; the wheel has the package and its version; the list names all."""
    with tarfile.open(built / f"devinops-{RELEASE}.tar.gz") as archive:
        members = {member.name.partition("/")[2]: member for member in archive if member.isfile()}
        owners = {(m.uid, m.gid, m.uname, m.gname, m.mode & 0o22) for m in members.values()}
    made = {"PKG-INFO", "devinops/version.txt"}
    source = {name for name in members if not name.startswith("devinops.egg-info/")} - made
    assert source == set(git(checkout, "ls-files").splitlines())
    assert owners == {(0, 0, "", "", 0)}
    with zipfile.ZipFile(built / f"devinops-{RELEASE}-py3-none-any.whl") as wheel:
        assert wheel.read("devinops/version.txt") == f"{RELEASE} built\n".encode()
        tops = {name.partition("/")[0] for name in wheel.namelist()}
        assert tops == {"devinops", f"devinops-{RELEASE}.dist-info"}
    document = json.loads((built / "devinops.cdx.json").read_text())
    assert document["metadata"]["component"]["version"] == RELEASE
    listed = {part["name"].lower().replace("_", "-") for part in document["components"]}
    pinned = (built / "requirements.txt").read_text().splitlines()
    locked = {line.partition("==")[0]: line for line in pinned if line[0].isalpha()}
    assert listed <= {*locked}
    assert {"httpx", "fastapi"} <= listed
    assert {
        name for name, line in locked.items() if name not in listed and ";" not in line
    } == set()


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("setup.cfg", "keywords = devin, gitops", "# devin, gitops", "keywords"),
        ("setup.cfg", "    click>=8.2\n", "    click>=8.2\n    colorama>=0.4\n", "colorama"),
    ],
    ids=["metadata", "a package without a hash"],
)
def test_a_fault_leaves_no_files(
    checkout: Path, tmp_path: Path, name: str, old: str, new: str, said: str
) -> None:
    text = (checkout / name).read_text("utf-8")
    assert old in text
    (checkout / name).write_text(text.replace(old, new, 1), "utf-8")
    commit(checkout, "-am", "a fault")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "SHA256SUMS").write_text("of an earlier run")
    ran = dist(checkout, tmp_path / "out")
    assert ran.returncode != 0
    assert said in ran.stderr
    assert not (tmp_path / "out").exists()


def test_a_copy_of_the_files_is_told_what_is_missing(tmp_path: Path) -> None:
    copy, out = tmp_path / "copy", tmp_path / "out"
    (copy / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "dist", copy / ".ci")
    out.mkdir()
    ran = dist(copy, out)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == (
        "make dist builds a commit, so it needs a clone of the repository, not a copy of the files\n"
    )
    assert out.exists()
