"""SIGKILL at a random step of a run with five targets; then its job runs again, in a fresh clone."""

from __future__ import annotations

import os
import random
import signal
import tempfile
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import pytest

from devinops.git import Git
from devinops.inventory import InventorySettings, Job, Place, Store, open_runs, open_stores
from devinops.inventory import disk as inventory_disk
from devinops.inventory.merge import NO_JOB
from devinops.model.inventory import Inventory
from devinops.model.target import Target
from tests.testing.inventories import commit, git, intent, record

pytestmark = pytest.mark.crash
R = TypeVar("R")
TARGETS, NOTES = 5, 4
KILLS = 200 if os.environ.get("CRASH_MATRIX") == "all" else 6
CHUNKS = 2
JOB = Job("GitHub acme/app, run 7, job apply", 1)


@dataclass
class Steps:
    """Counts what a process does, and kills it before or after one step."""

    at: int | None = None
    after: bool = False
    done: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, act: Callable[[], R]) -> R:
        with self.lock:
            number, self.done = self.done, self.done + 1
        if number == self.at and not self.after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = act()
        if number == self.at and self.after:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


@dataclass
class Organizations:
    """A directory for each target, with a file for each note: its name, and its id as the suffix."""

    path: Path

    def notes(self, target: str) -> list[tuple[str, str]]:
        return sorted((note.stem, note.suffix[1:]) for note in (self.path / target).iterdir())

    def create(self, target: str, name: str) -> str:
        id = uuid.uuid4().hex
        (self.path / target / f"{name}.{id}").touch()
        return id


def stores_of(root: Path, job: Job = NO_JOB) -> dict[str, Store]:
    targets = [Target(f"t{n}", "https://api.devin.ai", "v3", f"org-{n}") for n in range(TARGETS)]
    places = [Place(target, InventorySettings("branch")) for target in targets]
    return open_stores(places, root, job=job)


def apply(store: Store, target: str, run: str, there: Organizations, steps: Steps) -> None:
    """Create the notes that are missing and own those that are there, as an apply does."""
    base = store.read()
    assert not open_runs(base), "the run before still holds the target"
    live = dict(there.notes(target))
    missing = [name for n in range(NOTES) if record(name := f"n{n}").key not in base.by_key]
    if missing:
        store.begin(run, [intent(run, name) for name in missing], base)
        for name in missing:
            id = live.get(name) or steps.take(lambda name=name: there.create(target, name))  # type: ignore[misc]
            store.settle(run, [record(name, id)])
        store.finish(run)
    else:
        store.sweep()
    store.close()


def run_targets(root: Path, there: Organizations, job: Job, steps: Steps) -> None:
    """A run over all targets, whose calls of git and writes to the disk are steps."""
    run, call, append = f"20260312T101500Z-00000{job.attempt}", Git.run, inventory_disk.append
    with pytest.MonkeyPatch.context() as patch:
        # A process that is killed cannot remove its temporary files.
        patch.setattr(tempfile, "tempdir", str(root.parent))
        patch.setattr(Git, "run", lambda *a, **k: steps.take(lambda: call(*a, **k)))
        patch.setattr(inventory_disk, "append", lambda *a: steps.take(lambda: append(*a)))
        with ThreadPoolExecutor(TARGETS) as pool:
            jobs = [
                pool.submit(apply, store, name, run, there, steps)
                for name, store in stores_of(root, job).items()
            ]
        for done in jobs:
            done.result()


def killed(root: Path, there: Organizations, steps: Steps) -> int:
    """Run in a process of its own; return what it exits with."""
    process = get_context("fork").Process(target=run_targets, args=(root, there, JOB, steps))
    process.start()
    process.join(120)
    assert process.exitcode is not None, "the run hangs"
    return process.exitcode


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "remote.git")
    git(tmp_path, "clone", "-q", "remote.git", "work")
    commit(tmp_path / "work", "--allow-empty", "-m", "first")
    git(tmp_path / "work", "push", "-q", "origin", "HEAD:main")
    return tmp_path / "remote.git"


def world(remote: Path, name: str) -> tuple[Callable[[str], Path], Organizations]:
    """A copy of the remote with its organizations; the function clones it."""
    above = remote.parent / name
    above.mkdir()
    git(above, "clone", "-q", "--mirror", str(remote), "remote.git")
    for n in range(TARGETS):
        (above / "organizations" / f"t{n}").mkdir(parents=True)

    def clone(name: str) -> Path:
        git(above, "clone", "-q", "--depth=1", "--no-tags", (above / "remote.git").as_uri(), name)
        return above / name

    return clone, Organizations(above / "organizations")


@pytest.mark.usefixtures("really_waits")
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_job_of_a_killed_run_goes_on_by_itself(
    remote: Path, chunk: int, record_property: Callable[[str, object], None]
) -> None:
    clone, there = world(remote, "undisturbed")
    steps = Steps()
    run_targets(clone("one"), there, JOB, steps)
    chance = random.Random(chunk)
    deaths = 0
    for number in range(KILLS // CHUNKS):
        at, after = chance.randrange(steps.done), chance.random() < 0.5
        clone, there = world(remote, str(number))
        code = killed(clone("one"), there, Steps(at, after))
        deaths += code == -signal.SIGKILL
        where = f"killed {'after' if after else 'before'} step {at}"
        for store in stores_of(clone("stranger")).values():
            store.read()
        run_targets(clone("two"), there, JOB._replace(attempt=2), Steps())
        for name, store in stores_of(clone("three")).items():
            notes = there.notes(name)
            assert [note for note, _ in notes] == [f"n{n}" for n in range(NOTES)], where
            owned = Inventory.of("branch", [record(*note) for note in notes])
            assert store.read() == owned, where
        left = git(there.path.with_name("remote.git"), "ls-tree", "--name-only", "devinops")
        assert ".runs" not in left, where
    assert deaths > KILLS // CHUNKS // 2
    record_property("kills of runs with five targets", deaths)
