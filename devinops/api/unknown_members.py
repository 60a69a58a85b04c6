"""The members of live objects that devinops does not know: `contract.json` does not have them.

An object shows them as paths to their values. In a path, an element of a list is the pair of the
member that tells it from the others and its value, or a number if it has no such member of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from typing import Any, Final

from devinops.api.contract import contract
from devinops.model.kind import ApiVersion, Kind, Resource
from devinops.model.objects import MemberPath, places

READ_FOR_EVERY_KIND: Final = frozenset(
    """access_type org_id created_at updated_at created_by created_by_user_name updated_by
    updated_by_user_name last_edited_by""".split()
)
"""Members of the JSON that are read besides the attributes of a kind."""


def unknown_members(
    kind: Kind, api: ApiVersion, item: Mapping[str, Any], resource: Resource
) -> dict[MemberPath, Any]:
    """Return path → value of what devinops does not know in an object of a response.

    What the `resource`, which was read from it, has anyway is left out.
    """
    attributes = {a.reads(api): a for a in kind.attributes}
    members = dict[MemberPath, Any]()
    for path, value in _members(item, _shape(kind, api), contract(api).shapes):
        attribute = attributes.get(str(path[0]))
        if attribute is None:
            members[path] = value
        elif not places(getattr(resource, attribute.name), path[1:]):
            members[_named(path, item, attribute.element)] = value
    return members


@cache
def _shape(kind: Kind, api: ApiVersion) -> Any:
    """Return the shape of the objects of a kind; `any` if the contract does not have them."""
    place, facts = kind.apis[api], contract(api)
    path = f"/v3/organizations/{{org_id}}/{place.path}" if api == "v3" else f"/v1/{place.path}"
    for reading in facts.readings:
        if reading.path == path:
            # On v1, notes and their folders are two lists of one response.
            shape = reading.shape[place.items][0] if reading.paging == "whole" else reading.shape
            return {**dict.fromkeys(READ_FOR_EVERY_KIND, "any"), **facts.shapes[shape]}
    return "any"


def _members(
    value: Any, shape: Any, shapes: Mapping[str, Any], path: MemberPath = ()
) -> Iterator[tuple[MemberPath, Any]]:
    shape = shapes.get(shape, shape) if isinstance(shape, str) else shape
    if isinstance(shape, dict) and isinstance(value, dict):
        for name, part in value.items():
            known = shape.get(name) or shape.get(f"{name}?")
            if known is None:
                yield (*path, name), part
            else:
                yield from _members(part, known, shapes, (*path, name))
    elif isinstance(shape, list) and isinstance(value, list):
        for number, element in enumerate(value):
            yield from _members(element, shape[0], shapes, (*path, number))


def _named(path: MemberPath, item: Mapping[str, Any], element: str) -> MemberPath:
    """Return a path in which an element of the list `path[0]` is named, if it can be."""
    if element and len(path) > 2:
        name = element, str(item[str(path[0])][path[1]].get(element))
        if len(places(item, (path[0], name))) == 1:
            return (path[0], name, *path[2:])
    return path


def add_members(body: Mapping[str, Any], members: Mapping[MemberPath, Any]) -> dict[str, Any]:
    """Return a request with the members that belong to what it sends.

    A member is left out if its path does not lead to exactly one place there.
    """
    whole = deepcopy(dict(body))
    for path, value in members.items():
        parents = places(whole, path[:-1])
        is_certain = (
            len(path) > 1 and len(parents) == 1 and not any(isinstance(p, int) for p in path)
        )
        if is_certain and isinstance(parents[0], dict):
            parents[0].setdefault(path[-1], value)
    return whole
