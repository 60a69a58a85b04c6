"""The keys that the sentences of an answer can name, so that each is shown as a whole. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from devinops.kinds import KINDS
from devinops.model.changes import Change
from devinops.model.keys import Key
from devinops.render.answers import Answer, Differences, RunAnswer


def named_keys(answer: Answer) -> Iterator[Key]:
    """Yield the keys that an answer knows, some of them several times."""
    match answer:
        case RunAnswer():
            plans = answer.plans
            yield from _of_changes(each.item for each in (*plans.changes, *plans.left))
            for step, _ in (*plans.blocked, *plans.waiting):
                yield from (step.key, *step.needed_by)
            yield from (each.item.key for each in plans.drift)
            yield from answer.named
        case Differences():
            pairs = (change for pair in answer.differing for change in pair)
            yield from _of_changes((*answer.new, *answer.held, *answer.gone, *pairs))


def _of_changes(changes: Iterable[Change]) -> Iterator[Key]:
    for change in changes:
        yield change.key
        yield from change.references
        if KINDS[change.key.kind].renames:
            yield previous_key(change)


def previous_key(change: Change) -> Key:
    """Return the key that an object had before a change. A saved plan has no live objects."""
    before = {field.name: field.before for field in change.fields if isinstance(field.before, str)}
    return KINDS[change.key.kind].key_with(change.key, before)
