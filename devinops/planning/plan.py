"""Makes a `Plan` from declarations and a snapshot: what to do, and what is blocked. Pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from devinops.kinds import KINDS, dropped
from devinops.model.changes import (
    Action,
    Blocked,
    Blocker,
    Change,
    Drift,
    DriftEvent,
    FieldChange,
    Missing,
    Refusal,
    Risk,
)
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import Inventory, MergedEdit, Record, by_object
from devinops.model.keys import Key, in_sentence, listed
from devinops.model.kind import Lifecycle
from devinops.model.objects import (
    Declaration,
    Ensure,
    Live,
    Problem,
    Severity,
    Snapshot,
    member_names,
)
from devinops.model.policy import Approvals, MissingFolders, OnDrift, Policy, Prune
from devinops.model.target import Target
from devinops.model.values import UNSET
from devinops.planning.collisions import collisions
from devinops.planning.commands import link_command
from devinops.planning.draft import PlanContext, PlanDraft
from devinops.planning.duplicate_keys import block_duplicate_keys
from devinops.planning.folders import (
    RenamedFolder,
    as_declared,
    asking_for_root,
    explain_root,
    folder_of,
    folder_records,
    misspelled_folders,
    renamed_folders,
    used_folders,
    whether_folder_exists,
)
from devinops.planning.guards import guard, hazard_notes, needed, risks, undecided
from devinops.planning.lifecycles import planner
from devinops.planning.lifecycles.required import missing
from devinops.planning.match import Match, match
from devinops.planning.mentions import block_mentioned, by_name
from devinops.planning.orphans import Orphan, likely_renames, undeclared, with_rename_hints
from devinops.planning.own_roles import block_own
from devinops.planning.references import References, known_ids
from devinops.planning.selection import Selection, narrow

DIGEST_LENGTH = 32

_PRUNED = (Lifecycle.MANAGED, Lifecycle.CONTRACT)


@dataclass(frozen=True)
class Plan:
    """What apply would do: `changes`, sorted by key and id, and what it would not do.

    `unmanaged` counts the live objects that are not declared, by kind; `unchanged` counts the
    declarations that already hold. `refusals` say why nothing may be applied. `problems` are
    warnings, because files with errors have no plan. `drift` holds changes made outside devinops,
    which stay. `renamed` holds the folders whose path in the files is old, `in_root` the entries
    that ask for the root until their folder exists. `upserts` are inventory records to write
    without a request to the API. `held` says why nothing may be written to the target, and is empty
    if it may.
    """

    target: Target
    changes: tuple[Change, ...]
    blocked: tuple[Blocked, ...] = ()
    drift: tuple[Drift, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    unmanaged: Mapping[str, int] = field(default_factory=dict)
    unchanged: int = 0
    inventory: Inventory = field(default_factory=Inventory)
    renamed: tuple[RenamedFolder, ...] = ()
    in_root: tuple[Declaration, ...] = ()
    upserts: tuple[Record, ...] = ()
    approvals: Approvals = field(default_factory=Approvals)
    held: str = ""
    named: frozenset[Key] = field(default=frozenset(), compare=False, repr=False)
    """The keys of all entries and live objects, which its sentences can name."""
    others: tuple[Live, ...] = field(default=(), compare=False, repr=False)
    """The live objects that `unmanaged` counts."""

    @cached_property
    def digest(self) -> str:
        """Fingerprint of the target and the changes; commit, time and files do not matter."""
        changes = [(change, live_hash(change)) for change in self.changes]
        return digest_of(self.target, changes, self.inventory.moves_from)

    @cached_property
    def risks(self) -> tuple[Risk, ...]:
        """What the changes may cost or stop, whether that is approved or not."""
        return tuple(risks(self.changes, self.target.scope))

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to do and nothing to decide on."""
        undecided = self.blocked or self.drift or self.refusals
        return not (self.changes or undecided or self.inventory.moves_from)

    @property
    def is_written(self) -> bool:
        """Whether an apply writes to the organization or to the inventory."""
        inventory = self.inventory
        return bool(self.changes or self.upserts or inventory.moves_from or inventory.dropped)

    @property
    def owned(self) -> int:
        """How many objects the inventory owns."""
        return len(self.inventory.owned)

    @cached_property
    def missing(self) -> tuple[Missing, ...]:
        """What a person has to create."""
        return missing(self.blocked, self.in_root)

    def exit_code(self, *, detailed: bool = False) -> ExitCode:
        """Return DECIDE if a person must decide; with `detailed`, LOOK if changes are pending.

        What a target would need while it is held does not count.
        """
        if self.held:
            return ExitCode.OK
        if self.refusals or self.blocked:
            return ExitCode.DECIDE
        pending = self.changes or self.inventory.moves_from
        return ExitCode.LOOK if detailed and pending else ExitCode.OK


def digest_of(target: Target, changes: Iterable[tuple[Change, str | None]], moves_from: str) -> str:
    """Return the digest of changes for a target; each change comes with its `live_hash`.

    The live values and the changed fields together determine the object after the change. For
    `moves_from` see `Inventory`.
    """
    total = hashlib.sha256(json.dumps(target.identity).encode())
    for change, hash_of_live in changes:
        same = whether_folder_exists(change)
        if not same.fields and change.arrives:
            continue
        fields = plain_fields(same.fields)
        parts = [str(change.key), change.id, same.action.value, hash_of_live, fields]
        total.update(json.dumps(parts, sort_keys=True).encode())
    if moves_from:
        total.update(json.dumps(moves_from).encode())
    return total.hexdigest()[:DIGEST_LENGTH]


def plain_fields(fields: Iterable[FieldChange]) -> dict[str, Any]:
    """Return both values of each field, to be hashed as JSON."""
    # A value is in a list, because null stands for a field that is not set.
    return {f.name: [None if v is UNSET else [v] for v in (f.before, f.after)] for f in fields}


def live_hash(change: Change) -> str | None:
    """Return a hash of the live values that decide what a change does; None if none do.

    They are those of its object, and the ids of what it names but no entry can declare: such a
    name can come to mean another object.
    """
    values = dict(change.live.resource.items()) if change.live else {}
    for key, id in change.references.items():
        if not KINDS[key.kind].is_declared:
            values[str(key)] = id
    if change.live is None and not values:
        return None
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


# --- making a plan --------------------------------------------------------------------------------


class PlanRequest(NamedTuple):
    """What a plan is for, and by which rules it is made.

    Without an inventory, objects are found by their exact key or by `previously`, and undeclared
    objects are never changed. `merged` are the live values that pull merged into the files.
    `selection` narrows the plan after all declarations were matched.
    """

    target: Target
    policy: Policy
    today: date
    inventory: Inventory = Inventory()
    approvals: Approvals = Approvals()
    merged: Sequence[MergedEdit] = ()
    selection: Selection = Selection()


def build_plan(
    declarations: Iterable[Declaration],
    snapshot: Snapshot,
    request: PlanRequest,
    *,
    warnings: Iterable[Problem] = (),
) -> Plan:
    """Return the plan that brings the live objects to what is declared."""
    target, selection = request.target, request.selection
    everything = list(declarations)
    desired = by_name((d for d in everything if d.concerns(target.name)), snapshot)
    elsewhere = {d.key: d for d in everything if not d.concerns(target.name)}
    used = used_folders(desired)
    renamed = renamed_folders(used, snapshot, request.inventory)
    context = _context(request, snapshot, as_declared(snapshot, renamed), used)
    matches = match(desired, context.live, context.inventory)

    # The passes, in order, each with what it may change in the draft.
    draft = PlanDraft(warnings=list(warnings), unrecorded=request.inventory.unrecorded)
    # `in_root`, folders of entries, warnings
    matches = _ask_for_root(matches, context, draft, selection)
    draft.drift += map(_renamed_outside, renamed)  # drift
    _plan_matches(matches, context, draft)  # everything, from the entries
    references = _resolve_references(matches, context, draft)  # of changes; blocks changes
    _mark_given_back(context, draft)  # `again` of creates
    waiting = {blocked.key for blocked in draft.blocked} | references.waiting_entries
    orphans, gone, replaced = undeclared(matches, elsewhere, context)
    _drop_replaced(replaced, waiting, context, draft)  # dropped, upserts
    _drop_gone(gone, context, draft)  # dropped, upserts
    if orphans:
        _plan_orphans(orphans, matches, waiting, context, draft)  # everything; hints in reasons
    block_mentioned(draft, context)  # `freed_by` of deletes; blocks deletes
    block_own(draft, context.inventory, snapshot)  # blocks changes
    draft.blocked += references.blocked(draft.drift)  # blocked
    explain_root(draft, context)  # reasons
    others = _unmanaged(matches, draft, context)  # nothing
    draft.warnings += collisions(desired, others)  # warnings
    # Takes out what is not selected; blocks changes.
    draft = narrow(draft, selection, {entry.key for entry in desired})
    draft.upserts += folder_records(used, context.live, request.inventory)  # upserts
    draft.changes += draft.dropped  # changes that no pass above may take for those of objects
    draft.sort()  # the order

    refusals = (
        *undecided(request.approvals, draft.conflicts),
        *guard(draft.changes, draft.drift, desired, context, selection.kinds),
    )
    return Plan(
        target=target,
        changes=tuple(draft.changes),
        blocked=tuple(draft.blocked),
        drift=tuple(draft.drift),
        problems=tuple(draft.warnings),
        notes=(*_nothing_owned(draft, context), *_notes(draft, snapshot, request)),
        refusals=refusals,
        unmanaged=dict(sorted(Counter(live.key.kind for live in others).items())),
        unchanged=draft.unchanged,
        inventory=request.inventory,
        renamed=tuple(renamed),
        in_root=tuple(draft.in_root),
        upserts=tuple(draft.upserts),
        approvals=needed(request.approvals, draft.changes, context.scope),
        held=request.policy.hold,
        named=frozenset((*(d.key for d in desired), *context.live.by_key, *snapshot.by_key)),
        others=tuple(others),
    )


def _context(
    request: PlanRequest, snapshot: Snapshot, live: Snapshot, used: Iterable[Key]
) -> PlanContext:
    """Return what the passes see. Options of the run override the policy of the target."""
    target, policy, approvals = request.target, request.policy, request.approvals
    return PlanContext(
        api=target.api,
        policy=policy._replace(
            on_drift=OnDrift(approvals.on_drift or policy.on_drift),
            missing_folders=MissingFolders(policy.missing_folders),
        ),
        approvals=approvals,
        today=request.today,
        inventory=request.inventory.without_returned(snapshot),
        real=snapshot,
        live=live,
        scope=target.scope,
        merged=by_object(request.merged, request.inventory),
        misspelled=misspelled_folders(used, live),
        occupied={each.key.folder for each in live.objects},
    )


# --- passes ---------------------------------------------------------------------------------------


def _ask_for_root(
    matches: Iterable[Match], context: PlanContext, draft: PlanDraft, selection: Selection
) -> list[Match]:
    """Return the matches; in them, entries ask for the root while their folder is missing.

    Only for what is selected is there a warning: the folders of the rest may not have been read.
    """
    updated, new = [], []
    for matched in matches:
        declaration = asking_for_root(matched.declaration, matched.live, matched.record, context)
        is_selected = selection.selects(declaration.key)
        if declaration is not matched.declaration:
            draft.in_root.append(declaration)
            if is_selected and not matched.live:
                new.append(declaration)
            matched = matched._replace(declaration=declaration)
        elif is_selected:
            _warn_of_typo(matched, context, draft)
        updated.append(matched)
    if new:
        draft.warnings.append(_created_in_root(new))
    return updated


def _warn_of_typo(matched: Match, context: PlanContext, draft: PlanDraft) -> None:
    """Warn of a new entry whose folder is missing and has nearly the name of another one."""
    entry, folder = matched.declaration, folder_of(matched.declaration)
    meant = context.misspelled.get(folder) if folder else None
    if folder and meant and entry.ensure is Ensure.PRESENT and not matched.live:
        message = f'the {folder.kind} "{folder.path}" is missing; did you mean "{meant}"?'
        draft.warn(entry, entry.kind.parent or "", "missing-parent", message)


def _created_in_root(entries: Sequence[Declaration]) -> Problem:
    """Return the warning that new objects are created in the root."""
    folders = {in_sentence(entry.key.folder) for entry in entries}
    noun = KINDS[entries[0].kind.lives_in or ""].name
    is_one = len(folders) == 1
    missing = f"{noun} {listed(folders)} is" if is_one else f"{noun}s {listed(folders)} are"
    message = (
        f"the {missing} missing: create {'it' if is_one else 'them'} in the web app; what is new "
        "there is created in the root, and the next apply moves it"
    )
    return Problem(entries[0].source, "missing-parent", message, Severity.WARNING)


def _renamed_outside(folder: RenamedFolder) -> Drift:
    """Return the drift of a folder that was renamed in the web app; its contents have not moved."""
    noun = folder.live.kind.name
    old, new = in_sentence(folder.declared.path), in_sentence(folder.live.key.path)
    reason = (
        f"its path in the web app is {new}: rename the directory {old} and each {noun} {old} in "
        f"the files to {new}, or rename the {noun} back in the web app"
    )
    return Drift(DriftEvent.RENAMED, folder.declared, folder.live.id, reason)


def _plan_matches(matches: Iterable[Match], context: PlanContext, draft: PlanDraft) -> None:
    """Plan every entry."""
    for matched in matches:
        declaration = matched.declaration
        if declaration.ensure is Ensure.UNMANAGED:
            _plan_unmanaged(matched, context, draft)
        elif matched.namesakes and declaration.kind.lifecycle is not Lifecycle.REQUIRED:
            _block_namesakes(matched, context, draft)
        else:
            planner(declaration.kind).plan(matched, context, draft)


def _plan_unmanaged(matched: Match, context: PlanContext, draft: PlanDraft) -> None:
    """Stop owning an object, unless `prune: scope` would then delete it as undeclared."""
    live = matched.live
    if live is None or live.key == matched.declaration.key or not context.in_scope(live):
        draft.drop(matched.record, live, "ensure: unmanaged", matched.declaration)
    elif matched.record:
        reason = (
            f"its key in the web app is {live.key}, which is in scope: give this entry that "
            "name. Otherwise the object is neither owned nor declared, and would be deleted"
        )
        draft.block(Blocker.CONFLICT, matched.declaration, reason, [live])


def _block_namesakes(matched: Match, context: PlanContext, draft: PlanDraft) -> None:
    declaration = matched.declaration
    link = f", or run {link_command(declaration.key)} with the id of the right one"
    rename = "rename or " if declaration.kind.renames else ""
    previous = "previous " if matched.key in declaration.previously else ""
    reason = (
        f"{len(matched.namesakes)} live objects share the {previous}key {matched.key}: "
        f"{rename}delete all but one in the web app{link if context.has_inventory else ''}"
    )
    draft.block(Blocker.CONFLICT, declaration, reason, matched.namesakes)


def _resolve_references(
    matches: Sequence[Match], context: PlanContext, draft: PlanDraft
) -> References:
    """Resolve the references of changes and block what cannot be made, until nothing changes."""
    # Only changes have references to resolve.
    entries = matches if draft.changes else ()
    declared = frozenset(matched.declaration.key for matched in entries)
    references = References(
        context.live, context.real, known_ids(entries), declared=declared, scope=context.scope
    )
    for matched in matches:
        kind = matched.declaration.kind
        if kind.lifecycle is Lifecycle.REQUIRED and not matched.lives:
            references.wait_for(matched.declaration)
    while True:
        before = len(draft.changes)
        references.resolve(draft)
        block_duplicate_keys(draft, context)
        if len(draft.changes) == before:
            return references


def _mark_given_back(context: PlanContext, draft: PlanDraft) -> None:
    """Mark creates of what was taken away, although it has another key now."""
    gone = [r for id, r in context.inventory.by_id.items() if id not in context.real.by_id]
    for index, change in enumerate(draft.changes):
        is_new = change.action is Action.CREATE and change.kind.gives_access
        if is_new and any(_is_back(change, r) for r in gone if r.key.kind == change.kind.noun):
            draft.changes[index] = replace(change, again=True)


def _is_back(change: Change, record: Record) -> bool:
    """Return whether a create gives what a record of its kind had: to a subject, or at a path.

    The names of the subject, and of the connection to the path, may have changed since then, and
    Git hosts read a path without case.
    """
    kind = change.kind
    now, before = kind.values_of(change.key), kind.values_of(record.key)
    path = [name for name in now if not kind.by_name[name].ref]
    is_there = bool(path) and all(now[name].lower() == before[name].lower() for name in path)
    return is_there or record.id in change.references.values()


def _plan_orphans(
    orphans: Sequence[Orphan],
    matches: Iterable[Match],
    waiting: Collection[Key],
    context: PlanContext,
    draft: PlanDraft,
) -> None:
    """Plan the undeclared objects, and add hints to likely renames."""
    deletable = [o for o in orphans if o.live.kind.lifecycle is Lifecycle.MANAGED]
    pairs = likely_renames(deletable, matches)
    successors = {pair.orphan.live.object_id: pair.entry.key for pair in pairs}
    for orphan in orphans:
        live = orphan.live
        successor = successors.get(live.object_id)
        is_kept = context.policy.prune is Prune.OFF and live.kind.lifecycle in _PRUNED
        if is_kept and orphan.record:
            draft.staying.append(orphan.key)
        elif successor in waiting:
            reason = (
                f"{successor} probably replaces this object but is blocked: this object stays "
                "until that is resolved"
            )
            facts = (Blocker.CONFLICT, orphan.key, reason, orphan.source, (live.id,))
            draft.blocked.append(Blocked(*facts))
        elif context.forgets(live.kind):
            draft.drop(orphan.record, live, orphan.why)
            note = f"{orphan.key}: {orphan.why}; it stays as it is, but is no longer owned"
            draft.notes.append((orphan.key, note))
        else:
            planner(live.kind).orphan(orphan, successor, context, draft)
    draft.changes = with_rename_hints(draft.changes, pairs)


def _drop_gone(records: Iterable[Record], context: PlanContext, draft: PlanDraft) -> None:
    """Drop the undeclared records whose objects are not there, or are somebody else's now."""
    for record in records:
        live = context.live.by_id.get(record.object_id)
        why = f"it now belongs to somebody else ({live.holder})" if live else "not live"
        draft.drop(record, None, f"not declared, and {why}")


def _drop_replaced(
    records: Iterable[Record], waiting: Collection[Key], context: PlanContext, draft: PlanDraft
) -> None:
    """Drop the records whose entries mean other objects now, unless that waits for a person."""
    others = {change.key: bool(change.id) for change in draft.changes}
    for record in records:
        live = context.live.by_id.get(record.object_id)
        if live and record.key in others:
            taker = "another object" if others[record.key] else "a new object"
            reason = f"it is {live.key} in the web app now, and {taker} takes its place"
            draft.drop(record, live if live.ours else None, reason)
        elif not (live or record.key in others or record.key in waiting):
            draft.drop(record, None, "not live, and people manage its replacement")


def _unmanaged(matches: Iterable[Match], draft: PlanDraft, context: PlanContext) -> list[Live]:
    """Return the organization's own objects that are not declared, owned or deleted."""
    declared = {
        live.object_id
        for matched in matches
        for live in matched.lives
        if matched.declaration.ensure is not Ensure.UNMANAGED
    }
    deleted = {c.object_id for c in draft.changes if c.action is Action.DELETE}
    return context.live.unmanaged(declared | deleted | context.inventory.by_id.keys())


# --- notes ----------------------------------------------------------------------------------------


def _nothing_owned(draft: PlanDraft, context: PlanContext) -> Iterator[str]:
    """Yield why objects are adopted, or wait for a person, if no object is owned yet."""
    if not context.has_inventory or context.inventory.owned:
        return
    adopted = [bool(change.fields) for change in draft.changes if change.action is Action.ADOPT]
    waiting = sum(bool(b.ids) for b in draft.blocked if b.by is Blocker.APPROVAL)
    differ = adopted.count(True) + waiting
    if adopted or waiting:
        why = ": nothing shows which side is newer, so a person decides" if differ else ""
        yield f"nothing is owned yet: {adopted.count(False)} equal, {differ} differ{why}"


def _notes(draft: PlanDraft, snapshot: Snapshot, request: PlanRequest) -> Iterator[str]:
    """Yield the notes of a plan about what the filters select, and about its inventory."""
    selected, old_name = request.selection.selects, request.inventory.moves_from
    if staying := [str(key) for key in draft.staying if selected(key)]:
        is_one = len(staying) == 1
        are = "1 owned object is" if is_one else f"{len(staying)} owned objects are"
        stay = "it stays" if is_one else "they stay"
        yield f"{are} no longer declared ({listed(staying)}); {stay} because prune is off"
    if accepted := [f"{key} ({names})" for key, names in draft.accepted.items() if selected(key)]:
        yield f"the live values of fields that entries leave out are accepted: {listed(accepted)}"
    if old_name:
        yield f"the inventory still has the old name {old_name} of this target: apply renames it"
    yield from map(_forgotten, request.inventory.dropped)
    yield from (note for key, note in draft.notes if selected(key))
    yield from foreign_notes(live for live in snapshot.objects if selected(live.key))
    written = (change.live for change in draft.changes if change.live)
    yield from unknown_notes(written, "an update leaves them as they are, or says what is gone")
    yield from generated_secret_notes(draft.changes)
    yield from hazard_notes(draft.changes, request.target.scope)


def _forgotten(key: str) -> str:
    """Return the note on a record of a kind that devinops no longer has."""
    kind, _, _ = key.partition(":")
    return f"{key}: apply forgets its record, and the object stays as it is; {dropped(kind)}"


def unknown_notes(lives: Iterable[Live], then: str) -> Iterator[str]:
    """Yield a note for each kind whose objects have members that devinops does not know.

    `then` says what happens to them.
    """
    by_kind: defaultdict[str, list[Live]] = defaultdict(list)
    for live in lives:
        if live.ours and live.unknown:
            by_kind[live.key.kind].append(live)
    for kind, found in sorted(by_kind.items()):
        names = listed(member_names(path for live in found for path in live.unknown))
        yield (
            f"devinops does not know these members of {KINDS[kind].plural}: {names} (as in "
            f"{found[0].key}). No entry can set them, and {then}"
        )


def foreign_notes(lives: Iterable[Live]) -> Iterator[str]:
    """Yield a note for each kind with the number of objects that have another owner's label."""
    owners: defaultdict[str, Counter[str | None]] = defaultdict(Counter)
    for live in lives:
        if live.owner and not live.ours:
            owners[live.key.kind][live.owner] += 1
    for kind, counts in owners.items():
        shares = ", ".join(f"{count} of {owner}" for owner, count in sorted(counts.items()))
        what = f"{KINDS[kind].plural} with the label of another owner"
        yield f"{what}, which stay as they are: {shares}"


def generated_secret_notes(changes: Iterable[Change]) -> Iterator[str]:
    """Yield a note for each secret that the API generates and shows once during apply."""
    for change in changes:
        if secret := change.generated_secret:
            what = f"{change.key} gets a {secret.title}"
            yield f"{what}, which apply shows once: {SECRET_DESTINATION}"


SECRET_DESTINATION = "on a terminal, or in the file of --webhook-secrets"
"""Where a secret that the API generated is shown."""
