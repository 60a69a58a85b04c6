"""The parts of which documents about runs and findings are made."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from devinops.model import values
from devinops.model.changes import FieldChange, Missing, Refusal, Risk
from devinops.model.kind import ApiVersion
from devinops.model.objects import Overridden, Problem, Severity, Source
from devinops.model.policy import Approval, Approvals
from devinops.model.target import Target
from devinops.schema.base_document import Count, KeyText, LineNumber, about, addressed, read_key

CHECKSUM = "checksum"
"""Name of the field of a plan document that holds its checksum."""

Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Texts = tuple[str, ...]
Seconds = Annotated[int, Meta(ge=-62_135_596_800, le=253_402_300_799)]
"""Epoch seconds of a time in the years 1 to 9999, which is all that Python can show."""


def checksum(document: Mapping[str, Any]) -> str:
    """Return a hash of all fields except the checksum, which detects edits of a saved plan."""
    total = hashlib.sha256()
    for name in sorted(document.keys() - {CHECKSUM}):
        value = document[name]
        # In pieces, because the text of a list about many targets takes megabytes.
        for part in (name, *value) if isinstance(value, list | tuple) else (name, value):
            total.update(json.dumps(part, sort_keys=True).encode() + b"\n")
    return total.hexdigest()


# --- parts ----------------------------------------------------------------------------------------


class SourceItem(Struct, frozen=True):
    """A position in a file."""

    file: str
    line: Count
    column: Count

    @classmethod
    def of(cls, source: Source | None) -> SourceItem | None:
        return source and cls.at(source)

    @classmethod
    def at(cls, source: Source) -> SourceItem:
        return cls(source.path, source.line, source.column)

    def to_model(self) -> Source:
        return Source(self.file, self.line, self.column)


class Sides(Struct, frozen=True, kw_only=True):
    """The two values of a field. A missing side has no value; null is a value."""

    before: Any = UNSET
    after: Any = UNSET


Fields = dict[str, Sides]


def sides_of(fields: Iterable[FieldChange]) -> Fields:
    return {f.name: Sides(before=_written(f.before), after=_written(f.after)) for f in fields}


def _written(value: Any) -> Any:
    return UNSET if value is values.UNSET else value


def _read(value: Any) -> Any:
    return values.UNSET if value is UNSET else value


def field_changes(fields: Fields) -> tuple[FieldChange, ...]:
    """Return the changes of fields. Raises ValueError."""
    for name, sides in fields.items():
        if not name.isidentifier() or (sides.before is UNSET and sides.after is UNSET):
            raise ValueError(f"{name[:80]!r} is not a field with a value before or after")
    return tuple(FieldChange(n, _read(s.before), _read(s.after)) for n, s in fields.items())


def model_of(item: Any) -> Any:
    """Return what an item stands for; None for None. Raises ValueError."""
    return item and item.to_model()


class OverriddenItem(Struct, frozen=True):
    """What an entry does to one of an earlier layer."""

    how: Literal["overrides", "extends"]
    source: SourceItem
    fields: Texts

    @classmethod
    def all(cls, steps: Iterable[Overridden]) -> tuple[OverriddenItem, ...] | UnsetType:
        """Return an item for each step; UNSET for none."""
        items = (cls(s.how, SourceItem.at(s.source), s.fields) for s in steps)
        return tuple(items) or UNSET


OverriddenItems = Annotated[
    tuple[OverriddenItem, ...] | UnsetType,
    about("What the entry does to entries of earlier layers, the last layer first."),
]


def overridden_of(items: tuple[OverriddenItem, ...] | UnsetType) -> tuple[Overridden, ...]:
    return tuple(Overridden(i.how, i.source.to_model(), i.fields) for i in items or ())


class TargetItem(Struct, frozen=True, omit_defaults=True):
    """The organization or enterprise that was compared."""

    name: str
    org_id: str | None
    api_url: str
    api_version: ApiVersion
    emulator: bool = False
    enterprise: bool = False

    @classmethod
    def of(cls, target: Target | None) -> TargetItem | None:
        return cls(**written(cls, target, api_version=target.api)) if target else None

    def to_model(self) -> Target:
        """Return the target. Raises ValueError if `api_url` is not a URL."""
        return addressed(Target(api=self.api_version, **read(self, "api_version")))


MovesFrom = Annotated[
    str, about("The old name of the target, from which apply moves it; or empty.")
]


class ApprovalItem(Struct, frozen=True):
    """An option that approves what the plan waits for."""

    option: Annotated[str, Meta(pattern="^--[a-z-]+$")]
    values: Texts

    @classmethod
    def of(cls, approval: Approval | None) -> ApprovalItem | None:
        return cls(approval.option, approval.values) if approval else None

    def to_model(self) -> Approval:
        return Approval(self.option, self.values)


class RefusalItem(Struct, frozen=True):
    """Why nothing may be applied."""

    reason: str
    approval: ApprovalItem | None

    @classmethod
    def of(cls, refusal: Refusal) -> RefusalItem:
        return cls(refusal.reason, ApprovalItem.of(refusal.approval))

    def to_model(self) -> Refusal:
        return Refusal(self.reason, model_of(self.approval))


class HazardItem(Struct, frozen=True):
    """What a change may cost or stop, whether that is approved or not."""

    key: KeyText
    kind: str
    approval: str
    approved: bool
    risk: str

    @classmethod
    def of(cls, risk: Risk, approvals: Approvals) -> HazardItem:
        is_approved = not risk.approval or risk.approval in approvals.hazards
        return cls(str(risk.key), risk.key.kind, risk.approval, is_approved, risk.text)

    def to_model(self) -> Risk:
        """Return the risk. Raises ValueError."""
        return Risk(read_key(self.key), self.approval, self.risk)


class MissingItem(Struct, frozen=True, omit_defaults=True):
    """An object that must exist and that only a person can create, such as a folder."""

    kind: str
    path: str
    entries: Count
    in_root: Count = 0

    def to_model(self) -> Missing:
        """Return the missing object. Raises ValueError."""
        key = read_key(f"{self.kind}:{self.path}")
        return Missing(key.kind, key.path, self.entries, self.in_root)


class ProblemItem(Struct, frozen=True):
    """A finding in a file."""

    path: str
    line: LineNumber
    column: LineNumber
    severity: Severity
    code: str
    message: str
    changed: bool | UnsetType = UNSET

    @classmethod
    def of(cls, problem: Problem, changed: bool | None = None) -> ProblemItem:
        source, severity = problem.source, problem.severity
        facts = (source.path, source.line, source.column, severity, problem.code, problem.message)
        return cls(*facts, UNSET if changed is None else changed)

    def to_model(self) -> Problem:
        """Return the problem. Raises ValueError."""
        if not re.fullmatch("[A-Za-z0-9-]+", self.code):
            raise ValueError(f"{self.code[:80]!r} is not the code of a problem")
        source = Source(self.path, self.line, self.column)
        return Problem(source, self.code, self.message, self.severity)


class ApprovalsItem(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """The approvals that the plan was made with, which also hold when a saved plan is applied.

    Unknown fields are refused: devinops must know what an approval means before it acts on it.
    """

    adopt: bool = False
    on_conflict: Literal["git", "live"] | None = None
    allow_delete: Count | None = None
    allow_missing: Count | None = None
    allow_targets: Count | None = None
    out_of_wave: bool = False
    on_drift: Literal["overwrite", "keep"] | None = None
    decided: dict[KeyText, Literal["git", "live"]] = {}
    hazards: list[str] = []

    @classmethod
    def of(cls, approvals: Approvals) -> ApprovalsItem:
        decided: Any = {str(key): side for key, side in approvals.decided}
        own = {"hazards": list(approvals.hazards), "decided": decided}
        return cls(**dataclasses.asdict(approvals) | own)

    def to_model(self) -> Approvals:
        """Return the approvals. Raises ValueError."""
        decided = tuple(sorted((read_key(key), side) for key, side in self.decided.items()))
        own = {"hazards": tuple(self.hazards), "decided": decided}
        return Approvals(**msgspec.structs.asdict(self) | own)


# --- members --------------------------------------------------------------------------------------

_SAME: Final = (lambda value: value, lambda value: value)
_KEYS: Final = (lambda keys: [*map(str, keys)], lambda texts: tuple(map(read_key, texts)))
_FORMS: Final[Mapping[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]]] = {
    "key": (str, read_key),
    "source": (SourceItem.of, model_of),
    "fields": (sides_of, field_changes),
    "overwrites": (list, tuple),
    "needed_by": _KEYS,
    "approval": (ApprovalItem.of, model_of),
    "overridden": (OverriddenItem.all, overridden_of),
    "target": (TargetItem.of, model_of),
    "digest": (lambda digest: digest or None, lambda digest: digest or ""),
    "unmanaged": (dict, dict),
    "unsaved": _KEYS,
}
"""Member → how it is written, and how it is read; others are written as they are."""


def written(item: type[Struct], model: Any, **more: Any) -> dict[str, Any]:
    """Return the members of an item: `more`, and those of an object of `model` with these names."""
    names = [name for name in item.__struct_fields__ if name not in more]
    return {name: _FORMS.get(name, _SAME)[0](getattr(model, name)) for name in names} | more


def read(item: Struct, *without: str) -> dict[str, Any]:
    """Return members of an item as those of an object of `model`. Raises ValueError."""
    names = [name for name in item.__struct_fields__ if name not in without]
    return {name: _FORMS.get(name, _SAME)[1](getattr(item, name)) for name in names}
