"""Matches become changes, held back steps, outside edits and bookkeeping. Pure; `build_plan` is its only user."""

from __future__ import annotations

import json
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from devinops.classify import Sides, moved_outside, sides
from devinops.diff import changed_fields, lost
from devinops.kinds import KINDS
from devinops.kinds.secret import Secret, age_days
from devinops.match import Match, RenamedFolder, body_of, folder_key, kind_id
from devinops.model import (
    UNSET,
    Access,
    Action,
    ApiVersion,
    Change,
    Declaration,
    Drift,
    Ensure,
    FieldChange,
    HeldBack,
    Hold,
    Key,
    Kind,
    Live,
    Moved,
    Problem,
    Resource,
    Severity,
    Snapshot,
    Source,
)
from devinops.owned import Base, Inventory, Record, base, fingerprint, fingerprints
from devinops.policy import Approvals, OnDrift, Policy, Prune

ALIKE = 0.6
"""From this share of signs in common on, a create and a delete get the hint that they may be one object."""

MOST_PAIRS = 2_500
"""So many pairs are compared for that hint at the most."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a plan is made under, beside the files and the organization."""

    api: ApiVersion
    policy: Policy
    approvals: Approvals
    today: date
    inventory: Inventory

    @property
    def remembers(self) -> bool:
        return self.inventory.store != "none"


@dataclass
class Findings:
    """What the matches amount to. `put` and `drop` are bookkeeping without a write: records to renew or forget."""

    changes: list[Change] = field(default_factory=list)
    held: list[HeldBack] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    put: list[Record] = field(default_factory=list)
    drop: list[tuple[str, str]] = field(default_factory=list)
    unchanged: int = 0


class Builder:
    """Collects what each match means, then what nobody declared. One use.

    `real` is the organization as it is; `snapshot` the same with renamed folders under the paths of the files.
    """

    def __init__(self, snapshot: Snapshot, real: Snapshot, circumstances: Circumstances) -> None:
        self.snapshot, self.real, self.given = snapshot, real, circumstances
        self.found = Findings()
        self.foreign = {live.key: live for live in snapshot.objects if not live.ours}
        self.waiting: defaultdict[Key, list[Declaration]] = defaultdict(list)
        self.orphans: list[tuple[Record, Live]] = []
        self.present: list[Declaration] = []

    def classify(self, one: Match) -> None:
        """Take in what one declaration means."""
        declaration = one.declaration
        if declaration.ensure is Ensure.PRESENT:
            self.present.append(declaration)
        if declaration.ensure is Ensure.UNMANAGED:
            self._forget(one.record)
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
        self._orphans(matches, {declaration.key for declaration in others})
        self._out_of_scope(matches)
        self._hint_at_renames()
        self.found.held += [self._folder_hold(key, waiting) for key, waiting in self.waiting.items()]
        if self.given.policy.on_drift is OnDrift.FAIL and self.found.drift:
            count = len(self.found.drift)
            self.found.refusals.append(
                f"{count} outside edits and on_drift: fail; pull them or edit them back"
            )
        return self.found

    # --- small parts --------------------------------------------------------------------------------------

    def hold(
        self,
        hold: Hold,
        one: Declaration | Record,
        reason: str,
        lives: Iterable[Live] = (),
        fields: tuple[FieldChange, ...] = (),
    ) -> None:
        ids = tuple(live.id for live in lives)
        source = one.source if isinstance(one, Declaration) else _source(one)
        self.found.held.append(HeldBack(hold, one.key, reason, source, ids, (), fields))

    def _forget(self, record: Record | None) -> None:
        if record:
            self.found.drop.append((record.key.kind, record.id))

    def _real(self, live: Live) -> Live:
        """Return an object as it is, not as the files call its folder."""
        return self.real.by_id[kind_id(live)]

    def _change(self, action: Action, one: Match, reason: str, fields: tuple[FieldChange, ...]) -> Change:
        live = one.live
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
        """Add a change once its folder is found; else let it wait for the folder."""
        assert change.declaration
        folder = change.declaration.key.folder
        if not folder:
            self.found.changes.append(change)
            return
        key = folder_key(folder)
        lives = self.snapshot.under(key)
        if len(lives) == 1:
            self.found.changes.append(replace(change, folder_id=lives[0].id))
            return
        self.waiting[key].append(change.declaration)

    def _conflict(
        self, one: Declaration | Record, live: Live | None, what: str, fields: tuple[FieldChange, ...] = ()
    ) -> None:
        """Hold back where both sides moved, saying when and by whom."""
        when = f" ({said_of(live)})" if live and said_of(live) else ""
        reason = f"{what}{when}: decide with --on-conflict git or --on-conflict live"
        self.hold(Hold.CONFLICT, one, reason, [live] if live else [], fields)

    def _namesakes(self, one: Match) -> None:
        count, ids = len(one.namesakes), ", ".join(live.id for live in one.namesakes)
        link = f", or devinops inventory link {shlex.quote(str(one.declaration.key))} ID"
        settle = link if self.given.remembers else ""
        self.hold(
            Hold.CONFLICT,
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
                Hold.PROTECTED,
                declaration,
                "protect: true; apply without that line first, then delete",
                [live],
            )
        elif self.given.remembers and one.record is None:
            reason = (
                "it is not owned, so it is not deleted: devinops inventory link it first, or drop this entry"
            )
            self.hold(Hold.APPROVAL, declaration, reason, [live])
        elif one.record and self._edited(one.record, live) and self.given.approvals.on_conflict != "git":
            self._conflict(declaration, live, "ensure: absent, but it was edited outside")
        else:
            self._delete(live, "ensure: absent", declaration)

    def _edited(self, record: Record, live: Live) -> tuple[str, ...]:
        return moved_outside(record.fields, live.resource)

    def _delete(
        self, live: Live, reason: str, declaration: Declaration | None, was: Source | None = None
    ) -> None:
        real = self._real(live)
        fields = tuple(FieldChange(name, value, UNSET) for name, value in real.resource.items())
        self.found.changes.append(
            Change(Action.DELETE, live.key, reason, live.id, declaration, real, fields, was_declared=was)
        )

    # --- notes and playbooks ------------------------------------------------------------------------------

    def _missing(self, one: Match) -> None:
        """Create what is not live, unless it was deleted outside and that is to be kept."""
        if one.record is None:
            self._file(
                self._change(
                    Action.CREATE, one, "not in the organization", _declared(one.declaration.resource)
                )
            )
            return
        taken = self.snapshot.by_id.get((one.record.key.kind, one.record.id))
        if taken is not None:
            reason = f"it belongs to others now ({taken.access}): drop the entry, or have it given back in the web app"
            self.hold(Hold.REQUIREMENT, one.declaration, reason, [taken])
            return
        again = self._change(Action.CREATE, one, "deleted outside", _declared(one.declaration.resource))
        git_moved = any(
            fingerprints(one.declaration.resource).get(n) != b.sent for n, b in one.record.fields.items()
        )
        choice = self.given.approvals.on_conflict
        if git_moved and choice is None and self.given.policy.on_drift is OnDrift.KEEP:
            self._conflict(one.declaration, None, "changed in Git, but deleted outside")
        elif (git_moved and choice == "git") or self.given.policy.on_drift is OnDrift.OVERWRITE:
            self._file(again)
        else:
            self.found.drift.append(
                Drift(
                    Moved.DELETED,
                    one.declaration.key,
                    one.record.id,
                    "on_drift: overwrite makes it anew, devinops inventory forget lets it go",
                    source=one.declaration.source,
                )
            )

    def _present(self, one: Match, live: Live) -> None:
        if not self.given.remembers:
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
        if self.given.policy.v3_macro == "hold" and lost(kind, self.given.api, live.resource):
            self._hold_macro(kind, one.declaration, live)
            return
        renamed = one.declaration.key != live.key and any(f.name in (kind.identity, "folder") for f in fields)
        action = Action.RENAME if renamed else Action.UPDATE
        reason = f"was {live.key}" if renamed else f"{', '.join(f.name for f in fields)} changed"
        self._file(self._change(action, one, f"{reason}{remark}", fields))

    def _hold_macro(self, kind: Kind, declaration: Declaration, live: Live) -> None:
        names = ", ".join(f"{name} {value}" for name, value in lost(kind, self.given.api, live.resource))
        self.hold(
            Hold.APPROVAL,
            declaration,
            f"an update through API {self.given.api} might lose its {names}, which it can read but not send: edit it "
            "in the web app, or set v3_macro: verify for this target",
            [live],
        )

    def _adopt(self, one: Match, live: Live) -> None:
        """Take over what is declared, live and not yet owned: equal ones by a record, others when told."""
        old = self.given.inventory.by_key.get(one.declaration.key)
        if old and kind_id(live) != (old.key.kind, old.id):
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
        if fields and not self.given.approvals.adopt:
            names = ", ".join(f.name for f in fields)
            reason = f"it is live, not owned, and differs in {names}: look at it, then pass --adopt to take it over"
            self.hold(Hold.APPROVAL, one.declaration, reason, [live], fields)
            return
        if (
            fields
            and self.given.policy.v3_macro == "hold"
            and lost(KINDS[live.key.kind], self.given.api, live.resource)
        ):
            self._hold_macro(KINDS[live.key.kind], one.declaration, live)
            return
        reason = "live and not yet owned" + (
            f"; {', '.join(f.name for f in fields)} changed" if fields else ", equal"
        )
        change = self._change(Action.ADOPT, one, reason, fields)
        self._file(change) if fields else self.found.changes.append(change)

    def _three_way(self, one: Match, live: Live, record: Record) -> None:
        declaration, approvals = one.declaration, self.given.approvals
        moved = sides(KINDS[live.key.kind], record.fields, declaration.resource, live.resource)
        outside = moved.live
        write = moved.git
        if self.given.policy.on_drift is OnDrift.OVERWRITE:
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
            remark = f" (over an outside edit of {', '.join(sorted(overwritten))})" if overwritten else ""
            self._update(one, live, write, remark)
            return
        if not outside:
            self.found.unchanged += 1
        self._renew(one, live, record, moved, outside)

    def _drifted(self, declaration: Declaration, live: Live, fields: tuple[FieldChange, ...]) -> None:
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
            fields = remembered(one.declaration.resource, live.resource, fields, {f.name for f in outside})
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

    def _folder_hold(self, key: Key, waiting: Sequence[Declaration]) -> HeldBack:
        lives = self.snapshot.under(key)
        path, ids = key.place, tuple(live.id for live in lives)
        needed_by = tuple(sorted(d.key for d in waiting if d.key != key))
        if lives:
            reason = (
                f"{len(lives)} folders share this path ({', '.join(ids)}): rename all but one in the web app"
            )
            return HeldBack(Hold.CONFLICT, key, reason, waiting[0].source, ids, needed_by)
        reason = f'there is no folder "{path}": create it in the web app (no API can), then plan again'
        return HeldBack(Hold.REQUIREMENT, key, reason, waiting[0].source, (), needed_by)

    # --- secrets: a contract; nothing about an existing one can be changed by any API ----------------------

    def _secret(self, one: Match) -> None:
        declaration, live = one.declaration, one.live
        if live is None:
            self._missing_secret(one)
            return
        differences = changed_fields(KINDS["secret"], declaration.resource, live.resource)
        blocking = [change for change in differences if change.name != "note"]
        for change in differences:
            if change.name == "note":
                self._warn(
                    declaration,
                    "note",
                    "secret-note",
                    "its note differs from the live one; edit one of the two",
                )
        self._warn_age(declaration, live)
        if blocking:
            words = ", ".join(f"{c.name} is {_say(c.before)}, not {_say(c.after)}" for c in blocking)
            reason = f"{words}: no API changes that; re-create it in the web app"
            self.hold(Hold.REQUIREMENT, declaration, reason, [live])
        elif self.given.remembers and _secret(declaration).value_from:
            self._owned_secret(one)
        else:
            self.found.unchanged += 1

    def _owned_secret(self, one: Match) -> None:
        """Rotate where the version is another one than the last time; adopt where there was no last time."""
        version = _secret(one.declaration).version
        if one.record is None:
            self.found.changes.append(self._change(Action.ADOPT, one, "live and not yet owned, equal", ()))
            return
        last = one.record.fields.get("version")
        if version is UNSET or (last and last.sent == fingerprint(version)):
            self.found.unchanged += 1
            return
        fields = (
            FieldChange("version", UNSET, version),
            FieldChange("value", UNSET, _value_shown(one.declaration)),
        )
        reason = "version changed: deleted and created again, under a new id"
        self.found.changes.append(self._change(Action.REPLACE, one, reason, fields))

    def _missing_secret(self, one: Match) -> None:
        declaration = one.declaration
        other = self.foreign.get(declaration.key)
        if other is not None and other.access is Access.PERSONAL:
            reason = "it exists as a personal secret only: add it as an organization secret in the web app"
            self.hold(Hold.REQUIREMENT, declaration, reason, [other])
        elif not _secret(declaration).value_from:
            reason = "it does not exist: add it in the web app, or let apply create it with value_from: {env: NAME}"
            self.hold(Hold.REQUIREMENT, declaration, reason)
        else:
            fields = (
                *_declared(declaration.resource),
                FieldChange("value", UNSET, _value_shown(declaration)),
            )
            reason = "deleted outside" if one.record else "not in the organization"
            self.found.changes.append(self._change(Action.CREATE, one, reason, fields))

    def _warn_age(self, declaration: Declaration, live: Live) -> None:
        max_age = _secret(declaration).max_age
        times = [time for time in (live.created_at, live.updated_at) if time is not None]
        if not isinstance(max_age, str) or not times:
            return
        days = (self.given.today - datetime.fromtimestamp(max(times), UTC).date()).days
        if days > age_days(max_age):
            self._warn(
                declaration, "max_age", "secret-age", f"it is {days} days old, more than {max_age}: rotate it"
            )

    def _warn(self, declaration: Declaration, name: str, code: str, message: str) -> None:
        self.found.warnings.append(
            Problem(declaration.place(name), code, f"{declaration.key}: {message}", Severity.WARNING)
        )

    # --- what nobody declared -----------------------------------------------------------------------------

    def _orphans(self, matches: Iterable[Match], elsewhere: set[Key]) -> None:
        """Judge every owned object that no declaration means."""
        claimed = {(one.record.key.kind, one.record.id) for one in matches if one.record}
        claimed |= {kind_id(live) for one in matches for live in (*one.namesakes, one.live) if live}
        keys = {one.declaration.key for one in matches if one.declaration.ensure is Ensure.PRESENT}
        left = 0
        for record in self.given.inventory.owned:
            if (record.key.kind, record.id) in claimed or record.key in keys:
                continue
            live = self.snapshot.by_id.get((record.key.kind, record.id))
            if live is None or not live.ours or record.key.kind == "secret":
                self._forget(record)
                continue
            self.orphans.append((record, live))
            if waiting := self._held_with_body(live):
                reason = f"it has the text of {waiting}, which is held back: it stays until that is decided"
                self.hold(Hold.CONFLICT, record, reason, [live])
            elif self.given.policy.prune is Prune.OFF:
                left += 1
            else:
                self._prune(record, live, taken_away=record.key in elsewhere)
        if left:
            self.found.notes.append(f"owned, but no longer declared: {left}; with prune: off they stay")

    def _held_with_body(self, live: Live) -> Key | None:
        """Return the entry that is held back and has the text of this object: it may be the object's new name."""
        text = body_of(live.resource)
        keys = {held.key for held in self.found.held if held.hold in (Hold.APPROVAL, Hold.CONFLICT)}
        found = (d.key for d in self.present if d.key in keys and text and body_of(d.resource) == text)
        return next(found, None)

    def _prune(self, record: Record, live: Live, *, taken_away: bool) -> None:
        why = "its targets: no longer name this target" if taken_away else "no longer declared"
        if record.protect:
            self.hold(Hold.PROTECTED, record, f"{why}, but it was declared with protect: true", [live])
        elif (names := self._edited(record, live)) and self.given.approvals.on_conflict is None:
            self._conflict(record, live, f"{why}, but {', '.join(names)} edited outside")
        elif names and self.given.approvals.on_conflict == "live":
            self.found.drift.append(
                Drift(
                    Moved.EDITED,
                    record.key,
                    live.id,
                    f"{', '.join(names)}; {why}, and kept",
                    (),
                    _source(record),
                )
            )
        else:
            self._delete(live, why, None, _source(record))

    def _out_of_scope(self, matches: Iterable[Match]) -> None:
        """Plan to delete the notes in scope that nobody declared and that were never owned."""
        claimed = {kind_id(live) for one in matches for live in (*one.namesakes, one.live) if live}
        never_owned = 0
        for live in self.snapshot.objects:
            if live.key.kind != "knowledge" or not live.ours or kind_id(live) in claimed:
                continue
            if kind_id(live) in self.given.inventory.by_id or not self.given.policy.in_scope(live.key.folder):
                continue
            never_owned += 1
            self._delete(live, "in scope, not declared, and never owned", None)
        deletes = sum(change.action is Action.DELETE for change in self.found.changes)
        if never_owned and self.given.approvals.allow_delete != deletes:
            self.found.refusals.append(
                f"{never_owned} notes in scope were never owned: look at each, then pass --allow-delete {deletes}"
            )

    def _hint_at_renames(self) -> None:
        """Say where a create looks like an owned object that is no longer declared, under a new name."""
        creates = [c for c in self.found.changes if c.action is Action.CREATE]
        if len(creates) * len(self.orphans) > MOST_PAIRS:
            return
        olds = [(record, Counter(body_of(live.resource))) for record, live in self.orphans]
        for place, change in enumerate(self.found.changes):
            if change.action is Action.CREATE and (old := _lookalike(change, olds)):
                hint = f"; is it {old}? Then add previously: {_previously(old)}, and it keeps its id"
                self.found.changes[place] = replace(change, reason=f"{change.reason}{hint}")


def _lookalike(create: Change, olds: Iterable[tuple[Record, Counter[str]]]) -> Key | None:
    """Return the owned object that a create is most like: by its text, else its Markdown file, else its name."""
    assert create.declaration
    declaration = create.declaration
    signs = Counter(body_of(declaration.resource))
    found = []
    for record, old_signs in olds:
        alike = _in_common(signs, old_signs)
        same_file = record.source == declaration.source.path and declaration.source.path.endswith(".md")
        same_name = record.key.name == create.key.name
        if record.key.kind == create.key.kind and (alike or same_file or same_name):
            found.append((alike, same_file, same_name, record.key))
    return max(found)[-1] if found else None


def _in_common(signs: Counter[str], others: Counter[str]) -> float:
    """Return which share of the signs of two texts both have, wherever they stand; 0 where that is below ALIKE."""
    common = signs & others
    share = 2 * common.total() / (signs.total() + others.total()) if common else 0.0
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


def _declared(resource: Resource) -> tuple[FieldChange, ...]:
    return tuple(FieldChange(name, UNSET, value) for name, value in resource.items() if name != "value_from")


def _secret(declaration: Declaration) -> Secret:
    assert isinstance(declaration.resource, Secret)
    return declaration.resource


def _value_shown(declaration: Declaration) -> str:
    found = _secret(declaration).value_from
    assert isinstance(found, Mapping)
    return f"env:{found['env']}"


def _say(value: Any) -> str:
    return "unset" if value is None else json.dumps(value) if isinstance(value, bool) else str(value)


def unmanaged(
    snapshot: Snapshot, matches: Iterable[Match], inventory: Inventory, changes: Iterable[Change]
) -> dict[str, int]:
    """Count, by kind, the organization's own objects that are neither declared nor owned, nor about to go."""
    managed = {(c.key.kind, c.id) for c in changes if c.action is Action.DELETE} | {
        kind_id(live)
        for one in matches
        for live in (*one.namesakes, one.live)
        if live and one.declaration.ensure is not Ensure.UNMANAGED
    }
    counts = Counter(
        live.key.kind
        for live in snapshot.objects
        if live.ours
        and live.key.kind != "folder"
        and kind_id(live) not in managed
        and kind_id(live) not in inventory.by_id
    )
    return dict(sorted(counts.items()))
