"""Small inventories, their stores, and Git as the tests call it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Collection, Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from devinops.inventory import InventorySettings, Store, open_store
from devinops.inventory.backend import Backend
from devinops.inventory.inventory_run import PATIENCE_S, InventoryRun
from devinops.inventory.journaled import JournaledStore
from devinops.model.changes import Action
from devinops.model.inventory import Base, Intent, Inventory, Record, base
from devinops.model.keys import Key
from devinops.model.kind import Lifecycle
from devinops.model.target import Target
from tests.testing.leftovers import UNTIL_THE_END

if TYPE_CHECKING:
    from devinops.emulator import Emulator

TARGET = Target("production", "https://api.devin.ai", "v3", "org-1")


def git(cwd: Path, *arguments: str, stdin: str | None = None) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=cwd, input=stdin, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"git {arguments}: {done.stderr}"
    return done.stdout.strip()


def commit(cwd: Path, *arguments: str) -> None:
    git(cwd, "-c", "user.name=P", "-c", "user.email=p@localhost", "commit", "-q", *arguments)


@cache
def _made(make: Callable[..., None], *arguments: str) -> Path:
    directory = Path(tempfile.mkdtemp())
    UNTIL_THE_END.callback(shutil.rmtree, directory)
    make(directory, *arguments)
    return directory


def copy_of(make: Callable[..., None], directory: Path, *arguments: str) -> None:
    """Fill a directory with what `make(directory, *arguments)` would write, which happens only once in this process.

    That is a repository `checkout` whose remote is beside it, as it is in the copy.
    """
    template = _made(make, *arguments)
    shutil.copytree(template, directory, dirs_exist_ok=True)
    config = directory / "checkout" / ".git" / "config"
    config.write_text(config.read_text().replace(str(template), str(directory)))


def forge_backup(checkout: Path) -> None:
    """Add a file to the repository where the backups of a run will be."""
    forged = checkout / ".devinops" / "backups" / "forged.jsonl"
    forged.parent.mkdir(parents=True, exist_ok=True)
    forged.write_text("not written by devinops\n")
    git(checkout, "add", "--force", str(forged))


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
    assert isinstance(store, JournaledStore)
    store.shared._locks.pop(run).lock.release()


NO_INVENTORY = {"devinops.yaml": "version: 1\ndefaults: {inventory: {store: none}}\n"}
"""Settings for tests of what happens without an inventory."""


def own(
    root: Path,
    emulator: Emulator,
    name: str = "default",
    key: str = "cog_emulator",
    others: Collection[str] = (),
) -> Inventory:
    """Own all that is live, as if an apply had written it, except `others`, namesakes and folders."""
    from devinops.api import open_reader
    from devinops.api.connection import Connection

    target = Target(name, emulator.url, "v3" if key.startswith("cog_") else "v1", None)
    with open_reader(Connection(target, key)) as client:
        lives = client.snapshot(None)
        store = in_file(root, client.target)
    ours = [same for same in lives.by_key.values() if len(same) == 1 and same[0].ours]
    records = [
        Record(live.key, live.id, fields=base(live.resource, live.resource))
        for (live,) in ours
        if live.kind.lifecycle is not Lifecycle.REQUIRED and str(live.key) not in others
    ]
    before = store.read()
    store.write(before.changed(records), before)
    emulator.clear_requests()
    return store.read()


def names(inventory: Inventory) -> list[str]:
    return [one.key.name for one in inventory.records]


def runs(intents: Iterable[Intent]) -> list[str]:
    return sorted({one.run for one in intents})


def on_branch(
    root: Path, target: Target = TARGET, branch: str = "devinops", remote: str | None = None
) -> Store:
    return open_store(InventorySettings("branch", branch, remote), root, target)


def through(backend: Backend, patience_s: float = PATIENCE_S) -> JournaledStore:
    """The store of the one target, through this backend."""
    shared = InventoryRun(backend, [TARGET], patience_s=patience_s)
    return JournaledStore(shared, TARGET)


def in_file(root: Path, target: Target = TARGET, flags: str = "") -> Store:
    return open_store(InventorySettings("file"), root, target, flags)
