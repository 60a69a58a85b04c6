"""The lines of an inventory and of its journal, and the documents of `devinops inventory`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from devinops.kinds import KINDS
from devinops.model.changes import Action
from devinops.model.inventory import Base, Deleted, Failed, Intent, MergedEdit, Record
from devinops.model.kind import Lifecycle
from devinops.model.objects import Source
from devinops.model.target import Target
from devinops.schema.base_document import Count, Document, KeyText, StoreName, Text, read_key

LINE_VERSION = 3
"""Format 2 had neither the fields that an entry leaves out nor failed changes.

Format 1 had no times, no deleted objects, and the intents of all runs in the target's file.
"""

# --- lines ----------------------------------------------------------------------------------------


class Line(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A line of JSON Lines. Fields with their default value are left out."""


class HeaderLine(Line, frozen=True):
    """The first line: the organization and target that the inventory is bound to."""

    devinops_inventory: Annotated[int, Meta(ge=1)]
    api_host: Text
    org_id: Text | None
    target: Text
    enterprise: bool = False

    @classmethod
    def of(cls, target: Target) -> HeaderLine:
        return cls(LINE_VERSION, target.host, target.org_id, target.name, target.enterprise)


class RecordLine(Line, frozen=True):
    """An owned object, or one that is remembered: a folder, or access that was taken away."""

    key: KeyText
    id: Text
    source: Text | None = None
    commit: Text | None = None
    protect: bool = False
    at: Text | None = None
    fields: dict[str, str | tuple[str, str | None]] = {}
    left_out: dict[str, str] = {}
    unknown: list[str] = []
    taken: bool = False

    @classmethod
    def of(cls, record: Record) -> RecordLine:
        fields = {name: _hashes(base) for name, base in sorted(record.fields.items())}
        key, source, commit = str(record.key), record.source, record.commit
        left_out = dict(sorted(record.left_out.items()))
        facts = (record.protect, record.at, fields, left_out, [*record.unknown], record.taken)
        return cls(key, record.id, source, commit, *facts)

    def to_model(self) -> Record:
        """Return the record. Raises ValueError."""
        bases = {
            name: Base(hashes, hashes) if isinstance(hashes, str) else Base(*hashes)
            for name, hashes in self.fields.items()
        }
        key = read_key(self.key)
        memory = KINDS[key.kind].lifecycle is Lifecycle.REQUIRED
        facts = (self.source, self.commit, self.protect, bases, memory, self.at, self.left_out)
        return Record(key, self.id, *facts, tuple(self.unknown), self.taken)


def _hashes(base: Base) -> str | tuple[str, str | None]:
    return base.sent if base.sent == base.read else (base.sent, base.read)


class DeletedLine(Line, frozen=True):
    """An object that was owned until an apply deleted it. The line stays for 90 days."""

    deleted: KeyText
    id: Text
    at: Text

    @classmethod
    def of(cls, deleted: Deleted) -> DeletedLine:
        return cls(str(deleted.key), deleted.id, deleted.at)

    def to_model(self) -> Deleted:
        """Return the deleted object. Raises ValueError."""
        return Deleted(read_key(self.deleted), self.id, self.at)


class FailedLine(Line, frozen=True):
    """A change that an apply tried to make and could not, until a write or for 90 days."""

    failed: KeyText
    sent: str
    at: Text

    @classmethod
    def of(cls, failed: Failed) -> FailedLine:
        return cls(str(failed.key), failed.sent, failed.at)

    def to_model(self) -> Failed:
        """Return the change. Raises ValueError."""
        return Failed(read_key(self.failed), self.sent, self.at)


class IntentLine(Line, frozen=True):
    """A write that a run announced and has not settled."""

    intent: Text
    action: Action
    key: KeyText
    id: Text | None = None
    unclear: bool = False
    target: str = ""

    @classmethod
    def of(cls, intent: Intent, target: str = "") -> IntentLine:
        return cls(intent.run, intent.action, str(intent.key), intent.id, intent.unclear, target)

    def to_model(self) -> Intent:
        """Return the intent. Raises ValueError."""
        return Intent(self.intent, self.action, read_key(self.key), self.id, self.unclear)


class RunLine(Line, frozen=True):
    """The first line of the file of a run, which has its intents for all targets."""

    devinops_run: Annotated[int, Meta(ge=1)]
    run: Text
    job: str = ""
    attempt: int = 0


class MergedLine(Line, frozen=True):
    """A live value that `devinops pull` merged into the files."""

    key: KeyText
    id: Text
    field: Text
    live: Text
    base: Text
    commit: str = ""

    @classmethod
    def of(cls, edit: MergedEdit) -> MergedLine:
        return cls(str(edit.key), edit.id, edit.field, edit.live, edit.base, edit.commit)

    def to_model(self, source: Source) -> MergedEdit:
        """Return the edit. Raises ValueError."""
        key = read_key(self.key)
        return MergedEdit(key, self.id, self.field, self.live, self.base, self.commit, source)


class EndLine(Line, frozen=True):
    """The last line: a file without it is truncated."""

    devinops_inventory_end: Annotated[bool, Meta(extra_json_schema={"const": True})]


class SettledLine(Struct, frozen=True, forbid_unknown_fields=True):
    """A line of the journal: the result of one step of a run."""

    run: Text
    put: tuple[RecordLine, ...]
    drop: tuple[tuple[str, str], ...]
    at: str = ""


# --- documents ------------------------------------------------------------------------------------


FieldState = Literal["gone", "not shown by the API", "as applied", "changed outside"]


class FieldItem(Struct, frozen=True):
    """Hashes of a field at the last apply, and its state now.

    `sent` is null for a field that the entry left out.
    """

    sent: str | None
    read: str | None
    state: FieldState | UnsetType = UNSET


class RecordItem(Struct, frozen=True):
    """An owned object; `live` is the key of the live object."""

    key: KeyText
    kind: str
    id: str
    source: str | None
    commit: str | None
    protect: bool
    at: str | None
    fields: dict[str, FieldItem]
    live: str | None | UnsetType = UNSET

    @classmethod
    def of(cls, record: Record) -> RecordItem:
        items = {name: FieldItem(base.sent, base.read) for name, base in record.fields.items()}
        items |= {name: FieldItem(None, read) for name, read in record.left_out.items()}
        fields = dict(sorted(items.items()))
        key, source, commit = record.key, record.source, record.commit
        return cls(str(key), key.kind, record.id, source, commit, record.protect, record.at, fields)

    def compared(self, states: Mapping[str, FieldState], live: str | None) -> RecordItem:
        """Return this record with the state of each field and the key of the live object."""
        fields = {
            name: msgspec.structs.replace(field, state=states[name])
            for name, field in self.fields.items()
        }
        return msgspec.structs.replace(self, fields=fields, live=live)


class IntentItem(Struct, frozen=True):
    """An announced write."""

    action: Action
    key: KeyText
    id: str | None

    @classmethod
    def of(cls, intent: Intent) -> IntentItem:
        return cls(intent.action, str(intent.key), intent.id)


class RunItem(Struct, frozen=True):
    """A run that has not settled all the writes it announced."""

    run: str
    intents: tuple[IntentItem, ...]
    job: str | None
    since: str | None


class DeletedItem(Struct, frozen=True):
    """An object that was owned until an apply deleted it."""

    key: KeyText
    id: str
    at: str


class UnclearItem(Struct, frozen=True):
    """A key that an earlier run may have created."""

    run: str
    key: KeyText


class ListDocument(Document, frozen=True, kw_only=True):
    """Output of `inventory list` and `inventory forget --all`."""

    target: str
    store: StoreName
    owned: Count
    records: tuple[RecordItem, ...]
    open_runs: tuple[RunItem, ...]
    unclear: tuple[UnclearItem, ...]
    deleted: tuple[DeletedItem, ...]
    taken: tuple[KeyText, ...]


class RecordDocument(Document, frozen=True, kw_only=True):
    """Output of `inventory show`, `link` and `forget`."""

    target: str
    record: RecordItem


class UnlockDocument(Document, frozen=True, kw_only=True):
    """Output of `inventory unlock`."""

    target: str
    run: str
    intents: tuple[IntentItem, ...]
    other_targets: tuple[str, ...]


class CandidateItem(Struct, frozen=True):
    """A live object that may be the owned one, created again under another id."""

    id: str
    key: KeyText
    evidence: tuple[str, ...]
    created_at: int | None


class MissingItem(Struct, frozen=True):
    """A record whose object is gone; `link` is the id to link instead, null if it is ambiguous."""

    key: KeyText
    id: str
    link: str | None
    candidates: tuple[CandidateItem, ...]


class RepairDocument(Document, frozen=True, kw_only=True):
    """Output of `inventory repair`."""

    target: str
    missing: tuple[MissingItem, ...]
