"""Declarations and a snapshot become a `Plan`: what would be done, and what is blocked and why. Pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import fnmatchcase
from functools import cached_property

from devinops.kinds import KINDS
from devinops.model.changes import Action, Blocked, Blocker, Change, Drift
from devinops.model.errors import ExitCode, UsageError, worst
from devinops.model.inventory import Inventory, Record
from devinops.model.keys import FolderPath, Key
from devinops.model.objects import UNSET, Declaration, Problem, Snapshot
from devinops.model.policy import Approvals, Policy
from devinops.model.suggest import did_you_mean
from devinops.model.target import Target
from devinops.planning.guards import guard
from devinops.planning.match import RenamedFolder, as_declared, folder_key, match, renamed_folders
from devinops.planning.planner import Builder, PlanContext, unmanaged

DIGEST_LENGTH = 32


@dataclass(frozen=True)
class Plan:
    """What apply would do: `changes` in the order of key and id, and everything that it would not do.

    `unmanaged` counts live objects nobody declared, by kind; `unchanged` the declarations that hold already.
    `refusals` say why nothing at all may be applied. `problems` are warnings: with errors there is no plan.
    `drift` are outside edits that stay as they are. `renamed` are the folders that the files call by an old path.
    `put` and `drop` are what the inventory has to learn without
    a write; they are no changes.
    """

    target: Target
    changes: tuple[Change, ...]
    blocked: tuple[Blocked, ...] = ()
    drift: tuple[Drift, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    unmanaged: Mapping[str, int] = field(default_factory=dict)
    unchanged: int = 0
    inventory: Inventory = field(default_factory=Inventory)
    renamed: tuple[RenamedFolder, ...] = ()
    put: tuple[Record, ...] = ()
    drop: tuple[tuple[str, str], ...] = ()
    only: tuple[str, ...] = ()
    approvals: Approvals = field(default_factory=Approvals)

    @cached_property
    def digest(self) -> str:
        """Fingerprint of the place and the changes; commit, time and files do not matter."""
        return digest_of(self.target, [(change, live_hash(change)) for change in self.changes])

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to do, to decide or to forget."""
        return not (self.changes or self.blocked or self.drift or self.refusals or self.drop)

    @property
    def owned(self) -> int:
        """How many objects the inventory owns."""
        return len(self.inventory.owned)

    @cached_property
    def summary(self) -> dict[str, int]:
        """How many changes of each action, and how much is blocked."""
        counts = Counter(change.action for change in self.changes)
        return {action.value: counts[action] for action in Action} | {"blocked": len(self.blocked)}

    def exit_code(self, *, detailed: bool = False) -> ExitCode:
        """DECIDE where a person has to; with `detailed` LOOK where changes are pending."""
        decide = ExitCode.DECIDE if self.refusals or self.blocked else ExitCode.OK
        return worst(decide, ExitCode.LOOK if detailed and self.changes else ExitCode.OK)


def digest_of(target: Target, changes: Iterable[tuple[Change, str | None]]) -> str:
    """Return the digest of changes, each with the `live_hash` of its object, for one place.

    What an object will be follows from what it is and the fields that change, so these two are enough.
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


# --- --only -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Only:
    """A filter `KIND[:GLOB]`; the glob is matched against the key without its kind, `*` crossing folders."""

    kind: str
    glob: str = "*"

    @classmethod
    def parse(cls, text: str) -> Only:
        """Raises UsageError for a kind that does not exist, and for a glob that is empty."""
        kind, colon, glob = text.partition(":")
        if kind not in KINDS:
            hint = did_you_mean(kind, KINDS)
            raise UsageError(
                f'--only takes KIND[:GLOB]; "{kind}" is no kind{hint}: {", ".join(KINDS)}'
            )
        if colon and not glob:
            raise UsageError(
                f'--only "{text}" has no glob after the colon; for the whole kind write "{kind}"'
            )
        return cls(kind, glob or "*")

    def takes(self, key: Key) -> bool:
        return key.kind == self.kind and fnmatchcase(key.place, self.glob)

    def __str__(self) -> str:
        return f"{self.kind}:{self.glob}"


def _check(only: Iterable[Only], keys: Iterable[Key]) -> None:
    known = set(keys)
    for one in only:
        # A whole kind is no typo, even if there is nothing of it.
        if one.glob != "*" and not any(one.takes(key) for key in known):
            raise UsageError(
                f'--only "{one}" matches nothing that is declared or live; check it for a typo'
            )


def _narrowed(plan: Plan, only: Sequence[Only]) -> Plan:
    """Return what `--only` leaves of a plan; a delete whose successor is left out is blocked."""

    def taken(key: Key) -> bool:
        return any(one.takes(key) for one in only)

    left_out = {change.key for change in plan.changes if not taken(change.key)}
    changes = [change for change in plan.changes if taken(change.key)]
    alone = [change for change in changes if change.successor in left_out]
    held = [replace(h, needed_by=tuple(filter(taken, h.needed_by))) for h in plan.blocked]
    held = [h for h in held if h.needed_by or taken(h.key)] + [_without_successor(c) for c in alone]
    return replace(
        plan,
        changes=tuple(change for change in changes if change not in alone),
        drift=tuple(d for d in plan.drift if taken(d.key)),
        put=tuple(r for r in plan.put if taken(r.key) or r.key.kind == "folder"),
        drop=(),
        blocked=tuple(sorted(held, key=_order)),
    )


def _without_successor(change: Change) -> Blocked:
    assert change.id
    reason = f"{change.successor} probably replaces it, and --only leaves that out: take both, or neither"
    return Blocked(Blocker.CONFLICT, change.key, reason, change.source, (change.id,))


def _order(held: Blocked) -> tuple[Key, Blocker]:
    return held.key, held.by


# --- building a plan --------------------------------------------------------------------------------------


def build_plan(
    declarations: Iterable[Declaration],
    snapshot: Snapshot,
    target: Target,
    *,
    policy: Policy,
    today: date,
    inventory: Inventory | None = None,
    approvals: Approvals | None = None,
    only: Sequence[Only] = (),
    warnings: Iterable[Problem] = (),
    only_must_match: bool = True,
) -> Plan:
    """Compare what is declared with what is live and with what the inventory has_inventory.

    Without an inventory objects are known by their exact key or by `previously`, and nothing undeclared is
    ever touched. Raises UsageError for an `only` that matches nothing, unless an earlier plan was made with it.
    """
    inventory, approvals = inventory or Inventory(), approvals or Approvals()
    wanted: list[Declaration] = []
    others: list[Declaration] = []
    for declaration in declarations:
        (wanted if declaration.concerns(target.name) else others).append(declaration)
    renamed = renamed_folders(_paths(wanted), snapshot, inventory)
    seen = as_declared(snapshot, renamed)
    builder = Builder(seen, snapshot, PlanContext(target.api, policy, approvals, today, inventory))
    for folder in renamed:
        builder.renamed_folder(folder)
    matches = match(wanted, seen, inventory)
    for one in matches:
        builder.classify(one)
    found = builder.finish(matches, others)
    plan = Plan(
        target=target,
        changes=tuple(sorted(found.changes, key=lambda change: (change.key, str(change.id)))),
        blocked=tuple(sorted(found.held, key=_order)),
        drift=tuple(sorted(found.drift, key=lambda drift: (drift.key, drift.id))),
        problems=tuple(sorted([*warnings, *found.warnings])),
        notes=tuple(found.notes),
        inventory=inventory,
        renamed=tuple(renamed),
        put=(*found.put, *_folder_memory(wanted, seen, inventory)),
        drop=tuple(sorted(found.drop)),
        unmanaged=unmanaged(seen, matches, inventory, found.changes),
        unchanged=found.unchanged,
        only=tuple(map(str, only)),
        approvals=approvals,
    )
    if only:
        if only_must_match:
            _check(only, [*(d.key for d in wanted), *seen.by_key])
        plan = _narrowed(plan, only)
    kinds = {one.kind for one in only} or set(KINDS)
    refusals = guard(
        plan.changes, plan.drift, wanted, snapshot, inventory, policy, approvals, kinds
    )
    return replace(plan, refusals=refusals)


def _paths(declarations: Iterable[Declaration]) -> set[FolderPath]:
    """Return the paths of all folders that declarations use, those above them included."""
    paths: set[FolderPath] = set()
    for declaration in declarations:
        path = declaration.key.place if declaration.key.kind == "folder" else declaration.key.folder
        while path:
            paths.add(FolderPath(path))
            path = path.rpartition("/")[0]
    return paths


def _folder_memory(
    declarations: Iterable[Declaration], snapshot: Snapshot, inventory: Inventory
) -> list[Record]:
    """Return the records of folders in use that the inventory does not hold yet, or under another id."""
    if inventory.store == "none":
        return []
    found = []
    for path in sorted(_paths(declarations)):
        lives = snapshot.under(folder_key(path))
        records = [Record(live.key, live.id) for live in lives]
        if len(records) == 1 and inventory.by_key.get(records[0].key) != records[0]:
            found += records
    return found
