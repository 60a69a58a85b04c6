"""Keeps a document below the limit of where it is posted, in bytes after escaping."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

COMMENT_LIMIT: Final = 61_000
"""The default: below what a comment on GitHub holds, which GitLab's limit exceeds.

GitHub refuses a comment of more than 65,536 characters, GitLab one of more than 1,000,000. Counting
bytes is on the safe side, however they count. The rest is for a line that `devinops comment` adds.
"""
MIN_LIMIT: Final = 30_000
"""A lower limit counts as this one, because a summary is always whole."""


_LINE: Final = len("> \n")


def size(text: str) -> int:
    """Return the number of bytes that the text takes."""
    return len(text.encode())


def quoted_size(text: str) -> int:
    """Return the bytes that lines take in a quote."""
    return size(text) + _LINE * (text.count("\n") + 1)


@dataclass
class Budget:
    """The number of bytes that are left."""

    left: int

    def take(self, bytes: int) -> bool:
        """Use some bytes and return True, or return False if that many are not left."""
        if bytes > self.left:
            return False
        self.left -= bytes
        return True


def fair(needs: Sequence[int], space: int) -> list[int]:
    """Return how much of the space each gets: what it needs, or an equal share of what is left."""
    shares = [0] * len(needs)
    for done, position in enumerate(sorted(range(len(needs)), key=needs.__getitem__)):
        shares[position] = min(needs[position], max(space, 0) // (len(needs) - done))
        space -= shares[position]
    return shares


def fitting(lines: Iterable[str], number: int, most: int, more: Callable[[int], str]) -> list[str]:
    """Return the lines that `most` bytes hold in a quote, and then what `more` says.

    `number` is that of all lines. `more` gets the number of those that are left out, if any.
    """
    budget = Budget(most - size(more(number)))
    taken = []
    for text in lines:
        if not budget.take(quoted_size(text)):
            break
        taken.append(text)
    left_out = number - len(taken)
    return [*taken, more(left_out)] if left_out else taken
