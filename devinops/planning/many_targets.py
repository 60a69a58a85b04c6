"""What a person has to approve in a run over many targets, or to do in another one. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace

from devinops.model.changes import DELETING, Blocked, Blocker, Change, Refusal
from devinops.model.keys import Key
from devinops.model.policy import OUT_OF_WAVE, Approvals, allow
from devinops.planning.guards import exactly, hazards, needed
from devinops.planning.plan import Plan
from devinops.planning.run import Plans


def plan_with_needed(approvals: Approvals, build: Callable[[Approvals], Plan]) -> Plan:
    """Return the plan of one of many targets, for which the numbers that it needs are approved.

    A number means exactly so many deletes, or missing objects, in each target that needs approval
    of some, and nothing in the others.
    """
    plan = build(replace(approvals, allow_delete=None, allow_missing=None))
    needed = {refusal.approval.subject for refusal in plan.refusals if refusal.approval}
    given = replace(
        approvals,
        allow_delete=approvals.allow_delete if allow("delete").subject in needed else None,
        allow_missing=approvals.allow_missing if allow("missing").subject in needed else None,
    )
    if (given.allow_delete, given.allow_missing) == (None, None):
        return plan
    return build(given)


def too_many_targets(
    plan: Plans,
    most: int,
    allowed: int | None,
    *,
    in_wave: bool = False,
    selected: int | None = None,
) -> Iterator[Refusal]:
    """Yield why a run must not write to so many targets.

    In a wave, only those count in which one and the same object is deleted. `allowed` is the value
    of --allow targets=N, None if it is not given; it accepts exactly that number. A shard does
    not know what the others write, so all targets that are `selected` for the shards count.
    """
    number, does = len(plan.writing), "writes to"
    if in_wave:
        number, does = _most_alike(plan), "deletes the same object in"
    if selected is not None and (number or allowed is not None):
        verb = "delete the same object in" if in_wave else "write to"
        number, does = selected, f"and the other shards may {verb}"
    targets = "1 target" if number == 1 else f"{number} targets"
    if allowed is not None:
        yield from exactly("targets", allowed, number, f"this run {does} {targets}")
    elif number > most:
        approval = allow("targets", number)
        limit = f"but max_targets is {most}"
        step = f"check them, then pass {approval}"
        yield Refusal(f"this run {does} {targets}, {limit}: {step}", approval)


def outside_waves(plan: Plans) -> Iterator[Refusal]:
    """Yield why a run without a wave must not write to several targets if there are waves."""
    number = plan.selected if plan.shard else len(plan.writing)
    if number > 1:
        reason = f"this run writes to {number} targets outside the waves of devinops.yaml"
        yield Refusal(f"{reason}: pass --wave due, or {OUT_OF_WAVE}", OUT_OF_WAVE)


def changed_alone(plan: Plan) -> list[Change]:
    """Return the changes that must be made in a run of their own."""
    return [c for c in plan.changes if not c.is_record_only and c.kind.alone]


def apart(plan: Plan, *, others: bool) -> Plan:
    """Return a plan that blocks what is changed in a run of its own, if it is not alone.

    `others`: this run may also change something in other targets.
    """
    alone = changed_alone(plan)
    if not alone or not (others or len(plan.changes) > 1):
        return plan
    changes = tuple(change for change in plan.changes if change not in alone)
    blocked = sorted((*plan.blocked, *map(_waiting, alone)), key=lambda each: (each.key, each.by))
    moot = [*hazards(alone, plan.approvals, plan.target.scope)]
    return replace(
        plan,
        changes=changes,
        blocked=tuple(blocked),
        refusals=tuple(refusal for refusal in plan.refusals if refusal not in moot),
        approvals=needed(plan.approvals, changes, plan.target.scope),
    )


def _waiting(change: Change) -> Blocked:
    """Return a change that waits for a run of its own."""
    reason = (
        f"{change.kind.alone}, so it is changed in a run of its own: run apply with --only "
        f"{change.key.kind} and the --target, before or after the rest"
    )
    ids, fields = ((change.id,) if change.id else ()), change.fields
    return Blocked(Blocker.ALONE, change.key, reason, change.source, ids, fields=fields)


def _most_alike(plan: Plans) -> int:
    """Return in how many of the targets to write to the same object is deleted, at most."""
    targets = defaultdict[Key, set[str]](set)
    for shared in plan.changes:
        if shared.item.action in DELETING:
            targets[shared.item.key].update(plan.writing.intersection(shared.targets))
    return max(map(len, targets.values()), default=0)
