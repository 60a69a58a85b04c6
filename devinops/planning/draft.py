"""The context of a plan, and the draft that the planners fill."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import NamedTuple

from devinops.kinds import KINDS
from devinops.model.changes import Action, Blocked, Blocker, Change, Drift, DriftEvent, FieldChange
from devinops.model.inventory import Inventory, MergedFields, Record
from devinops.model.keys import FolderPath, Key, ObjectId
from devinops.model.kind import ApiVersion, GeneratedSecret, Kind, Resource, Role, Scope
from devinops.model.objects import Declaration, Live, Problem, Severity, Snapshot, Source
from devinops.model.policy import ON_CONFLICT, Approval, Approvals, MissingFolders, Policy
from devinops.model.values import UNSET

Fields = tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class PlanContext:
    """Everything besides the declarations that a plan depends on.

    `scope` is the scope of the target. `real` is the snapshot; `live` is the snapshot with renamed
    folders under the paths in the files. `merged` holds what pull merged into the files.
    `misspelled` maps missing folders to the paths that were probably meant, and `occupied` holds
    the folders that listed objects are in.
    """

    api: ApiVersion
    policy: Policy
    approvals: Approvals
    today: date
    inventory: Inventory
    real: Snapshot
    live: Snapshot
    scope: Scope = Scope.ORGANIZATION
    merged: Mapping[ObjectId, MergedFields] = field(default_factory=dict)
    misspelled: Mapping[Key, str] = field(default_factory=dict)
    occupied: Collection[FolderPath] = ()

    @property
    def has_inventory(self) -> bool:
        return self.inventory.store != "none"

    def uses_root(self, folder: Key) -> bool:
        """Return whether what is new in a missing folder is created in the root.

        Not if its name is probably a typo, or if a listed object is in or below it: then the list
        is wrong.
        """
        is_occupied = any(f"{path}/".startswith(f"{folder.path}/") for path in self.occupied)
        is_doubtful = folder in self.misspelled or is_occupied
        is_allowed = self.policy.missing_folders is MissingFolders.ROOT
        return self.has_inventory and is_allowed and not is_doubtful

    def at_live_path(self, live: Live) -> Live:
        """Return an object under its real path instead of the path in the files."""
        return self.real.by_id[live.object_id]

    def forgets(self, kind: Kind) -> bool:
        """Return whether no object of a kind is deleted in this scope, because more would go."""
        return kind.apis[self.api].forgotten_in is self.scope

    def in_scope(self, live: Live) -> bool:
        """Return whether `prune: scope` includes an object; only objects in folders can be."""
        return live.kind.parent is not None and self.policy.in_scope(
            self.at_live_path(live).key.folder
        )

    def foreign(self, key: Key) -> tuple[Live, ...]:
        """Return the objects with this key that belong to others."""
        return tuple(live for live in self.live.objects if not live.ours and live.key == key)


class Saved(NamedTuple):
    """An object as it was before a run, and where it is in a backup."""

    live: Live
    source: Source

    @property
    def declaration(self) -> Declaration:
        """The object as an entry whose file is the backup."""
        return Declaration(self.live.key, self.live.resource, self.source)


class RollbackContext(NamedTuple):
    """What a rollback is planned under: the target's API and scope, its policy, and what is live.

    `restored` maps each saved object to the key that it gets back.
    """

    api: ApiVersion
    scope: Scope
    policy: Policy
    live: Snapshot
    run: str
    restored: Mapping[ObjectId, Key]


@dataclass
class PlanDraft:
    """A plan while it is being made.

    Each of the `notes` is about a key. `staying` holds the owned objects that are not declared and
    not pruned. `in_root` holds the entries that ask for the root until their folder exists.
    `upserts` are inventory records to write without a request to the API, and `dropped` the
    changes that only remove one. `conflicts` are the keys for which a decision was asked, and
    `accepted` names the fields that entries leave out and whose live values count as before.
    `unrecorded` is that of the inventory.
    """

    changes: list[Change] = field(default_factory=list)
    blocked: list[Blocked] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    notes: list[tuple[Key, str]] = field(default_factory=list)
    staying: list[Key] = field(default_factory=list)
    in_root: list[Declaration] = field(default_factory=list)
    upserts: list[Record] = field(default_factory=list)
    dropped: list[Change] = field(default_factory=list)
    unrecorded: Mapping[ObjectId, Action] = field(default_factory=dict)
    conflicts: set[Key] = field(default_factory=set)
    accepted: dict[Key, str] = field(default_factory=dict)
    unchanged: int = 0

    def sort(self) -> None:
        self.changes.sort(key=lambda change: (change.key, change.id or ""))
        self.blocked.sort(key=lambda blocked: (blocked.key, blocked.by))
        self.drift.sort(key=lambda drift: (drift.key, drift.id))
        self.warnings.sort()

    def block(
        self,
        by: Blocker,
        subject: Declaration | Record,
        reason: str,
        lives: Iterable[Live] = (),
        fields: Fields = (),
        approval: Approval | None = None,
    ) -> None:
        """Add a step that waits for a person; `approval` lets it go on."""
        ids = tuple(live.id for live in lives)
        source = subject.source if isinstance(subject, Declaration) else source_of(subject)
        overridden = subject.overridden if isinstance(subject, Declaration) else ()
        facts = (ids, (), fields, approval, overridden)
        self.blocked.append(Blocked(by, subject.key, reason, source, *facts))

    def conflict(
        self, subject: Declaration | Record, live: Live | None, what: str, fields: Fields = ()
    ) -> None:
        """Add a conflict, with when and by whom the object was last changed, if that is known."""
        reason, lives = f"{what}: decide with {ON_CONFLICT}", [live] if live else []
        self.block(Blocker.CONFLICT, subject, reason, lives, fields, ON_CONFLICT)
        if live:
            self.blocked[-1] = replace(
                self.blocked[-1], changed_at=live.updated_at, changed_by=live.updated_by
            )

    def decision(self, key: Key, context: PlanContext) -> str | None:
        """Return how the conflict of a key is decided: `git`, `live`, or None if it is not."""
        self.conflicts.add(key)
        return context.approvals.choice(key)

    def drop(
        self,
        record: Record | None,
        live: Live | None,
        reason: str,
        entry: Declaration | None = None,
    ) -> None:
        """Remove a record from the inventory; `live` is its object, None if that is gone.

        Access that is gone is remembered, unless a run that died was to delete it: otherwise a
        later run would give back as new what somebody took away outside devinops.
        """
        was_to_go = record and self.unrecorded.get(record.object_id) is Action.DELETE
        if record and not (live or was_to_go) and KINDS[record.key.kind].gives_access:
            if not record.taken:
                self.upserts.append(replace(record, taken=True))
                back = "an entry gives it back only with --allow access"
                note = f"{record.key}: {reason}; it was taken away outside devinops, so {back}"
                self.notes.append((record.key, note))
        elif record:
            action = Action.RELEASE if live else Action.FORGET
            facts, source = (action, record.key, reason, record.id), source_of(record)
            self.dropped.append(Change(*facts, declared_at=entry.source if entry else source))

    def warn(self, declaration: Declaration, field: str, code: str, message: str) -> None:
        source = declaration.source_of(field)
        text = f"{declaration.key}: {message}"
        self.warnings.append(Problem(source, code, text, Severity.WARNING))

    def edited(self, declaration: Declaration, live: Live, fields: Fields) -> None:
        """Add a change made outside devinops that stays; `fields` are as in a change."""
        sides = tuple(FieldChange(f.name, f.after, f.before) for f in fields)
        source = declaration.giver(fields[0].name).source
        names = outside_names(fields, {f.name for f in fields if f.after is UNSET})
        facts = (declaration.key, live.id, names, sides, source)
        edit = Drift(DriftEvent.EDITED, *facts, live.updated_at, live.updated_by)
        self.drift.append(edit)

    def delete(
        self,
        key: Key,
        live: Live,
        reason: str,
        declaration: Declaration | None = None,
        declared_at: Source | None = None,
        successor: Key | None = None,
        record: Record | None = None,
        overwrites: tuple[str, ...] = (),
    ) -> None:
        """Add a delete; `live` is the object under its real path.

        Of an owned object it shows only what its `record` has: nobody declared the other fields.
        """
        secret = generated_secret(live)
        reason += f"; {secret.deleted}" if secret else ""
        fields = tuple(
            FieldChange(name, value, UNSET)
            for name, value in live.resource.items()
            if record is None or name in record.fields
        )
        self.changes.append(
            Change(
                Action.DELETE,
                key,
                reason,
                live.id,
                declaration,
                live,
                fields,
                overwrites=overwrites,
                declared_at=declared_at,
                successor=successor,
            )
        )


def generated_secret(live: Live) -> GeneratedSecret | None:
    """Return the secret that the API generated for an object; None if it has none."""
    secret = live.kind.generated_secret
    return secret if secret and secret.expected(None, live.resource) else None


def source_of(record: Record) -> Source | None:
    """Return where the object of a record was declared; None if it is not known."""
    return Source(record.source) if record.source else None


def names_of(fields: Iterable[FieldChange]) -> str:
    return ", ".join(field.name for field in fields)


def outside_names(fields: Iterable[FieldChange], left_out: Collection[str]) -> str:
    """Return the names of fields that were changed outside devinops, as text."""
    return ", ".join(
        f"{field.name} (left out of the entry)" if field.name in left_out else field.name
        for field in fields
    )


def last_change(at: int | None, by: str | None) -> str:
    """Return when and by whom an object was last changed, as text; empty if neither is known.

    The API knows this of the object, and not of its fields: devinops itself may have written
    another field after somebody edited one.
    """
    parts = []
    if at is not None:
        parts.append(time_text(at))
    if by:
        parts.append(f"by {by}")
    return " ".join(["last changed", *parts]) if parts else ""


def time_text(seconds: int) -> str:
    """Return a time in epoch seconds as text for people."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M UTC}"


def declared_fields(resource: Resource) -> Fields:
    """Return the fields of a create, without the field that names the source of a value."""
    source = resource.kind.role(Role.VALUE_SOURCE)
    left_out = source.name if source else None
    return tuple(
        FieldChange(name, UNSET, value) for name, value in resource.items() if name != left_out
    )
