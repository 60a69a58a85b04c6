"""The document of `plan`, `apply` and `drift`: equal changes stand in it once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Annotated, Any, ClassVar, Self, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from devinops.model.changes import Action, Blocked, Blocker, Change, Drift, DriftEvent, Outcome
from devinops.model.keys import Key
from devinops.model.objects import Overridden, Source
from devinops.model.shard import MOST
from devinops.model.target import TargetState
from devinops.schema.base_document import (
    Count,
    Document,
    ExitStatus,
    KeyText,
    StoreName,
    about,
    plain,
    read_key,
)
from devinops.schema.parts import (
    ApprovalItem,
    ApprovalsItem,
    Fields,
    Hash,
    HazardItem,
    MissingItem,
    MovesFrom,
    OverriddenItems,
    ProblemItem,
    RefusalItem,
    Seconds,
    SourceItem,
    TargetItem,
    Texts,
    checksum,
    read,
    written,
)

Digest = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
TargetNames = Annotated[Texts, about("The names of the targets.")]

Rows = Meta(min_length=1)

Row = tuple[Any, ...]
"""A row of `planning/run.py`, whose members are those of a class here, in the same order."""
T = TypeVar("T")


def rows_of(targets: Iterable[str | Struct]) -> Iterator[Row]:
    """Yield the rows of an item."""
    for target in targets:
        values = (target,) if isinstance(target, str) else msgspec.structs.astuple(target)
        yield tuple(tuple(each) if isinstance(each, list) else each for each in values)


# --- rows -----------------------------------------------------------------------------------------


class ChangeRow(Struct, frozen=True, omit_defaults=True):
    """A change in one target; after an apply with what became of it."""

    name: str
    id: str | None
    live_hash: Hash | None
    outcome: Outcome | None = None
    message: str = ""
    unclear: bool = False
    new_id: str | None = None
    at: Seconds | None = None
    by: str | None = None


class BlockedRow(Struct, frozen=True, omit_defaults=True):
    """A blocked step in one target; in a conflict with when and by whom it was last changed."""

    name: str
    ids: Texts
    at: Seconds | None = None
    by: str | None = None


class DriftRow(Struct, frozen=True, omit_defaults=True):
    """Drift in one target, with when and by whom the object was last changed, if that is known."""

    name: str
    id: str
    at: Seconds | None
    by: str | None
    again: list[str] = []


class OtherRow(Struct, frozen=True, omit_defaults=True):
    """A live object in one target that is not owned."""

    name: str
    id: str
    owner: str | None = None


# --- what is equal in targets ---------------------------------------------------------------------


class SharedItem(Struct, frozen=True, kw_only=True):
    """What is equal in several targets, with a row for each object that it is about.

    A subclass has the members of a class of `model`, its `kind`, and the `targets`.
    """

    ROW: ClassVar[type[Struct]]
    MODEL: ClassVar[Callable[..., Any]]

    @classmethod
    def of(cls, item: Any, rows: Iterable[Row]) -> Self:
        targets = tuple(cls.ROW(*row) for row in rows)
        return cls(**written(cls, item, kind=item.key.kind, targets=targets))

    def to_model(self) -> Any:
        """Return the item without its rows. Raises ValueError."""
        return type(self).MODEL(**read(self, "kind", "targets"))


def _change(*, source: Source | None, overridden: tuple[Overridden, ...], **facts: Any) -> Change:
    return Change(declared_at=source, declared_over=overridden, **facts)


class RunChange(SharedItem, frozen=True, kw_only=True):
    """One planned step, in each target in which it is the same."""

    ROW = ChangeRow
    MODEL = _change
    key: KeyText
    kind: str
    action: Action
    reason: str
    source: SourceItem | None
    fields: Fields
    overwrites: list[str] = []
    arrives: bool = False
    overridden: OverriddenItems = UNSET
    targets: Annotated[tuple[ChangeRow, ...], Rows]


class RunBlocked(SharedItem, frozen=True, kw_only=True):
    """A step that waits for a person, in each target in which it is the same.

    In a conflict, `before` is the live value and `after` the declared value.
    """

    ROW = BlockedRow
    MODEL = Blocked
    key: KeyText
    kind: str
    by: Blocker
    reason: str
    source: SourceItem | None
    needed_by: list[KeyText]
    fields: Fields
    approval: ApprovalItem | None = None
    overridden: OverriddenItems = UNSET
    targets: Annotated[tuple[BlockedRow, ...], Rows]


class RunDrift(SharedItem, frozen=True, kw_only=True):
    """A change made outside devinops, in each target in which it is the same.

    `before` is the declared value, `after` the live value. In the output of `drift`, `before` is
    the value of the last apply; it is missing if nobody knows it. Stars replace what looks like a
    password or token.
    """

    ROW = DriftRow
    MODEL = partial(Drift, id="")
    key: KeyText
    kind: str
    moved: DriftEvent
    reason: str
    source: SourceItem | None
    fields: Fields
    targets: Annotated[tuple[DriftRow, ...], Rows]


def of_targets(cls: Callable[..., T], item: Struct, names: Texts) -> T:
    """Return an item as one of these classes, which add the targets to it."""
    return cls(**msgspec.structs.asdict(item), targets=names)


class RunMissing(MissingItem, frozen=True, kw_only=True):
    """What a person has to create, in each target that needs it."""

    targets: TargetNames


class RunProblem(ProblemItem, frozen=True, kw_only=True):
    """A finding in a file, in each target that it concerns."""

    targets: TargetNames


class RunRefusal(RefusalItem, frozen=True, kw_only=True):
    """Why nothing may be applied in some targets."""

    targets: TargetNames


class RunHazard(HazardItem, frozen=True, kw_only=True):
    """What a change may cost or stop in some targets, whether that is approved or not."""

    targets: TargetNames


class RunNote(Struct, frozen=True):
    """What a plan says besides, in each target of which it is true."""

    text: str
    targets: TargetNames

    def to_model(self) -> str:
        return self.text


class RunOther(Struct, frozen=True):
    """A live object that is not owned, or one of its name in other targets."""

    key: KeyText
    targets: Annotated[tuple[OtherRow, ...], Rows]

    @classmethod
    def of(cls, key: Key, rows: Iterable[Row]) -> RunOther:
        return cls(str(key), tuple(OtherRow(*row) for row in rows))

    def to_model(self) -> Key:
        """Return the key. Raises ValueError."""
        return read_key(self.key)


# --- targets --------------------------------------------------------------------------------------


class RunTargetItem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the run made of one target."""

    name: str
    target: TargetItem | None
    state: TargetState
    message: str = ""
    labels: dict[str, str] = {}
    store: StoreName
    owned: Count = 0
    unmanaged: dict[str, Count] = {}
    unchanged: Count = 0
    digest: Digest | None
    exit_code: ExitStatus
    moves_from: MovesFrom = ""
    unverified: str = ""
    backup: str | None = None
    unsaved: list[KeyText] = []
    restorable: bool = False

    @classmethod
    def of(cls, target: Any, exit_code: int) -> RunTargetItem:
        """Return the item of a `RunTarget` with its exit code."""
        return cls(**written(cls, target, exit_code=exit_code))

    def facts(self) -> dict[str, Any]:
        """Return the members of a `RunTarget`, without its exit code. Raises ValueError."""
        return read(self, "exit_code")


class ShardItem(Struct, frozen=True):
    """Which slice of the selected targets a document is about."""

    number: Annotated[int, Meta(ge=1, le=MOST)]
    total: Annotated[int, Meta(ge=1, le=MOST)]
    selected: Count


class RunDocument(Document, frozen=True, kw_only=True):
    """Output of `plan`, `apply` and `drift`, over any number of targets.

    After an apply, the rows of the changes have outcomes, and `left` and `waiting` are there. How
    many there are of anything is counted by who reads it.
    """

    digest: Digest | None
    complete: Annotated[bool, Meta(extra_json_schema={"const": True})]
    exit_code: ExitStatus
    by_one: bool
    targets: tuple[RunTargetItem, ...]
    changes: tuple[RunChange, ...]
    blocked: tuple[RunBlocked, ...]
    missing: tuple[RunMissing, ...]
    drift: tuple[RunDrift, ...]
    problems: tuple[RunProblem, ...]
    notes: tuple[RunNote, ...]
    refused: tuple[RunRefusal, ...]
    refusals: tuple[RefusalItem, ...]
    hazards: tuple[RunHazard, ...]
    unmanaged: tuple[RunOther, ...] | UnsetType = UNSET
    is_drift: bool | UnsetType = UNSET
    shard: ShardItem | UnsetType = UNSET
    only: Texts | UnsetType = UNSET
    exclude: Texts | UnsetType = UNSET
    approvals: ApprovalsItem | UnsetType = UNSET
    also_changed: Texts | UnsetType = UNSET
    error: str | UnsetType = UNSET
    lint: tuple[ProblemItem, ...] | UnsetType = UNSET
    left: tuple[RunChange, ...] | UnsetType = UNSET
    waiting: tuple[RunBlocked, ...] | UnsetType = UNSET
    checksum: Hash

    def sealed(self) -> RunDocument:
        """Return the document with its checksum."""
        return msgspec.structs.replace(self, checksum=checksum(plain(self)))


# --- other documents ------------------------------------------------------------------------------


class FailureDocument(Document, frozen=True, kw_only=True):
    """Output of a command that failed before it had a result."""

    complete: Annotated[bool, Meta(extra_json_schema={"const": False})]
    exit_code: ExitStatus
    error: str
    problems: tuple[ProblemItem, ...]


class ProblemsDocument(Document, frozen=True, kw_only=True):
    """Output of `validate` and of `lint`, whose codes are the ids of rules."""

    exit_code: ExitStatus
    files: Count
    entries: Count
    problems: tuple[ProblemItem, ...]
