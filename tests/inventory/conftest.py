"""Repositories with a remote, and small inventories."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from devinops.inventory import InventorySettings, Store, open_store
from devinops.inventory.journaled import KeptStore
from devinops.model.changes import Action
from devinops.model.inventory import Base, Intent, Inventory, Record
from devinops.model.keys import Key
from devinops.model.target import Target
from tests.conftest import clean

TARGET = Target("production", "https://api.devin.ai", "v3", "org-1")


def git(cwd: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"git {arguments}: {done.stderr}"
    return done.stdout.strip()


def commit(cwd: Path, *arguments: str) -> None:
    git(cwd, "-c", "user.name=P", "-c", "user.email=p@localhost", "commit", "-q", *arguments)


def record(name: str, id: str | None = None, body: str = "0" * 16) -> Record:
    return Record(
        Key.parse(f"knowledge:{name}"),
        id or f"note-{name}",
        f"knowledge/{name}.md",
        fields={"body": Base(body, body)},
    )


def intent(run: str, name: str, action: Action = Action.CREATE, id: str | None = None) -> Intent:
    return Intent(run, action, Key.parse(f"knowledge:{name}"), id)


def applied(store: Store, run: str, *names: str) -> None:
    """One whole run that creates notes."""
    store.begin(run, [intent(run, name) for name in names], store.read())
    for name in names:
        store.settle(run, [record(name)])
    store.finish(run)


def dies(store: Store, run: str) -> None:
    """Let a run go as the system does when its process dies: its lock is free, and the lock's file stays."""
    assert isinstance(store, KeptStore)
    os.close(store._alive.pop(run))


def names(inventory: Inventory) -> list[str]:
    return [one.key.name for one in inventory.records]


def runs(intents: Iterable[Intent]) -> list[str]:
    return sorted({one.run for one in intents})


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


def on_branch(
    root: Path, target: Target = TARGET, branch: str = "devinops", remote: str | None = None
) -> Store:
    return open_store(InventorySettings("branch", branch, remote), root, target)


def in_file(root: Path, target: Target = TARGET) -> Store:
    return open_store(InventorySettings("file"), root, target)
