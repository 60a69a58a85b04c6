"""Which resource a path of the API leads to, and how the API shows an object."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from urllib.parse import unquote

from devinops.emulator.records import JsonObject, Kind
from devinops.emulator.resource import Place, Resource
from devinops.emulator.resources import TABLE
from devinops.emulator.store import Store


@dataclass(frozen=True)
class Location:
    """What a path leads to: a collection or, with an `id`, an object; as the path names them."""

    resource: Resource
    org: str | None
    id: str | None


def _pattern(resource: Resource, place: Place) -> re.Pattern[str]:
    collection = re.escape(place.scope.prefix + resource.path)
    collection = collection.replace(re.escape("{org_id}"), "(?P<org>[^/]+)")
    return re.compile(f"{collection}(?:/(?P<id>[^/]+))?")


_PATTERNS = [
    (_pattern(resource, place), resource) for resource in TABLE for place in resource.places
]


@lru_cache(maxsize=1024)
def locate(path: str) -> Location | None:
    """Return what a path leads to, None for a path of no resource."""
    for pattern, resource in _PATTERNS:
        if match := pattern.fullmatch(path):
            groups = match.groupdict()
            org, record_id = (part and unquote(part) for part in (groups.get("org"), groups["id"]))
            return Location(resource, org, record_id)
    return None


def show(store: Store, kind: Kind, record_id: str) -> JsonObject:
    """Return an object as a person sees it. Raises UnknownObject for an unknown id."""
    resource = resource_of(kind)
    return (resource.view_as_person or resource.view)(store, store.get(kind, record_id))


@cache
def resource_of(kind: Kind) -> Resource:
    """Return the resource that shows a kind on v3."""
    return next(resource for resource in TABLE if resource.kind == kind)
