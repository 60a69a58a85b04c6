"""Makes a `Plan` from declarations and a snapshot: what to do, and what is blocked. Pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

from devinops.model.changes import (
    Action,
    Blocked,
    Blocker,
    Change,
    Drift,
    DriftEvent,
    Missing,
    Refusal,
    Risk,
)
from devinops.model.exit_codes import ExitCode, worst
from devinops.model.inventory import Inventory, MergedEdit, Record, by_object
from devinops.model.keys import Key, ObjectId, in_sentence, listed
from devinops.model.kind import Lifecycle
from devinops.model.objects import Declaration, Ensure, Live, Problem, Snapshot
from devinops.model.policy import Approvals, MissingFolders, OnDrift, Policy, Prune
from devinops.model.target import Target
from devinops.model.values import UNSET
from devinops.planning.collisions import collisions
from devinops.planning.commands import link_command
from devinops.planning.draft import PlanContext, PlanDraft, generated_secret
from devinops.planning.duplicate_keys import block_duplicate_keys
from devinops.planning.guards import guard, hazard_notes, needed, risks, undecided
from devinops.planning.lifecycles import planner
from devinops.planning.lifecycles.required import missing
from devinops.planning.match import (
    Match,
    RenamedFolder,
    as_declared,
    match,
    renamed_folders,
    used_folders,
)
from devinops.planning.mentions import block_mentioned, by_name
from devinops.planning.orphans import (
    LikelyRename,
    Orphan,
    likely_renames,
    rename_hint,
    undeclared,
)
from devinops.planning.references import References, known_ids
from devinops.planning.root_placement import explained, in_place
from devinops.planning.selection import Only, check_only, kinds_of, narrow
from devinops.planning.superseded import advice, after_replacements, waits_for

DIGEST_LENGTH = 32


@dataclass(frozen=True)
class Plan:
    """What apply would do: `changes`, sorted by key and id, and what it would not do.

    `unmanaged` counts the live objects that are not declared, by kind; `unchanged` counts the
    declarations that already hold. `refusals` say why nothing may be applied. `problems` are
    warnings, because files with errors have no plan. `drift` holds changes made outside devinops,
    which stay. `renamed` holds the folders whose path in the files is old, `in_root`
    the entries that ask for the root until their folder exists. `upserts` and `removals` are
    inventory records to write and to remove without a request to the API.
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
    removals: tuple[ObjectId, ...] = ()
    only: tuple[str, ...] = ()
    approvals: Approvals = field(default_factory=Approvals)
    named: frozenset[Key] = field(default=frozenset(), compare=False, repr=False)
    """The keys of all entries and live objects, which its sentences can name."""
    others: tuple[Live, ...] = field(default=(), compare=False, repr=False)
    """The live objects that `unmanaged` counts."""

    @cached_property
    def digest(self) -> str:
        """Fingerprint of the target and the changes; commit, time and files do not matter."""
        return digest_of(self.target, [(change, live_hash(change)) for change in self.changes])

    @cached_property
    def risks(self) -> tuple[Risk, ...]:
        """What the changes may cost or stop, whether that is approved or not."""
        return tuple(risks(self.changes))

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to do, to decide on or to remove from the inventory."""
        return not (self.changes or self.blocked or self.drift or self.refusals or self.removals)

    @property
    def owned(self) -> int:
        """How many objects the inventory owns."""
        return len(self.inventory.owned)

    @cached_property
    def missing(self) -> tuple[Missing, ...]:
        """What a person has to create."""
        return missing(self.blocked, self.in_root)

    @cached_property
    def summary(self) -> dict[str, int]:
        """Action → number of changes, and the number of blocked steps under `blocked`."""
        counts = Counter(change.action for change in self.changes)
        return {action.value: counts[action] for action in Action} | {"blocked": len(self.blocked)}

    def exit_code(self, *, detailed: bool = False) -> ExitCode:
        """Return DECIDE if a person must decide; with `detailed`, LOOK if changes are pending."""
        decide = ExitCode.DECIDE if self.refusals or self.blocked else ExitCode.OK
        return worst(decide, ExitCode.LOOK if detailed and self.changes else ExitCode.OK)


def digest_of(target: Target, changes: Iterable[tuple[Change, str | None]]) -> str:
    """Return the digest of changes for a target; each change comes with its `live_hash`.

    The live values and the changed fields together determine the object after the change.
    """
    total = hashlib.sha256(json.dumps(target.identity).encode())
    for change, before in changes:
        fields = {
            f.name: [None if v is UNSET else [v] for v in (f.before, f.after)]
            for f in change.fields
        }
        parts = [str(change.key), change.id, change.action.value, before, fields]
        total.update(json.dumps(parts, sort_keys=True).encode())
    return total.hexdigest()[:DIGEST_LENGTH]


def live_hash(change: Change) -> str | None:
    """Return a hash of all live values of the object that a change writes; None for a create."""
    if change.live is None:
        return None
    values = dict(change.live.resource.items())
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


# --- making a plan --------------------------------------------------------------------------------


def in_order(blocked: Blocked) -> tuple[Key, Blocker]:
    """Return the sort key of a blocked step."""
    return blocked.key, blocked.by


def build_plan(
    declarations: Iterable[Declaration],
    snapshot: Snapshot,
    target: Target,
    *,
    policy: Policy,
    today: date,
    inventory: Inventory | None = None,
    approvals: Approvals | None = None,
    merged: Iterable[MergedEdit] = (),
    only: Sequence[Only] = (),
    warnings: Iterable[Problem] = (),
    only_must_match: bool = True,
) -> Plan:
    """Return the plan that brings the live objects to what is declared.

    Without an inventory, objects are found by their exact key or by `previously`, and undeclared
    objects are never changed. `merged` are the live values that pull merged into the files. Raises
    UsageError for an `only` that matches nothing, unless `only_must_match` is False.
    """
    inventory, approvals = inventory or Inventory(), approvals or Approvals()
    policy = policy._replace(
        on_drift=OnDrift(approvals.on_drift or policy.on_drift),
        missing_folders=MissingFolders(approvals.folders or policy.missing_folders),
    )
    all_declared = list(declarations)
    desired = by_name((d for d in all_declared if d.concerns(target.name)), snapshot)
    elsewhere = {d.key for d in all_declared if not d.concerns(target.name)}
    renamed = renamed_folders(used_folders(desired), snapshot, inventory)
    live = as_declared(snapshot, renamed)
    context = PlanContext(
        target.api,
        policy,
        approvals,
        today,
        inventory,
        snapshot,
        live,
        target.scope,
        by_object(merged, inventory),
    )
    matches = match(desired, live, inventory)
    draft = _drafted(matches, renamed, elsewhere, context)
    others = _unmanaged(matches, draft, context)
    draft.warnings += collisions(desired, others)
    if only_must_match:
        check_only(only, [*(d.key for d in desired), *live.by_key])
    if only:
        draft = narrow(draft, only)
    draft.warnings += warnings
    plan = _plan(target, draft, renamed, desired, context)
    refusals = (
        *undecided(approvals, draft.conflicts),
        *guard(plan.changes, plan.drift, desired, context, kinds_of(only)),
    )
    only_texts = tuple(map(str, only))
    notes = tuple(_notes(draft, snapshot, desired, only))
    unmanaged = _by_kind(others)
    named = frozenset((*(d.key for d in desired), *live.by_key, *snapshot.by_key))
    return replace(
        plan,
        notes=notes,
        unmanaged=unmanaged,
        only=only_texts,
        refusals=refusals,
        named=named,
        others=tuple(others),
    )


def _plan(
    target: Target,
    draft: PlanDraft,
    renamed: Sequence[RenamedFolder],
    declarations: Sequence[Declaration],
    context: PlanContext,
) -> Plan:
    """Return the plan of a draft, with its parts sorted."""
    memory = _folder_memory(declarations, context.live, context.inventory)
    return Plan(
        target=target,
        changes=tuple(sorted(draft.changes, key=lambda change: (change.key, str(change.id)))),
        blocked=tuple(sorted(draft.blocked, key=in_order)),
        drift=tuple(sorted(draft.drift, key=lambda drift: (drift.key, drift.id))),
        problems=tuple(sorted(draft.warnings)),
        inventory=context.inventory,
        renamed=tuple(renamed),
        in_root=tuple(draft.in_root),
        upserts=(*draft.upserts, *memory),
        removals=tuple(sorted(draft.removals)),
        unchanged=draft.unchanged,
        approvals=needed(context.approvals, draft.changes),
    )


def _notes(
    draft: PlanDraft,
    snapshot: Snapshot,
    declarations: Iterable[Declaration],
    only: Sequence[Only],
) -> Iterator[str]:
    """Yield the notes of a plan about what the filters select."""

    def selected(key: Key) -> bool:
        return not only or any(filter.selects(key) for filter in only)

    if staying := [str(key) for key in draft.staying if selected(key)]:
        is_one = len(staying) == 1
        are = "1 owned object is" if is_one else f"{len(staying)} owned objects are"
        stay = "it stays" if is_one else "they stay"
        yield f"{are} no longer declared ({listed(staying)}); {stay} because prune is off"
    notes = (*draft.notes, *advice(snapshot, draft.changes, declarations))
    yield from (note for key, note in notes if selected(key))
    yield from _foreign(live for live in snapshot.objects if selected(live.key))
    yield from generated_secret_notes(draft.changes)
    yield from hazard_notes(draft.changes)


def _foreign(lives: Iterable[Live]) -> Iterator[str]:
    """Yield a note for each kind with the number of objects that are labeled as others'."""
    owners: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for live in lives:
        if live.owner and not live.ours:
            owners[live.key.kind][live.owner] += 1
    for kind, counts in owners.items():
        shares = ", ".join(f"{count} of {owner}" for owner, count in sorted(counts.items()))
        yield f"{kind} objects with the label of another owner, which stay as they are: {shares}"


def generated_secret_notes(changes: Iterable[Change]) -> Iterator[str]:
    """Yield a note for each secret that the API generates and shows once during apply."""
    for change in changes:
        if secret := change.generated_secret:
            what = f"{change.key} gets a {secret.title}"
            yield f"{what}, which apply shows once: {SECRET_DESTINATION}"


SECRET_DESTINATION = "on a terminal, or in the file of --webhook-secrets"
"""Where a secret that the API generated is shown."""


def _drafted(
    matches: Sequence[Match],
    renamed: Sequence[RenamedFolder],
    elsewhere: Collection[Key],
    context: PlanContext,
) -> PlanDraft:
    """Return the draft for the matches and for the undeclared objects."""
    draft = PlanDraft()
    matches = [in_place(matched, context, draft) for matched in matches]
    for folder in renamed:
        draft.drift.append(_renamed_outside(folder))
    for matched in matches:
        _plan_match(matched, context, draft)
    references = _settled(matches, draft, context)
    waiting = {blocked.key for blocked in draft.blocked}
    waiting |= {d.key for entries in references.waiting.values() for d in entries}
    _plan_orphans(matches, elsewhere, waiting, context, draft)
    after_replacements(draft, (matched.declaration for matched in matches), waiting)
    block_mentioned(draft, context)
    draft.blocked += references.blocked(draft.drift)
    draft.changes = [explained(change, context) for change in draft.changes]
    return draft


def _renamed_outside(folder: RenamedFolder) -> Drift:
    """Return the drift of a folder that was renamed in the web app; its contents have not moved."""
    noun, keys = folder.live.kind.noun, (folder.declared, folder.live.key)
    old, new = (in_sentence(key.path) for key in keys)
    reason = (
        f"its path in the web app is {new}: rename the directory {old} and each {noun} {old} in "
        f"the files to {new}, or rename the {noun} back in the web app"
    )
    return Drift(DriftEvent.RENAMED, folder.declared, folder.id.id, reason)


def _plan_match(matched: Match, context: PlanContext, draft: PlanDraft) -> None:
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
        draft.forget(matched.record)
    elif matched.record:
        reason = (
            f"its key in the web app is {live.key}, which is in scope: give this entry that "
            "name, or the object would be deleted as undeclared once it is no longer owned"
        )
        draft.block(Blocker.CONFLICT, matched.declaration, reason, [live])


def _block_namesakes(matched: Match, context: PlanContext, draft: PlanDraft) -> None:
    declaration = matched.declaration
    link = f", or run {link_command(declaration.key)} with the id of the right one"
    ids = ", ".join(live.id for live in matched.namesakes)
    previous = "" if matched.key == declaration.key else "previous "
    reason = (
        f"{len(matched.namesakes)} live objects share the {previous}key {matched.key} ({ids}): "
        f"{'rename or ' if declaration.kind.renames else ''}delete all but one in the web app"
        f"{link if context.has_inventory else ''}"
    )
    draft.block(Blocker.CONFLICT, declaration, reason, matched.namesakes)


def _settled(matches: Sequence[Match], draft: PlanDraft, context: PlanContext) -> References:
    """Resolve the references of changes and block what cannot be made, until nothing changes."""
    declared = frozenset(matched.declaration.key for matched in matches)
    references = References(context.live, context.real, known_ids(matches), declared=declared)
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


def _plan_orphans(
    matches: Sequence[Match],
    elsewhere: Collection[Key],
    waiting: Collection[Key],
    context: PlanContext,
    draft: PlanDraft,
) -> None:
    """Plan every undeclared object, and add hints to likely renames."""
    orphans, gone = undeclared(matches, elsewhere, context)
    for record in gone:
        draft.forget(record)
    deletable = [o for o in orphans if o.live.kind.lifecycle is Lifecycle.MANAGED]
    pairs = likely_renames(deletable, matches)
    successors = {pair.orphan.live.object_id: pair.entry.key for pair in pairs}
    for orphan in orphans:
        successor = successors.get(orphan.live.object_id)
        if _stays(orphan, context):
            draft.staying.append(orphan.key)
        elif successor and successor in waiting:
            live = orphan.live
            draft.blocked.append(waits_for(successor, orphan.key, live.id, orphan.source))
        else:
            planner(orphan.live.kind).orphan(orphan, successor, context, draft)
    hints = _rename_hints(pairs)
    draft.changes = [_with_hint(change, hints) for change in draft.changes]


def _rename_hints(pairs: Sequence[LikelyRename]) -> dict[Key, str]:
    """Return the hint for each entry; only one entry asks about an orphan."""
    hints: dict[Key, str] = {}
    asked = set()
    for orphan, entry, *_ in reversed(pairs):
        if orphan.record and entry.key not in hints and orphan.key not in asked:
            hints[entry.key] = rename_hint(entry, orphan.key, generated_secret(orphan.live))
            asked.add(orphan.key)
    return hints


def _stays(orphan: Orphan, context: PlanContext) -> bool:
    """Return whether an owned object stays because nothing is pruned."""
    managed = orphan.live.kind.lifecycle is Lifecycle.MANAGED
    return managed and orphan.record is not None and context.policy.prune is Prune.OFF


def _with_hint(change: Change, hints: Mapping[Key, str]) -> Change:
    """Return the change, with a hint if it probably renames an undeclared object."""
    if change.action is not Action.CREATE or change.key not in hints:
        return change
    return replace(change, reason=f"{change.reason}{hints[change.key]}")


def _unmanaged(matches: Iterable[Match], draft: PlanDraft, context: PlanContext) -> list[Live]:
    """Return the organization's own objects that are not declared or owned.

    Objects that the plan deletes do not count.
    """
    declared = {
        live.object_id
        for matched in matches
        for live in matched.lives
        if matched.declaration.ensure is not Ensure.UNMANAGED
    }
    deleted = {c.object_id for c in draft.changes if c.action is Action.DELETE}
    managed = declared | deleted | context.inventory.by_id.keys()
    return [
        live
        for live in context.live.objects
        if live.ours
        and live.kind.lifecycle is not Lifecycle.REQUIRED
        and live.object_id not in managed
    ]


def _by_kind(lives: Iterable[Live]) -> dict[str, int]:
    """Return kind → number of objects."""
    return dict(sorted(Counter(live.key.kind for live in lives).items()))


def _folder_memory(
    declarations: Iterable[Declaration], snapshot: Snapshot, inventory: Inventory
) -> list[Record]:
    """Return the records of used folders that are missing or have another id in the inventory."""
    if inventory.store == "none":
        return []
    records = []
    for key in sorted(used_folders(declarations), key=lambda key: key.path):
        lives = snapshot.under(key)
        new = [Record(live.key, live.id, memory=True) for live in lives]
        if len(new) == 1 and inventory.by_key.get(key) != new[0]:
            records += new
    return records
