"""The commands and keys in the sentences of an answer.

Commands get the options that lead them to the root and target. The keys that an answer can name are
listed, so that each is shown as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import TypeVar

from devinops.applying.report import ApplyReport
from devinops.kinds import KINDS
from devinops.model.changes import Blocked, Change, Drift, Refusal
from devinops.model.keys import Key
from devinops.planning.commands import like_commands, with_flags, with_ids
from devinops.planning.draft import last_change
from devinops.planning.plan import SavedPlan, ShownPlan
from devinops.planning.run import Plans
from devinops.render.answers import (
    Answer,
    Differences,
    DriftAnswer,
    PlanAnswer,
    RunAnswer,
)

_P = TypeVar("_P", bound=ShownPlan)
_Complete = Callable[[str], str]
_R = TypeVar("_R", Blocked, Drift, Refusal)


def answer_with_flags(answer: Answer, flags: str) -> Answer:
    """Return an answer whose reasons have these flags in their commands."""
    complete = partial(with_flags, flags=flags, names=like_commands(named_keys(answer)))
    match answer:
        case PlanAnswer():
            return answer._replace(plan=_plan(answer.plan, complete))
        case SavedPlan():
            return _plan(answer, complete)
        case ApplyReport():
            plan, waiting = (
                _plan(answer.plan, complete),
                _reasons(map(_with_ids, answer.waiting), complete),
            )
            results = tuple(
                replace(result, message=complete(result.message)) for result in answer.results
            )
            return replace(answer, plan=plan, results=results, waiting=waiting)
        case DriftAnswer():
            drift = _reasons(answer.findings.drift, complete)
            return answer._replace(findings=answer.findings._replace(drift=drift))
    return answer


def _plan(plan: _P, complete: _Complete) -> _P:
    return replace(
        plan,
        blocked=_reasons(map(_with_ids, plan.blocked), complete),
        drift=_reasons(plan.drift, complete),
        refusals=_reasons(plan.refusals, complete),
    )


def _reasons(items: Iterable[_R], complete: _Complete) -> tuple[_R, ...]:
    return tuple(replace(item, reason=complete(item.reason)) for item in items)


def _with_ids(blocked: Blocked) -> Blocked:
    last = last_change(blocked.changed_at, blocked.changed_by)
    return replace(blocked, reason=with_ids(blocked.reason, blocked.ids, last))


def named_keys(answer: Answer) -> Iterator[Key]:
    """Yield the keys that an answer knows, some of them several times."""
    match answer:
        case RunAnswer():
            yield from _of_run(answer.plans)
            yield from answer.named
        case PlanAnswer():
            yield from _of_plan(answer.plan)
            yield from answer.plan.named
        case SavedPlan():
            yield from _of_plan(answer)
        case ApplyReport():
            yield from _of_plan(answer.plan)
            yield from answer.plan.named
            yield from _of_changes(answer.left or ())
            yield from _of_blocked(answer.waiting)
        case DriftAnswer():
            yield from (drift.key for drift in answer.findings.drift)
        case Differences():
            pairs = (change for pair in answer.differing for change in pair)
            yield from _of_changes((*answer.new, *answer.held, *answer.gone, *pairs))


def _of_plan(plan: ShownPlan) -> Iterator[Key]:
    yield from _of_changes(plan.changes)
    yield from _of_blocked(plan.blocked)
    yield from (drift.key for drift in plan.drift)
    yield from (record.key for record in plan.inventory.records)


def _of_run(plans: Plans) -> Iterator[Key]:
    yield from _of_changes(each.item for each in (*plans.changes, *plans.left))
    yield from _of_blocked(each.item for each in (*plans.blocked, *plans.waiting))
    yield from (each.item.key for each in plans.drift)


def _of_changes(changes: Iterable[Change]) -> Iterator[Key]:
    for change in changes:
        yield change.key
        yield from change.references
        if KINDS[change.key.kind].renames:
            yield _previous(change)


def _previous(change: Change) -> Key:
    """Return the key that an object had before a change. A saved plan has no live objects."""
    before = {field.name: field.before for field in change.fields if isinstance(field.before, str)}
    return KINDS[change.key.kind].key_with(change.key, before)


def _of_blocked(blocked: Iterable[Blocked]) -> Iterator[Key]:
    for block in blocked:
        yield block.key
        yield from block.needed_by
