"""The members of live objects that devinops does not know: `contract.json` does not have them.

An object shows them as paths to their values. In a path, an element of a list is the pair of the
member that tells it from the others and its value, or a number if it has no such member of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from devinops.api.contract import contract
from devinops.model.kind import ApiVersion, Kind, Resource
from devinops.model.objects import MemberPath

READ_FOR_EVERY_KIND: Final = frozenset(
    {
        "access_type",
        "org_id",
        "created_at",
        "updated_at",
        "created_by",
        "created_by_user_name",
        "updated_by",
        "updated_by_user_name",
        "last_edited_by",
    }
)
"""Members of the JSON that are read besides the attributes of a kind."""

Known = Mapping[str, Any]
"""Name of a member → what is known in it: again such a mapping, in a list for a list, or None."""


def unknown_members(
    kind: Kind, api: ApiVersion, item: Mapping[str, Any], resource: Resource
) -> dict[MemberPath, Any]:
    """Return path → value of what devinops does not know in an object of a response.

    What the `resource`, which was read from it, has anyway is left out.
    """
    attributes = {a.reads(api): a for a in kind.attributes if a.reads(api)}
    members = dict[MemberPath, Any]()
    for path, value in _members(item, _known(kind, api)):
        attribute = attributes.get(str(path[0]))
        if attribute is None:
            members[path] = value
        elif not _leads(getattr(resource, attribute.name), path[1:]):
            members[_named(path, item, attribute.element)] = value
    return members


@cache
def _known(kind: Kind, api: ApiVersion) -> Known | None:
    """Return what is known of the objects of a kind; None if the contract does not have them."""
    place, facts = kind.apis[api], contract(api)
    base = "/v3/organizations/{org_id}" if api == "v3" else "/v1"
    for reading in facts.readings:
        if place.path and reading.path == f"{base}/{place.path}":
            is_whole = reading.paging == "whole"
            shape = reading.shape[place.items][0] if is_whole else reading.shape
            known: Known = _compiled(shape, facts.shapes)
            return {**dict.fromkeys(READ_FOR_EVERY_KIND), **known}
    return None


def _compiled(shape: Any, shapes: Mapping[str, Any]) -> Any:
    shape = shapes.get(shape, shape) if isinstance(shape, str) else shape
    if isinstance(shape, dict):
        return {name.removesuffix("?"): _compiled(part, shapes) for name, part in shape.items()}
    return [_compiled(shape[0], shapes)] if isinstance(shape, list) else None


def _members(value: Any, known: Any, path: MemberPath = ()) -> Iterator[tuple[MemberPath, Any]]:
    if isinstance(known, dict) and isinstance(value, dict):
        for name, part in value.items():
            if name not in known:
                yield (*path, name), part
            else:
                yield from _members(part, known[name], (*path, name))
    elif isinstance(known, list) and isinstance(value, list):
        for number, element in enumerate(value):
            yield from _members(element, known[0], (*path, number))


def _leads(value: Any, path: MemberPath) -> bool:
    """Return whether a value has what a path leads to."""
    for part in path:
        try:
            value = value[part]
        except (LookupError, TypeError):
            return False
    return True


def _named(path: MemberPath, item: Mapping[str, Any], element: str) -> MemberPath:
    """Return a path in which an element of the list `path[0]` is named, if it can be."""
    if not element or len(path) < 3 or not isinstance(path[1], int):
        return path
    words = Counter(str(each.get(element)) for each in item[str(path[0])])
    word = str(item[str(path[0])][path[1]].get(element))
    return (path[0], (element, word), *path[2:]) if words[word] == 1 else path


def add_members(body: Mapping[str, Any], members: Mapping[MemberPath, Any]) -> dict[str, Any]:
    """Return a request with the members that belong to what it sends.

    A part of it is left as it is if a path does not lead to exactly one place.
    """
    whole = dict(body)
    for path, value in members.items():
        if len(path) > 1 and path[0] in whole:
            whole[str(path[0])] = _added(whole[str(path[0])], path[1:], value)
    return whole


def _added(part: Any, path: MemberPath, value: Any) -> Any:
    first, *rest = path
    if isinstance(part, dict) and isinstance(first, str):
        if not rest:
            return {first: value} | part
        return part | {first: _added(part[first], tuple(rest), value)} if first in part else part
    if isinstance(part, list) and isinstance(first, tuple) and rest:
        element, word = first
        at = [n for n, each in enumerate(part) if each.get(element) == word]
        if len(at) == 1:
            new = _added(part[at[0]], tuple(rest), value)
            return [*part[: at[0]], new, *part[at[0] + 1 :]]
    return part
