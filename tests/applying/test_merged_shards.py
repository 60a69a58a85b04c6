"""The plans or reports of all shards are, merged, those of one process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from devinops.applying.merged_shards import merged, not_applied
from devinops.model.changes import Refusal
from devinops.model.errors import UnusableFile
from devinops.model.exit_codes import ExitCode
from devinops.model.shard import Shard
from devinops.model.target import TargetState
from devinops.planning.run import PARTS, Plans, Shared
from tests.testing import many_targets
from tests.testing.many_targets import mixed


def shard_of(plan: Plans, shard: Shard) -> Plans:
    """Return what a shard has of the plans of many targets."""
    names = {*shard.of(target.name for target in plan.targets)}
    parts: dict[str, Any] = {}
    for part in PARTS:
        rows = ((item, tuple(row for row in at if row.target in names)) for item, at in plan[part])
        parts[part] = tuple(Shared(item, own) for item, own in rows if own)
    targets = tuple(target for target in plan.targets if target.name in names)
    return replace(plan, targets=targets, shard=shard, selected=len(plan.targets), **parts)


def applied() -> Plans:
    return many_targets.applied().plans


def shards(plan: Plans, total: int) -> list[tuple[str, Plans]]:
    return [(f"{n}.json", shard_of(plan, Shard(n, total))) for n in range(1, total + 1)]


def renamed(plan: Plans) -> Plans:
    """Return a plan whose first target is one that another selection has."""
    first, *others = plan.targets
    return replace(plan, targets=(first._replace(name="zoo"), *others))


@pytest.mark.parametrize("total", [1, 2, 7, 60])
@pytest.mark.parametrize("whole", [mixed, applied])
def test_merged_shards_are_the_whole(whole: Callable[[], Plans], total: int) -> None:
    plan = replace(whole(), refusals=(Refusal("too many targets"),))
    assert merged(shards(plan, total)[::-1]) == plan
    assert merged(shards(plan, total)).exit_code() == plan.exit_code()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda parts: [*parts, ("later.json", parts[1][1])], "2.json and later.json are both from shard 2/3: leave one out"),
        (lambda parts: parts[:1], "the reports of all shards are needed; missing: 2/3, 3/3"),
        (lambda parts: [*parts[:2], ("plan.json", mixed())], "plan.json is not the report of a shard: merge only reports of runs with --shard"),
        (lambda parts: [*parts[:2], *shards(mixed(), 4)[2:3]], "1.json and 3.json are from different runs: their commands, numbers of shards, targets, filters or approvals differ"),
        (lambda parts: [*parts[:2], *shards(applied(), 3)[2:]], "1.json and 3.json are from different runs: their commands, numbers of shards, targets, filters or approvals differ"),
        (lambda parts: [*parts[:2], ("3.json", renamed(parts[2][1]))], "the reports do not cover each selected target exactly once: run all shards again"),
        (lambda parts: [*parts[:2], ("3.json", replace(parts[2][1], targets=parts[1][1].targets))], "the reports do not cover each selected target exactly once: run all shards again"),
    ],
)  # fmt: skip
def test_what_does_not_belong_together_is_refused(change: Callable[[Any], Any], why: str) -> None:
    with pytest.raises(UnusableFile) as caught:
        merged(change(shards(mixed(), 3)))
    assert str(caught.value) == why


def test_a_shard_that_could_not_apply_has_written_nothing_and_merges_with_the_others() -> None:
    plan = mixed()
    (_, first), (name, second) = shards(plan, 2)
    second = not_applied(second, "the digest is another one", ExitCode.PLAN_AGAIN)
    planned = {target.name: target for target in plan.targets}
    for target in second.targets:
        if target.name in plan.writing:
            state = (target.state, target.message, second.exit_code_of(target))
            assert state == (
                TargetState.FAILED, "the digest is another one", ExitCode.PLAN_AGAIN,
            )  # fmt: skip
        else:
            assert target == planned[target.name]
    whole = merged([("1.json", replace(first, is_applied=True)), (name, second)])
    assert {target.name for target in whole.targets} == planned.keys()
    assert not {*whole.digests.digests} & {*plan.writing} & {t.name for t in second.targets}
