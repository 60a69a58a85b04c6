"""What this machine knows of an inventory without asking the remote; for suggestions only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from devinops.inventory import InventorySettings
from devinops.inventory.backend import RUNS, FileBackend, Stored
from devinops.inventory.branch import BranchBackend
from devinops.inventory.format import Item, item, parse_run


def known_items(settings: InventorySettings, root: Path, target: str) -> Iterator[Item]:
    """Yield what can be read of an inventory: of a branch, the copy that was fetched last.

    Raises InventoryError and ConfigError.
    """
    file = f"{target}.jsonl"
    for name, text in _stored(settings, root, file).texts.items():
        if name.startswith(RUNS):
            yield from parse_run(text, name).intents.get(target, ())
            continue
        for line in text.splitlines():
            # Not the header, the end, or a line that only another devinops can read.
            with suppress(ValueError):
                yield item(line)


def _stored(settings: InventorySettings, root: Path, file: str) -> Stored:
    if settings.store == "none":
        return Stored()
    if settings.store == "file":
        return FileBackend(root).load([file])
    return BranchBackend(root, settings.branch, settings.remote).fetched([file])
