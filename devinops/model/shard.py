"""One of several slices of the targets of a run. Each is the work of a process of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

MOST: Final = 9999
"""How many shards there can be."""
_SHARD: Final = re.compile(r"(\d{1,4})/([1-9]\d{0,3})", re.ASCII)


class Shard(NamedTuple):
    """The slice `number` of `total`; the first one is 1."""

    number: int
    total: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Return the shard I/N. As I, 0 is the same as N: some systems count from 0.

        Raises ValueError.
        """
        match = _SHARD.fullmatch(text)
        number, total = (int(match[1]), int(match[2])) if match else (1, 0)
        if number > total:
            raise ValueError(
                f"expected I/N, with N from 1 to {MOST} and I from 1 to N (0 is the same as N), "
                f"not {text}"
            )
        return cls(number or total, total)

    def of(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return every `total`-th of the sorted names: the same ones whenever this is called."""
        return tuple(sorted(names)[self.number - 1 :: self.total])

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"
