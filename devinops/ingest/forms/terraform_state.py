"""A Terraform state (version 4) with resources of the vendor's provider.

Source: the provider's documentation: `devin_knowledge_note`, `devin_playbook` and `devin_secret`
have the fields of API v3, with `type` for the type of a secret and a JSON text for a schema; the
data source `devin_knowledge_folders` lists folders. A state holds the values of secrets; they are
never taken out of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from devinops.ingest.forms._objects import Listed, read_objects
from devinops.ingest.forms.api_json import is_state
from devinops.ingest.import_form import Contents, Form, ImportChoices, ImportSource, Omission
from devinops.kinds import KINDS, dropped
from devinops.model.kind import ApiVersion, Attribute, Kind

API: Final[ApiVersion] = "v3"
VERSION: Final = 4
PROVIDER: Final = "devin_"
ENTERPRISE: Final = "devin_enterprise_"

_BY_TYPE: Final = {
    kind.meaning.terraform: kind for kind in KINDS.values() if kind.meaning.terraform
}


def _read(source: ImportSource, choices: ImportChoices) -> Contents:
    try:
        resources = _resources(source.text)
        org_id = _organization(resources, choices.org_id)
    except ValueError as error:
        return _nothing(source, str(error))
    listed = [entry for resource in resources for entry in _listed(resource)]
    contents = read_objects(listed, org_id)
    others = tuple(filter(None, map(_other, resources)))
    if source.named and not (contents.items or contents.omissions or others):
        return _nothing(source, "it has no resource of the Devin provider")
    return replace(contents, omissions=(*contents.omissions, *others))


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


def _organization(resources: list[Mapping[str, Any]], chosen: str) -> str:
    """Return the organization of all objects, or the chosen one of several; empty if none has one.

    Raises ValueError.
    """
    organizations = sorted(
        {
            org_id
            for resource in resources
            if str(resource.get("type")) in _BY_TYPE
            for _, attributes in _instances(resource)
            if (org_id := attributes.get("org_id")) and isinstance(org_id, str)
        }
    )
    if len(organizations) < 2:
        return "".join(organizations)
    if chosen not in organizations:
        named = ", ".join(organizations)
        raise ValueError(
            f"it has objects of several organizations ({named}): set DEVIN_ORG_ID to one of them"
        )
    return chosen


def _nothing(source: ImportSource, why: str) -> Contents:
    return Contents(omissions=(Omission(source.name, why),))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _listed(resource: Mapping[str, Any]) -> Iterator[Listed]:
    """Yield the objects of a resource or data source."""
    kind = _BY_TYPE.get(str(resource.get("type")))
    if kind is None:
        return
    creates = kind.apis[API].creates
    if creates and resource.get("mode", "managed") != "managed":
        # Only of what nothing creates does a data source list what other objects refer to.
        return
    for instance, attributes in _instances(resource):
        if creates:
            address = _address(resource, instance)
            yield Listed(kind, API, _item(kind, attributes), label=address, address=address)
        else:
            parts = _list(attributes.get(kind.apis[API].items))
            yield from (Listed(kind, API, part) for part in parts if isinstance(part, Mapping))


def _instances(
    resource: Mapping[str, Any],
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Yield the instances of a resource that are current, each with its attributes."""
    for instance in _list(resource.get("instances")):
        attributes = instance.get("attributes") if isinstance(instance, Mapping) else None
        if isinstance(attributes, Mapping) and "deposed" not in instance:
            yield instance, attributes


def _item(kind: Kind, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a resource as API v3 would return them; nothing else is copied."""
    item = {
        "org_id": attributes.get("org_id"),
        kind.apis[API].id: attributes.get(kind.apis[API].id),
    }
    for attribute in kind.attributes:
        read = attribute.reads(API) or ""
        written = attribute.name if attribute.name in attributes else read
        if read and written in attributes:
            item[read] = _value(attribute, attributes[written])
    return item


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


def _other(resource: Mapping[str, Any]) -> Omission | None:
    """Return why a resource of the provider is not imported; None if it is, or is another's."""
    type = str(resource.get("type"))
    if type in _BY_TYPE or resource.get("mode") == "data" or not type.startswith(PROVIDER):
        return None
    if type.startswith(ENTERPRISE):
        why = "it belongs to the enterprise, not to one organization"
    else:
        unknown = "import does not know this type: keep it in Terraform, or write the entry by hand"
        why = dropped(type) or unknown
    return Omission(_address(resource, {}), why)


def _matches(path: str) -> bool:
    name = path.lower()
    return name.endswith((".tfstate", ".json")) and not name.endswith("-plugin/plugin.json")


FORM = Form("Terraform state", _matches, _read, accepts=is_state)
