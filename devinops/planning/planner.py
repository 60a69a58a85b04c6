"""Matches become changes, blocked steps, outside edits and bookkeeping. Pure; `build_plan` is its only user."""

from __future__ import annotations

import json
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from devinops.kinds import KINDS
from devinops.kinds.secret import Secret, age_days
from devinops.model.changes import Action, Blocked, Blocker, Change, Drift, FieldChange, Moved
from devinops.model.inventory import Base, Inventory, Record, base, fingerprint, fingerprints
from devinops.model.keys import ROOT, Key
from devinops.model.kind import ApiVersion, Kind
from devinops.model.objects import (
    UNSET,
    Access,
    Declaration,
    Ensure,
    Live,
    Problem,
    Resource,
    Severity,
    Snapshot,
    Source,
    canonical_text,
)
from devinops.model.policy import Approvals, OnDrift, Policy, Prune
from devinops.planning.diff import changed_fields, lost
from devinops.planning.match import (
    Found,
    Match,
    RenamedFolder,
    body_of,
    folder_key,
    in_its_folder,
    object_id,
)
from devinops.planning.three_way import Sides, moved_outside, sides

ALIKE = 0.6
"""Minimum share of pieces in common for an undeclared object and a new entry to be a likely rename."""

MOST_PAIRS = 2_500
"""How many pairs of an undeclared object and a new entry have their texts compared; comparing takes time."""


@dataclass(frozen=True, slots=True)
class PlanContext:
    """What a plan is made under, beside the files and the organization."""

    api: ApiVersion
    policy: Policy
    approvals: Approvals
    today: date
    inventory: Inventory

    @property
    def has_inventory(self) -> bool:
        return self.inventory.store != "none"


@dataclass
class Findings:
    """What the matches amount to. `put` and `drop` are bookkeeping without a write: records to renew or forget."""

    changes: list[Change] = field(default_factory=list)
    held: list[Blocked] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    put: list[Record] = field(default_factory=list)
    drop: list[tuple[str, str]] = field(default_factory=list)
    unchanged: int = 0


class Builder:
    """Collects what each match means, then what nobody declared. One use.

    `real` is the organization as it is; `snapshot` the same with renamed folders under the paths of the files.
    """

    def __init__(self, snapshot: Snapshot, real: Snapshot, circumstances: PlanContext) -> None:
        self.snapshot, self.real, self.context = snapshot, real, circumstances
        self.found = Findings()
        self.foreign = {live.key: live for live in snapshot.objects if not live.ours}
        self.waiting: defaultdict[Key, list[Declaration]] = defaultdict(list)

    def classify(self, one: Match) -> None:
        """Take in what one declaration means."""
        declaration = one.declaration
        if declaration.ensure is Ensure.UNMANAGED:
            self._unmanaged(one)
        elif declaration.key.kind == "folder":
            self._folder(one)
        elif one.namesakes:
            self._namesakes(one)
        elif declaration.ensure is Ensure.ABSENT:
            self._absent(one)
        elif declaration.key.kind == "secret":
            self._secret(one)
        elif one.live is None:
            self._missing(one)
        else:
            self._present(one, one.live)

    def finish(self, matches: Sequence[Match], others: Iterable[Declaration]) -> Findings:
        """Take in what nobody declared, and return everything. `others` are the entries of other targets."""
        self._hold_what_is_taken()
        self._orphans(matches, {declaration.key for declaration in others})
        self.found.held += [
            self._folder_hold(key, waiting) for key, waiting in self.waiting.items()
        ]
        return self.found

    # --- small parts --------------------------------------------------------------------------------------

    def hold(
        self,
        hold: Blocker,
        one: Declaration | Record,
        reason: str,
        lives: Iterable[Live] = (),
        fields: tuple[FieldChange, ...] = (),
    ) -> None:
        ids = tuple(live.id for live in lives)
        source = one.source if isinstance(one, Declaration) else _source(one)
        self.found.held.append(Blocked(hold, one.key, reason, source, ids, (), fields))

    def _forget(self, record: Record | None) -> None:
        if record:
            self.found.drop.append((record.key.kind, record.id))

    def _unmanaged(self, one: Match) -> None:
        """Let go of an object, unless `prune: scope` would then delete it under a name that no entry mentions."""
        live = one.live
        if live is None or live.key == one.declaration.key or not self._in_scope(live):
            self._forget(one.record)
            return
        if one.record:
            reason = (
                f"it is called {live.key} in the web app, which is in scope: give this entry that name, or the object "
                "would be deleted as undeclared once it is no longer owned"
            )
            self.hold(Blocker.CONFLICT, one.declaration, reason, [live])

    def _real(self, live: Live) -> Live:
        """Return an object as it is, not as the files call its folder."""
        return self.real.by_id[object_id(live)]

    def _change(
        self, action: Action, one: Match, reason: str, fields: tuple[FieldChange, ...]
    ) -> Change:
        live = one.live
        if live and fields:
            fields = _with_unreadable(
                KINDS[live.key.kind], fields, one.declaration.resource, live.resource
            )
        return Change(
            action,
            one.declaration.key,
            reason,
            live.id if live else None,
            one.declaration,
            self._real(live) if live else None,
            fields,
        )

    def _file(self, change: Change) -> None:
        """Add a change if the folder that it needs is there; otherwise let it wait for the folder."""
        assert change.declaration
        if placed := in_its_folder(change, self.snapshot):
            self.found.changes.append(self._with_real_folder(placed))
        else:
            self.waiting[folder_key(change.key.folder)].append(change.declaration)

    def _with_real_folder(self, change: Change) -> Change:
        """Return a change whose folder is shown by the path that it has in the web app."""
        folder = self.real.by_id.get(("folder", str(change.folder_id)))

        def real(shown: FieldChange) -> FieldChange:
            if shown.name != "folder":
                return shown
            before: Any = change.live and change.live.resource
            return FieldChange(
                "folder", before.folder if before else UNSET, folder.key.place if folder else ROOT
            )

        return replace(change, fields=tuple(map(real, change.fields)))

    def _hold_what_is_taken(self) -> None:
        """Block each change after which two objects would have one key: no API refuses that."""
        while taken := self._taken():
            for key, (change, others) in taken.items():
                self.found.changes.remove(change)
                assert change.declaration
                names = ", ".join(f"{live.id}{self._known_as(live)}" for live in others)
                reason = f"{key} is the name of {names} already: rename that in the web app, or this entry"
                self.hold(Blocker.CONFLICT, change.declaration, reason, others)

    def _taken(self) -> dict[Key, tuple[Change, list[Live]]]:
        """Return key → change and the other objects that have the key and keep it."""
        after = [(change, self._key_after(change)) for change in self.found.changes]
        leaving = {
            (c.key.kind, c.id)
            for c, key in after
            if key is None or (c.id and key != self._key_now(c))
        }
        found = {}
        for change, key in after:
            if key is None or key == self._key_now(change):
                continue
            lives = [live for live in self.snapshot.under(key) if live.id != change.id]
            if others := [live for live in lives if object_id(live) not in leaving]:
                found[change.key] = (change, others)
        return found

    def _key_now(self, change: Change) -> Key | None:
        live = self.snapshot.by_id.get((change.key.kind, str(change.id)))
        return live.key if live else None

    def _key_after(self, change: Change) -> Key | None:
        """Return the key that an object will have, by the paths that the files use; None if it goes."""
        if change.action is Action.DELETE:
            return None
        now = self._key_now(change)
        if now is None:
            return change.key
        key = KINDS[change.key.kind].key(change.written())
        return replace(key, folder=change.key.folder if change.moves else now.folder)

    def _known_as(self, live: Live) -> str:
        """Return by which key an owned object is known here, as it has another one in the web app."""
        record = self.context.inventory.by_id.get(object_id(live))
        return f" ({record.key} here)" if record else ""

    def _conflict(
        self,
        one: Declaration | Record,
        live: Live | None,
        what: str,
        fields: tuple[FieldChange, ...] = (),
    ) -> None:
        """Block where both sides moved, saying when and by whom."""
        when = f" ({said_of(live)})" if live and said_of(live) else ""
        reason = f"{what}{when}: decide with --on-conflict git or --on-conflict live"
        self.hold(Blocker.CONFLICT, one, reason, [live] if live else [], fields)

    def _namesakes(self, one: Match) -> None:
        count, ids = len(one.namesakes), ", ".join(live.id for live in one.namesakes)
        link = f", or devinops inventory link {shlex.quote(str(one.declaration.key))} ID"
        settle = link if self.context.has_inventory else ""
        self.hold(
            Blocker.CONFLICT,
            one.declaration,
            f"{count} live objects are called {one.key} ({ids}): rename or delete all but one in the web app{settle}",
            one.namesakes,
        )

    # --- tombstones ---------------------------------------------------------------------------------------

    def _absent(self, one: Match) -> None:
        declaration, live = one.declaration, one.live
        if live is None:
            self._forget(one.record)
            self.found.unchanged += 1
        elif declaration.protect or (one.record and one.record.protect):
            self.hold(
                Blocker.PROTECTED,
                declaration,
                "protect: true; apply without that line first, then delete",
                [live],
            )
        elif self.context.has_inventory and one.record is None:
            reason = "it is not owned, so it is not deleted: devinops inventory link it first, or drop this entry"
            self.hold(Blocker.APPROVAL, declaration, reason, [live])
        elif (
            one.record
            and self._edited(one.record, live)
            and self.context.approvals.on_conflict != "git"
        ):
            self._conflict(declaration, live, "ensure: absent, but it was edited outside")
        else:
            self._delete(live.key, live, "ensure: absent", declaration)

    def _edited(self, record: Record, live: Live) -> tuple[str, ...]:
        return moved_outside(record.fields, live.resource)

    def _delete(
        self,
        key: Key,
        live: Live,
        reason: str,
        declaration: Declaration | None,
        was: Source | None = None,
        successor: Key | None = None,
    ) -> None:
        real = self._real(live)
        fields = tuple(FieldChange(name, value, UNSET) for name, value in real.resource.items())
        change = Change(
            Action.DELETE, key, reason, live.id, declaration, real, fields, None, was, successor
        )
        self.found.changes.append(change)

    # --- notes and playbooks ------------------------------------------------------------------------------

    def _missing(self, one: Match) -> None:
        """Create what is not live, unless it was deleted outside and that is to be kept."""
        if one.record is None:
            self._file(
                self._change(
                    Action.CREATE,
                    one,
                    "not in the organization",
                    _declared(one.declaration.resource),
                )
            )
            return
        taken = self.snapshot.by_id.get((one.record.key.kind, one.record.id))
        if taken is not None:
            reason = f"it belongs to others now ({taken.access}): drop the entry, or have it given back in the web app"
            self.hold(Blocker.REQUIREMENT, one.declaration, reason, [taken])
            return
        again = self._change(
            Action.CREATE, one, "deleted outside", _declared(one.declaration.resource)
        )
        git_moved = any(
            fingerprints(one.declaration.resource).get(n) != b.sent
            for n, b in one.record.fields.items()
        )
        choice = self.context.approvals.on_conflict
        if git_moved and choice is None and self.context.policy.on_drift is OnDrift.KEEP:
            self._conflict(one.declaration, None, "changed in Git, but deleted outside")
        elif (git_moved and choice == "git") or self.context.policy.on_drift is OnDrift.OVERWRITE:
            self._file(again)
        else:
            self.found.drift.append(
                Drift(
                    Moved.DELETED,
                    one.declaration.key,
                    one.record.id,
                    "on_drift: overwrite makes it again, devinops inventory forget lets it go",
                    source=one.declaration.source,
                )
            )

    def _present(self, one: Match, live: Live) -> None:
        if not self.context.has_inventory:
            self._two_way(one, live)
        elif one.record is None:
            self._adopt(one, live)
        else:
            self._three_way(one, live, one.record)

    def _two_way(self, one: Match, live: Live) -> None:
        fields = changed_fields(KINDS[live.key.kind], one.declaration.resource, live.resource)
        if fields:
            self._update(one, live, fields, "")
        else:
            self.found.unchanged += 1

    def _update(self, one: Match, live: Live, fields: tuple[FieldChange, ...], remark: str) -> None:
        kind = KINDS[live.key.kind]
        if self.context.policy.v3_macro == "hold" and lost(kind, self.context.api, live.resource):
            self._hold_macro(kind, one.declaration, live)
            return
        renamed = one.declaration.key != live.key and any(
            f.name in (kind.identity, "folder") for f in fields
        )
        action = Action.RENAME if renamed else Action.UPDATE
        reason = f"was {live.key}" if renamed else f"{', '.join(f.name for f in fields)} changed"
        if not one.record and any(map(_is_indentation, fields)):
            remark = (
                "; only the indentation of its first line differs: if this comes back after every apply, the API "
                "removes it, so begin the text without it"
            )
        self._file(self._change(action, one, f"{reason}{remark}", fields))

    def _hold_macro(self, kind: Kind, declaration: Declaration, live: Live) -> None:
        names = ", ".join(
            f"{name} {value}" for name, value in lost(kind, self.context.api, live.resource)
        )
        self.hold(
            Blocker.APPROVAL,
            declaration,
            f"an update through API {self.context.api} might lose its {names}, which it can read but not send: edit it "
            "in the web app, or set v3_macro: verify for this target",
            [live],
        )

    def _adopt(self, one: Match, live: Live) -> None:
        """Take over what is declared, live and not yet owned: equal ones by a record, others when told."""
        old = self.context.inventory.by_key.get(one.declaration.key)
        if old and object_id(live) != (old.key.kind, old.id):
            self.found.drift.append(
                Drift(
                    Moved.RECREATED,
                    one.declaration.key,
                    live.id,
                    f"it was {old.id}",
                    source=one.declaration.source,
                )
            )
        fields = changed_fields(KINDS[live.key.kind], one.declaration.resource, live.resource)
        if fields and not self.context.approvals.adopt:
            names = ", ".join(f.name for f in fields)
            reason = f"it is live, not owned, and differs in {names}: look at it, then pass --adopt to take it over"
            self.hold(Blocker.APPROVAL, one.declaration, reason, [live], fields)
            return
        if (
            fields
            and self.context.policy.v3_macro == "hold"
            and lost(KINDS[live.key.kind], self.context.api, live.resource)
        ):
            self._hold_macro(KINDS[live.key.kind], one.declaration, live)
            return
        reason = "live and not yet owned" + (
            f"; {', '.join(f.name for f in fields)} changed" if fields else ", equal"
        )
        change = self._change(Action.ADOPT, one, reason, fields)
        self._file(change)

    def _three_way(self, one: Match, live: Live, record: Record) -> None:
        declaration, approvals = one.declaration, self.context.approvals
        moved = sides(KINDS[live.key.kind], record.fields, declaration.resource, live.resource)
        outside = moved.live
        write = moved.git
        if self.context.policy.on_drift is OnDrift.OVERWRITE:
            write, outside = _in_order(KINDS[live.key.kind], write + outside), ()
        if moved.both and approvals.on_conflict is None:
            names = ", ".join(f.name for f in moved.both)
            self._conflict(declaration, live, f"{names} changed in Git and outside", moved.both)
            return
        if moved.both and approvals.on_conflict == "git":
            write = _in_order(KINDS[live.key.kind], write + moved.both)
        elif moved.both:
            outside = _in_order(KINDS[live.key.kind], outside + moved.both)
        if outside:
            self._drifted(declaration, live, outside)
        if write:
            overwritten = {f.name for f in write} & {f.name for f in moved.live + moved.both}
            remark = (
                f" (over an outside edit of {', '.join(sorted(overwritten))})"
                if overwritten
                else ""
            )
            self._update(one, live, write, remark)
            return
        if not outside:
            self.found.unchanged += 1
        self._renew(one, live, record, moved, outside)

    def _drifted(
        self, declaration: Declaration, live: Live, fields: tuple[FieldChange, ...]
    ) -> None:
        sides_of = tuple(FieldChange(f.name, f.after, f.before) for f in fields)
        self.found.drift.append(
            Drift(
                Moved.EDITED,
                declaration.key,
                live.id,
                ", ".join(f.name for f in fields),
                sides_of,
                declaration.source,
                live.updated_at,
                live.updated_by,
            )
        )

    def _renew(
        self, one: Match, live: Live, record: Record, moved: Sides, outside: tuple[FieldChange, ...]
    ) -> None:
        """Renew a record that no longer tells the truth although nothing has to be written."""
        fields = record.fields
        if moved.record:
            fields = remembered(
                one.declaration.resource, live.resource, fields, {f.name for f in outside}
            )
        new = Record(
            one.declaration.key,
            live.id,
            one.declaration.source.path,
            record.commit,
            one.declaration.protect,
            fields,
        )
        if new != record:
            self.found.put.append(new)

    # --- folders ------------------------------------------------------------------------------------------

    def renamed_folder(self, one: RenamedFolder) -> None:
        """Tell once that a folder has another name in the web app; its notes are where they were."""
        reason = (
            f"it is called {one.live.key.place} in the web app: rename the directory and every folder: that says "
            f"{one.declared.place}, or rename it back"
        )
        self.found.drift.append(Drift(Moved.RENAMED, one.declared, one.id, reason))

    def _folder(self, one: Match) -> None:
        if one.live is None and not one.namesakes:
            self.waiting[one.declaration.key].append(one.declaration)
        else:
            self.found.unchanged += 1

    def _folder_hold(self, key: Key, waiting: Sequence[Declaration]) -> Blocked:
        lives = self.snapshot.under(key)
        path, ids = key.place, tuple(live.id for live in lives)
        needed_by = tuple(sorted(d.key for d in waiting if d.key != key))
        if lives:
            reason = f"{len(lives)} folders share this path ({', '.join(ids)}): rename all but one in the web app"
            return Blocked(Blocker.CONFLICT, key, reason, waiting[0].source, ids, needed_by)
        reason = (
            f'there is no folder "{path}": create it in the web app (no API can), then plan again'
        )
        return Blocked(Blocker.REQUIREMENT, key, reason, waiting[0].source, (), needed_by)

    # --- secrets: a contract; nothing about an existing one can be changed by any API ----------------------

    def _secret(self, one: Match) -> None:
        declaration, live = one.declaration, one.live
        if live is None:
            self._missing_secret(one)
            return
        differences = changed_fields(KINDS["secret"], declaration.resource, live.resource)
        blocking = [change for change in differences if change.name != "note"]
        rotates = self._rotates(one)
        for change in differences:
            if change.name == "note" and not rotates:
                self._warn(
                    declaration,
                    "note",
                    "secret-note",
                    "its note differs from the live one; edit one of the two",
                )
        self._warn_age(declaration, live)
        if blocking:
            words = ", ".join(
                f"{c.name} is {_say(c.before)}, not {_say(c.after)}" for c in blocking
            )
            reason = f"{words}: no API changes that; re-create it in the web app"
            self.hold(Blocker.REQUIREMENT, declaration, reason, [live])
        elif self.context.has_inventory and _secret(declaration).value_from:
            self._owned_secret(one, live)
        else:
            self.found.unchanged += 1

    def _owned_secret(self, one: Match, live: Live) -> None:
        """Rotate if the version is another one than the last time; adopt if there was no last time."""
        if one.record is None:
            self.found.changes.append(
                self._change(Action.ADOPT, one, "live and not yet owned, equal", ())
            )
            return
        if not self._rotates(one):
            self.found.unchanged += 1
            return
        fields = (
            *changed_fields(KINDS["secret"], one.declaration.resource, live.resource),
            FieldChange("version", UNSET, _secret(one.declaration).version),
            FieldChange("value", UNSET, _value_shown(one.declaration)),
        )
        reason = "version changed: deleted and created again, under a new id"
        self.found.changes.append(self._change(Action.REPLACE, one, reason, fields))

    def _rotates(self, one: Match) -> bool:
        """Tell whether an owned secret has another version than the last time."""
        secret = _secret(one.declaration)
        if one.record is None or not secret.value_from or secret.version is UNSET:
            return False
        last = one.record.fields.get("version")
        return last is None or last.sent != fingerprint(secret.version)

    def _missing_secret(self, one: Match) -> None:
        declaration = one.declaration
        other = self.foreign.get(declaration.key)
        if other is not None and other.access is Access.PERSONAL:
            reason = "it exists as a personal secret only: add it as an organization secret in the web app"
            self.hold(Blocker.REQUIREMENT, declaration, reason, [other])
        elif not _secret(declaration).value_from:
            reason = "it does not exist: add it in the web app, or let apply create it with value_from: {env: NAME}"
            self.hold(Blocker.REQUIREMENT, declaration, reason)
        else:
            fields = (
                *_declared(declaration.resource),
                FieldChange("value", UNSET, _value_shown(declaration)),
            )
            reason = "no longer in the organization" if one.record else "not in the organization"
            self.found.changes.append(self._change(Action.CREATE, one, reason, fields))

    def _warn_age(self, declaration: Declaration, live: Live) -> None:
        max_age = _secret(declaration).max_age
        times = [time for time in (live.created_at, live.updated_at) if time is not None]
        if not isinstance(max_age, str) or not times:
            return
        days = (self.context.today - datetime.fromtimestamp(max(times), UTC).date()).days
        if days > age_days(max_age):
            self._warn(
                declaration,
                "max_age",
                "secret-age",
                f"it is {days} days old, more than {max_age}: rotate it",
            )

    def _warn(self, declaration: Declaration, name: str, code: str, message: str) -> None:
        self.found.warnings.append(
            Problem(
                declaration.place(name), code, f"{declaration.key}: {message}", Severity.WARNING
            )
        )

    # --- what nobody declared -----------------------------------------------------------------------------

    def _undeclared(self, matches: Sequence[Match], elsewhere: set[Key]) -> list[Orphan]:
        """Return the live objects that may be deleted because no declaration means them."""
        claimed = {(one.record.key.kind, one.record.id) for one in matches if one.record}
        claimed |= {
            object_id(live) for one in matches for live in (*one.namesakes, one.live) if live
        }
        keys = {one.declaration.key for one in matches if one.declaration.ensure is Ensure.PRESENT}
        orphans = []
        for record in self.context.inventory.owned:
            if (record.key.kind, record.id) in claimed or record.key in keys:
                continue
            live = self.snapshot.by_id.get((record.key.kind, record.id))
            if live is None or not live.ours or record.key.kind == "secret":
                self._forget(record)
                continue
            away = record.key in elsewhere
            why = "its targets: no longer name this target" if away else "no longer declared"
            orphans.append(Orphan(live, record.key, why, record))
        left_alone = {
            m.declaration.key for m in matches if m.declaration.ensure is Ensure.UNMANAGED
        }
        for live in self.snapshot.objects:
            if (
                live.key.kind != "knowledge"
                or not live.ours
                or object_id(live) in claimed
                or live.key in left_alone
            ):
                continue
            # Scope is about the folders of the organization, whatever the files call them.
            if object_id(live) in self.context.inventory.by_id or not self._in_scope(live):
                continue
            why = (
                "not the object of the entry with this name" if live.key in keys else "not declared"
            )
            orphans.append(Orphan(live, self._real(live).key, f"in scope, {why}, and never owned"))
        return orphans

    def _in_scope(self, live: Live) -> bool:
        return self.context.policy.in_scope(self._real(live).key.folder)

    def _orphans(self, matches: Sequence[Match], elsewhere: set[Key]) -> None:
        """Decide what becomes of every undeclared object, and hint at renames."""
        orphans = self._undeclared(matches, elsewhere)
        newcomers = [
            one.declaration
            for one in matches
            if one.declaration.ensure is Ensure.PRESENT and one.found is not Found.INVENTORY
        ]
        pairs = sorted(likely_renames(orphans, newcomers), key=_likeness)
        successors = {
            object_id(pair.orphan.live): pair.newcomer.key for pair in pairs
        }  # the best comes last
        waiting = {held.key for held in self.found.held}
        waiting |= {declaration.key for waits in self.waiting.values() for declaration in waits}
        left = 0
        for orphan in orphans:
            if orphan.record and self.context.policy.prune is Prune.OFF:
                left += 1
            elif (successor := successors.get(object_id(orphan.live))) in waiting:
                reason = f"{successor} probably replaces it, and that is blocked: it stays until that is decided"
                ids = (orphan.live.id,)
                self.found.held.append(
                    Blocked(Blocker.CONFLICT, orphan.key, reason, orphan.source, ids)
                )
            else:
                self._prune(orphan, successor)
        if left:
            self.found.notes.append(
                f"owned, but no longer declared: {left}; with prune: off they stay"
            )
        self._hint_at_renames(
            {pair.newcomer.key: pair.orphan for pair in pairs if pair.orphan.record}
        )

    def _prune(self, orphan: Orphan, successor: Key | None) -> None:
        live, record, why = orphan.live, orphan.record, orphan.why
        if record is None:
            self._delete(orphan.key, live, f"{why} ({live.id})", None, successor=successor)
        elif record.protect:
            self.hold(
                Blocker.PROTECTED,
                record,
                f"{why}, but it was declared with protect: true: restore the entry without that line and apply, then "
                "remove it",
                [live],
            )
        elif (names := self._edited(record, live)) and self.context.approvals.on_conflict is None:
            self._conflict(record, live, f"{why}, but {', '.join(names)} edited outside")
        elif names and self.context.approvals.on_conflict == "live":
            reason = f"{', '.join(names)}; {why}, and kept"
            self.found.drift.append(
                Drift(Moved.EDITED, record.key, live.id, reason, (), orphan.source)
            )
        else:
            self._delete(live.key, live, why, None, orphan.source, successor)

    def _hint_at_renames(self, olds: Mapping[Key, Orphan]) -> None:
        """Add a hint to each create that is probably the new name of an undeclared object."""
        for place, change in enumerate(self.found.changes):
            if change.action is Action.CREATE and change.key in olds:
                old = olds[change.key].key
                hint = (
                    f"; is it {old}? Then add previously: {_previously(old)}, and it keeps its id"
                )
                self.found.changes[place] = replace(change, reason=f"{change.reason}{hint}")


@dataclass(frozen=True, slots=True)
class Orphan:
    """A live object that no declaration means, and why it may be deleted. `record` is None if it was never owned."""

    live: Live
    key: Key
    why: str
    record: Record | None = None

    @property
    def source(self) -> Source | None:
        return _source(self.record) if self.record else None

    @property
    def file(self) -> str:
        """The file that declared it; empty if that is not known."""
        return self.source.path if self.source else ""


@dataclass(frozen=True, slots=True)
class Likely:
    """An orphan and an entry that probably replaces it, with what they have in common."""

    orphan: Orphan
    newcomer: Declaration
    said: bool
    """Whether `previously` of the entry names the orphan."""
    text: float
    same_file: bool
    same_name: bool

    @property
    def reasons(self) -> tuple[bool, float, bool, bool]:
        """What speaks for it, the strongest first."""
        return self.said, self.text, self.same_file, self.same_name


def _likeness(pair: Likely) -> tuple[tuple[bool, float, bool, bool], Key, Key]:
    return pair.reasons, pair.orphan.key, pair.newcomer.key


def likely_renames(orphans: Sequence[Orphan], newcomers: Sequence[Declaration]) -> list[Likely]:
    """Pair orphans with the new entries that name them, or have their text, their Markdown file or their name.

    If there are more than MOST_PAIRS pairs, texts are not compared.
    """
    if len(orphans) * len(newcomers) > MOST_PAIRS:
        pairs = _without_texts(orphans, newcomers)
    else:
        new = [(one, _pieces(body_of(one.resource))) for one in newcomers]
        old = [(orphan, _pieces(body_of(orphan.live.resource))) for orphan in orphans]
        pairs = [
            _likely(orphan, one, _in_common(text, his)) for orphan, text in old for one, his in new
        ]
    return [
        pair
        for pair in pairs
        if pair.orphan.key.kind == pair.newcomer.key.kind and any(pair.reasons)
    ]


def _without_texts(orphans: Sequence[Orphan], newcomers: Sequence[Declaration]) -> list[Likely]:
    found: defaultdict[Key | str, dict[Key, Declaration]] = defaultdict(dict)
    for one in newcomers:
        facts: list[Key | str] = [*one.previously, f"name {one.key.name}"]
        facts += [f"file {one.source.path}"] if one.source.path.endswith(".md") else []
        for fact in facts:
            found[fact][one.key] = one
    facts_of = ((o, (o.key, f"name {o.key.name}", f"file {o.file}")) for o in orphans)
    candidates = (
        (orphan, found[key] | found[name] | found[file]) for orphan, (key, name, file) in facts_of
    )
    return [_likely(orphan, one, 0.0) for orphan, ones in candidates for one in ones.values()]


def _likely(orphan: Orphan, newcomer: Declaration, text: float) -> Likely:
    same_file = orphan.file == newcomer.source.path and orphan.file.endswith(".md")
    same_name = orphan.key.name == newcomer.key.name
    return Likely(orphan, newcomer, orphan.key in newcomer.previously, text, same_file, same_name)


def _pieces(text: str) -> Counter[str]:
    """Return the runs of three characters of a text, with how often each stands there; of a short one itself."""
    return (
        Counter([text[at : at + 3] for at in range(len(text) - 2)] or [text]) if text else Counter()
    )


def _in_common(one: Counter[str], other: Counter[str]) -> float:
    """Return the share of pieces that two texts have in common, from 0 to 1; 0 if it is below ALIKE."""
    common = one & other
    share = 2 * common.total() / (one.total() + other.total()) if common else 0.0
    return share if share >= ALIKE else 0.0


def _previously(old: Key) -> str:
    if old.kind == "playbook":
        return json.dumps([{"title": old.name}], ensure_ascii=False)
    return json.dumps([{"folder": old.folder, "name": old.name}], ensure_ascii=False)


def remembered(
    sent: Resource, read: Resource, before: Mapping[str, Base], kept: Iterable[str] = ()
) -> dict[str, Base]:
    """Return the bases of an object's fields, of the `kept` ones as they were: their outside edit stays visible."""
    fields = base(sent, read)
    for name in kept:
        if name in before:
            fields[name] = before[name]
    return fields


def said_of(live: Live) -> str:
    """Return when and by whom an object was last edited, as far as the API says."""
    parts = []
    if live.updated_at is not None:
        parts.append(datetime.fromtimestamp(live.updated_at, UTC).strftime("%Y-%m-%d %H:%M UTC"))
    if live.updated_by:
        parts.append(f"by {live.updated_by}")
    return " ".join(parts)


def _source(record: Record) -> Source | None:
    return Source(record.source) if record.source else None


def _in_order(kind: Kind, fields: tuple[FieldChange, ...]) -> tuple[FieldChange, ...]:
    place = {attribute.name: number for number, attribute in enumerate(kind.attributes)}
    return tuple(sorted(fields, key=lambda change: place[change.name]))


def _is_indentation(change: FieldChange) -> bool:
    """Tell whether a text differs in nothing but white space that the live one lacks at its beginning."""
    before, after = change.before, change.after
    if not isinstance(before, str) or not isinstance(after, str):
        return False
    return before != after and canonical_text(before) == canonical_text(after.lstrip())


def _with_unreadable(
    kind: Kind, fields: tuple[FieldChange, ...], want: Resource, have: Resource
) -> tuple[FieldChange, ...]:
    """Return the fields and the declared values that the API does not show: an update without them might lose them."""
    known = {change.name for change in fields}
    unreadable = tuple(
        FieldChange(a.name, UNSET, getattr(want, a.name))
        for a in kind.attributes
        if a.wires
        and a.name not in known
        and getattr(want, a.name) is not UNSET
        and getattr(have, a.name) is UNSET
    )
    return fields + unreadable


def _declared(resource: Resource) -> tuple[FieldChange, ...]:
    return tuple(
        FieldChange(name, UNSET, value) for name, value in resource.items() if name != "value_from"
    )


def _secret(declaration: Declaration) -> Secret:
    assert isinstance(declaration.resource, Secret)
    return declaration.resource


def _value_shown(declaration: Declaration) -> str:
    found = _secret(declaration).value_from
    assert isinstance(found, Mapping)
    return f"env:{found['env']}"


def _say(value: Any) -> str:
    return (
        "unset" if value is None else json.dumps(value) if isinstance(value, bool) else str(value)
    )


def unmanaged(
    snapshot: Snapshot, matches: Iterable[Match], inventory: Inventory, changes: Iterable[Change]
) -> dict[str, int]:
    """Count, by kind, the organization's own objects that are neither declared nor owned, nor about to go."""
    managed = {(c.key.kind, c.id) for c in changes if c.action is Action.DELETE} | {
        object_id(live)
        for one in matches
        for live in (*one.namesakes, one.live)
        if live and one.declaration.ensure is not Ensure.UNMANAGED
    }
    counts = Counter(
        live.key.kind
        for live in snapshot.objects
        if live.ours
        and live.key.kind != "folder"
        and object_id(live) not in managed
        and object_id(live) not in inventory.by_id
    )
    return dict(sorted(counts.items()))
