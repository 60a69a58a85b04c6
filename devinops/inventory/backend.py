"""Where an inventory is stored: the interface of a backend, and the backend of `store: file`."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from devinops import atomic, waiting
from devinops.inventory import disk

_SHORTEST_S, _LONGEST_S = 0.2, 3.2
_ATTEMPTS: Final = 8
"""How many times as long as an attempt its longest pause is, if that is longer than _LONGEST_S."""

RUNS: Final = ".runs/"
"""The directory with the files of runs, if the backend keeps them apart."""


class Stored(NamedTuple):
    """The texts of stored files by name, and the version to build a save on."""

    texts: Mapping[str, str] = {}
    version: str | None = None

    def changed(self, texts: Mapping[str, str | None], version: str | None = None) -> Stored:
        """Return what is stored when these texts are; None stands for a deleted file."""
        changed = {**self.texts, **texts}
        return Stored({name: text for name, text in changed.items() if text is not None}, version)


class WriteConflict(Exception):
    """Another process saved first, or is saving now. `str()` is Git's error, if there is one."""


def attempts(seconds: float) -> Iterator[None]:
    """Yield at once, and again after pauses that grow, until this number of seconds is over.

    The pauses are random: runs that fail together must not all try again at the same moment. They
    are longer if attempts take long: where many runs slow each other down, most must pause.
    """
    end, longest_s = waiting.now() + seconds, _SHORTEST_S
    while True:
        start = waiting.now()
        yield
        failed = waiting.now()
        if failed >= end:
            return
        waiting.pause(min(end - failed, random.uniform(longest_s / 4, longest_s)))
        longest_s = min(2 * longest_s, max(_LONGEST_S, _ATTEMPTS * (failed - start)))


class Backend(Protocol):
    """Loads and saves the files of inventories, such as `production.jsonl`.

    Every call raises InventoryError or ConfigError.
    """

    store: str
    """The backend's name in the settings: `file` or `branch`."""
    scope: str
    """Distinguishes the locks of its runs from those of other backends with the same directory."""
    is_shared: bool
    """Whether other machines save to it as well. Then a save fails if anybody saved before it, and
    the intents of each run are in a file of their own, below `RUNS`.
    """

    def label(self, name: str) -> str:
        """Return the name of a file in messages, such as `.devinops/production.jsonl`."""
        ...

    @property
    def directory(self) -> Path:
        """The directory on this machine for the journals and the locks."""
        ...

    def prepare(self) -> None:
        """Create the directory."""
        ...

    def load(self, names: Collection[str]) -> Stored:
        """Return the files with these names that exist now, and the files of all runs."""
        ...

    def all_texts(self, stored: Stored) -> Mapping[str, str]:
        """Return the inventories of all targets; of a shared backend, those in `stored`."""
        ...

    def save(self, texts: Mapping[str, str | None], before: Stored, message: str) -> Stored:
        """Store these texts, delete the files with None, and return what is stored then.

        `message` describes the change for a history. Raises WriteConflict if another process has
        saved since `before` was loaded.
        """
        ...


class FileBackend:
    """`.devinops/<target>.jsonl` below the root, for one machine or for teams that commit the file.

    The caller holds a lock while it saves.
    """

    store = scope = "file"
    is_shared = False

    def __init__(self, root: Path) -> None:
        self.root = root

    def label(self, name: str) -> str:
        return f"{atomic.STATE}/{name}"

    @property
    def directory(self) -> Path:
        """`.devinops` below the root. Raises InventoryError if it is a symlink."""
        directory = self.root / atomic.STATE
        disk.refuse_symlink(directory)
        return directory

    def prepare(self) -> None:
        with disk.inventory_errors(self.directory):
            atomic.state_directory(self.root)

    def load(self, names: Collection[str]) -> Stored:
        texts = {name: disk.read(self.directory / name) for name in names}
        return Stored({name: text for name, text in texts.items() if text is not None})

    def all_texts(self, stored: Stored) -> Mapping[str, str]:
        return self.load([path.name for path in self.directory.glob("*.jsonl")]).texts

    def save(self, texts: Mapping[str, str | None], before: Stored, message: str) -> Stored:
        for name, text in texts.items():
            if text is not None:
                disk.replace(self.directory / name, text)
        for name in (name for name, text in texts.items() if text is None):
            disk.remove(self.directory / name)
        return before.changed(texts)
