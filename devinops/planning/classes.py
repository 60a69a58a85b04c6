"""Groups the plans of many targets by what people read in them: their classes. Pure."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar

from devinops.model.changes import (
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
from devinops.model.objects import Problem, Source
from devinops.model.policy import Approvals
from devinops.model.shard import Shard
from devinops.model.target import Target, TargetState
from devinops.planning.digest_list import DigestList
from devinops.planning.plan import Plan, plain_fields

T = TypeVar("T")

Reading: TypeAlias = tuple[Key, str]
"""A key, and a hash of what else people read in a change of its object."""

OWN_ID: Final = "…"
"""Stands for an id in a sentence about several targets, each of which has its own."""
# The name of a file is looked for only where a name begins, because long words without spaces would
# otherwise take time that grows with the square of their length.
_OWN_WORD: Final = re.compile(
    r"(?<=/organizations/)[^/\s]+|(?<= -t )\S+|(?<![^/\\\s:])[^/\\\s:]+(?=\.(?:journal|jsonl):)"
)


class TargetPlan(NamedTuple):
    """What is kept of the plan of one target, and of its apply.

    `message` says why nothing is written in a target that is not planned; `is_new`: people have not
    seen that in the plan. `code` is the exit code, None if the plan tells it. `digest` is empty if
    nothing can be applied. Without a plan, `target` is None and the numbers are 0.

    For `moves_from` see `Inventory`.

    `outcomes` are the numbers of changes after an apply, None without one. `unverified` says why it
    is not known what is left. `backup` is the path of the file with what was overwritten or
    deleted.
    """

    name: str
    state: TargetState = TargetState.PLANNED
    message: str = ""
    code: ExitCode | None = None
    target: Target | None = None
    store: str = "none"
    digest: str = ""
    changes: int = 0
    deletes: int = 0
    blocked: int = 0
    drift: int = 0
    refusals: int = 0
    is_new: bool = False
    outcomes: Mapping[Outcome, int] | None = None
    wrote: bool = False
    unverified: str = ""
    backup: str | None = None
    moves_from: str = ""

    @property
    def writes(self) -> bool:
        """Whether an apply of this plan writes something."""
        is_planned = self.state is TargetState.PLANNED
        return bool(is_planned and self.changes and not self.refusals)

    def exit_code(self, *, detailed: bool = False) -> ExitCode:
        """Return the exit code of this target; see `Plan.exit_code`."""
        if self.code is not None or self.state is not TargetState.PLANNED:
            return self.code or ExitCode.OK
        if self.refusals or self.blocked:
            return ExitCode.DECIDE
        pending = self.changes or self.moves_from
        return ExitCode.LOOK if detailed and pending else ExitCode.OK


class Shared(NamedTuple, Generic[T]):
    """What reads the same in some targets, whose names are sorted."""

    item: T
    targets: tuple[str, ...]


class ChangeClass(NamedTuple):
    """The targets whose changes read the same.

    The changes have no ids and no live objects, as those of a `SavedPlan`, and their sources are
    those in the first of the targets. A change that several classes have from one place in the
    files is one object.
    """

    changes: tuple[Change, ...]
    risks: tuple[Risk, ...]
    targets: tuple[str, ...]


@dataclass(frozen=True)
class FleetPlan:
    """The plans of many targets, by class, and the report if they were applied.

    The largest class comes first, as in each group.

    `refused` says why nothing of the plans of some targets may be applied, `refusals` why nothing
    of any. `missing` are objects that a person has to create. `is_drift`: the targets were only
    compared with their inventories, so there are no changes and no digests. If these are only the
    targets of a `shard`, `selected` are those of all shards together.

    If it `is_applied`, `not_done` are the results of changes that were not carried out, or that
    have a message. `left` and `waiting` are what a plan made afterwards still has.
    """

    targets: tuple[TargetPlan, ...]
    classes: tuple[ChangeClass, ...] = ()
    blocked: tuple[Shared[Blocked], ...] = ()
    missing: tuple[Shared[Missing], ...] = ()
    drift: tuple[Shared[Drift], ...] = ()
    refused: tuple[Shared[Refusal], ...] = ()
    problems: tuple[Shared[Problem], ...] = ()
    notes: tuple[Shared[str], ...] = ()
    only: tuple[str, ...] = ()
    approvals: Approvals = field(default_factory=Approvals)
    refusals: tuple[Refusal, ...] = ()
    is_drift: bool = False
    shard: Shard | None = None
    selected: int = 0
    is_applied: bool = False
    not_done: tuple[Shared[Result], ...] = ()
    left: tuple[Shared[Change], ...] = ()
    waiting: tuple[Shared[Blocked], ...] = ()

    @cached_property
    def digests(self) -> DigestList:
        """The digests of the targets whose plans can be applied, none if the run is refused."""
        listed = () if self.refusals or self.is_drift else self.targets
        return DigestList({target.name: target.digest for target in listed if target.digest})

    def count(self, state: TargetState) -> int:
        """Return how many targets are in a state."""
        return sum(target.state is state for target in self.targets)

    @property
    def in_enterprise(self) -> bool:
        """Whether any of the targets is an enterprise, so that not all are organizations."""
        return any(target.target and target.target.enterprise for target in self.targets)

    @property
    def wrote(self) -> bool:
        """Whether the run wrote something in any target, or may have."""
        return any(target.wrote for target in self.targets)

    def outcomes(self) -> Counter[Outcome]:
        """Return how many changes have each outcome, in all targets together."""
        numbers = Counter[Outcome]()
        for target in self.targets:
            numbers.update(target.outcomes or {})
        return numbers

    def exit_code(self, *, detailed: bool = False) -> ExitCode:
        """Return the exit code of the run; see `Plan.exit_code`.

        An apply in which every target is held ends with DECIDE.
        """
        codes = [target.exit_code(detailed=detailed) for target in self.targets]
        if self.is_drift and self.drift:
            codes.append(ExitCode.LOOK)
        is_held = self.is_applied and {t.state for t in self.targets} == {TargetState.HELD}
        if self.refusals or is_held:
            codes.append(ExitCode.DECIDE)
        return of_many(codes, wrote=self.wrote)


# --- collecting -----------------------------------------------------------------------------------


@dataclass
class Group(Generic[T]):
    """Items by what people read in them.

    Of several targets, the item of the first one by name is kept, so that the order in which they
    are added does not matter. `reading` returns what people read in an item, and `shared` makes it
    true of all its targets.
    """

    reading: Callable[[T], Any]
    shared: Callable[[T], T] = lambda item: item
    items: dict[Any, tuple[str, T]] = field(default_factory=dict)
    targets: dict[Any, list[str]] = field(default_factory=dict)

    def take(self, items: Iterable[Shared[T]]) -> None:
        for item, targets in items:
            for target in targets:
                self.add(self.reading(item), item, target)

    def add(self, reading: Any, item: T, target: str) -> None:
        first = self.items.get(reading)
        if first is None or target < first[0]:
            self.items[reading] = target, item
        names = self.targets.setdefault(reading, [])
        # A plan can say one sentence about several objects.
        if target not in names[-1:]:
            names.append(target)

    def item(self, reading: Any) -> T:
        """Return the item that reads like this, as it is true of all its targets."""
        _, item = self.items[reading]
        return self.shared(item) if len(self.targets[reading]) > 1 else item

    def grouped(self) -> list[tuple[Any, Shared[T]]]:
        """Return readings with what is shared, by the most targets first."""
        groups = [(reading, tuple(sorted(names))) for reading, names in self.targets.items()]
        groups.sort(key=lambda group: (-len(group[1]), group[1][0], group[0]))
        return [(reading, Shared(self.item(reading), names)) for reading, names in groups]

    def result(self) -> tuple[Shared[T], ...]:
        return tuple(shared for _, shared in self.grouped())


class _ClassFacts(NamedTuple):
    """The risks of a class, and the sources of its changes in its first target."""

    risks: tuple[Risk, ...]
    sources: tuple[Source | None, ...]

    def changes(self, shared: Iterable[Change]) -> tuple[Change, ...]:
        """Return the changes of the class, with its own sources where these differ."""
        return tuple(
            change if change.source == source else replace(change, declared_at=source)
            for change, source in zip(shared, self.sources, strict=True)
        )


class PlanCollector:
    """Takes the plans of targets in any order, and keeps each text once.

    Neither live objects nor entries stay alive. It must be used by one thread at a time.
    """

    def __init__(self) -> None:
        self._targets: list[TargetPlan] = []
        self._changes: Group[Change] = Group(change_reading, shared_change)
        self._classes: Group[_ClassFacts] = Group(hash)
        self._parts: dict[str, Group[Any]] = {
            "blocked": Group(blocked_reading, shared_blocked),
            "missing": Group(lambda item: item),
            "drift": Group(_drift_reading, _shared_drift),
            "refused": Group(str),
            "problems": Group(lambda item: item),
            "notes": Group(shared_text),
        }

    def add(
        self,
        plan: Plan,
        *,
        state: TargetState = TargetState.PLANNED,
        message: str = "",
        exit_code: ExitCode | None = None,
    ) -> None:
        """Take the plan of a target, which can be held.

        In another state than PLANNED nothing is written, so the changes are only counted; the
        message says why, and the exit code is that of the target.
        """
        if plan.held:
            state, message = TargetState.HELD, plan.held
        is_planned = state is TargetState.PLANNED
        name = plan.target.name
        target = TargetPlan(
            name,
            state,
            message,
            exit_code,
            target=plan.target,
            store=plan.inventory.store,
            digest=plan.digest if is_planned and not plan.refusals else "",
            changes=len(plan.changes),
            deletes=plan.summary["delete"],
            blocked=len(plan.blocked),
            drift=len(plan.drift),
            refusals=len(plan.refusals),
            moves_from=plan.inventory.moves_from,
        )
        parts: dict[str, Any] = {}
        if is_planned:
            changes = ChangeClass(tuple(map(kept, plan.changes)), plan.risks, (name,))
            parts["classes"] = (changes,) if plan.changes else ()
            for part in self._parts:
                items = plan.refusals if part == "refused" else getattr(plan, part)
                parts[part] = [Shared(item, (name,)) for item in items]
        self.include(FleetPlan((target,), **parts))

    def include(self, plan: FleetPlan) -> None:
        """Take the plans of other targets, such as those of a shard."""
        self._targets.extend(plan.targets)
        for group in plan.classes:
            self._add_class(group)
        for part, items in self._parts.items():
            items.take(getattr(plan, part))

    def _add_class(self, group: ChangeClass) -> None:
        alike = Counter[Reading]()
        readings: list[tuple[Reading, int]] = []
        for change in group.changes:
            reading = change_reading(change)
            # Objects of one name that are all deleted read the same.
            alike[reading] += 1
            readings.append((reading, alike[reading]))
        risks = tuple(str(risk) for risk in group.risks)
        facts = _ClassFacts(group.risks, tuple(change.source for change in group.changes))
        for name in group.targets:
            for counted, change in zip(readings, group.changes, strict=True):
                self._changes.add(counted, change, name)
            self._classes.add((tuple(readings), risks), facts, name)

    def add_without_plan(
        self,
        name: str,
        message: str,
        exit_code: ExitCode,
        state: TargetState = TargetState.FAILED,
    ) -> None:
        """Take a target that has no plan; the message says why."""
        self._targets.append(TargetPlan(name, state, message, exit_code))

    def plan(self, only: Iterable[str] = (), approvals: Approvals | None = None) -> FleetPlan:
        """Return the plan of all targets so far; the filters and approvals are those of the run."""
        changes = {reading: self._changes.item(reading) for reading in self._changes.items}
        parts: dict[str, Any] = {part: items.result() for part, items in self._parts.items()}
        return FleetPlan(
            targets=tuple(sorted(self._targets, key=lambda target: target.name)),
            classes=tuple(
                ChangeClass(facts.changes(changes[each] for each in reading[0]), facts.risks, names)
                for reading, (facts, names) in self._classes.grouped()
            ),
            **parts,
            only=tuple(only),
            approvals=approvals or Approvals(),
        )


# --- what counts as the same ----------------------------------------------------------------------


def _reading(key: Key, *parts: Any) -> Reading:
    return key, sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _without_ids(text: str, ids: Sequence[str | None]) -> str:
    for id in filter(None, ids):
        text = re.sub(rf"(?<![\w-]){re.escape(id)}(?![\w-])", OWN_ID, text)
    return text


def shared_text(text: str, id: str | None = None) -> str:
    """Return a sentence without what is different in each target: ids, and its name in commands and
    files of the inventory.
    """
    return _OWN_WORD.sub(OWN_ID, _without_ids(text, [id]))


def change_reading(change: Change) -> Reading:
    reason = _without_ids(change.reason, [change.id])
    fields = plain_fields(change.fields)
    return _reading(change.key, change.action, reason, fields, change.overwrites)


def kept(change: Change) -> Change:
    """Return a change without what only an apply needs."""
    facts = (change.action, change.key, change.reason, change.id)
    return Change(
        *facts, fields=change.fields, overwrites=change.overwrites, declared_at=change.source
    )


def shared_change(change: Change) -> Change:
    return replace(change, id=None, reason=_without_ids(change.reason, [change.id]))


def blocked_reading(block: Blocked) -> Reading:
    reason = _without_ids(block.reason, block.ids)
    needed_by, approval = [str(key) for key in block.needed_by], str(block.approval)
    return _reading(block.key, block.by, reason, needed_by, plain_fields(block.fields), approval)


def shared_blocked(block: Blocked) -> Blocked:
    return replace(block, ids=(), reason=_without_ids(block.reason, block.ids))


def _drift_reading(drift: Drift) -> Reading:
    reason = _without_ids(drift.reason, [drift.id])
    return _reading(drift.key, drift.moved, reason, plain_fields(drift.fields))


def _shared_drift(drift: Drift) -> Drift:
    """Return drift without when and by whom each object was changed."""
    return replace(drift, id="", reason=_without_ids(drift.reason, [drift.id]), at=None, by=None)
