"""The plans of many targets by class, for the formats that `report.py` does not write yet."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, NamedTuple, TypeVar

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
from devinops.model.exit_codes import ExitCode
from devinops.model.objects import Problem
from devinops.model.policy import Approvals
from devinops.model.shard import Shard
from devinops.model.target import Target, TargetState
from devinops.planning.digest_list import DigestList
from devinops.planning.run import Plans, RunTarget, without_ids

T = TypeVar("T")

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
    own_code: ExitCode = ExitCode.OK
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

    def exit_code(self) -> ExitCode:
        return self.own_code


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

    plans: Plans | None = None

    @property
    def digests(self) -> DigestList:
        assert self.plans
        return self.plans.digests

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

    def exit_code(self) -> ExitCode:
        assert self.plans
        return self.plans.exit_code()


def _outcomes(plans: Plans, target: RunTarget) -> Mapping[Outcome, int] | None:
    """Return the numbers of changes by outcome; None if the target was not applied."""
    if not plans.is_applied or target.code is None or target.state is not TargetState.PLANNED:
        return None
    numbers = plans.outcomes.get(target.name, Counter())
    return {outcome: numbers[outcome] for outcome in Outcome}


_PARTS: Final = (
    "blocked",
    "missing",
    "drift",
    "refused",
    "problems",
    "notes",
    "left",
    "waiting",
)


def classes_of(plans: Plans) -> FleetPlan:
    """Return the plans of many targets by class."""
    names = frozenset(t.name for t in plans.targets if t.state is TargetState.PLANNED)
    own: dict[str, list[int]] = {name: [] for name in names}
    for number, (_, at) in enumerate(plans.changes):
        for row in at:
            if row.target in names:
                own[row.target].append(number)
    risks: dict[str, list[Risk]] = {name: [] for name in names}
    for risk, places in plans.risks:
        for place in places:
            risks.setdefault(place.target, []).append(risk)
    groups: dict[Any, list[str]] = {}
    for name in sorted(own):
        if own[name]:
            groups.setdefault((tuple(own[name]), tuple(risks[name])), []).append(name)
    classes = [
        ChangeClass(tuple(plans.changes[n].item for n in numbers), costs, tuple(targets))
        for (numbers, costs), targets in groups.items()
    ]
    classes.sort(key=lambda group: (-len(group.targets), group.targets))
    blocked, drift = plans.numbers("blocked"), plans.numbers("drift")
    refused = plans.numbers("refused")
    targets = tuple(
        TargetPlan(
            t.name,
            t.state,
            t.message,
            plans.exit_code_of(t),
            t.target,
            t.store,
            t.digest,
            changes=plans.by_action.get(t.name, Counter()).total(),
            deletes=plans.by_action.get(t.name, Counter())[Action.DELETE],
            blocked=blocked[t.name],
            drift=drift[t.name],
            refusals=refused[t.name],
            is_new=t.is_new,
            outcomes=_outcomes(plans, t),
            wrote=plans.wrote,
            unverified=t.unverified,
            backup=t.backup,
            moves_from=t.moves_from,
        )
        for t in plans.targets
    )

    def named(part: str) -> tuple[Shared[Any], ...]:
        shared = [
            Shared(each.item, tuple(name for name in each.targets if name in names))
            for each in plans[part]
            if not each.at or names.intersection(each.targets)
        ]
        return tuple(sorted(shared, key=lambda each: -len(each.targets)))

    owners = {t.name: t.target.org_id for t in plans.targets if t.target}
    results: dict[Any, tuple[Result, list[str]]] = {}
    for change, at in plans.changes:
        for row in at:
            if row.outcome and (row.message or row.outcome is not Outcome.DONE):
                message = without_ids(row.message, (row.id, owners.get(row.target)))
                result = Result(change, row.outcome, message, row.new_id, row.unclear)
                reading = id(change), row.outcome, message
                results.setdefault(reading, (result, []))[1].append(row.target)
    parts: dict[str, Any] = {part: named(part) for part in _PARTS}
    if plans.also_changed:
        also = f"also changed here: {', '.join(plans.also_changed)}"
        parts["notes"] = (Shared(also, tuple(sorted(names))), *parts["notes"])
    return FleetPlan(
        targets,
        tuple(classes),
        **parts,
        only=plans.only,
        approvals=plans.approvals,
        refusals=plans.refusals,
        is_drift=plans.is_drift,
        shard=plans.shard,
        selected=plans.selected,
        is_applied=plans.is_applied,
        not_done=tuple(Shared(result, tuple(names)) for result, names in results.values()),
        plans=plans,
    )


def shared_text(text: str) -> str:
    """Return a sentence without the name of its target in commands and files of the inventory."""
    return _OWN_WORD.sub(OWN_ID, text)
