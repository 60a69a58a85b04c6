"""The keys that the sentences of an answer can name, so that each is shown as a whole. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from devinops.kinds import KINDS
from devinops.model.changes import Change
from devinops.model.keys import Key
from devinops.render.answers import RunAnswer


def named_keys(answer: RunAnswer) -> Iterator[Key]:
    """Yield the keys that an answer knows, some of them several times."""
    plans = answer.plans
    for change, _ in (*plans.changes, *plans.left):
        yield from (change.key, *change.references)
        if KINDS[change.key.kind].renames:
            yield previous_key(change)
    for step, _ in (*plans.blocked, *plans.waiting):
        yield from (step.key, *step.needed_by)
    yield from (each.item.key for each in plans.drift)
    yield from answer.named


def previous_key(change: Change) -> Key:
    """Return the key that an object had before a change. A saved plan has no live objects."""
    before = {field.name: field.before for field in change.fields if isinstance(field.before, str)}
    return KINDS[change.key.kind].key_with(change.key, before)
