"""A Terraform state (version 4) with resources of the vendor's provider.

Source: the provider's documentation. A resource has the members that API v3 shows, except where
`model.kind.Terraform` says otherwise, and an object may be a JSON text. A data source has one list.
A state holds the values of secrets; they are never taken out of it.
"""

from __future__ import annotations

import json
import shlex
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any, Final, NamedTuple

from devinops.api.codec import Viewpoint
from devinops.ingest.forms._objects import Listed, read_objects
from devinops.ingest.forms.api_json import is_state
from devinops.ingest.import_form import (
    ENTERPRISE,
    Contents,
    Form,
    ImportChoices,
    ImportSource,
    Omission,
)
from devinops.kinds import KINDS, dropped
from devinops.model.kind import ApiVersion, Attribute, Kind

API: Final[ApiVersion] = "v3"
VERSION: Final = 4
PROVIDER: Final = "devin_"
SUFFIX: Final = ".tfstate"
"""Nothing else has such a name; a `.json` may be anything."""

_NAMES: Final = [(kind.terraform, kind) for kind in KINDS.values()]
_OF_ENTERPRISES: Final = {names.enterprise for names, _ in _NAMES}
_RESOURCES: Final = {
    type: kind for names, kind in _NAMES for type in (names.organization, names.enterprise) if type
}
"""Type of a resource → the kind of its objects."""

_NAMING: Final = {type: kind for names, kind in _NAMES for type in names.named_by}
"""Type of a data source or resource → the kind of the objects that it names."""


class _Instance(NamedTuple):
    """An instance of a resource. Its place is the id of an organization, or ENTERPRISE."""

    type: str
    address: str
    attributes: Mapping[str, Any]

    @property
    def place(self) -> str:
        is_enterprise = self.type in _OF_ENTERPRISES
        return ENTERPRISE if is_enterprise else str(self.attributes.get("org_id") or "")


def _read(source: ImportSource, choices: ImportChoices) -> Contents:
    try:
        resources = _resources(source.text)
    except ValueError as error:
        return _nothing(source, str(error))
    instances = list(_instances(resources, _RESOURCES))
    place = _place(instances, choices.place)
    org_id = None if place == ENTERPRISE else place
    listed = [
        *_references(resources, org_id),
        *(_listed(each, org_id) for each in instances if each.place == place),
    ]
    contents = read_objects(listed, Viewpoint(org_id, enterprise=place == ENTERPRISE))
    omissions = [
        *contents.omissions,
        *_elsewhere((each for each in instances if each.place != place), source, choices),
        *filter(None, map(_unknown, resources)),
    ]
    if source.named and not (contents.items or omissions):
        return _nothing(source, "it has no resource of the Devin provider")
    return replace(contents, omissions=tuple(omissions), place=place)


def _resources(text: str) -> list[Mapping[str, Any]]:
    """Return the resources of a state. Raises ValueError with what is wrong with it."""
    try:
        state = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not JSON: {error}") from error
    if not isinstance(state, Mapping) or state.get("version") != VERSION:
        raise ValueError(
            f"expected a state of version {VERSION}; `terraform state pull` prints one"
        )
    return [part for part in _list(state.get("resources")) if isinstance(part, Mapping)]


def _nothing(source: ImportSource, why: str) -> Contents:
    return Contents(omissions=(Omission(source.name, why),))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


# --- places ---------------------------------------------------------------------------------------

_REFRESH: Final = (
    "the state does not say which organization has them: run terraform apply -refresh-only, and "
    "import again"
)


def _place(instances: Iterable[_Instance], chosen: str | None) -> str | None:
    """Return the place to take objects of; None if there are several, and none is chosen."""
    if chosen != "":
        return chosen
    organizations = {each.place for each in instances} - {ENTERPRISE}
    return organizations.pop() if len(organizations) == 1 else None


def _elsewhere(
    instances: Iterable[_Instance], source: ImportSource, choices: ImportChoices
) -> Iterator[Omission]:
    """Yield for each other place how many objects it has, and how to import them."""
    places: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for each in instances:
        places[each.place][each.type] += 1
    for place, types in sorted(places.items()):
        owner = "the enterprise" if place == ENTERPRISE else f"organization {place}"
        counts = ", ".join(f"{number} {type}" for type, number in sorted(types.items()))
        command = f"{choices.elsewhere(place)} {shlex.quote(source.path)}"
        if place:
            yield Omission(f"objects of {owner} ({counts})", f"to import them: {command}")
        else:
            yield Omission(f"objects without org_id ({counts})", _REFRESH)


def _unknown(resource: Mapping[str, Any]) -> Omission | None:
    """Return why a resource of the provider is not imported; None if it is, or is another's."""
    type = str(resource.get("type"))
    if type in _RESOURCES or resource.get("mode") == "data" or not type.startswith(PROVIDER):
        return None
    why = "import does not know this type: keep it in Terraform, or write the entry by hand"
    return Omission(_address(resource, {}), dropped(type) or why)


# --- objects --------------------------------------------------------------------------------------


def _instances(
    resources: Iterable[Mapping[str, Any]],
    types: Container[str],
    modes: Container[str] = ("managed",),
) -> Iterator[_Instance]:
    """Yield the current instances of resources of these types; data sources are of mode data."""
    for resource in resources:
        type = str(resource.get("type"))
        if type in types and resource.get("mode", "managed") in modes:
            for instance in _list(resource.get("instances")):
                attributes = instance.get("attributes") if isinstance(instance, Mapping) else None
                if isinstance(attributes, Mapping) and "deposed" not in instance:
                    yield _Instance(type, _address(resource, instance), attributes)


def _references(resources: Iterable[Mapping[str, Any]], org_id: str | None) -> Iterator[Listed]:
    """Yield objects that only give others their names."""
    for each in _instances(resources, _NAMING, ("data", "managed")):
        kind = _NAMING[each.type]
        lists = map(_list, each.attributes.values())
        parts = (part for part in (each.attributes, *chain(*lists)) if isinstance(part, Mapping))
        items = (_reduced(kind, part, org_id) for part in parts)
        yield from (Listed(kind, API, item) for item in items if kind.apis[API].id in item)


def _listed(instance: _Instance, org_id: str | None) -> Listed:
    """Return an object as API v3 would return it; no other attribute is copied."""
    kind = _RESOURCES[instance.type]
    api, shown = kind.apis[API], _reduced(kind, instance.attributes, org_id)
    item = {"org_id": org_id, api.id: kind.noun if api.parts else shown.get(api.id)}
    if org_id is None:
        item["access_type"] = ENTERPRISE
    for attribute in kind.attributes:
        read = attribute.reads(API) or ""
        written = attribute.name if attribute.name in shown else read
        if read and written in shown:
            item[read] = _value(attribute, shown[written])
    return Listed(kind, API, item, label=instance.address, address=instance.address)


def _reduced(kind: Kind, attributes: Any, org_id: str | None) -> Mapping[str, Any]:
    """Return an object as API v3 shows it in a place; empty if it is not there, or is damaged."""
    try:
        return kind.apis[API].reduced(kind.terraform.shown(attributes), org_id) or {}
    except (AttributeError, LookupError, TypeError, ValueError):
        return {}


def _value(attribute: Attribute, value: Any) -> Any:
    types = attribute.schema.get("type", ())
    if isinstance(value, str) and "object" in types and "string" not in types:
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _address(resource: Mapping[str, Any], instance: Mapping[str, Any]) -> str:
    """Return the address of an instance: `module.a.devin_playbook.b["c"]`."""
    address = f"{resource.get('type')}.{resource.get('name')}"
    if resource.get("module"):
        address = f"{resource['module']}.{address}"
    index = instance.get("index_key")
    return address if index is None else f"{address}[{json.dumps(index, ensure_ascii=False)}]"


def _matches(path: str) -> bool:
    name = path.lower()
    return name.endswith((SUFFIX, ".json")) and not name.endswith("-plugin/plugin.json")


def _accepts(path: str, text: str) -> bool:
    return path.lower().endswith(SUFFIX) or is_state(text)


FORM = Form("Terraform state", _matches, _read, accepts=_accepts)
