"""References to other objects inside texts. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from devinops.model.changes import Action, Blocked, Blocker, Change
from devinops.model.keys import Key
from devinops.model.kind import Resource, references_of, with_texts
from devinops.model.objects import Declaration, Snapshot
from devinops.planning.draft import PlanContext, PlanDraft


def by_name(declarations: Iterable[Declaration], live: Snapshot) -> list[Declaration]:
    """Return declarations whose texts mention objects by name instead of by id, as live texts do.

    An id stays if its name is unknown or not unique.
    """
    names = _names(live)
    return [_by_name(declaration, names) for declaration in declarations]


def _names(live: Snapshot) -> Mapping[str, Mapping[str, str]]:
    """Return noun → id → name of every object whose name is unique."""
    counts = Counter(object.key for object in live.objects)
    names: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for object in live.objects:
        if counts[object.key] == 1:
            names[object.key.kind][object.id] = object.key.name
    return names


def _by_name(declaration: Declaration, names: Mapping[str, Mapping[str, str]]) -> Declaration:
    spelled: dict[str, Any] = {}
    for name, value in declaration.resource.items():
        mention = declaration.kind.by_name[name].mention
        if mention is not None:
            spell = partial(mention.to_names, names=names.get(mention.kind, {}))
            spelled[name] = with_texts(value, spell)
    if not spelled:
        return declaration
    return replace(declaration, resource=replace(declaration.resource, **spelled))


def block_mentioned(draft: PlanDraft, context: PlanContext) -> None:
    """Block each delete of an object that a text still mentions after the plan is applied."""
    mentions: defaultdict[Key, list[Key]] = defaultdict(list)
    for key, resource in _afterwards(draft, context):
        for attribute, mentioned in references_of(resource.kind, resource):
            if attribute.mention:
                mentions[mentioned].append(key)
    for change in list(draft.changes):
        if change.action is Action.DELETE and change.live and change.live.key in mentions:
            draft.changes.remove(change)
            draft.blocked.append(_blocked(change, mentions[change.live.key]))


def _afterwards(draft: PlanDraft, context: PlanContext) -> Iterator[tuple[Key, Resource]]:
    """Yield the key and values of every object after the plan, including objects of others."""
    changed = {change.object_id for change in draft.changes if change.id}
    for live in context.live.objects:
        if live.object_id not in changed:
            yield live.key, live.resource
    for change in draft.changes:
        if change.action is not Action.DELETE and change.declaration:
            yield change.key, change.written()


def _blocked(change: Change, mentioned_by: Iterable[Key]) -> Blocked:
    keys = ", ".join(sorted({str(key) for key in mentioned_by}))
    reason = f"a text of {keys} mentions it: remove the mention first, or keep this object"
    return Blocked(Blocker.REQUIREMENT, change.key, reason, change.source, (change.id or "",))
