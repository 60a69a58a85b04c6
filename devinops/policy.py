"""What a target allows. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class MaxDelete:
    """How many deletes of a kind one run may plan unasked: a share of the owned objects, or a number."""

    value: int
    percent: bool

    @classmethod
    def parse(cls, written: Any) -> MaxDelete | None:
        """Read 5, "5" or "20%"; None for anything else."""
        found = re.fullmatch(r"(\d{1,6})(%?)", str(written))
        if found is None or isinstance(written, bool) or (found[2] and int(found[1]) > 100):
            return None
        return cls(int(found[1]), percent=bool(found[2]))

    def of(self, owned: int) -> int:
        return owned * self.value // 100 if self.percent else self.value

    def __str__(self) -> str:
        return f"{self.value}%" if self.percent else str(self.value)


@dataclass(frozen=True, slots=True)
class Policy:
    """`v3_macro`: `hold` back an update that might lose a macro, or do it and `verify`."""

    max_delete: MaxDelete = MaxDelete(20, percent=True)
    v3_macro: str = "hold"
