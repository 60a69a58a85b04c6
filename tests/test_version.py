"""The version names a release or one commit, wherever devinops comes from, and never another commit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from packaging.version import Version

from devinops import version
from devinops.version import compared_version, this_version, version_of
from tests.testing.inventories import commit, git
from tests.testing.places import ROOT

C = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"


@pytest.fixture(autouse=True)
def release(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def set_release(number: str) -> None:
        monkeypatch.setattr(version, "RELEASE", number)

    set_release("1.0.0")
    monkeypatch.setattr(version, "_FIRST", "1.0.0")
    return set_release


@pytest.mark.parametrize(
    ("number", "facts", "expected"),
    [
        ("1.0.0", (C, "", 5), "1.0.0.dev5+g1a2b3c4"),  # before the first release
        ("1.0.0", (C, "v1.0.0", 0), "1.0.0"),
        ("1.0.0", (C, "v1.0.0", 12), "1.0.1.dev12+g1a2b3c4"),
        ("1.0.9", (C, "v1.0.9", 1), "1.0.10.dev1+g1a2b3c4"),
        ("1.1.0", (C, "v1.0.0", 12), "1.1.0.dev12+g1a2b3c4"),  # the next release is named
        ("1.1.0", (C, "v1.0.0", 0), "1.1.0.dev0+g1a2b3c4"),
        ("1.1.0", (C, "v1.1.0rc1", 0), "1.1.0rc1"),  # a release to try
        ("1.1.0", (C, "v1.1.0rc1", 2), "1.1.0rc2.dev2+g1a2b3c4"),
        ("1.0.1", (C, "v1.0.10", 0), "1.0.1.dev0+g1a2b3c4"),  # not the release of this code
        ("1.0.0", (C,), "1.0.0.dev0+g1a2b3c4"),
        ("1.0.0", ("",), "1.0.0.dev0+unknown"),
    ],
)
def test_a_version_says_the_release_and_the_commit(
    release: Callable[[str], None], number: str, facts: tuple[str, str, int], expected: str
) -> None:
    release(number)
    assert version_of(*facts) == expected
    assert str(Version(expected)) == expected


def test_the_release_of_this_code_is_a_number_of_three_parts_and_a_beta_before_1() -> None:
    line = (ROOT / "devinops" / "version.py").read_text("utf-8").partition("RELEASE: Final = ")[2]
    number = line.split('"')[1]
    release = Version(number).release
    assert (number, len(release)) == (".".join(map(str, release)), 3)
    status = "4 - Beta" if release < (1, 0, 0) else "5 - Production/Stable"
    assert f"Development Status :: {status}" in (ROOT / "setup.cfg").read_text("utf-8")


# --- a checkout ---------------------------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The directory of devinops in a repository with two commits; `version.txt` is ignored there."""
    top = tmp_path / "work"
    (top / "devinops").mkdir(parents=True)
    git(top, "init", "-q", "-b", "main")
    for name in (".gitattributes", ".git_archival.txt", ".gitignore"):
        shutil.copy(ROOT / name, top)
    git(top, "add", ".")
    commit(top, "-m", "1")
    add(top)
    return top / "devinops"


def add(top: Path) -> str:
    """Commit, and return the beginning of the commit's name."""
    commit(top, "--allow-empty", "-m", "more")
    return git(top, "rev-parse", "HEAD")[:7]


def tag(top: Path, *words: str) -> None:
    git(top, "-c", "user.name=P", "-c", "user.email=p@localhost", "tag", *words)


def test_a_checkout_says_its_commit_and_its_tag(package: Path) -> None:
    top = package.parent
    first = git(top, "rev-parse", "HEAD")[:7]
    assert this_version(package) == f"1.0.0.dev2+g{first}"
    second = add(top)
    assert this_version(package) == f"1.0.0.dev3+g{second}"
    tag(top, "v1.0.0")
    assert this_version(package) == "1.0.0"
    third = add(top)
    assert this_version(package) == f"1.0.1.dev1+g{third}"
    git(top, "checkout", "-q", "HEAD~2")
    assert this_version(package) == f"1.0.0.dev2+g{first}"
    assert git(top, "status", "--porcelain") == ""


@pytest.mark.parametrize("words", [("-a", "-m", "1.0.0"), ()], ids=["annotated", "lightweight"])
def test_a_tag_counts_whatever_its_type_and_one_that_moves_does_not(
    package: Path, words: tuple[str, ...]
) -> None:
    tag(package.parent, *words, "v1.0.0")
    tag(package.parent, "-a", "-m", "1", "v1")
    tag(package.parent, "-a", "-m", "stable", "stable-1.0.0")
    assert this_version(package) == "1.0.0"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, ...]]]:
    """What Git is asked."""
    asked: list[tuple[str, ...]] = []
    really = version._git

    def count(at: Path, *words: str) -> str:
        asked.append(words)
        return really(at, *words)

    monkeypatch.setattr(version, "_git", count)
    return asked


def test_git_runs_once_for_each_commit(package: Path, calls: list[tuple[str, ...]]) -> None:
    top = package.parent
    expected = this_version(package)
    assert calls
    calls.clear()
    assert this_version(package) == expected
    git(top, "pack-refs", "--all")
    assert this_version(package) == expected
    assert calls == []
    git(top, "checkout", "-q", "--detach")
    assert this_version(package) == expected
    assert calls == []
    git(top, "worktree", "add", "-q", "-b", "other", str(top.parent / "other"))
    (top.parent / "other" / "devinops").mkdir(exist_ok=True)
    assert this_version(top.parent / "other" / "devinops") == expected
    calls.clear()
    assert this_version(top.parent / "other" / "devinops") == expected
    assert calls == []


def test_half_a_record_is_not_believed(package: Path) -> None:
    expected = this_version(package)
    record = package / "version.txt"
    text = record.read_text()
    for damaged in ("", text[:5], text[:-30], "\xff", "9.9.9 ", "9.9.9 buil"):
        record.write_text(damaged, "latin-1")
        assert this_version(package) == expected


def test_a_shallow_clone_knows_its_commit_but_not_how_many_came_before(
    package: Path, tmp_path: Path
) -> None:
    url = package.parent.as_uri()
    git(tmp_path, "clone", "-q", "--depth=1", url, "shallow")
    (tmp_path / "shallow" / "devinops").mkdir()
    head = git(package.parent, "rev-parse", "HEAD")[:7]
    assert this_version(tmp_path / "shallow" / "devinops") == f"1.0.0.dev0+g{head}"
    tag(package.parent, "v1.0.0")
    git(tmp_path / "shallow", "fetch", "-q", "--tags")
    assert this_version(tmp_path / "shallow" / "devinops") == "1.0.0"


@pytest.mark.parametrize("number", ["1.0.0", "1.2.3"])
@pytest.mark.parametrize("depth", [["--depth=1"], []], ids=["shallow", "whole"])
def test_the_commit_of_a_release_counts_as_the_release_without_its_tag(
    package: Path,
    tmp_path: Path,
    release: Callable[[str], None],
    number: str,
    depth: list[str],
) -> None:
    """pre-commit, mirrors and jobs of CI fetch a tag like this: its commit comes without its name."""
    release(number)
    tag(package.parent, f"v{number}")
    clone = tmp_path / "clone"
    git(tmp_path, "init", "-q", "clone")
    url = package.parent.as_uri()
    git(clone, "fetch", "-q", "--no-tags", *depth, url, f"v{number}")
    git(clone, "checkout", "-q", "FETCH_HEAD")
    (clone / "devinops").mkdir()
    version = this_version(clone / "devinops")
    head = git(package.parent, "rev-parse", "HEAD")[:7]
    assert version.startswith(f"{number}.dev")
    assert version.endswith(f"+g{head}")
    assert compared_version(version) == number


def test_a_tag_tells_the_commits_after_a_release_apart(package: Path) -> None:
    tag(package.parent, "v1.0.0")
    add(package.parent)
    version = this_version(package)
    assert compared_version(version) == version


def test_a_checkout_without_the_program_git_says_its_commit(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = git(package.parent, "rev-parse", "HEAD")[:7]
    git(package.parent, "pack-refs", "--all")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert this_version(package) == f"1.0.0.dev0+g{head}"


def test_a_hook_of_another_repository_changes_nothing(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q", "other")
    commit(tmp_path / "other", "--allow-empty", "-m", "other")
    expected = f"1.0.0.dev2+g{git(package.parent, 'rev-parse', 'HEAD')[:7]}"
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "other"))
    assert this_version(package) == expected


@pytest.mark.parametrize("state", ["no commit", "no repository", "a damaged one"])
def test_a_repository_that_says_nothing_is_unknown(tmp_path: Path, state: str) -> None:
    (tmp_path / "devinops").mkdir()
    if state == "no commit":
        git(tmp_path, "init", "-q")
    elif state == "a damaged one":
        (tmp_path / ".git").write_text("gitdir: nowhere\n")
    assert this_version(tmp_path / "devinops") == "1.0.0.dev0+unknown"


# --- without a repository -----------------------------------------------------------------------------------


def test_an_archive_of_a_commit_says_it_as_the_checkout_does(package: Path, tmp_path: Path) -> None:
    top, archive = package.parent, tmp_path / "archive" / "devinops"

    def archived() -> str:
        shutil.rmtree(archive.parent, ignore_errors=True)
        archive.mkdir(parents=True)
        git(top, "archive", "--output", str(tmp_path / "a.tar"), "HEAD")
        shutil.unpack_archive(tmp_path / "a.tar", archive.parent, filter="data")
        return this_version(archive)

    head = git(top, "rev-parse", "HEAD")[:7]
    assert archived() == f"1.0.0.dev0+g{head}"  # only a release makes it count
    tag(top, "v1.0.0")
    assert archived() == this_version(package) == "1.0.0"
    add(top)
    add(top)
    assert archived() == this_version(package)
    assert ".dev2+g" in archived()


def test_files_without_a_name_are_named_by_github(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The action tells its build the commit that GitHub has downloaded; the name of a branch says nothing."""
    (tmp_path / "devinops").mkdir()
    shutil.copy(ROOT / ".git_archival.txt", tmp_path)
    for ref, expected in ((C, "g1a2b3c4"), ("main", "unknown"), ("", "unknown")):
        monkeypatch.setenv("COMMIT_OF_DEVINOPS", ref)
        assert this_version(tmp_path / "devinops") == f"1.0.0.dev0+{expected}"


def test_what_was_built_stays_what_it_is_in_the_repository_of_somebody_else(package: Path) -> None:
    (package / "version.txt").write_text("1.0.0 built\n")
    assert this_version(package) == "1.0.0"


@pytest.mark.parametrize(
    ("built", "expected"),
    [
        ("1.0.0.dev0+unknown", "1.0.0.dev0+g1a2b3c4"),
        ("1.0.1.dev12+gabcdef0", "1.0.1.dev12+gabcdef0"),
        ("1.0.0", "1.0.0"),
    ],
)
def test_what_was_built_without_git_is_named_by_its_installer(
    tmp_path: Path, built: str, expected: str
) -> None:
    record = tmp_path / f"devinops-{built}.dist-info" / "direct_url.json"
    record.parent.mkdir()
    (tmp_path / "devinops").mkdir()
    (tmp_path / "devinops" / "version.txt").write_text(f"{built} built\n")
    vcs = {"vcs": "git", "commit_id": C}
    record.write_text(json.dumps({"url": "https://h/d.git", "vcs_info": vcs}))
    assert this_version(tmp_path / "devinops") == expected
    record.write_text('{"url": "file:///d.whl", "archive_info": {}}')
    assert this_version(tmp_path / "devinops") == built
