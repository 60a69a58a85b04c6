"""The document of `plan`, `apply` and `drift` over many targets: each text stands in it once."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from devinops.model.changes import Outcome
from devinops.model.shard import MOST
from devinops.model.target import TargetState
from devinops.schema.base_document import Count, Document, ExitStatus, StoreName, about, plain
from devinops.schema.plan import (
    ApprovalsItem,
    BlockedItem,
    ChangeItem,
    DriftItem,
    Hash,
    HazardItem,
    MissingItem,
    MovesFrom,
    ProblemItem,
    RefusalItem,
    ResultItem,
    TargetItem,
    Texts,
    checksum,
)

T = TypeVar("T")

Digest = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]


class FleetTargetItem(Struct, frozen=True, kw_only=True):
    """What the run made of one target; after an apply with the number of changes by outcome."""

    name: str
    target: Annotated[TargetItem | None, about("The organization; null: there is no plan.")]
    state: TargetState
    message: Annotated[str, about("Why nothing is written in a target that is not planned.")]
    store: Annotated[StoreName, about("Where the inventory of the target is.")]
    digest: Annotated[Digest | None, about("Of its changes; null: nothing can be applied.")]
    exit_code: ExitStatus
    changes: Count
    deletes: Count
    blocked: Count
    drift: Count
    refusals: Count
    moves_from: MovesFrom = ""
    outcomes: dict[Outcome, Count] | UnsetType = UNSET
    unverified: Annotated[str | UnsetType, about("Why it is not known what is left.")] = UNSET
    backup: str | None | UnsetType = UNSET


class ClassItem(Struct, frozen=True, kw_only=True):
    """The targets whose changes read the same. Their ids are not the same, so they are null."""

    targets: Texts
    changes: tuple[ChangeItem, ...]
    hazards: tuple[HazardItem, ...]


class SharedItem(Struct, Generic[T], frozen=True):
    """What reads the same in some targets."""

    targets: Texts
    item: T


class ShardItem(Struct, frozen=True):
    """Which slice of the selected targets a document is about."""

    number: Annotated[int, Meta(ge=1, le=MOST)]
    total: Annotated[int, Meta(ge=1, le=MOST)]
    selected: Annotated[Count, about("The number of targets of all shards together.")]


class FleetDocument(Document, frozen=True, kw_only=True):
    """Output of `plan`, `apply` and `drift` over many targets.

    After an apply it has the last three fields. In each list, what most targets have comes first.
    """

    digest: Annotated[Digest | None, about("Of all targets together; null: none can be applied.")]
    complete: Annotated[bool, Meta(extra_json_schema={"const": True})]
    exit_code: ExitStatus
    targets: tuple[FleetTargetItem, ...]
    classes: tuple[ClassItem, ...]
    blocked: tuple[SharedItem[BlockedItem], ...]
    missing: tuple[SharedItem[MissingItem], ...]
    drift: tuple[SharedItem[DriftItem], ...]
    problems: tuple[SharedItem[ProblemItem], ...]
    notes: tuple[SharedItem[str], ...]
    refused: tuple[SharedItem[RefusalItem], ...]
    refusals: Annotated[tuple[RefusalItem, ...], about("Why nothing is applied in any target.")]
    is_drift: Annotated[bool | UnsetType, about("It compares only with the inventories.")] = UNSET
    shard: Annotated[ShardItem | UnsetType, about("Only with --shard.")] = UNSET
    only: Annotated[Texts | UnsetType, about("The --only filters that it was made with.")] = UNSET
    approvals: ApprovalsItem | UnsetType = UNSET
    error: Annotated[str | UnsetType, about("Why the plans were not applied.")] = UNSET
    lint: tuple[ProblemItem, ...] | UnsetType = UNSET
    not_done: tuple[SharedItem[ResultItem], ...] | UnsetType = UNSET
    left: tuple[SharedItem[ChangeItem], ...] | UnsetType = UNSET
    waiting: tuple[SharedItem[BlockedItem], ...] | UnsetType = UNSET
    checksum: Annotated[Hash, about("Hash of all other fields; detects edits of a saved plan.")]

    def sealed(self) -> FleetDocument:
        """Return the document with its checksum."""
        return msgspec.structs.replace(self, checksum=checksum(plain(self)))
