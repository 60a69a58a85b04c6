"""Which fields of a live object differ from its declaration. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Any
from unicodedata import normalize

from devinops.model.changes import FieldChange
from devinops.model.kind import ApiVersion, Attribute, Kind, Resource, with_texts
from devinops.model.objects import Live, member_name, places
from devinops.model.values import UNSET, canonical_text, parts_of


def changed_fields(kind: Kind, declared: Resource, live: Resource) -> tuple[FieldChange, ...]:
    """Return the declared fields whose live value differs, in the order of the kind.

    Fields that the declaration does not set, or that the API does not show, are left out.
    """
    changes = []
    for attribute in kind.attributes:
        after = getattr(declared, attribute.name)
        if after is UNSET:
            continue
        before = getattr(live, attribute.name)
        after = attribute.completed(after, before)
        if before is not UNSET and not same(attribute, before, after):
            changes.append(FieldChange(attribute.name, before, after))
    return tuple(changes)


def same(attribute: Attribute, live: Any, declared: Any) -> bool:
    """Return whether a live value is the declared one, or a form that a server is known to give it.

    Blank lines and white space around a text are ignored, and so is how its accents are composed.
    The indentation of its first line counts, because in Markdown it can start a code block. Sets
    must already be sorted.
    """
    if live == declared and type(live) is type(declared):
        return True
    if attribute.text and isinstance(live, str) and isinstance(declared, str):
        return _seen(live) == _seen(declared)
    return (rewritten := attribute.rewrites(declared)) is not None and rewritten == live


def added_and_removed(attribute: Attribute, before: Any, after: Any) -> tuple[list[Any], list[Any]]:
    """Return the elements added to a set, and those removed from it.

    Those of a mapping are mappings with one member, and one that changes is in both. Both are empty
    if the value is not a set on both sides.
    """
    before, after = (
        [{name: each} for name, each in value.items()] if isinstance(value, dict) else value
        for value in (before, after)
    )
    if not (attribute.is_set and isinstance(before, list) and isinstance(after, list)):
        return [], []
    return _without(after, before), _without(before, after)


def lost_elements(attribute: Attribute, before: Any, after: Any) -> list[Any]:
    """Return the elements of a set that are gone; a changed member of a mapping is still there."""
    _, removed = added_and_removed(attribute, before, after)
    is_mapping = isinstance(after, dict)
    return [each for each in removed if not (is_mapping and each.keys() <= after.keys())]


def _without(values: Iterable[Any], others: Iterable[Any]) -> list[Any]:
    known = {json.dumps(value, sort_keys=True) for value in others}
    return [value for value in values if json.dumps(value, sort_keys=True) not in known]


def _seen(text: str) -> str:
    return normalize("NFC", canonical_text(text))


MOST_PARTS = 1_000
"""How many parts a nested value may have for its differences to be named.

With more, deepdiff takes minutes.
"""


def nested_paths(before: Any, after: Any) -> list[str]:
    """Return the sorted paths at which two nested values differ, such as `properties.id.type`.

    Empty if a value is not a mapping or list, or is too large; then the whole value changed.
    """
    if not isinstance(after, dict | list) or max(_size(before), _size(after)) > MOST_PARTS:
        return []
    from deepdiff import DeepDiff

    tree = DeepDiff(before, after, view="tree")
    paths = {
        ".".join(map(str, item.path(output_format="list")))
        for items in tree.values()
        for item in items
    }
    return sorted(path for path in paths if path)


def _size(value: Any) -> int:
    return 1 + sum(map(_size, parts_of(value)))


@cache
def settable(kind: Kind, api: ApiVersion) -> tuple[Attribute, ...]:
    """Return the optional fields of a kind that an API shows and can set."""
    if kind.apis[api].update is None:
        return ()
    return tuple(
        attribute
        for attribute in kind.attributes
        if not (attribute.required or attribute.ref)
        and attribute.reads(api)
        and attribute.writes(api)
    )


def not_stored(kind: Kind, api: ApiVersion, sent: Resource, returned: Resource) -> list[str]:
    """Return the names of the fields that were sent but are empty in the response."""
    empty: tuple[Any, ...] = (UNSET, None, "", {}, [])
    names = [attribute.name for attribute in settable(kind, api)]
    return [
        name
        for name in names
        if getattr(sent, name) not in empty and getattr(returned, name) in (UNSET, None)
    ]


def not_taken(kind: Kind, before: Resource, sent: Resource, returned: Resource) -> list[str]:
    """Return the names of the fields that came back as before, although another value was sent.

    The two values differ by more than a server may normalize away: also by more than case, white
    space at both ends, and the host of a repository.
    """
    return [
        change.name
        for change in changed_fields(kind, sent, before)
        if getattr(returned, change.name) == change.before
        and not _are_alike(kind.by_name[change.name], change.before, change.after)
    ]


def _are_alike(attribute: Attribute, value: Any, other: Any) -> bool:
    a, b = (with_texts(v, lambda text: _seen(text).strip().casefold()) for v in (value, other))
    return same(attribute, a, b) or same(attribute, b, a)


def unsendable(kind: Kind, api: ApiVersion, live: Resource) -> dict[str, Any]:
    """Return field → live value that an update might lose: the API shows it but cannot set it."""
    if not kind.apis[api].clears:
        return {}
    names = [a.name for a in kind.attributes if a.reads(api) and not a.writes(api)]
    values = {name: getattr(live, name) for name in names}
    return {name: value for name, value in values.items() if value not in (UNSET, None, "")}


def lost_members(before: Live, after: Live) -> tuple[str, ...]:
    """Return the names of the members that devinops does not know and that an update lost.

    One that was in a part which is gone as well does not count.
    """
    stayed, values = Counter(map(member_name, after.unknown)), dict(after.resource.items())
    stayed.subtract(
        member_name(path)
        for path in before.unknown
        if any(part is not None for part in places(values, path[:-1]))
    )
    return tuple(sorted(name for name, count in stayed.items() if count < 0))
