"""Merges the plans or the reports of all shards of a run into one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from devinops.model.errors import UnusableFile
from devinops.model.exit_codes import ExitCode
from devinops.model.keys import listed
from devinops.model.shard import Shard
from devinops.model.target import TargetState
from devinops.planning.run import Collector, Plans


def merged(plans: Sequence[tuple[str, Plans]]) -> Plans:
    """Return the plans or reports of all shards as one; each has the name of its file.

    Raises UnusableFile unless they are all shards of one run, each once.
    """
    if why := next(_problems(plans), None):
        raise UnusableFile(why)
    collector = Collector()
    for _, plan in plans:
        collector.include(plan)
    _, first = plans[0]
    return collector.plans(
        only=first.only,
        exclude=first.exclude,
        approvals=first.approvals,
        refusals=tuple(dict.fromkeys(each for _, plan in plans for each in plan.refusals)),
        is_drift=first.is_drift,
        is_applied=first.is_applied,
    )


def _problems(plans: Sequence[tuple[str, Plans]]) -> Iterator[str]:
    """Yield why these are not all shards of one run."""
    files: dict[Shard, str] = {}
    first, model = plans[0]
    for name, plan in plans:
        if plan.shard is None:
            yield f"{name} is not the report of a shard: merge only reports of runs with --shard"
        elif _facts(plan) != _facts(model):
            yield (
                f"{first} and {name} are from different runs: their commands, numbers of shards, "
                "targets, filters or approvals differ"
            )
        elif plan.shard in files:
            yield f"{files[plan.shard]} and {name} are both from shard {plan.shard}: leave one out"
        else:
            files[plan.shard] = name
    total = model.shard.total if model.shard else 0
    if left := {Shard(number, total) for number in range(1, total + 1)} - files.keys():
        yield f"the reports of all shards are needed; missing: {listed(map(str, sorted(left)))}"
    names = {target.name for _, plan in plans for target in plan.targets}
    own = [plan.shard.of(names) for _, plan in plans if plan.shard]
    if len(names) != model.selected or own != [_names(plan) for _, plan in plans]:
        yield "the reports do not cover each selected target exactly once: run all shards again"


def _names(plan: Plans) -> tuple[str, ...]:
    return tuple(sorted({target.name for target in plan.targets}))


def not_applied(plan: Plans, why: str, code: ExitCode) -> Plans:
    """Return the report of a shard that could not apply its plans, which failed for this reason."""
    targets = [
        each._replace(state=TargetState.FAILED, message=why, code=code)
        if each.name in plan.writing
        else each
        for each in plan.targets
    ]
    return replace(plan, targets=tuple(targets), refusals=(), is_applied=True)


def _facts(plan: Plans) -> tuple[object, ...]:
    """Return what is the same in all shards of a run."""
    total = plan.shard.total if plan.shard else 0
    return total, plan.selected, plan.is_applied, plan.is_drift, plan.filters, plan.approvals
