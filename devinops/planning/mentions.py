"""References to other objects inside texts. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from devinops.kinds import KINDS
from devinops.model.changes import Action, Blocked, Blocker, Change
from devinops.model.keys import Key, ObjectId
from devinops.model.kind import (
    ApiVersion,
    Attribute,
    Resource,
    Scope,
    mentions_of,
    mentions_of_field,
    with_texts,
)
from devinops.model.objects import Declaration, Ensure, Live, Problem, Severity, Snapshot
from devinops.model.suggest import beginning_with, nearest
from devinops.planning.draft import PlanContext, PlanDraft


def by_name(declarations: Iterable[Declaration], live: Snapshot) -> list[Declaration]:
    """Return declarations that name objects by name instead of by id, as live objects do.

    That is in their texts and references. An id stays if its name is unknown or not unique.
    """
    entries = list(declarations)
    kinds = {entry.kind for entry in entries}
    nouns = frozenset[str]().union(*(kind.references - {kind.lives_in} for kind in kinds))
    names = _names(object for object in live.objects if object.kind.noun in nouns)
    spelled = {kind for kind in kinds if not names.keys().isdisjoint(kind.references)}
    return [_by_name(entry, names) if entry.kind in spelled else entry for entry in entries]


def naming_problems(declarations: Collection[Declaration], live: Snapshot) -> Iterator[Problem]:
    """Yield the problems of ids in entries that a list of objects can show."""
    yield from mention_problems(declarations, live)
    yield from twice_declared(declarations, live)


def twice_declared(declarations: Iterable[Declaration], live: Snapshot) -> Iterator[Problem]:
    """Yield a problem for each entry that names by id what another entry names by name."""
    first: dict[Key, Declaration] = {}
    for declaration in by_name(declarations, live):
        other = first.setdefault(declaration.key, declaration)
        if other is not declaration:
            message = f"{declaration.key} is also declared in {other.source}: keep one of them"
            yield Problem(declaration.source, "duplicate-declaration", message)


def _mentioned_kinds(declarations: Iterable[Declaration]) -> frozenset[str]:
    """Return the nouns of the kinds that texts of these entries can mention."""
    kinds = {declaration.kind for declaration in declarations}
    return frozenset().union(*(kind.mentioned for kind in kinds))


def _names(lives: Iterable[Live]) -> Mapping[str, Mapping[str, str]]:
    """Return noun → id → name of every object whose name is unique."""
    objects = list(lives)
    counts = Counter(object.key for object in objects)
    names: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for object in objects:
        if counts[object.key] == 1:
            names[object.key.kind][object.id] = object.key.name
    return names


def _by_name(declaration: Declaration, names: Mapping[str, Mapping[str, str]]) -> Declaration:
    spelled: dict[str, Any] = {}
    for name, value in declaration.resource.items():
        attribute = declaration.kind.by_name[name]
        if mention := attribute.mention:
            spell = partial(mention.to_names, names=names.get(mention.kind, {}))
            spelled[name] = with_texts(value, spell)
        elif attribute.ref and attribute.name != declaration.kind.parent:
            known = names.get(attribute.ref, {})
            spelled[name] = attribute.normalized(with_texts(value, lambda id: known.get(id, id)))  # noqa: B023
    if not spelled:
        return declaration
    resource = replace(declaration.resource, **spelled)
    return declaration._replace(key=declaration.kind.key(resource), resource=resource)


def mention_problems(declarations: Collection[Declaration], live: Snapshot) -> Iterator[Problem]:
    """Yield a problem for each mention of an id that no list shows.

    It is an error if a similar title exists. Otherwise it is a warning, because the id may belong
    to an object that the key cannot list.
    """
    if not _mentioned_kinds(declarations):
        return
    titles: defaultdict[str, set[str]] = defaultdict(set)
    for key in (*(object.key for object in live.objects), *(d.key for d in declarations)):
        titles[key.kind].add(key.name)
    for declaration in declarations:
        if declaration.ensure is not Ensure.PRESENT:
            continue
        for attribute, mentioned in mentions_of_field(declaration.resource):
            if not isinstance(mentioned, ObjectId) or mentioned in live.by_id:
                continue
            yield _unknown(declaration, attribute, mentioned, titles[mentioned.kind])


def _unknown(
    declaration: Declaration, attribute: Attribute, mentioned: ObjectId, titles: Collection[str]
) -> Problem:
    mention, source = attribute.mention, declaration.source_of(attribute.name)
    assert mention, "only a field with mentions is checked"
    title = beginning_with(mentioned.id, titles) or nearest(mentioned.id, titles)
    if title:
        return Problem(source, "unknown-mention", mention.without_quotes(mentioned.id, title))
    message = (
        f"the API lists no {KINDS[mentioned.kind].name} with the id {mentioned.id}, which "
        f"{declaration.key} mentions: correct the id, unless it belongs to an object that the key "
        "cannot list"
    )
    return Problem(source, "unknown-mention", message, Severity.WARNING)


def block_mentioned(draft: PlanDraft, context: PlanContext) -> None:
    """Block each delete of an object that a text still mentions after the plan is applied.

    A delete that is possible only because the plan removes a mention comes after that change.
    """
    if not any(map(_deletes, draft.changes)):
        return
    while blocked := _still_mentioned(draft, context):
        for change, keys in blocked:
            draft.changes.remove(change)
            texts = f"a text of {', '.join(map(str, keys))}"
            reason = f"{texts} mentions it: remove the mention first, or keep this object"
            facts = (change.key, reason, change.source, (change.id or "",))
            draft.blocked.append(Blocked(Blocker.REQUIREMENT, *facts))
    removed = _removed_mentions(draft.changes)
    draft.changes = [
        replace(change, freed_by=_mentioning(removed, change)) if _deletes(change) else change
        for change in draft.changes
    ]


def _still_mentioned(
    draft: PlanDraft, context: PlanContext
) -> list[tuple[Change, tuple[Key, ...]]]:
    """Return the deletes of mentioned objects, with the keys of the objects that mention them."""
    deletes = list(filter(_deletes, draft.changes))
    if not deletes:
        return []
    mentions: Mentions = defaultdict(set)
    for key, resource in _afterwards(draft, context):
        for mentioned in mentions_of(resource):
            mentions[mentioned].add(key)
    pairs = ((change, _mentioning(mentions, change)) for change in deletes)
    return [(change, keys) for change, keys in pairs if keys]


def _deletes(change: Change) -> bool:
    return change.action is Action.DELETE


Mentions = defaultdict[Key | ObjectId, set[Key]]
"""What a text mentions → the keys of the objects with such a text."""


def _mentioning(mentions: Mentions, change: Change) -> tuple[Key, ...]:
    """Return the keys of the objects that mention the object of a change, by name or by id."""
    assert change.live, "what is deleted is live"
    by_name = mentions.get(change.live.key, set())
    return tuple(sorted(by_name | mentions.get(change.object_id, set())))


def _removed_mentions(changes: Iterable[Change]) -> Mentions:
    """Return what changes no longer mention, with the keys of these changes."""
    removed: Mentions = defaultdict(set)
    for change in changes:
        before = set(mentions_of(change.live.resource)) if change.live else set()
        if before and not _deletes(change):
            before -= set(mentions_of(change.written()))
        for mentioned in before:
            removed[mentioned].add(change.key)
    return removed


def _afterwards(draft: PlanDraft, context: PlanContext) -> Iterator[tuple[Key, Resource]]:
    """Yield the key and values of every object after the plan, including objects of others."""
    changed = {change.object_id for change in draft.changes if change.id}
    for live in context.live.objects:
        if live.object_id not in changed:
            yield live.key, live.resource
    for change in draft.changes:
        if not _deletes(change) and change.declaration:
            yield change.key, change.written()


# --- kinds that the plan does not need otherwise --------------------------------------------------


def mentioning_kinds(changes: Iterable[Change], api: ApiVersion, scope: Scope) -> frozenset[str]:
    """Return the kinds whose texts can mention what these changes delete."""
    deleted = {change.key.kind for change in changes if _deletes(change)}
    return frozenset(
        noun
        for noun, kind in KINDS.items()
        if kind.is_in(api, scope) and not deleted.isdisjoint(kind.mentioned)
    )


def unchecked(
    changes: Iterable[Change],
    unreadable: Collection[str],
    api: ApiVersion,
    *,
    absent: Collection[str] = (),
) -> Iterator[str]:
    """Yield a note for each deleted object that objects of an `unreadable` kind may mention.

    The key cannot list these kinds, or they are `absent`: the API has no list of them.
    """
    for noun in sorted(absent):
        yield (
            f"the API has no list of {KINDS[noun].plural} in this organization (404), so the "
            "plan assumes that there are none"
        )
    for change in filter(_deletes, changes):
        for kind in (KINDS[noun] for noun in sorted(set(unreadable) - set(absent))):
            if change.key.kind not in kind.mentioned:
                continue
            permission = kind.apis[api].read_permission
            yield (
                f"{change.key} is deleted, although a text of {kind.with_article} may mention it: "
                f"the key cannot list {kind.plural} ({permission} is missing); check them in the "
                "web app first"
            )
