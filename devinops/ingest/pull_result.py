"""What a pull writes, and what it leaves to a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from devinops.model.keys import Key
from devinops.writers import FileChange


class Left(StrEnum):
    """Why an object is not pulled."""

    SUSPICIOUS = "suspicious"
    CONFLICT = "conflict"
    NO_BASE = "no-base"
    SHARED = "shared"
    NOT_COMMITTED = "not-committed"
    NAMESAKES = "namesakes"
    UNWRITABLE = "unwritable"
    BLOCKED = "blocked"
    OWNED = "not-declared"
    DELETED = "deleted"
    MOVED = "renamed"
    RECREATED = "re-created"
    MERGED = "merged"
    SAVED = "saved-meanwhile"
    NOT_READ = "not-read"


@dataclass(frozen=True, order=True)
class LeftToYou:
    """A live object that is not pulled, or only in part. `reason` says what to do.

    `target` is the name of its target; empty if it is about files.
    """

    key: Key
    why: Left
    ids: tuple[str, ...]
    reason: str
    target: str = ""


class Unwritten(NamedTuple):
    """A change that was not made because the file `path` had to stay, and what to do."""

    change: FileChange
    path: str
    reason: str
    why: Left


@dataclass(frozen=True)
class NotRead:
    """A kind that the key may not read."""

    kind: str
    reason: str


@dataclass(frozen=True)
class Pulled:
    """The result of a pull, sorted by path and by key."""

    files: tuple[FileChange, ...] = ()
    left: tuple[LeftToYou, ...] = ()

    def without(self, unwritten: Sequence[Unwritten]) -> Pulled:
        """Return what is pulled if these changes are not made."""
        stays = {(k, item.path): item for item in reversed(unwritten) for k in item.change.keys}
        waiting = [LeftToYou(key, item.why, (), item.reason) for (key, _), item in stays.items()]
        keys = {item.key for item in waiting}
        others = (item for item in self.left if item.key not in keys)
        not_made = {item.change for item in unwritten}
        files = tuple(file for file in self.files if file not in not_made)
        return Pulled(files, tuple(sorted((*others, *waiting))))

    def __add__(self, other: Pulled) -> Pulled:
        """Return both; a file that both change gets only the changes of `other`.

        What both leave for the same reason is left once, as `other` says it.
        """
        taken = {file.path for file in other.files}
        files = [*(file for file in self.files if file.path not in taken), *other.files]
        waiting = [
            LeftToYou(key, Left.UNWRITABLE, (), f"{file.path} has other changes now: pull again")
            for file in self.files
            if file.path in taken
            for key in file.keys
        ]
        again = {(left.why, left.ids, left.target) for left in other.left}
        mine = (left for left in self.left if (left.why, left.ids, left.target) not in again)
        return Pulled(
            tuple(sorted(files, key=lambda file: file.path)),
            tuple(sorted((*mine, *other.left, *waiting))),
        )
