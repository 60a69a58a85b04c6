"""The inventory as a file below the root: for one machine, or for teams that commit it."""

from __future__ import annotations

from pathlib import Path

from devinops import atomic
from devinops.inventory import disk
from devinops.inventory.journaled import Stored


class FilePlace:
    """`.devinops/<target>.jsonl` below the root. One writer at a time: the lock is the caller's."""

    store = "file"

    def __init__(self, root: Path, target: str) -> None:
        self.root = root
        self.path = root / atomic.STATE / f"{target}.jsonl"
        self.label = f"{atomic.STATE}/{target}.jsonl"

    @property
    def directory(self) -> Path:
        """`.devinops` below the root. Raises InventoryError where it is a symlink."""
        disk.refuse_symlink(self.path.parent)
        return self.path.parent

    def prepare(self) -> None:
        with disk.told(self.directory):
            atomic.state_directory(self.root)

    def load(self) -> Stored:
        return Stored(disk.read(self.directory / self.path.name))

    def save(self, text: str, before: Stored, message: str) -> None:
        disk.replace(self.path, text)
