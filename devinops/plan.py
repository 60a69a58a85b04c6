"""Declarations and a snapshot become a `Plan`: what would be done, and what is held back and why. Pure."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import fnmatchcase
from functools import cached_property
from urllib.parse import urlsplit

from devinops.builder import Builder, Circumstances, unmanaged
from devinops.errors import ExitCode, UsageError, worst
from devinops.guard import guard
from devinops.kinds import KINDS
from devinops.match import as_declared, folder_key, match, renamed_folders
from devinops.model import (
    Action,
    ApiVersion,
    Change,
    Declaration,
    Drift,
    FolderPath,
    HeldBack,
    Key,
    Problem,
    Resource,
    Snapshot,
)
from devinops.owned import Inventory, Record
from devinops.policy import Approvals, Policy

DIGEST_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Where:
    """The organization that a plan is for."""

    target: str
    api_url: str
    api: ApiVersion
    org_id: str | None

    @property
    def host(self) -> str:
        """The host of the API, with its port where one is given."""
        return urlsplit(self.api_url).netloc.lower()

    def apart(self, here: Where) -> str:
        """Say in words how something made here for another place differs from `here`; empty where it does not."""
        facts = (
            ("target", self.target, here.target),
            ("API host", self.host, here.host),
            ("API version", self.api, here.api),
            ("organization", self.org_id, here.org_id),
        )
        return ", ".join(
            f"{name} {one or '(unknown)'}, not {other or '(unknown)'}"
            for name, one, other in facts
            if one != other
        )


@dataclass(frozen=True)
class Plan:
    """What apply would do: `changes` in the order of key and id, and everything that it would not do.

    `unmanaged` counts live objects nobody declared, by kind; `unchanged` the declarations that hold already.
    `refusals` say why nothing at all may be applied. `problems` are warnings: with errors there is no plan.
    `drift` are outside edits that stay as they are. `put` and `drop` are what the inventory has to learn without
    a write; they are no changes.
    """

    where: Where
    changes: tuple[Change, ...]
    held_back: tuple[HeldBack, ...] = ()
    drift: tuple[Drift, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    unmanaged: Mapping[str, int] = field(default_factory=dict)
    unchanged: int = 0
    inventory: Inventory = field(default_factory=Inventory)
    put: tuple[Record, ...] = ()
    drop: tuple[tuple[str, str], ...] = ()
    only: tuple[str, ...] = ()
    approvals: Approvals = field(default_factory=Approvals)

    @cached_property
    def digest(self) -> str:
        """Fingerprint of the changes alone: not of the commit, the time or where files lie."""
        total = hashlib.sha256()
        for change in self.changes:
            total.update(_fingerprint(change))
        return total.hexdigest()[:DIGEST_LENGTH]

    @property
    def owned(self) -> int:
        """How many objects the inventory owns."""
        return len(self.inventory.owned)

    @cached_property
    def summary(self) -> dict[str, int]:
        """How many changes of each action, and how much is held back."""
        counts = Counter(change.action for change in self.changes)
        return {action.value: counts[action] for action in Action} | {"held_back": len(self.held_back)}

    def exit_code(self, *, detailed: bool = False) -> ExitCode:
        """DECIDE where a person has to; with `detailed` LOOK where changes are pending."""
        decide = ExitCode.DECIDE if self.refusals or self.held_back else ExitCode.OK
        return worst(decide, ExitCode.LOOK if detailed and self.changes else ExitCode.OK)


def _fingerprint(change: Change) -> bytes:
    before = change.live.resource if change.live else None
    after = None if change.action is Action.DELETE else change.written()
    if change.action is Action.REPLACE and change.declaration:
        after = change.declaration.resource
    parts = [change.key.kind, str(change.key), change.id, change.action.value, _hash(before), _hash(after)]
    return json.dumps(parts).encode()


def _hash(resource: Resource | None) -> str | None:
    if resource is None:
        return None
    return hashlib.sha256(json.dumps(dict(resource.items()), sort_keys=True).encode()).hexdigest()


# --- --only -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Only:
    """A filter `KIND[:GLOB]`; the glob is matched against the key without its kind, `*` crossing folders."""

    kind: str
    glob: str = "*"

    @classmethod
    def parse(cls, text: str) -> Only:
        """Raises UsageError for a kind that does not exist."""
        kind, _, glob = text.partition(":")
        if kind not in KINDS:
            near = difflib.get_close_matches(kind, KINDS)
            hint = f' (did you mean "{near[0]}"?)' if near else ""
            raise UsageError(f'--only takes KIND[:GLOB]; "{kind}" is no kind{hint}: {", ".join(KINDS)}')
        return cls(kind, glob or "*")

    def takes(self, key: Key) -> bool:
        return key.kind == self.kind and fnmatchcase(key.place, self.glob)

    def __str__(self) -> str:
        return f"{self.kind}:{self.glob}"


def _narrowed(plan: Plan, only: Sequence[Only], keys: Iterable[Key]) -> Plan:
    known = set(keys)
    for one in only:
        if not any(one.takes(key) for key in known):
            raise UsageError(f'--only "{one}" matches nothing that is declared or live; check it for a typo')

    def taken(key: Key) -> bool:
        return any(one.takes(key) for one in only)

    held = (replace(h, needed_by=tuple(filter(taken, h.needed_by))) for h in plan.held_back)
    return replace(
        plan,
        changes=tuple(c for c in plan.changes if taken(c.key)),
        drift=tuple(d for d in plan.drift if taken(d.key)),
        put=tuple(r for r in plan.put if taken(r.key) or r.key.kind == "folder"),
        drop=(),
        held_back=tuple(h for h in held if h.needed_by or taken(h.key)),
    )


# --- building a plan --------------------------------------------------------------------------------------


def build_plan(
    declarations: Iterable[Declaration],
    snapshot: Snapshot,
    where: Where,
    *,
    policy: Policy,
    today: date,
    inventory: Inventory | None = None,
    approvals: Approvals | None = None,
    only: Sequence[Only] = (),
    warnings: Iterable[Problem] = (),
) -> Plan:
    """Compare what is declared with what is live and with what the inventory remembers.

    Without an inventory objects are known by their exact key or by `previously`, and nothing undeclared is
    ever touched. Raises UsageError for an `only` that matches nothing.
    """
    inventory, approvals = inventory or Inventory(), approvals or Approvals()
    wanted: list[Declaration] = []
    others: list[Declaration] = []
    for declaration in declarations:
        (wanted if declaration.concerns(where.target) else others).append(declaration)
    renamed = renamed_folders(_paths(wanted), snapshot, inventory)
    seen = as_declared(snapshot, renamed)
    builder = Builder(seen, snapshot, Circumstances(where.api, policy, approvals, today, inventory))
    for folder in renamed:
        builder.renamed_folder(folder)
    matches = match(wanted, seen, inventory)
    for one in matches:
        builder.classify(one)
    found = builder.finish(matches, others)
    plan = Plan(
        where=where,
        changes=tuple(sorted(found.changes, key=lambda change: (change.key, str(change.id)))),
        held_back=tuple(sorted(found.held, key=lambda held: (held.key, held.hold))),
        drift=tuple(sorted(found.drift, key=lambda drift: (drift.key, drift.id))),
        problems=tuple(sorted([*warnings, *found.warnings])),
        notes=tuple(found.notes),
        inventory=inventory,
        put=(*found.put, *_folder_memory(wanted, seen, inventory)),
        drop=tuple(sorted(found.drop)),
        unmanaged=unmanaged(seen, matches, inventory, found.changes),
        unchanged=found.unchanged,
        only=tuple(map(str, only)),
        approvals=approvals,
    )
    if only:
        plan = _narrowed(plan, only, [*(d.key for d in wanted), *seen.by_key])
    guards = guard(plan.changes, wanted, snapshot, inventory, policy, approvals)
    return replace(plan, refusals=(*found.refusals, *guards))


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
