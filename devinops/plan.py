"""Declarations and a snapshot become a `Plan`: what would be done, and what is held back and why. Pure."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from devinops.diff import changed_fields
from devinops.errors import ExitCode, UsageError, worst
from devinops.guard import refusals
from devinops.kinds import KINDS
from devinops.kinds.secret import age_days
from devinops.match import Match, match
from devinops.model import (
    UNSET,
    Access,
    Action,
    ApiVersion,
    Change,
    Declaration,
    Ensure,
    FieldChange,
    HeldBack,
    Hold,
    Key,
    Kind,
    Live,
    Problem,
    Resource,
    Severity,
    Snapshot,
    Updates,
)
from devinops.policy import Policy

DIGEST_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Where:
    """The organization that a plan is for."""

    target: str
    api_url: str
    api: ApiVersion
    org_id: str | None


@dataclass(frozen=True)
class Plan:
    """What apply would do: `changes` in the order of key and id, and everything that it would not do.

    `unmanaged` counts live objects nobody declared, by kind; `unchanged` the declarations that hold already.
    `refusals` say why nothing at all may be applied. `problems` are warnings: with errors there is no plan.
    """

    where: Where
    changes: tuple[Change, ...]
    held_back: tuple[HeldBack, ...] = ()
    problems: tuple[Problem, ...] = ()
    refusals: tuple[str, ...] = ()
    unmanaged: Mapping[str, int] = field(default_factory=dict)
    unchanged: int = 0

    @cached_property
    def digest(self) -> str:
        """Fingerprint of the changes alone: not of the commit, the time or where files lie."""
        total = hashlib.sha256()
        for change in self.changes:
            total.update(_fingerprint(change))
        return total.hexdigest()[:DIGEST_LENGTH]

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
    after = change.declaration.resource if change.declaration and change.action is not Action.DELETE else None
    if before is not None and after is not None:
        after = before.overlaid(after)
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
            near = difflib.get_close_matches(kind, KINDS, n=1)
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
    only: Sequence[Only] = (),
    allow_delete: int | None = None,
    warnings: Iterable[Problem] = (),
) -> Plan:
    """Compare what is declared with what is live.

    Without an inventory: objects are known by their exact key or by `previously`, nothing undeclared is
    ever touched. Raises UsageError for an `only` that matches nothing.
    """
    wanted = [declaration for declaration in declarations if declaration.concerns(where.target)]
    builder = _Builder(snapshot, where, policy, today)
    matches = match(wanted, snapshot)
    for one in matches:
        builder.classify(one)
    plan = Plan(
        where=where,
        changes=tuple(sorted(builder.changes, key=lambda change: (change.key, change.id or ""))),
        held_back=tuple(sorted(builder.all_held(), key=lambda held: (held.key, held.hold))),
        problems=tuple(sorted([*warnings, *builder.warnings])),
        unmanaged=_unmanaged(snapshot, matches),
        unchanged=builder.unchanged,
    )
    if only:
        plan = _narrowed(plan, only, [*(d.key for d in wanted), *snapshot.by_key])
    return replace(plan, refusals=refusals(plan.changes, {}, policy.max_delete, allow_delete))


def _unmanaged(snapshot: Snapshot, matches: Iterable[Match]) -> dict[str, int]:
    managed = {
        one.live.id
        for one in matches
        if one.live is not None and one.declaration.ensure is not Ensure.UNMANAGED
    }
    counts = Counter(
        live.key.kind
        for live in snapshot.objects
        if live.ours and live.id not in managed and live.key.kind != "folder"
    )
    return dict(sorted(counts.items()))


class _Builder:
    """Collects what each match means. One use."""

    def __init__(self, snapshot: Snapshot, where: Where, policy: Policy, today: date) -> None:
        self.snapshot, self.where, self.policy, self.today = snapshot, where, policy, today
        self.changes: list[Change] = []
        self.held: list[HeldBack] = []
        self.warnings: list[Problem] = []
        self.unchanged = 0
        self.foreign = {live.key: live for live in snapshot.objects if not live.ours}
        self.waiting: defaultdict[Key, list[Declaration]] = defaultdict(list)

    def classify(self, one: Match) -> None:
        declaration = one.declaration
        if declaration.ensure is Ensure.UNMANAGED:
            return
        if declaration.key.kind == "folder":
            self._folder(one)
        elif one.namesakes:
            self._namesakes(one)
        elif declaration.ensure is Ensure.ABSENT:
            self._absent(one)
        elif declaration.key.kind == "secret":
            self._secret(one)
        else:
            self._present(one)

    def all_held(self) -> Iterator[HeldBack]:
        yield from self.held
        for key, waiting in self.waiting.items():
            yield self._folder_hold(key, waiting)

    def hold(self, hold: Hold, declaration: Declaration, reason: str, lives: Iterable[Live] = ()) -> None:
        ids = tuple(live.id for live in lives)
        self.held.append(HeldBack(hold, declaration.key, reason, declaration.source, ids))

    def _namesakes(self, one: Match) -> None:
        count, ids = len(one.namesakes), ", ".join(live.id for live in one.namesakes)
        self.hold(
            Hold.CONFLICT,
            one.declaration,
            f"{count} live objects are called {one.key} ({ids}): rename or delete all but one in the web app",
            one.namesakes,
        )

    def _absent(self, one: Match) -> None:
        declaration, live = one.declaration, one.live
        if live is None:
            self.unchanged += 1
        elif declaration.protect:
            self.hold(Hold.PROTECTED, declaration, "protect: true; remove that line to delete it", [live])
        else:
            self.changes.append(
                Change(Action.DELETE, live.key, "ensure: absent", live.id, declaration, live, _gone(live))
            )

    def _present(self, one: Match) -> None:
        declaration, live = one.declaration, one.live
        kind = KINDS[declaration.key.kind]
        if live is None:
            change = Change(
                Action.CREATE,
                declaration.key,
                "not in the organization",
                declaration=declaration,
                fields=_declared(declaration.resource),
            )
        else:
            fields = changed_fields(kind, declaration.resource, live.resource)
            if not fields:
                self.unchanged += 1
                return
            change = _update(declaration, live, fields)
            if self._macro_at_risk(kind, live) and self.policy.v3_macro == "hold":
                self._hold_macro(kind, declaration, live)
                return
        self._file(change, declaration)

    def _file(self, change: Change, declaration: Declaration) -> None:
        """Add a change once its folder is found; else let it wait for the folder."""
        folder = declaration.key.folder
        if not folder:
            self.changes.append(change)
            return
        key = _folder_key(folder)
        lives = self.snapshot.under(key)
        if len(lives) == 1:
            self.changes.append(replace(change, folder_id=lives[0].id))
        else:
            self.waiting[key].append(declaration)

    def _folder(self, one: Match) -> None:
        if one.live is None and not one.namesakes:
            self.waiting[one.declaration.key].insert(0, one.declaration)
        else:
            self.unchanged += 1

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

    def _macro_at_risk(self, kind: Kind, live: Live) -> bool:
        return any(lost(kind, self.where.api, live.resource))

    def _hold_macro(self, kind: Kind, declaration: Declaration, live: Live) -> None:
        names = ", ".join(f"{name} {value}" for name, value in lost(kind, self.where.api, live.resource))
        self.hold(
            Hold.APPROVAL,
            declaration,
            f"an update through API {self.where.api} might lose its {names}, which it can read but not send: edit it "
            "in the web app, or set v3_macro: verify for this target",
            [live],
        )

    # Secrets are a contract: nothing about an existing one can be changed by any API.

    def _secret(self, one: Match) -> None:
        declaration, live = one.declaration, one.live
        if live is None:
            self._missing_secret(declaration)
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
        if not blocking:
            self.unchanged += 1
            return
        words = ", ".join(
            f"{change.name} is {_say(change.before)}, not {_say(change.after)}" for change in blocking
        )
        self.hold(
            Hold.REQUIREMENT,
            declaration,
            f"{words}: no API changes that; re-create it in the web app",
            [live],
        )

    def _missing_secret(self, declaration: Declaration) -> None:
        other = self.foreign.get(declaration.key)
        value_from = getattr(declaration.resource, "value_from", UNSET)
        if other is not None and other.access is Access.PERSONAL:
            reason = "it exists as a personal secret only: add it as an organization secret in the web app"
            self.hold(Hold.REQUIREMENT, declaration, reason, [other])
        elif value_from is UNSET:
            reason = "it does not exist: add it in the web app, or let apply create it with value_from: {env: NAME}"
            self.hold(Hold.REQUIREMENT, declaration, reason)
        else:
            fields = (
                *_declared(declaration.resource),
                FieldChange("value", UNSET, f"env:{value_from['env']}"),
            )
            self.changes.append(
                Change(
                    Action.CREATE,
                    declaration.key,
                    "not in the organization",
                    declaration=declaration,
                    fields=fields,
                )
            )

    def _warn_age(self, declaration: Declaration, live: Live) -> None:
        max_age = getattr(declaration.resource, "max_age", UNSET)
        times = [time for time in (live.created_at, live.updated_at) if time is not None]
        if max_age is UNSET or not times:
            return
        days = (self.today - datetime.fromtimestamp(max(times), UTC).date()).days
        if days > age_days(max_age):
            self._warn(
                declaration, "max_age", "secret-age", f"it is {days} days old, more than {max_age}: rotate it"
            )

    def _warn(self, declaration: Declaration, field: str, code: str, message: str) -> None:
        self.warnings.append(
            Problem(declaration.place(field), code, f"{declaration.key}: {message}", Severity.WARNING)
        )


def lost(kind: Kind, api: ApiVersion, live: Resource) -> list[tuple[str, Any]]:
    """Return name and value of what a full replacement might lose: live values an API reads but cannot send."""
    if kind.endpoints[api].updates is not Updates.REPLACE:
        return []
    names = (a.name for a in kind.attributes if (wire := a.wires.get(api)) and wire.read and not wire.write)
    return [(name, value) for name in names if (value := getattr(live, name)) not in (UNSET, None, "")]


def _update(declaration: Declaration, live: Live, fields: tuple[FieldChange, ...]) -> Change:
    if declaration.key != live.key:
        return Change(Action.RENAME, declaration.key, f"was {live.key}", live.id, declaration, live, fields)
    reason = f"{', '.join(field.name for field in fields)} changed"
    return Change(Action.UPDATE, declaration.key, reason, live.id, declaration, live, fields)


def _folder_key(path: str) -> Key:
    return Key.parse(f"folder:{path}")


def _declared(resource: Resource) -> tuple[FieldChange, ...]:
    return tuple(FieldChange(name, UNSET, value) for name, value in resource.items() if name != "value_from")


def _gone(live: Live) -> tuple[FieldChange, ...]:
    return tuple(FieldChange(name, value, UNSET) for name, value in live.resource.items())


def _say(value: Any) -> str:
    return "unset" if value is None else json.dumps(value) if isinstance(value, bool) else str(value)
