"""The documents that lint, whoami, fmt, comment, pull, import and export print.

`plan`, `backup` and `inventory` have those of the other commands.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from devinops.model.objects import Severity
from devinops.model.target import WaveState
from devinops.schema.base_document import Count, Document, ExitStatus, KeyText
from devinops.schema.parts import SourceItem

# --- lint -----------------------------------------------------------------------------------------


class RuleItem(Struct, frozen=True):
    """A lint rule."""

    id: str
    name: str
    severity: Severity
    scope: str
    summary: str
    manual: str


class RulesDocument(Document, frozen=True, kw_only=True):
    """Output of `lint --explain`."""

    rules: tuple[RuleItem, ...]


# --- targets --------------------------------------------------------------------------------------


class DeclaredTargetItem(Struct, frozen=True):
    """A target as the files declare it, with the defaults."""

    name: str
    title: str | None
    org_id: str | None
    enterprise: bool
    labels: dict[str, str]
    layers: tuple[str, ...]
    hold: str | None
    api_key_env: str
    source: SourceItem


class TargetsDocument(Document, frozen=True, kw_only=True):
    """Output of `targets`."""

    exit_code: ExitStatus
    targets: tuple[DeclaredTargetItem, ...]


class WaveItem(Struct, frozen=True):
    """How far a rollout is with a wave."""

    name: str
    state: WaveState
    targets: tuple[str, ...]
    pending: tuple[str, ...]
    failed: dict[str, str]
    alone: dict[str, str]
    held: tuple[str, ...]
    max_failed: Count
    may_start: bool
    until: str | None
    reason: str


class RolloutDocument(Document, frozen=True, kw_only=True):
    """Output of `targets waves`; `apply --gate` reads it."""

    exit_code: ExitStatus
    commit: str
    time: str
    due: str | None
    stopped: bool
    verdict: str
    waves: tuple[WaveItem, ...]


# --- pull -----------------------------------------------------------------------------------------


class PulledFile(Struct, frozen=True):
    """A file that was written, or with --check would be."""

    path: str
    change: Literal["new", "changed", "deleted"]
    keys: tuple[KeyText, ...]
    fields: tuple[str, ...]


class NotPulledItem(Struct, frozen=True):
    """A live object that was not pulled, or only in part."""

    key: str
    kind: str
    why: str
    ids: tuple[str, ...]
    reason: str
    target: str | None


class NotReadItem(Struct, frozen=True):
    """A kind that was not read, because the key may not or it is switched off."""

    kind: str
    reason: str


class PulledTargetItem(Struct, frozen=True):
    """A target, and what could not be read of it."""

    name: str
    org_id: str | None
    exit_code: ExitStatus
    error: str | None
    not_read: tuple[NotReadItem, ...]


class PullDocument(Document, frozen=True, kw_only=True):
    """Output of `pull`."""

    check: bool
    exit_code: ExitStatus
    set_up: tuple[str, ...]
    files: tuple[PulledFile, ...]
    left: tuple[NotPulledItem, ...]
    targets: tuple[PulledTargetItem, ...]
