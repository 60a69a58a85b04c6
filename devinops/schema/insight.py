"""The document that insight prints, and that `plan --insight` reads."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from devinops.schema.base_document import Count, Document, ExitStatus, KeyText
from devinops.schema.parts import SourceItem, TargetItem

Texts = tuple[str, ...]
UnmentionedClass = Literal["disabled", "permanent", "new", "no_opportunity", "candidate"]
"""Why nothing may follow from a note that no session mentions; the first that fits."""
RepositoryFilter = Literal["not_asked", "asked", "filter_ignored"]
"""Whether the API said in which repositories sessions worked; the last is the worst."""


class ReadTargetItem(Struct, frozen=True):
    """A target whose sessions were read, or why they could not be."""

    name: str
    target: TargetItem | None
    error: str | None = None


class MentionItem(Struct, frozen=True):
    """How many analysed sessions used a note well, and in how many it misled."""

    key: KeyText
    good: Count
    bad: Count


class BaseItem(Struct, frozen=True, kw_only=True):
    """What the other sections are based on."""

    time: str
    since: str
    sessions: Count
    analysed: Count
    priced: Count
    requests: Count
    newest_only: bool
    repositories: RepositoryFilter
    unasked: Count
    targets: tuple[ReadTargetItem, ...]
    mentioned: tuple[MentionItem, ...]


class Uses(Struct, frozen=True, kw_only=True):
    """How many sessions used something well, and how many it misled."""

    key: KeyText | None
    good: Count
    bad: Count
    sessions: Texts


class MisleadingItem(Uses, frozen=True, kw_only=True):
    """A note that misled sessions since its text last changed, or before (`earlier`)."""

    key: KeyText
    source: SourceItem | None
    owner: str | None
    earlier: Count
    reason: str
    targets: Texts


class UnmentionedItem(Struct, frozen=True, kw_only=True):
    """A note that no analysed session mentions."""

    key: KeyText
    source: SourceItem | None
    class_: UnmentionedClass = msgspec.field(name="class")
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
