"""Where an inventory is stored: the interface of a backend, and the backend of `store: file`."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from devinops import atomic, waiting
from devinops.inventory import disk

_SHORTEST_S, _LONGEST_S = 0.2, 3.2


class VersionedText(NamedTuple):
    """The text of a stored inventory, None if there is none, and the version to build a save on."""

    text: str | None
    version: str | None = None


class WriteConflict(Exception):
    """Another process saved first, or is saving now. `str()` is Git's error, if there is one."""


def attempts(seconds: float) -> Iterator[None]:
    """Yield at once, and again after pauses that grow, until this number of seconds is over.

    The pauses are random: runs that fail together must not all try again at the same moment.
    """
    end, longest_s = waiting.now() + seconds, _SHORTEST_S
    yield
    while (left_s := end - waiting.now()) > 0:
        waiting.pause(min(left_s, random.uniform(longest_s / 4, longest_s)))
        longest_s = min(2 * longest_s, _LONGEST_S)
        yield


class Backend(Protocol):
    """Loads and saves the text of an inventory. Every call raises InventoryError or ConfigError."""

    store: str
    """The backend's name in the settings: `file` or `branch`."""

    @property
    def label(self) -> str:
        """The name of the inventory in messages, such as `.devinops/production.jsonl`."""
        ...

    @property
    def directory(self) -> Path:
        """The directory on this machine for the journal and the locks."""
        ...

    def prepare(self) -> None:
        """Create the directory."""
        ...

    def load(self) -> VersionedText:
        """Return what is stored now."""
        ...

    def save(self, text: str, before: VersionedText, message: str) -> None:
        """Store the text in place of `before`; `message` describes the change for a history.

        Raises WriteConflict if another process has saved since `before` was loaded.
        """
        ...


class FileBackend:
    """`.devinops/<target>.jsonl` below the root, for one machine or for teams that commit the file.

    Without it, the file under one of the old names is the inventory, until a save moves it. The
    caller holds a lock while it saves.
    """

    store = "file"

    def __init__(self, root: Path, target: str, previously: Sequence[str] = ()) -> None:
        self.root = root
        self.path = root / atomic.STATE / f"{target}.jsonl"
        self.label = f"{atomic.STATE}/{target}.jsonl"
        self._old_names = [f"{name}.jsonl" for name in previously]

    @property
    def directory(self) -> Path:
        """`.devinops` below the root. Raises InventoryError if it is a symlink."""
        disk.refuse_symlink(self.path.parent)
        return self.path.parent

    def prepare(self) -> None:
        with disk.inventory_errors(self.directory):
            atomic.state_directory(self.root)

    def load(self) -> VersionedText:
        names = (self.path.name, *self._old_names)
        texts = (disk.read(self.directory / name) for name in names)
        return VersionedText(next((text for text in texts if text is not None), None))

    def save(self, text: str, before: VersionedText, message: str) -> None:
        disk.replace(self.path, text)
        for name in self._old_names:
            disk.remove(self.directory / name)
