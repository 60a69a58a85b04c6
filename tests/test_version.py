"""The version names a release or one commit, wherever devinops comes from, and never another commit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from packaging.version import Version

from devinops import version
from devinops.version import this_version, version_of
from tests.testing.inventories import commit, git
from tests.testing.places import ROOT

C = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"


@pytest.fixture(autouse=True)
def release(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version, "RELEASE", "1.0.0")


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (C, "1.0.0+g1a2b3c4"),
        (C + C[:24], "1.0.0+g1a2b3c4"),  # a repository with SHA-256
        ("v1.0.0", "1.0.0"),
        ("v1.0.0rc1", "1.0.0rc1"),  # a release to try
        ("v1.0.10", "1.0.0+unknown"),  # not the release of this code
        ("v1x0.0", "1.0.0+unknown"),
        ("main", "1.0.0+unknown"),
        ("", "1.0.0+unknown"),
    ],
)
def test_a_version_says_the_release_and_the_commit(origin: str, expected: str) -> None:
    assert version_of(origin) == expected
    assert str(Version(expected)) == expected


def test_the_release_of_this_code_is_a_number_of_three_parts_and_a_beta_before_1() -> None:
    line = (ROOT / "devinops" / "version.py").read_text("utf-8").partition("RELEASE: Final = ")[2]
    number = line.split('"')[1]
    release = Version(number).release
    assert (number, len(release)) == (".".join(map(str, release)), 3)
    status = "4 - Beta" if release < (1, 0, 0) else "5 - Production/Stable"
    assert f"Development Status :: {status}" in (ROOT / "setup.cfg").read_text("utf-8")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The directory of devinops in a repository with a commit."""
    top = tmp_path / "work"
    (top / "devinops").mkdir(parents=True)
    git(top, "init", "-q", "-b", "main")
    add(top)
    return top / "devinops"


def add(top: Path) -> str:
    """Commit, and return the version of the commit."""
    commit(top, "--allow-empty", "-m", "more")
    return f"1.0.0+g{git(top, 'rev-parse', 'HEAD')[:7]}"


def test_two_commits_of_a_checkout_differ_however_git_keeps_them(
    package: Path, tmp_path: Path
) -> None:
    top = package.parent
    first, second = this_version(package), add(top)
    assert this_version(package) == second != first
    git(top, "pack-refs", "--all")
    assert this_version(package) == second
    git(top, "checkout", "-q", "HEAD^")
    assert this_version(package) == first
    git(top, "worktree", "add", "-q", str(tmp_path / "beside"), "main")
    assert this_version(tmp_path / "beside" / "devinops") == second


def test_a_record_of_an_older_devinops_is_not_believed(package: Path) -> None:
    now = this_version(package)
    (package / "version.txt").write_text("1.0.0.dev3+g0000000 0000000 17")
    assert this_version(package) == now


@pytest.mark.parametrize("state", ["no repository", "an empty one", "no commit"])
def test_a_copy_without_git_is_unknown(tmp_path: Path, state: str) -> None:
    (tmp_path / "devinops").mkdir()
    if state == "an empty one":
        (tmp_path / ".git").mkdir()
    if state == "no commit":
        git(tmp_path, "init", "-q")
    assert this_version(tmp_path / "devinops") == "1.0.0+unknown"


def test_what_is_built_is_named_by_whoever_builds_it(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMMIT_OF_DEVINOPS", C)
    assert this_version(package) == "1.0.0+g1a2b3c4"
    monkeypatch.setenv("COMMIT_OF_DEVINOPS", "v1.0.0")
    assert this_version(package) == "1.0.0"


def test_what_was_built_stays_what_it_is_in_the_repository_of_somebody_else(package: Path) -> None:
    (package / "version.txt").write_text("1.0.0+g7654321 built\n")
    assert this_version(package) == "1.0.0+g7654321"


def test_what_was_built_without_git_is_named_by_its_installer(package: Path) -> None:
    (package / "version.txt").write_text("1.0.0+unknown built\n")
    assert this_version(package) == "1.0.0+unknown"
    record = package.parent / "devinops-1.0.0.dist-info" / "direct_url.json"
    record.parent.mkdir()
    record.write_text("{")
    assert this_version(package) == "1.0.0+unknown"
    url = {"url": "https://example.invalid/x", "vcs_info": {"vcs": "git", "commit_id": C}}
    record.write_text(json.dumps(url))
    assert this_version(package) == "1.0.0+g1a2b3c4"
