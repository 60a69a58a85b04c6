"""The document that insight prints, and that `plan --insight` reads."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from devinops.schema.base_document import Count, Document, ExitStatus, KeyText
from devinops.schema.parts import SourceItem, TargetItem

Texts = tuple[str, ...]
UnmentionedClass = Literal["disabled", "permanent", "new", "no_opportunity", "candidate"]
"""Why nothing may follow from a note that no session mentions; the first that fits."""


class Uses(Struct, frozen=True, kw_only=True):
    """How many sessions used something well, and how many it misled."""

    key: KeyText | None
    good: Count
    bad: Count
    sessions: Texts


class BaseItem(Struct, frozen=True, kw_only=True):
    """What the other sections are based on."""

    time: str
    since: str
    sessions: Count
    analysed: Count
    unreadable: Count
    requests: Count
    newest_only: bool
    unsure: bool
    targets: tuple[TargetItem, ...]
    unread: dict[str, str]
    mentioned: tuple[Uses, ...]


class MisleadingItem(Uses, frozen=True, kw_only=True):
    """A note that misled sessions since its text last changed, or before (`earlier`)."""

    key: KeyText
    source: SourceItem | None
    owner: str | None
    earlier: Count
    reason: str
    targets: Texts


class UnmentionedItem(Struct, frozen=True):
    """A note that no analysed session mentions."""

    key: KeyText
    source: SourceItem | None
    class_: UnmentionedClass = field(name="class")
    targets: Texts


class WishItem(Struct, frozen=True):
    """What sessions wish that Devin knew, in all wordings."""

    wordings: Texts
    sessions: Texts


class UnknownItem(Uses, frozen=True, kw_only=True):
    """An id that sessions mention and no list shows; the inventory may know its key."""

    id: str


class SkillUseItem(Uses, frozen=True, kw_only=True):
    """A skill that sessions mention, with the key of the entry that was exported as it."""

    repository: str
    path: str


class CostItem(Struct, frozen=True, kw_only=True):
    """What sessions cost together; null if none has a price yet."""

    by: str
    id: str
    key: KeyText | None
    acus: float | None
    sessions: Count
    unpriced: Count


class InsightDocument(Document, frozen=True, kw_only=True):
    """Output of `insight`."""

    exit_code: ExitStatus
    base: BaseItem
    misleading: tuple[MisleadingItem, ...]
    never_mentioned: tuple[UnmentionedItem, ...]
    missing: tuple[WishItem, ...]
    unknown: tuple[UnknownItem, ...]
    skills: tuple[SkillUseItem, ...]
    cost: tuple[CostItem, ...]
