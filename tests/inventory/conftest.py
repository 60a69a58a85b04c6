"""Repositories with a remote."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.testing.command_line import clean
from tests.testing.inventories import commit, git


@pytest.fixture(scope="session")
def _remote(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `remote` copies: making it takes ten calls of git."""
    above = tmp_path_factory.mktemp("remote")
    bare, work = above / "remote.git", above / "work"
    with pytest.MonkeyPatch.context() as patch:
        clean(patch)
        git(above, "init", "-q", "--bare", "-b", "main", str(bare))
        git(above, "clone", "-q", str(bare), str(work))
        git(work, "checkout", "-q", "-b", "main")
        (work / "teams" / "a").mkdir(parents=True)
        for number in (1, 2):
            (work / "teams" / "a" / "file.txt").write_text(f"{number}\n")
            git(work, "add", ".")
            commit(work, "-m", str(number))
        git(work, "push", "-q", "origin", "main")
    shutil.rmtree(bare / "hooks")
    (bare / "hooks").mkdir()
    return bare


@pytest.fixture
def remote(_remote: Path, tmp_path: Path) -> Path:
    """A bare repository whose default branch has two commits and a directory `teams/a`."""
    return Path(shutil.copytree(_remote, tmp_path / "remote.git"))


@pytest.fixture
def clone(remote: Path, tmp_path: Path) -> Callable[..., Path]:
    """Clone the remote: `clone("name", "--depth=1")`."""

    def make(name: str = "clone", *options: str) -> Path:
        git(tmp_path, "clone", "-q", *options, remote.as_uri(), name)
        return tmp_path / name

    return make
