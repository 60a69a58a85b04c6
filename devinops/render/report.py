"""What a run says to people: its report, which the writer of each format only lays out. Pure.

All sentences about plans, drift and applies are here. A writer decides about escaping, width, color
and what fits; it adds no fact and leaves out none without saying so.

In a sentence of devinops (`title`, `verdict`, `hint`, `hints`, `next`), backticks are around what
people can copy, so that a format without code spans drops them. A `text` of a row can come from a
file or from the API: it is not trusted, and backticks in it are only characters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from devinops.model.changes import FieldChange
from devinops.model.keys import Key
from devinops.model.objects import Problem, Source
from devinops.model.target import Target
from devinops.planning.digest_list import DigestList
from devinops.render.answers import ProblemsAnswer
from devinops.render.changes import size_of
from devinops.render.terminal import Look, Sign

_NONE: Final[Mapping[Any, Any]] = MappingProxyType({})


class Level(StrEnum):
    """How much a block stands out; in Markdown, the names of alerts."""

    CAUTION = "CAUTION"
    WARNING = "WARNING"
    NOTE = "NOTE"


class Part(StrEnum):
    """What a block is about. They are in the order of a report, which begins with what is urgent.

    A terminal is read from its end, so text has the list first and then the others in reverse.
    """

    ERROR = "error"
    REFUSED = "refused"
    NOT_DONE = "not done"
    LEFT = "left"
    DELETES = "deletes"
    LOSSES = "losses"
    ADDRESSES = "addresses"
    DANGERS = "dangers"
    BLOCKED = "blocked"
    WAITING = "waiting"
    MISSING = "missing"
    STATES = "states"
    DRIFT = "drift"
    NOTES = "notes"
    CHANGES = "changes"
    DONE = "done"
    UNMANAGED = "unmanaged"
    WARNINGS = "warnings"
    LINT = "lint"
    TARGETS = "targets"
    INSIGHT = "insight"


@dataclass(frozen=True)
class Details:
    """What the fold of a row holds: the fields of an object with both sides.

    Fields that only repeat the key are left out. `sides` says what `-` and `+` stand for, empty if
    before and after. If they are not `signed`, the whole object is added or removed, so that is not
    said again of each field.
    """

    kind: str
    fields: tuple[FieldChange, ...]
    sides: str = ""
    signed: bool = True

    @property
    def names(self) -> str:
        """The names of the fields that change; empty if the whole object is added or removed."""
        return ", ".join(field.name for field in self.fields) if self.signed else ""

    @cached_property
    def size(self) -> str:
        """How many lines are added and removed, such as `+12 −3 lines`; empty for neither."""
        return size_of(self.kind, self.fields)


class Row(NamedTuple):
    """One line of a block: what happens to what, and where.

    number: by which people name a change of many targets, such as `2` or `6–44`.
    sign: of the action, the outcome or the state.
    word: the action, outcome or blocker in one word; a writer shows it where no sign says it.
    key: the object; None if the row is about something else. was: the key that it had.
    text: the reason or message, not trusted.
    where: the targets, such as `all 39` or `team-03, team-13`; empty if the run has one target.
    aside: what stands dim behind the key, such as an id, or how many entries need it.
    facts: what the line says besides, such as `3 lines, 214 characters: "Post every …"`.
    uses: how often sessions used a note that changes.
    source: the place of the entry; one that `is_gone` may exist only in the base of the request.
    layers: what the entry does to those of earlier layers, each as words.
    ids: of the live objects. targets: the names of all targets that the row is about.
    problem: if the row is a finding in a file, the finding.
    action, outcome: values by which a page is filtered. `blocked` and `outside` count as actions.
    needed_by: the keys of the entries that wait for it.
    hints: sentences of devinops below it, such as the command for each way to decide.
    details: what its fold holds. rows: what stands below it, folded if `is_folded`.
    id: the name of the row, and `to` that of the row about the same, for links.
    stays: it is never left out, because nobody may approve it without having seen it.
    """

    key: Key | None = None
    text: str = ""
    sign: Sign | None = None
    word: str = ""
    number: str = ""
    where: str = ""
    aside: str = ""
    facts: str = ""
    uses: str = ""
    source: Source | None = None
    is_gone: bool = False
    layers: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    needed_by: tuple[Key, ...] = ()
    problem: Problem | None = None
    action: str = ""
    outcome: str = ""
    details: Details | None = None
    rows: tuple[Row, ...] = ()
    is_folded: bool = False
    id: str = ""
    to: str = ""
    stays: bool = False
    hints: tuple[str, ...] = ()
    was: Key | None = None

    @property
    def name(self) -> str:
        """The key of the object, after the one that it had; empty if there is none."""
        if self.key and self.was:
            return f"{self.was} → {self.key.path}"
        return str(self.key or "")


class Block(NamedTuple):
    """Rows under one title.

    With a `level`, it stands out before the list: a writer shows its rows there, and their details
    in the list, under the `heading`. Without one it stands only in the list.

    title: a sentence, such as `2 steps blocked until a person decides`.
    heading: the same in a few words, such as `blocked`.
    hint: a sentence below the rows (text: behind the heading), such as how to approve.
    look: what it means.
    """

    part: Part
    title: str
    heading: str = ""
    level: Level | None = None
    rows: tuple[Row, ...] = ()
    hint: str = ""
    look: Look = Look.PLAIN


class TargetRow(NamedTuple):
    """A target in the table of many.

    state: with its word as `meaning`. owner: such as `organization org-1`. text: why it is in this
    state. numbers: by column, such as `changes` and `blocked`. changes: the numbers of the changes
    that concern it, such as `1–4 and its own`.
    """

    name: str
    state: Sign
    owner: str = ""
    text: str = ""
    numbers: Mapping[str, int] = _NONE
    changes: str = ""


class Report(NamedTuple):
    """What a run says, for one target or many.

    subject: such as `Plan for production`, or `Drift in 3 of 40 organizations`.
    title: the same, but of a plan of many only `39 of 40 organizations`.
    verdict: the totals, such as `1 to create; 2 blocked`, without a final period.
    sentence: the last line in a terminal, with counts and targets.
    untouched: what it leaves as it is, such as `3 unchanged, 1 unmanaged`; the sentence has it too.
    about: words about whose objects it is about, the API and the inventory.
    without_inventory: what it means that targets have no inventory, empty if they have one.
    targets: all of them, failed ones first; only for many.
    command: applies exactly this report; empty if nothing can be applied, for which there is `stop`
    if changes were planned. merge: what comes before the command, ending with a colon.
    target: the only one, None for many. digests: of the targets that can be applied. digest: of all
    that can be applied together; empty if nothing can.
    plan_digest: the digest of a plan, whether it can be applied or waits for an approval.
    next: sentences about what to do after a run. backup: where is what it overwrote or deleted, and
    how to restore that; both empty if there is none.
    filters: `only` and `without`, each with its filters. approved: the approvals of the run.
    keys: those that sentences can name, each of which is one word. lint: what lint found.
    show: the command that shows all of a plan.
    is_brief: people have read this plan already, so a line for each change is enough.
    """

    title: str
    verdict: str
    sentence: str
    look: Look
    blocks: tuple[Block, ...] = ()
    untouched: str = ""
    about: tuple[str, ...] = ()
    without_inventory: tuple[str, ...] = ()
    targets: tuple[TargetRow, ...] = ()
    command: str = ""
    stop: str = ""
    merge: str = ""
    target: Target | None = None
    digest: str = ""
    plan_digest: str = ""
    digests: DigestList = DigestList(_NONE)
    next: tuple[str, ...] = ()
    backup: tuple[str, str] = ("", "")
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    approved: tuple[str, ...] = ()
    keys: frozenset[str] = frozenset()
    lint: ProblemsAnswer | None = None
    is_brief: bool = False
    is_applied: bool = False
    is_drift: bool = False
    subject: str = ""
    show: str = ""

    @property
    def is_seen(self) -> bool:
        """Whether people have read this plan of one target already."""
        return self.is_brief and self.target is not None

    def of(self, *parts: Part) -> tuple[Block, ...]:
        """Return the blocks about these parts, in the order of the report."""
        return tuple(block for block in self.blocks if block.part in parts)
