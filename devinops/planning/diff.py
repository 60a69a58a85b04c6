"""Which fields of a live object differ from its declaration. Pure; `==` decides, deepdiff names paths."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from unicodedata import normalize

from devinops.model.changes import FieldChange
from devinops.model.kind import ApiVersion, Attribute, Kind, Resource
from devinops.model.values import UNSET, canonical_text


def changed_fields(kind: Kind, want: Resource, have: Resource) -> tuple[FieldChange, ...]:
    """Return the declared fields whose live value differs, in the order of the kind.

    A field that the declaration does not say, or that the API does not tell, is left out.
    """
    changes = []
    for attribute in kind.attributes:
        after, before = getattr(want, attribute.name), getattr(have, attribute.name)
        if after is UNSET or before is UNSET or same(attribute, before, after):
            continue
        changes.append(FieldChange(attribute.name, before, after))
    return tuple(changes)


def same(attribute: Attribute, live: Any, declared: Any) -> bool:
    """Tell whether a live value is the declared one, or what a server is known to make of it.

    Blank lines and white space around a text do not count, nor does how its accents are composed. The indentation
    of its first line does, since in Markdown it can make a block of code. The elements of sets are in order already.
    """
    if live == declared and type(live) is type(declared):
        return True
    if attribute.text and isinstance(live, str) and isinstance(declared, str):
        return _seen(live) == _seen(declared)
    return (rewritten := attribute.rewrites(declared)) is not None and rewritten == live


def added_and_removed(attribute: Attribute, before: Any, after: Any) -> tuple[list[Any], list[Any]]:
    """Return the elements that only the set after has, and those that only the set before had.

    Both are empty for what is no set on both sides.
    """
    if not (attribute.is_set and isinstance(before, list) and isinstance(after, list)):
        return [], []
    return _without(after, before), _without(before, after)


def _without(values: Iterable[Any], others: Iterable[Any]) -> list[Any]:
    known = {json.dumps(value, sort_keys=True) for value in others}
    return [value for value in values if json.dumps(value, sort_keys=True) not in known]


def _seen(text: str) -> str:
    return normalize("NFC", canonical_text(text))


MOST_PARTS = 1_000
"""Parts of a nested value up to which it is searched for what differs; deepdiff takes minutes for huge ones."""


def nested_paths(before: Any, after: Any) -> list[str]:
    """Name the places at which two nested values differ, such as `properties.id.type`; sorted.

    Empty where one side is no mapping or list, or too large: then the whole value changed.
    """
    if not isinstance(after, dict | list) or max(map(_parts, (before, after))) > MOST_PARTS:
        return []
    from deepdiff import DeepDiff

    tree = DeepDiff(before, after, view="tree")
    paths = {
        ".".join(map(str, item.path(output_format="list")))
        for items in tree.values()
        for item in items
    }
    return sorted(path for path in paths if path)


def _parts(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_parts, inner))


def settable(kind: Kind, api: ApiVersion) -> list[Attribute]:
    """Return the optional fields of a kind that an API shows and can set."""
    if kind.apis[api].update is None:
        return []
    return [
        attribute
        for attribute in kind.attributes
        if not (attribute.required or attribute.ref)
        and attribute.reads(api)
        and attribute.writes(api)
    ]


def not_taken(kind: Kind, api: ApiVersion, sent: Resource, answer: Resource) -> list[str]:
    """Return the names of the fields that were sent and of which the response to that has nothing."""
    nothing: tuple[Any, ...] = (UNSET, None, "", {}, [])
    names = [attribute.name for attribute in settable(kind, api)]
    return [
        name
        for name in names
        if getattr(sent, name) not in nothing and getattr(answer, name) in (UNSET, None)
    ]


def unsendable(kind: Kind, api: ApiVersion, live: Resource) -> dict[str, Any]:
    """Return field → live value of what an update might lose: an API shows but cannot send it."""
    if not kind.apis[api].clears:
        return {}
    names = [a.name for a in kind.attributes if a.reads(api) and not a.writes(api)]
    values = {name: getattr(live, name) for name in names}
    return {name: value for name, value in values.items() if value not in (UNSET, None, "")}


def at_risk(kind: Kind, api: ApiVersion, live: Resource) -> str:
    """Name the fields that an update might lose, with their values; empty if there are none."""
    values = unsendable(kind, api, live)
    return ", ".join(f"{name} {value}" for name, value in values.items())
