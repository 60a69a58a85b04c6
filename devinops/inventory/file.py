"""The inventory as a file below the root: for one machine, or for teams that commit it."""

from __future__ import annotations

from pathlib import Path

from devinops.inventory import disk
from devinops.inventory.kept import Stored

DIRECTORY = ".devinops"
IGNORED = "backups/\n*.journal\n*.lock\n*.tmp\n"


def prepare_directory(root: Path) -> Path:
    """Make `.devinops` below the root, with a .gitignore for what is never committed; return it.

    Raises InventoryError, also where it is a symlink.
    """
    directory = root / DIRECTORY
    disk.refuse_symlink(directory)
    with disk.told(directory):
        directory.mkdir(exist_ok=True)
        if not (directory / ".gitignore").exists():
            disk.replace(directory / ".gitignore", IGNORED)
    return directory


class FilePlace:
    """`.devinops/<target>.jsonl` below the root. One writer at a time: the lock is the caller's."""

    store = "file"

    def __init__(self, root: Path, target: str) -> None:
        self.root = root
        self.path = self.directory / f"{target}.jsonl"
        self.label = f"{DIRECTORY}/{target}.jsonl"

    @property
    def directory(self) -> Path:
        return self.root / DIRECTORY

    def prepare(self) -> None:
        prepare_directory(self.root)

    def load(self) -> Stored:
        disk.refuse_symlink(self.directory)
        return Stored(disk.read(self.path))

    def save(self, text: str, before: Stored, message: str) -> bool:
        disk.replace(self.path, text)
        return True
