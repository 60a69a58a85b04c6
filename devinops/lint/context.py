"""What rules can look at besides one entry."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple, Protocol

from devinops.lint.subject import Subject


class Budgets(NamedTuple):
    """Sizes from which on an entry is too large; tokens are estimated."""

    tokens: int = 8_000
    everywhere_tokens: int = 1_000
    """For a text that Devin gets in every repository."""


class Repository(Protocol):
    """The files around the entries. Paths are relative to the root, with `/`."""

    def lines(self, path: str) -> Sequence[str]:
        """Return the lines of a file; none if it cannot be read."""
        ...

    def exists(self, path: str) -> bool:
        """Return whether there is a file or directory in the checkout."""
        ...

    def is_beyond(self, path: str) -> bool:
        """Return whether a path leads out of the checkout."""
        ...

    def from_top(self, path: str) -> str:
        """Return a path from the top of the checkout as one from the root."""
        ...

    def rules(self) -> Mapping[str, str]:
        """Return path → text of the files with rules that Devin reads by itself."""
        ...


@dataclass(frozen=True, eq=False)
class Context:
    """All entries that are checked, the files around them, and the date of the run."""

    subjects: tuple[Subject, ...]
    repository: Repository
    today: date
    budgets: Budgets = Budgets()

    def has_file(self, path: str, subject: Subject) -> bool:
        """Return whether a path leads to a file.

        It can be relative to the file of the text, to the root, or to the top of the checkout; with
        a leading `/` not to the file. From the file it may lead to another checkout, which nobody
        knows here.
        """
        own = posixpath.dirname(subject.declaration.text_file or subject.path)
        plain = path.lstrip("/")
        places = [plain, self.repository.from_top(plain)]
        if path == plain:
            full = posixpath.normpath(posixpath.join(own, path))
            if self.repository.is_beyond(full):
                return True
            places.append(full)
        return any(self.repository.exists(posixpath.normpath(full)) for full in places)

    @cached_property
    def by_handle(self) -> Mapping[str, Sequence[Subject]]:
        """Handle, in lower case → the entries with it."""
        by_handle: defaultdict[str, list[Subject]] = defaultdict(list)
        for subject in self.subjects:
            if subject.handle:
                by_handle[subject.handle.lower()].append(subject)
        return by_handle

    @cached_property
    def contracts(self) -> tuple[Subject, ...]:
        """The entries that describe secrets."""
        return tuple(subject for subject in self.subjects if subject.is_contract)


def share_target(first: Subject, second: Subject) -> bool:
    """Return whether there is a target that has both entries."""
    targets = first.declaration.targets, second.declaration.targets
    return targets[0] is None or targets[1] is None or not set(targets[0]).isdisjoint(targets[1])
