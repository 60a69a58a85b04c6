"""What a target allows. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from enum import StrEnum
from fnmatch import fnmatchcase
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


class Prune(StrEnum):
    """What becomes of live objects that are not declared: nothing, or those owned, or those in scope as well."""

    OFF = "off"
    OWNED = "owned"
    SCOPE = "scope"


class OnDrift(StrEnum):
    """What becomes of an outside edit: it is shown, written over, or refuses the run."""

    KEEP = "keep"
    OVERWRITE = "overwrite"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a target says. `v3_macro`: `hold` back an update that might lose a macro, or do it and `verify`.

    `scope` holds folder globs: a literal folder first, `/` for the notes in the root.
    """

    max_delete: MaxDelete = MaxDelete(20, percent=True)
    v3_macro: str = "hold"
    prune: Prune = Prune.OFF
    scope: tuple[str, ...] = ()
    on_drift: OnDrift = OnDrift.KEEP

    def in_scope(self, folder: str) -> bool:
        """Tell whether the notes of a folder are in scope; `A/**` takes A and everything below it."""
        return self.prune is Prune.SCOPE and any(_covers(glob, folder) for glob in self.scope)


def _covers(glob: str, folder: str) -> bool:
    if glob == "/":
        return folder == ""
    if glob.endswith("/**"):
        above = glob.removesuffix("/**")
        return fnmatchcase(folder, above) or fnmatchcase(folder, f"{above}/*")
    return folder != "" and fnmatchcase(folder, glob)


@dataclass(frozen=True, slots=True)
class Approvals:
    """What the command line accepts in one run. `on_conflict` is None, `git` or `live`.

    `hazards` are the risks that are accepted, such as `spend`.
    """

    adopt: bool = False
    on_conflict: str | None = None
    allow_delete: int | None = None
    allow_missing: int | None = None
    hazards: tuple[str, ...] = ()

    def given(self) -> dict[str, Any]:
        """Return option → value of what is approved."""
        given = {
            field.name: value
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default
        }
        for hazard in given.pop("hazards", ()):
            given[f"allow_{hazard}"] = True
        return given
