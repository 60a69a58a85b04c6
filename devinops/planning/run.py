"""The plans of 1 to n targets as one: what is equal in several targets is there once. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from shlex import quote
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar

from devinops.model.changes import (
    Action,
    Blocked,
    Change,
    Drift,
    Missing,
    Outcome,
    Refusal,
    Result,
    Risk,
)
from devinops.model.exit_codes import ExitCode, of_many
from devinops.model.keys import Key
from devinops.model.objects import Live, Problem
from devinops.model.policy import Approvals
from devinops.model.shard import Shard
from devinops.model.target import Target, TargetState
from devinops.planning.digest_list import DigestList
from devinops.planning.plan import Plan, digest_of, live_hash

T = TypeVar("T")

# --- rows -----------------------------------------------------------------------------------------


class At(NamedTuple):
    """A target in which something is."""

    target: str


class ChangeAt(NamedTuple):
    """A change in one target: the object that it changes there, and what became of it.

    `id` is None for a create, and `live_hash` is what the function of that name returns. `outcome`
    is None until the change was applied; then `message` and `unclear` are those of its `Result`,
    and `new_id` is the id of an object that it created. If it overwrites what was changed outside
    devinops, `at` and `by` are those of `Drift`.
    """

    target: str
    id: str | None = None
    live_hash: str | None = None
    outcome: Outcome | None = None
    message: str = ""
    unclear: bool = False
    new_id: str | None = None
    at: int | None = None
    by: str | None = None

    @property
    def wrote(self) -> bool:
        """Whether the change wrote something, or may have."""
        return self.outcome is Outcome.DONE or self.unclear


class BlockedAt(NamedTuple):
    """A blocked step in one target: the ids of the objects that it is about there."""

    target: str
    ids: tuple[str, ...] = ()
    at: int | None = None
    by: str | None = None


class DriftAt(NamedTuple):
    """Drift in one target: the object, and when and by whom it was last changed, if known.

    The time is in epoch seconds. For `again` see `Drift`.
    """

    target: str
    id: str
    at: int | None = None
    by: str | None = None
    again: tuple[str, ...] = ()


class OtherAt(NamedTuple):
    """A live object in one target that is not owned; `owner` is the label of another owner."""

    target: str
    id: str
    owner: str | None = None


RowT = TypeVar("RowT", At, ChangeAt, BlockedAt, DriftAt, OtherAt)


class Shared(NamedTuple, Generic[T, RowT]):
    """What is equal in some targets, with a row for each object that it is about.

    The rows are sorted by target, then by id. Two objects of one name in one target are two rows.
    """

    item: T
    at: tuple[RowT, ...]

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the targets, each once."""
        return tuple(dict.fromkeys(row.target for row in self.at))


Changes: TypeAlias = tuple[Shared[Change, ChangeAt], ...]


class RunTarget(NamedTuple):
    """One target of a run. Without a plan, `target` is None.

    `message` says why nothing is written in a target that is not PLANNED; `is_new`: people have not
    seen that in the plan. `code` is its exit code, None if the plan tells it. `unmanaged` counts
    the live objects that are not declared, by kind; `unchanged` counts the declarations that
    already hold. `digest` is that of its changes, whether they can be applied or not; empty without
    a plan. For `moves_from` see `Inventory`.

    After an apply, `unverified` says why it is not known what is left, and `backup` is the path of
    the file with what was overwritten or deleted. It has no values of the secrets `unsaved`; with
    `restorable`, a rollback restores something.
    """

    name: str
    state: TargetState = TargetState.PLANNED
    message: str = ""
    code: ExitCode | None = None
    target: Target | None = None
    labels: Mapping[str, str] = {}
    store: str = "none"
    owned: int = 0
    unmanaged: Mapping[str, int] = {}
    unchanged: int = 0
    digest: str = ""
    moves_from: str = ""
    is_new: bool = False
    unverified: str = ""
    backup: str | None = None
    unsaved: tuple[Key, ...] = ()
    restorable: bool = False


# --- the run --------------------------------------------------------------------------------------

PARTS: Final[Mapping[str, Callable[..., Any]]] = {
    "changes": ChangeAt,
    "blocked": BlockedAt,
    "missing": At,
    "drift": DriftAt,
    "refused": At,
    "problems": At,
    "notes": At,
    "risks": At,
    "others": OtherAt,
    "left": ChangeAt,
    "waiting": BlockedAt,
}
"""The members of `Plans` whose items have rows, with the class of these."""


@dataclass(frozen=True)
class Plans:
    """The plans of the targets of a run, and its report if they were applied.

    Changes and drift lack what is different in each target: ids, live objects, times and authors
    stand in the rows. They are sorted by key, and every row is there, also of a target in which
    nothing is written. `refused` says why nothing of the plans of some targets may be applied,
    `refusals` why nothing of any. `missing` are objects that a person has to create. `others` are
    live objects that are not owned; empty unless they were asked for.

    `by_one`: the run was selected as one target, so it is told as one. `is_drift`: the targets were
    only compared with their inventories, so there are no changes. If these are only the targets of
    a `shard`, `selected` are those of all shards together. `also_changed` is what a request changes
    beside entries.

    If it `is_applied`, `left` and `waiting` are what plans made afterwards still have.
    """

    targets: tuple[RunTarget, ...]
    changes: Changes = ()
    blocked: tuple[Shared[Blocked, BlockedAt], ...] = ()
    missing: tuple[Shared[Missing, At], ...] = ()
    drift: tuple[Shared[Drift, DriftAt], ...] = ()
    refused: tuple[Shared[Refusal, At], ...] = ()
    problems: tuple[Shared[Problem, At], ...] = ()
    notes: tuple[Shared[str, At], ...] = ()
    risks: tuple[Shared[Risk, At], ...] = ()
    others: tuple[Shared[Key, OtherAt], ...] = ()
    left: Changes = ()
    waiting: tuple[Shared[Blocked, BlockedAt], ...] = ()
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    approvals: Approvals = field(default_factory=Approvals)
    refusals: tuple[Refusal, ...] = ()
    by_one: bool = False
    is_drift: bool = False
    is_applied: bool = False
    shard: Shard | None = None
    selected: int = 0
    also_changed: tuple[str, ...] = ()

    @property
    def filters(self) -> list[str]:
        """The options that select what they are about."""
        options = (("--only", self.only), ("--exclude", self.exclude))
        return [f"{option} {quote(text)}" for option, texts in options for text in texts]

    def of(self, name: str) -> Plans:
        """Return what concerns one target, as a run that was selected as one."""
        parts: dict[str, Any] = {}
        for part in PARTS:
            rows = (
                (item, tuple(row for row in at if row.target == name)) for item, at in self[part]
            )
            parts[part] = tuple(Shared(item, own) for item, own in rows if own)
        targets = tuple(target for target in self.targets if target.name == name)
        return replace(self, targets=targets, **parts, by_one=True)

    def __getitem__(self, part: str) -> tuple[Shared[Any, Any], ...]:
        """Return one of `PARTS` by its name."""
        shared: tuple[Shared[Any, Any], ...] = getattr(self, part)
        return shared

    @cached_property
    def by_action(self) -> Mapping[str, Counter[Action]]:
        """Name of a target → number of changes by action, for each target that has any."""
        return self._counted(lambda change, _: change.action)

    @cached_property
    def outcomes(self) -> Mapping[str, Counter[Outcome]]:
        """Name of a target → number of changes by outcome, for each target that has any."""
        return self._counted(lambda _, row: row.outcome)

    def _counted(self, what: Callable[[Change, ChangeAt], T | None]) -> Mapping[str, Counter[T]]:
        numbers: defaultdict[str, Counter[T]] = defaultdict(Counter)
        for change, at in self.changes:
            for row in at:
                if each := what(change, row):
                    numbers[row.target][each] += 1
        return dict(numbers)

    def numbers(self, part: str) -> Counter[str]:
        """Return the number of rows of a part in each target, by its name."""
        return Counter(row.target for _, at in self[part] for row in at)

    @cached_property
    def writable(self) -> frozenset[str]:
        """The targets that this run can write to: planned, and not refused."""
        planned = {t.name for t in self.targets if t.state is TargetState.PLANNED}
        return frozenset(planned - self.numbers("refused").keys())

    @cached_property
    def writing(self) -> frozenset[str]:
        """The targets in which an apply changes something."""
        return self.writable & self.by_action.keys()

    def summary(self, targets: Iterable[str] | None = None) -> Counter[Action]:
        """Return the number of changes by action, of all targets or of those with these names."""
        total = Counter[Action]()
        for name in self.by_action if targets is None else targets:
            total.update(self.by_action.get(name, {}))
        return total

    def count(self, state: TargetState) -> int:
        """Return how many targets are in a state."""
        return sum(target.state is state for target in self.targets)

    @cached_property
    def digests(self) -> DigestList:
        """The digests of the targets whose plans can be applied, none if the run is refused."""
        can_be = frozenset() if self.refusals or self.is_drift else self.writable
        return DigestList({t.name: t.digest for t in self.targets if t.name in can_be})

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to do, and nothing to decide on but drift."""
        moves = any(target.moves_from for target in self.targets)
        return not (self.changes or self.blocked or self.refused or self.refusals or moves)

    @property
    def digest(self) -> str:
        """The digest of the run: of one target its own, of many that of the list; or empty."""
        if self.by_one and not self.is_drift:
            return "".join(target.digest for target in self.targets)
        return self.digests.digest if self.digests.digests else ""

    @property
    def noun(self) -> str:
        """What one of the targets is called: not all are organizations if one is an enterprise."""
        in_enterprise = any(each.target and each.target.enterprise for each in self.targets)
        return "target" if in_enterprise else "organization"

    @property
    def wrote(self) -> bool:
        """Whether the run wrote something in any target, or may have."""
        return any(row.wrote for _, at in self.changes for row in at)

    @cached_property
    def _deciding(self) -> frozenset[str]:
        """The targets in which a person must decide."""
        return frozenset(self.numbers("refused") | self.numbers("blocked"))

    def exit_code_of(self, target: RunTarget, *, detailed: bool = False) -> ExitCode:
        """Return the exit code of one target; see `Plan.exit_code`."""
        if target.code is not None or target.state is not TargetState.PLANNED:
            return target.code or ExitCode.OK
        if target.name in self._deciding:
            return ExitCode.DECIDE
        pending = target.name in self.by_action or target.moves_from
        return ExitCode.LOOK if detailed and pending else ExitCode.OK

    def exit_code(self, *, detailed: bool = False) -> ExitCode:
        """Return the exit code of the run; see `Plan.exit_code`.

        An apply in which every target is held ends with DECIDE.
        """
        codes = [self.exit_code_of(target, detailed=detailed) for target in self.targets]
        if self.is_drift and self.drift:
            codes.append(ExitCode.LOOK)
        is_held = self.is_applied and {t.state for t in self.targets} == {TargetState.HELD}
        if self.refusals or is_held:
            codes.append(ExitCode.DECIDE)
        return of_many(codes, wrote=self.wrote)

    def computed_digests(self) -> dict[str, str]:
        """Return the digest of each target that has a plan, computed from its changes here."""
        own: dict[str, list[tuple[Change, str | None]]] = defaultdict(list)
        for change, at in self.changes:
            for row in at:
                own[row.target].append((replace(change, id=row.id), row.live_hash))
        for changes in own.values():
            # The order of `Plan.changes`.
            changes.sort(key=lambda each: (each[0].key, each[0].id or ""))
        return {
            each.name: digest_of(each.target, own[each.name], each.moves_from)
            for each in self.targets
            if each.target
        }


# --- collecting -----------------------------------------------------------------------------------


class _Items(Generic[T, RowT]):
    """Items of which equal ones are kept once, with their rows.

    They are sorted by `_order`. Where that does not tell, they stay in the order in which their
    targets have them.
    """

    def __init__(self) -> None:
        self._items: dict[bytes, tuple[T, list[RowT]]] = {}
        self._places: dict[bytes, int] = {}

    def take(self, shared: Iterable[tuple[T, Iterable[RowT]]]) -> None:
        for place, (item, rows) in enumerate(shared):
            # All that an item consists of, without keeping its texts twice.
            reading = sha256(repr(item).encode()).digest()
            self._items.setdefault(reading, (item, []))[1].extend(rows)
            self._places[reading] = min(place, self._places.get(reading, place))

    def result(self) -> tuple[Shared[T, RowT], ...]:
        shared = [
            (_order(item), self._places[reading], sorted(rows, key=_row), item)
            for reading, (item, rows) in self._items.items()
        ]
        shared.sort(key=lambda each: (*each[:2], [*map(_row, each[2])], repr(each[3])))
        return tuple(Shared(item, tuple(rows)) for *_, rows, item in shared)


def _row(row: tuple[Any, ...]) -> tuple[str, str]:
    """Return the target and the id of a row, by which rows are sorted."""
    return row[0], str(row[1] or "") if len(row) > 1 else ""


class Collector:
    """Takes the plans and reports of targets in any order, and keeps what is equal once.

    Neither live objects nor entries stay alive. It must be used by one thread at a time.
    `with_others`: the live objects that are not owned are named as well.
    """

    def __init__(self, *, with_others: bool = False) -> None:
        self._with_others = with_others
        self._targets: dict[str, RunTarget] = {}
        self._parts: dict[str, _Items[Any, Any]] = {part: _Items() for part in PARTS}
        self._facts: dict[str, Mapping[str, Any]] = {}
        self._results: dict[str, dict[tuple[Action, Key, str | None], dict[str, Any]]] = {}

    def add(self, plan: Plan, **facts: Any) -> None:
        """Take the plan of a target, which can be held.

        `facts` are members of `RunTarget` that the plan does not have.
        """
        if plan.held:
            facts |= {"state": TargetState.HELD, "message": plan.held}
        name = plan.target.name
        self._targets[name] = RunTarget(
            name,
            target=plan.target,
            store=plan.inventory.store,
            owned=plan.owned,
            unmanaged=plan.unmanaged,
            unchanged=plan.unchanged,
            digest=plan.digest,
            moves_from=plan.inventory.moves_from,
            **facts,
        )
        once = ("missing", "problems", "notes", "risks")
        self._take(
            name,
            changes=plan.changes,
            blocked=plan.blocked,
            drift=plan.drift,
            refused=dict.fromkeys(plan.refusals),
            others=plan.others if self._with_others else (),
            **{part: dict.fromkeys(getattr(plan, part)) for part in once},
        )

    def _take(self, name: str, **parts: Iterable[Any]) -> None:
        for part, items in parts.items():
            self._parts[part].take(_split(name, item) for item in items)

    def add_without_plan(
        self,
        name: str,
        message: str,
        exit_code: ExitCode,
        state: TargetState = TargetState.FAILED,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Take a target that has no plan; the message says why."""
        self._targets[name] = RunTarget(name, state, message, exit_code, labels=labels or {})

    def add_results(
        self,
        name: str,
        results: Iterable[Result],
        left: Iterable[Change] = (),
        waiting: Iterable[Blocked] = (),
        **facts: Any,
    ) -> None:
        """Take the report of a target; `facts` are members of `RunTarget` after the apply."""
        self._facts[name] = facts
        self._results[name] = {
            (each.change.action, each.change.key, each.change.id): {
                "outcome": each.outcome,
                "message": each.message,
                "unclear": each.unclear,
                "new_id": each.id if each.id != each.change.id else None,
            }
            for each in results
        }
        self._take(name, left=left, waiting=waiting)

    def include(self, plans: Plans) -> None:
        """Take the plans or the reports of other targets, such as those of a shard."""
        self._targets.update({target.name: target for target in plans.targets})
        for part, items in self._parts.items():
            items.take(plans[part])

    def plans(self, **facts: Any) -> Plans:
        """Return the plans of all targets so far; `facts` are the other members of `Plans`."""
        parts: dict[str, Any] = {part: items.result() for part, items in self._parts.items()}
        targets = sorted(self._targets.values(), key=lambda target: target.name)
        return Plans(tuple(targets), **parts, **facts)

    def applied(self, plans: Plans) -> Plans:
        """Return plans with the reports so far of those that were applied."""
        return replace(
            plans,
            targets=tuple(
                each._replace(**self._facts.get(each.name, {})) for each in plans.targets
            ),
            changes=tuple(
                Shared(change, tuple(row._replace(**self._result(change, row)) for row in at))
                for change, at in plans.changes
            ),
            left=self._parts["left"].result(),
            waiting=self._parts["waiting"].result(),
            is_applied=True,
        )

    def _result(self, change: Change, row: ChangeAt) -> dict[str, Any]:
        return self._results.get(row.target, {}).get((change.action, change.key, row.id), {})


# --- what is equal --------------------------------------------------------------------------------


def _order(item: object) -> tuple[Any, ...]:
    """Return by what an item is sorted; empty if its place in the plans decides."""
    match item:
        case Change():
            return item.key, [*Action].index(item.action)
        case Blocked():
            return item.key, item.by
        case Drift():
            return (item.key,)
        case Key():
            return (item,)
        case _:
            return ()


def _split(name: str, item: Any) -> tuple[Any, tuple[Any]]:
    """Return an item of a plan without what is different in each target, and a row with that."""
    match item:
        case Change():
            return _shared_change(item), (_change_at(name, item),)
        case Blocked():
            row = BlockedAt(name, item.ids, item.changed_at, item.changed_by)
            return replace(item, ids=(), changed_at=None, changed_by=None), (row,)
        case Drift():
            drifted = DriftAt(name, item.id, item.at, item.by, item.again)
            return replace(item, id="", at=None, by=None, again=()), (drifted,)
        case Live():
            return item.key, (OtherAt(name, item.id, item.owner),)
        case _:
            return item, (At(name),)


def _shared_change(change: Change) -> Change:
    """Return a change without what only an apply needs, and without what stands in its row."""
    return Change(
        change.action,
        change.key,
        change.reason,
        fields=change.fields,
        overwrites=change.overwrites,
        declared_at=change.source,
        declared_over=change.overridden,
        arrives=change.arrives,
    )


def _change_at(name: str, change: Change) -> ChangeAt:
    live = change.live if change.overwrites else None
    at, by = (live.updated_at, live.updated_by) if live else (None, None)
    return ChangeAt(name, change.id, live_hash(change), at=at, by=by)
