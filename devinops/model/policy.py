"""What a target allows, and what one run accepts. Pure."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple

from devinops.model.keys import Key


class MaxDelete(NamedTuple):
    """How many deletes of a kind a run may plan without approval.

    It is a number, or a percentage of the owned objects.
    """

    value: int
    percent: bool

    @classmethod
    def parse(cls, written: Any) -> MaxDelete | None:
        """Return the limit that 5, "5" or "20%" means; None for anything else."""
        match = re.fullmatch(r"(\d{1,6})(%?)", str(written))
        if match is None or isinstance(written, bool) or (match[2] and int(match[1]) > 100):
            return None
        return cls(int(match[1]), percent=bool(match[2]))

    def of(self, owned: int) -> int:
        return owned * self.value // 100 if self.percent else self.value

    def __str__(self) -> str:
        return f"{self.value}%" if self.percent else str(self.value)


class Prune(StrEnum):
    """Which undeclared live objects are deleted: none, those owned, or also those in scope."""

    OFF = "off"
    OWNED = "owned"
    SCOPE = "scope"


class OnDrift(StrEnum):
    """What happens to a change made outside devinops: shown, overwritten, or the run is refused."""

    KEEP = "keep"
    OVERWRITE = "overwrite"
    FAIL = "fail"


class MissingFolders(StrEnum):
    """Where an object whose folder is missing is created: in the root until then, or nowhere.

    Without an inventory it is nowhere, because nothing would know what to move later.
    """

    BLOCK = "block"
    ROOT = "root"


MAX_TARGETS: Final = 50
"""How many targets a run may write to without approval, unless devinops.yaml says otherwise."""


class Policy(NamedTuple):
    """The rules of a target.

    `v3_macro` is `hold` to block an update that might lose a macro, or `verify` to send it and
    check the response. `scope` holds folder globs that begin with a literal folder; `/` means the
    notes in the root. `hold` says why nothing may be written, and where that is set; empty if it
    may.
    """

    max_delete: MaxDelete = MaxDelete(20, percent=True)
    v3_macro: str = "hold"
    prune: Prune = Prune.OFF
    scope: tuple[str, ...] = ()
    on_drift: OnDrift = OnDrift.KEEP
    missing_folders: MissingFolders = MissingFolders.ROOT
    hold: str = ""

    def in_scope(self, folder: str) -> bool:
        """Return whether the notes of a folder are in scope; `A/**` includes A itself."""
        return self.prune is Prune.SCOPE and any(_covers(glob, folder) for glob in self.scope)


def _covers(glob: str, folder: str) -> bool:
    if glob == "/":
        return folder == ""
    if glob.endswith("/**"):
        above = glob.removesuffix("/**")
        return fnmatchcase(folder, above) or fnmatchcase(folder, f"{above}/*")
    return folder != "" and fnmatchcase(folder, glob)


@dataclass(frozen=True, slots=True)
class Approval:
    """An option that approves what a plan waits for, with its value; a flag has none.

    An option with several `values` is a decision between them.
    """

    option: str
    values: tuple[str, ...] = ()

    @property
    def is_decision(self) -> bool:
        return len(self.values) > 1

    @property
    def subject(self) -> tuple[str, str]:
        """What it is about: the option, and what --allow allows, without a number."""
        name = self.values[0].partition("=")[0] if self.option == ALLOW else ""
        return self.option, name

    def __str__(self) -> str:
        """Return the option as it is passed, or the ways to pass it."""
        ways = [f"{self.option} {shlex.quote(value)}" for value in self.values]
        return " or ".join(ways) or self.option


ADOPT = Approval("--adopt")
ON_CONFLICT = Approval("--on-conflict", ("git", "live"))
ON_DRIFT = Approval("--on-drift", ("overwrite", "keep"))


class AcceptedRisk(NamedTuple):
    """What a change `may` do, as a verb, and what its approval accepts, as the rest of "that …"."""

    may: str
    accepts: str


ACCESS: Final = "access"

HAZARDS: Final = {
    "spend": AcceptedRisk(
        "spend",
        "automations start sessions, which cost ACUs, and ACU limits are raised or removed",
    ),
    "network": AcceptedRisk(
        "reach more of the network",
        "sessions of automations reach more of the network",
    ),
    ACCESS: AcceptedRisk(
        "give or take access",
        "people, keys or repositories get or lose access",
    ),
    "lockout": AcceptedRisk(
        "lock people and keys out",
        "addresses that may call the API no longer may, this machine's included",
    ),
}
"""The approvals of the hazards of kinds."""

ALLOW: Final = "--allow"
"""The option that allows something by name."""


def allow(name: str, number: int | None = None) -> Approval:
    """Return the approval of a risk such as `spend`, or of a `number` of deletes."""
    return Approval(ALLOW, (name if number is None else f"{name}={number}",))


OUT_OF_WAVE: Final = allow("out-of-wave")

COUNTED: Final = ("delete", "missing", "targets")
"""What is allowed by number."""

ALLOWED: Final = {
    "delete=N": "exactly N deletes",
    "missing=N": "exactly N owned objects to be missing from the lists",
    "targets=N": "writing to exactly N targets, more than max_targets in devinops.yaml",
    **{name: f"that {risk.accepts}" for name, risk in HAZARDS.items()},
    "out-of-wave": "writing to several targets without --wave, although there are waves",
}
"""Value of --allow → what it allows."""


@dataclass(frozen=True, slots=True)
class Approvals:
    """What the command line accepts for one run. `on_conflict` is None, `git` or `live`.

    `decided` maps keys to `git` or `live`: these decide about one conflict, before `on_conflict`.
    `on_drift` takes the place of the target's policy: None, `overwrite` or `keep`. `hazards` holds
    the accepted risks, such as `spend`. `allow_targets` is how many targets a run may write to, for
    more than usual; with `out_of_wave` it may write to several without a wave.
    """

    adopt: bool = False
    on_conflict: str | None = None
    allow_delete: int | None = None
    allow_missing: int | None = None
    hazards: tuple[str, ...] = ()
    on_drift: str | None = None
    decided: tuple[tuple[Key, str], ...] = ()
    allow_targets: int | None = None
    out_of_wave: bool = False

    def choice(self, key: Key) -> str | None:
        """Return how a conflict is decided: `git`, `live`, or None if it is not."""
        return dict(self.decided).get(key, self.on_conflict)

    def given(self) -> list[Approval]:
        """Return each approval that was given, with its value."""
        conflicts = [self.on_conflict, *(f"{side}={key}" for key, side in self.decided)]
        numbers = {name: getattr(self, f"allow_{name}") for name in COUNTED}
        return [
            *([ADOPT] if self.adopt else []),
            *(Approval(ON_CONFLICT.option, (choice,)) for choice in conflicts if choice),
            *([Approval(ON_DRIFT.option, (self.on_drift,))] if self.on_drift else []),
            *(allow(name, number) for name, number in numbers.items() if number is not None),
            *map(allow, self.hazards),
            *([OUT_OF_WAVE] if self.out_of_wave else []),
        ]
