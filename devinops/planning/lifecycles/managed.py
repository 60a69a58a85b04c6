"""The lifecycle of objects that are created, updated and deleted: notes, playbooks and the like."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from devinops.kinds import KINDS
from devinops.model.changes import Action, Blocker, Change, Drift, DriftEvent, FieldChange
from devinops.model.inventory import Base, MergedFields, Record, base, fingerprint, fingerprints
from devinops.model.keys import Key
from devinops.model.kind import ApiVersion, Kind, Lifecycle, Resource
from devinops.model.objects import Declaration, Ensure, Live, member_names
from devinops.model.policy import ADOPT, OnDrift
from devinops.model.values import UNSET, canonical_text
from devinops.planning.commands import forget_command, link_command, pull_command
from devinops.planning.diff import changed_fields, settable, unsendable
from devinops.planning.draft import (
    Fields,
    PlanContext,
    PlanDraft,
    RollbackContext,
    Saved,
    declared_fields,
    names_of,
)
from devinops.planning.folders import declared_key, has_root, recorded
from devinops.planning.match import Match, MatchedBy, replaced
from devinops.planning.orphans import Orphan
from devinops.planning.out_of_sight import doubt, promoted
from devinops.planning.own_roles import is_own
from devinops.planning.three_way import Moved, moved_outside, sides

AGAIN = "deleted since then; created again with a new id"
EQUAL = "live but not owned; equal to the entry"
_FORGOTTEN = (
    "a DELETE would remove more than it: remove this entry, which only forgets it, and take it "
    "away in the web app"
)


class Managed:
    """Plans objects that devinops may create, update and delete."""

    # --- declared ---------------------------------------------------------------------------------

    def plan(self, match: Match, context: PlanContext, draft: PlanDraft) -> None:
        """Add the steps for one declaration to the draft."""
        if match.declaration.ensure is Ensure.ABSENT:
            if match.live and context.forgets(match.live.kind):
                draft.block(Blocker.REQUIREMENT, match.declaration, _FORGOTTEN, [match.live])
            else:
                self._absent(match, context, draft)
        elif match.live is None:
            self._missing(match, context, draft)
        else:
            self._present(match, match.live, context, draft)

    def _absent(self, match: Match, context: PlanContext, draft: PlanDraft) -> None:
        declaration, live, record = match.declaration, match.live, match.record
        if live is None:
            draft.drop(record, None, "ensure: absent, and not live", declaration)
            blocked = _block_labeled(declaration, ", so nothing is deleted: remove", context, draft)
            draft.unchanged += not blocked
            return
        names = moved_outside(record.read, live.resource) if record else ()
        if record and record.protect:
            reason = (
                "it was declared with protect: true: remove protect and ensure: absent from the "
                "entry, apply, then set ensure: absent again"
            )
            draft.block(Blocker.PROTECTED, declaration, reason, [live])
        elif context.has_inventory and record is None:
            reason = (
                "it is not owned, so it is not deleted: run "
                f"{link_command(declaration.key)} first, or remove this entry"
            )
            draft.block(Blocker.APPROVAL, declaration, reason, [live])
        elif match.doubt:
            draft.block(Blocker.CONFLICT, declaration, match.doubt, [live, *match.rivals])
        elif names and draft.decision(declaration.key, context) != "git":
            what = f"ensure: absent, but {', '.join(names)} changed outside devinops"
            draft.conflict(declaration, live, what)
        else:
            reason = f"ensure: absent{_final(live.kind)}"
            key, real = declared_key(live, context.inventory), context.at_live_path(live)
            draft.delete(key, real, reason, declaration, record=record, overwrites=names)

    def _missing(self, match: Match, context: PlanContext, draft: PlanDraft) -> None:
        """Create a missing object, unless it was deleted outside devinops and must stay deleted."""
        declaration, record = match.declaration, match.record
        if record is None:
            twin = "" if context.has_inventory else promoted(context.live, declaration)
            if twin:
                draft.block(Blocker.REQUIREMENT, declaration, twin)
            else:
                self._create(declaration, f"not in the {context.scope}", context, draft)
            return
        taken = context.live.by_id.get(record.object_id)
        if taken is not None:
            remedy = _as_owner(taken.owner) if taken.owner else "change that in the web app"
            reason = (
                f"it now belongs to somebody else ({taken.holder}): remove this entry, or {remedy}"
            )
            draft.block(Blocker.REQUIREMENT, declaration, reason, [taken])
            return
        if twin := promoted(context.live, record):
            draft.block(Blocker.REQUIREMENT, declaration, twin)
            return
        may = doubt(declaration.kind, context.scope)
        gone = f"deleted outside devinops ({may})" if may else "deleted outside devinops"
        on_drift = context.policy.on_drift
        is_written = on_drift is OnDrift.OVERWRITE
        is_conflict = not (is_written or is_sent(declaration.resource, record.fields))
        choice = draft.decision(declaration.key, context) if is_conflict else None
        if is_conflict and choice is None and on_drift is OnDrift.KEEP:
            draft.conflict(declaration, None, f"changed in Git, but {gone}")
        elif is_written or choice == "git":
            lost = f"{_reset(declaration.resource, record.left_out)}{_lost(record.unknown)}"
            self._create(declaration, f"{gone}{lost}", context, draft, may, again=True)
        else:
            reason = (
                "pass --on-drift overwrite to create it again, or remove its entry to leave it "
                f"deleted ({pull_command()} does that if it can)"
            )
            reason = f"{may}; otherwise {reason}" if may else reason
            key, source = declaration.key, declaration.source
            draft.drift.append(Drift(DriftEvent.DELETED, key, record.id, reason, (), source))

    def _create(
        self,
        declaration: Declaration,
        reason: str,
        context: PlanContext,
        draft: PlanDraft,
        doubt: str = "",
        *,
        again: bool = False,
    ) -> None:
        if _block_labeled(declaration, ": rename", context, draft):
            return
        fields = declared_fields(declaration.resource)
        facts = (Action.CREATE, declaration.key, reason, None, declaration, None, fields)
        draft.changes.append(Change(*facts, doubt=doubt, again=again))

    def _present(self, match: Match, live: Live, context: PlanContext, draft: PlanDraft) -> None:
        if not context.has_inventory:
            self._two_way(match, live, context, draft)
        elif match.record is None:
            self._adopt(match, live, context, draft)
        else:
            self._three_way(match, live, match.record, context, draft)

    def _two_way(self, match: Match, live: Live, context: PlanContext, draft: PlanDraft) -> None:
        fields = changed_fields(live.kind, match.declaration.resource, live.resource)
        if fields:
            self._update(match, live, fields, context, draft)
        else:
            draft.unchanged += 1

    def _adopt(self, match: Match, live: Live, context: PlanContext, draft: PlanDraft) -> None:
        """Take over a live object that is not owned yet; one that differs only with approval."""
        declaration = match.declaration
        fields = changed_fields(live.kind, declaration.resource, live.resource)
        old = replaced(declaration.key, context.live, context.inventory)
        is_renamed, is_overwritten = match.key != declaration.key, False
        needs_approval = self._takes_over(fields) and not is_own(live.kind, [live.id], context.real)
        if fields and needs_approval and not context.approvals.adopt:
            named = " (named by previously)" if match.matched_by is MatchedBy.PREVIOUSLY else ""
            what = f"{match.key}{named}" if is_renamed else "it"
            reason = (
                f"{what} is live but not owned, and differs in {names_of(fields)}: check it, then "
                f"pass {ADOPT} to take it over"
            )
            draft.block(Blocker.APPROVAL, declaration, reason, [live], fields, ADOPT)
        elif not self._blocked(match, live, fields, context, draft):
            reason = f"live but not owned; {names_of(fields)} changed" if fields else EQUAL
            reason += f"; was {match.key}" if is_renamed else ""
            if old and fields:
                reason += " (overwrites its replacement from outside devinops)"
            change = _change(Action.ADOPT, match, live, fields, reason, context)
            lost = tuple(field.name for field in fields)
            draft.changes.append(replace(change, overwrites=lost))
            is_overwritten = bool(fields)
        if old and not is_overwritten:
            differs = f"; differs in {names_of(fields)}" if fields else ""
            reason, facts = f"under a new id{differs}", (declaration.key, old.id)
            draft.drift.append(
                Drift(
                    DriftEvent.RECREATED,
                    *facts,
                    reason,
                    source=declaration.source,
                    again=(live.id,),
                )
            )

    def _takes_over(self, fields: Fields) -> bool:
        """Return whether adopting an object with these differences overwrites live values."""
        return True

    def _three_way(
        self, match: Match, live: Live, record: Record, context: PlanContext, draft: PlanDraft
    ) -> None:
        declaration, values = match.declaration, (match.declaration.resource, live.resource)
        merged = context.merged.get(live.object_id, {})
        moved = sides(live.kind, recorded(record, live), *values, merged, record.left_out)
        undecided = moved.both or moved.left_out
        choice = draft.decision(declaration.key, context) if undecided else None
        if choice == "live" and moved.left_out:
            draft.accepted[declaration.key] = names_of(moved.left_out)
            moved = moved._replace(left_out=())
        if moved.both and choice is None:
            outside = moved.live + moved.left_out
            only_live = f", {names_of(outside)} only outside" if outside else ""
            reason = f"{names_of(moved.both)} changed in Git and outside devinops{only_live}"
            draft.conflict(declaration, live, reason, moved.both)
            return
        write, outside = _decided(live.kind, moved, choice, context.policy.on_drift)
        if outside:
            draft.edited(declaration, live, outside)
        if write:
            kept = frozenset(field.name for field in outside)
            outside_names = {field.name for field in moved.live + moved.both + moved.merged}
            lost = tuple(field for field in write if field.name in outside_names)
            remark, names = _remark(lost, moved, merged), tuple(field.name for field in lost)
            self._update(match, live, write, context, draft, remark, names, kept)
            return
        if not outside:
            draft.unchanged += 1
        renewed = _renewed(match, live, record, moved, outside, context.api)
        if renewed != record:
            draft.upserts.append(renewed)

    def _update(
        self,
        match: Match,
        live: Live,
        fields: Fields,
        context: PlanContext,
        draft: PlanDraft,
        remark: str = "",
        overwrites: tuple[str, ...] = (),
        kept: frozenset[str] = frozenset(),
    ) -> None:
        if self._blocked(match, live, fields, context, draft):
            return
        renamed = match.declaration.key != live.key and any(
            field.name in live.kind.key_fields for field in fields
        )
        if not match.record and any(map(_is_indentation, fields)):
            remark = (
                "; only the indentation of its first line differs: if every plan shows this again, "
                "the API removes the indentation, so remove it from the entry"
            )
        action = Action.RENAME if renamed else Action.UPDATE
        reason = f"was {live.key}" if renamed else f"{names_of(fields)} changed"
        change = _change(action, match, live, fields, f"{reason}{remark}", context)
        draft.changes.append(replace(change, overwrites=overwrites, kept=kept))

    def _blocked(
        self, match: Match, live: Live, fields: Fields, context: PlanContext, draft: PlanDraft
    ) -> bool:
        """Block an update that is impossible or might lose a value; return whether it did."""
        if not fields:
            return False
        if match.doubt:
            draft.block(
                Blocker.CONFLICT, match.declaration, match.doubt, [live, *match.rivals], fields
            )
            return True
        fixed = tuple(f for f in fields if not _updates(live.kind, context.api, f))
        if fixed:
            reason = _why_fixed(fixed, match, live.kind, context.api)
            draft.block(Blocker.REQUIREMENT, match.declaration, reason, [live], fixed)
            return True
        if reason := _too_many_labels(live, fields):
            draft.block(Blocker.REQUIREMENT, match.declaration, reason, [live])
            return True
        return _block_loss(match.declaration, context.at_live_path(live), context, draft)

    # --- no longer declared -----------------------------------------------------------------------

    def orphan(
        self, orphan: Orphan, successor: Key | None, context: PlanContext, draft: PlanDraft
    ) -> None:
        """Add the steps for an undeclared object that may be deleted."""
        live, record = orphan.live, orphan.record
        names = moved_outside(record.read, live.resource) if record else ()
        why = f"{orphan.why}{_final(live.kind)}"
        if record and record.protect:
            reason = (
                f"{why}, but it was declared with protect: true: restore the entry without that "
                "line, apply, then remove the entry"
            )
            draft.block(Blocker.PROTECTED, record, reason, [live])
        elif record and names and not (choice := draft.decision(record.key, context)):
            draft.conflict(record, live, f"{why}, but {', '.join(names)} changed outside devinops")
        elif names and choice == "live":
            reason = f"{', '.join(names)}; {why}; kept"
            facts = (orphan.key, live.id, reason, (), orphan.source)
            draft.drift.append(Drift(DriftEvent.EDITED, *facts))
        else:
            draft.delete(
                declared_key(live, context.inventory) if record else orphan.key,
                context.at_live_path(live),
                why,
                declared_at=orphan.source,
                successor=successor,
                record=record,
                overwrites=names,
            )

    # --- rollback ---------------------------------------------------------------------------------

    def rollback(
        self, saved: Saved, live: Live | None, context: RollbackContext, draft: PlanDraft
    ) -> None:
        """Add the steps that restore a saved object, which is found by its id first."""
        if live is None:
            self._restore_gone(saved, context, draft)
        else:
            self._restore(saved, live, context, draft)

    def _restore(
        self, saved: Saved, live: Live, context: RollbackContext, draft: PlanDraft
    ) -> None:
        api, key = context.api, saved.live.key
        differences = changed_fields(live.kind, saved.live.resource, live.resource)
        fields = tuple(field for field in differences if _updates(live.kind, api, field))
        lost = {field.name: field.after for field in differences if field not in fields}
        if lost:
            _block_unwritable(saved, lost, api, draft, [live])
        if not fields:
            draft.unchanged += not lost
        elif not self._restore_blocked(saved, live, context, draft):
            action = Action.UPDATE if key == live.key else Action.RENAME
            reason = f"{names_of(fields)} as before the run {context.run}"
            draft.changes.append(
                Change(action, key, reason, live.id, saved.declaration, live, fields)
            )

    def _restore_blocked(
        self, saved: Saved, live: Live, context: RollbackContext, draft: PlanDraft
    ) -> bool:
        """Block an update that loses a value or whose name is in use; return whether it did."""
        if _block_loss(saved.declaration, live, context, draft):
            return True
        others = _in_the_way(saved, context) if saved.live.key != live.key else ()
        if others:
            _block_name_in_use(saved, others, draft)
        return bool(others)

    def _restore_gone(self, saved: Saved, context: RollbackContext, draft: PlanDraft) -> None:
        """Create an object again, unless an equal object already has its name."""
        before, kind = saved.live, saved.live.kind
        others = _in_the_way(saved, context)
        if len(others) == 1 and not changed_fields(kind, before.resource, others[0].resource):
            draft.unchanged += 1
            return
        if others:
            _block_name_in_use(saved, others, draft)
            return
        self._recreate(saved, context.api, draft)

    def _recreate(self, saved: Saved, api: ApiVersion, draft: PlanDraft) -> None:
        """Create an object again; the values that the API cannot set are blocked."""
        before, kind = saved.live, saved.live.kind
        values = dict(before.resource.items())
        writable = {name: v for name, v in values.items() if kind.by_name[name].writes(api)}
        lost = {name: v for name, v in values.items() if name not in writable and v}
        if lost:
            _block_unwritable(saved, lost, api, draft)
        resource = kind.resource(**writable)
        declaration = saved.declaration._replace(resource=resource)
        fields = declared_fields(resource)
        reason = f"{AGAIN}{_lost(member_names(before.unknown))}"
        facts = (Action.CREATE, before.key, reason, None, declaration, None, fields)
        change = Change(*facts, again=True)
        draft.changes.append(change)
        if secret := change.generated_secret:
            note = f"{change.key} is created again: {secret.renewed}"
            draft.notes.append((change.key, note))


# --- labels of owners -----------------------------------------------------------------------------


def _block_labeled(
    declaration: Declaration, remedy: str, context: PlanContext, draft: PlanDraft
) -> bool:
    """Block an entry if an object with its key has the label of another owner.

    `remedy` ends the sentence with what to do with the entry. Returns whether it is blocked.
    """
    others = [live for live in context.foreign(declaration.key) if live.owner]
    if not others:
        return False
    owners = {live.owner: None for live in others if live.owner}
    have = "an object with this name has" if len(others) == 1 else "objects with this name have"
    reason = (
        f"{have} the label of another owner ({', '.join(owners)}){remedy} this entry, or "
        f"{_as_owner(*owners)}"
    )
    draft.block(Blocker.CONFLICT, declaration, reason, others)
    return True


def _as_owner(*owners: str) -> str:
    return (
        f"set owner: {' or '.join(owners)} for the target in devinops.yaml if this repository is "
        "that owner"
    )


def _too_many_labels(live: Live, fields: Fields) -> str:
    """Return why the label of the owner no longer fits; empty if it does."""
    name = live.kind.label
    if name is None:
        return ""
    after = {field.name: field.after for field in fields}
    labels = after.get(name, getattr(live.resource, name)) or {}
    most = live.kind.by_name[name].schema.get("maxProperties", len(labels))
    if len(labels) <= most:
        return ""
    return (
        f"devinops must add a label with the owner, but this {live.kind.name} already has "
        f"{len(labels)}, the most that the API stores: remove one in the web app, or declare "
        f"{name} with at most {most} labels"
    )


# --- parts of the three-way comparison ------------------------------------------------------------


def _decided(
    kind: Kind, moved: Moved, choice: str | None, on_drift: OnDrift
) -> tuple[Fields, Fields]:
    """Return the fields to write, and those whose change outside devinops stays."""
    write, outside = moved.git + moved.merged, moved.live
    if on_drift is OnDrift.OVERWRITE:
        # What the entry leaves out of a field is not overwritten.
        left_out = tuple(field for field in outside if _completed(kind, field) == field.before)
        rest = (field for field in outside if field not in left_out)
        write += tuple(replace(field, after=_completed(kind, field)) for field in rest)
        outside = left_out
    if choice == "git":
        write += moved.both
    else:
        outside += moved.both
    outside += moved.left_out
    return _in_order(kind, write), _in_order(kind, outside)


def _completed(kind: Kind, field: FieldChange) -> Any:
    return kind.by_name[field.name].completed(field.after, field.before)


def _in_order(kind: Kind, fields: Fields) -> Fields:
    order = list(kind.by_name)
    return tuple(sorted(fields, key=lambda change: order.index(change.name)))


def _remark(overwritten: Fields, moved: Moved, merged: MergedFields) -> str:
    """Return which live edits are overwritten, and where it is recorded that pull merged them."""
    if not overwritten:
        return ""
    sources = [merged[field.name, fingerprint(field.before)] for field in moved.merged]
    places = ", ".join(f"{source.path}:{source.line}" for source in sources)
    says = f"; pull merged its {names_of(moved.merged)} into the file, says {places}"
    names = names_of(overwritten)
    return f" (overwrites what was changed outside devinops: {names}{says if places else ''})"


def _renewed(
    match: Match, live: Live, record: Record, moved: Moved, outside: Fields, api: ApiVersion
) -> Record:
    """Return the updated record of an object that needs no write.

    If its values are now those of the entry, it has no commit: `Applier` gives it that of the run.
    """
    declaration, fields = match.declaration, record.fields
    kept = {field.name for field in outside}
    if moved.record:
        fields = bases(declaration.resource, live.resource, fields, kept)
    left_out = left_out_fields(declaration.resource, live.resource, api, record.left_out, kept)
    key, protect = declaration.key, declaration.protect
    is_applied = _is_settled(moved, fields, live.kind) or is_sent(declaration.resource, fields)
    source = declaration.source.path if is_applied else record.source
    renewed = replace(record, key=key, protect=protect, fields=fields, source=source)
    if is_applied and renewed != record:
        renewed = replace(renewed, commit=None)
    return replace(renewed, left_out=left_out, unknown=member_names(live.unknown))


def _is_settled(moved: Moved, fields: Mapping[str, Base], kind: Kind) -> bool:
    """Return whether the comparison has shown that each recorded value is that of the entry.

    It looks at every field that the API has.
    """
    compared = {attribute.name for attribute in kind.attributes if attribute.names}
    return not (moved.git or moved.both or moved.record) and fields.keys() <= compared


def is_sent(resource: Resource, fields: Mapping[str, Base]) -> bool:
    """Return whether every recorded value is that of the entry.

    Otherwise the commit and source of the record stay, because they lead to the recorded values.
    The root counts as any folder: the object may be there until its folder exists.
    """
    now, parent = fingerprints(resource), resource.kind.parent
    if has_root(fields, parent):
        fields = {name: known for name, known in fields.items() if name != parent}
    return all(now.get(name) == known.sent for name, known in fields.items())


def bases(
    sent: Resource,
    read: Resource,
    before: Any,
    kept: Collection[str] = (),
    overwritten: Collection[str] = (),
) -> dict[str, Base]:
    """Return field → `Base` for the inventory.

    The `kept` fields keep their base from `before`, so their change outside devinops stays visible.
    So does what the `overwritten` fields leave out, which a change outside may have reached.
    """
    fields, known = base(sent, read), sent.kind.by_name
    for name in {*overwritten} & before.keys():
        written = getattr(sent, name)
        if known[name].completed(written, getattr(read, name)) != written:
            fields[name] = replace(fields[name], read=before[name].read)
    return fields | {name: before[name] for name in kept if name in before}


def left_out_fields(
    declared: Resource, read: Resource, api: ApiVersion, before: Any, kept: Any = frozenset()
) -> dict[str, str]:
    """Return field → fingerprint of each field that an entry leaves out although it could set it.

    The `kept` fields keep theirs from `before`, so their change outside devinops stays visible.
    """
    return {
        name: before[name] if name in kept else fingerprint(value)
        for name in (attribute.name for attribute in settable(declared.kind, api))
        if getattr(declared, name) is UNSET and (value := getattr(read, name)) is not UNSET
    }


# --- parts of a change ----------------------------------------------------------------------------


def _change(
    action: Action, match: Match, live: Live, fields: Fields, reason: str, context: PlanContext
) -> Change:
    declaration = match.declaration
    if fields:
        fields += _unreadable(live.kind, fields, declaration.resource, live.resource)
    real = context.at_live_path(live)
    return Change(action, declaration.key, reason, live.id, declaration, real, fields)


def _unreadable(kind: Kind, fields: Fields, declared: Resource, live: Resource) -> Fields:
    """Return the declared values that the API does not show, so an update does not lose them."""
    known = {change.name for change in fields}
    return tuple(
        FieldChange(a.name, UNSET, getattr(declared, a.name))
        for a in kind.attributes
        if a.names
        and a.name not in known
        and getattr(declared, a.name) is not UNSET
        and getattr(live, a.name) is UNSET
    )


def _why_fixed(fixed: Fields, match: Match, kind: Kind, api: ApiVersion) -> str:
    """Return why fields of an object cannot be changed, and what to do."""
    names = names_of(fixed)
    if all(kind.by_name[field.name].ref for field in fixed):
        now = ", ".join(str(field.before) for field in fixed)
        return f"its {names} is {now} now: if that was renamed, write it into the entry"
    forget = f", run {forget_command(match.record.key)}" if match.record else ""
    return (
        f"API {api} cannot change its {names}: delete it in the web app{forget}, and the next "
        "apply creates it again"
    )


def _updates(kind: Kind, api: ApiVersion, field: FieldChange) -> bool:
    attribute = kind.by_name[field.name]
    is_sendable = field.after is not None or not attribute.only_read_as_null
    name = attribute.sent_as(api, creating=False)
    return kind.apis[api].update is not None and name is not None and is_sendable


def _final(kind: Kind) -> str:
    """Return that a delete cannot be undone, as the end of a reason; empty if it can be."""
    return "; no rollback restores its value" if kind.lifecycle is Lifecycle.CONTRACT else ""


def _reset(resource: Resource, left_out: Mapping[str, str]) -> str:
    """Return which values a new object lacks because its entry leaves them out, or an empty text.

    `left_out` has the fingerprints of the values at the last apply. The text ends a reason.
    """
    names = [
        a.name
        for a in resource.kind.attributes
        if a.name in left_out
        and getattr(resource, a.name) is UNSET
        and left_out[a.name]
        not in [fingerprint(value) for value in (None, a.default, a.usual) if value is not UNSET]
    ]
    them = ", ".join(names)
    return f"; its entry leaves out {them}, so that part of the old object is lost" if names else ""


def _lost(members: Collection[str]) -> str:
    """Return which members a new object lacks, as the end of a reason; empty if there are none."""
    names = ", ".join(members)
    return f"; it had {names}, which devinops does not know and cannot set" if names else ""


def _is_indentation(change: FieldChange) -> bool:
    """Return whether a text differs only in leading white space that the live one lacks."""
    before, after = change.before, change.after
    if not isinstance(before, str) or not isinstance(after, str):
        return False
    return before != after and canonical_text(before) == canonical_text(after.lstrip())


def _block_loss(
    declaration: Declaration, live: Live, context: PlanContext | RollbackContext, draft: PlanDraft
) -> bool:
    """Block an update that loses the folder or might lose a value; return whether it did."""
    api, above = context.api, live.kind.lives_in
    risk = ", ".join(f"{n} {v}" for n, v in unsendable(live.kind, api, live.resource).items())
    if live.key.folder and above and not KINDS[above].is_in(api, context.scope):
        reason = (
            f"an update would move it out of {live.key.folder}, because the API of an enterprise "
            "accepts no folder: move it to the root in the web app first"
        )
        draft.block(Blocker.REQUIREMENT, declaration, reason, [live])
    elif risk and context.policy.v3_macro == "hold":
        reason = (
            f"an update might lose its {risk}, because API {api} can read that but not set it: "
            "edit the object in the web app, or set v3_macro: verify for this target"
        )
        draft.block(Blocker.APPROVAL, declaration, reason, [live])
    else:
        return False
    return True


# --- parts of a rollback --------------------------------------------------------------------------


def _in_the_way(saved: Saved, context: RollbackContext) -> tuple[Live, ...]:
    """Return the other objects with the saved key that the rollback does not rename."""
    key = saved.live.key
    others = (live for live in context.live.under(key) if live.id != saved.live.id)
    return tuple(live for live in others if context.restored.get(live.object_id, key) == key)


def _block_name_in_use(saved: Saved, others: Sequence[Live], draft: PlanDraft) -> None:
    reason = "another object now has this name: rename or delete it, then run rollback again"
    draft.block(Blocker.CONFLICT, saved.declaration, reason, others)


def _block_unwritable(
    saved: Saved,
    values: Mapping[str, Any],
    api: ApiVersion,
    draft: PlanDraft,
    lives: Sequence[Live] = (),
) -> None:
    shown = (f"{name} {'(none)' if value is None else value}" for name, value in values.items())
    reason = f"API {api} cannot set its {', '.join(shown)}: set it in the web app"
    draft.block(Blocker.REQUIREMENT, saved.declaration, reason, lives)
