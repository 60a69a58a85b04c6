"""Which fields of a live object differ from its declaration. Pure; `==` decides, deepdiff names paths."""

from __future__ import annotations

from typing import Any
from unicodedata import normalize

from devinops.model.changes import FieldChange
from devinops.model.kind import ApiVersion, Attribute, Kind, Updates
from devinops.model.objects import UNSET, Resource, canonical_text


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

    Of a text neither blank lines and white space around it count nor how its accents are composed; the indentation of
    its first line does, since in Markdown it can make a block of code.
    """
    if live == declared and type(live) is type(declared):
        return True
    if attribute.text and isinstance(live, str) and isinstance(declared, str):
        return _seen(live) == _seen(declared)
    return (answer := attribute.rewrites(declared)) is not None and answer == live


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
    """Return the optional fields of a kind that an API can answer, create and update."""
    if kind.endpoints[api].updates is Updates.NONE:
        return []
    return [
        attribute
        for attribute in kind.attributes
        if not (attribute.required or attribute.ref)
        and (wire := attribute.wires.get(api))
        and wire.read
        and wire.write
    ]


def not_taken(kind: Kind, api: ApiVersion, sent: Resource, answer: Resource) -> list[str]:
    """Return the names of the fields that were sent and of which the answer to that has nothing."""
    nothing: tuple[Any, ...] = (UNSET, None, "", {})
    names = [attribute.name for attribute in settable(kind, api)]
    return [
        n for n in names if getattr(sent, n) not in nothing and getattr(answer, n) in (UNSET, None)
    ]


def lost(kind: Kind, api: ApiVersion, live: Resource) -> list[tuple[str, Any]]:
    """Return name and value of what a full replacement might lose: live values an API reads but cannot send."""
    if kind.endpoints[api].updates is not Updates.REPLACE:
        return []
    names = (
        a.name
        for a in kind.attributes
        if (wire := a.wires.get(api)) and wire.read and not wire.write
    )
    return [
        (name, value) for name in names if (value := getattr(live, name)) not in (UNSET, None, "")
    ]
