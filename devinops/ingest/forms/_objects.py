"""Objects as the API returns them, turned into the values that files have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from devinops.api.codec import Names, Viewpoint, decode, spellings, unknown_fields
from devinops.ingest.import_form import Contents, ForeignObject, Omission, quote
from devinops.kinds import KINDS
from devinops.model.errors import BadResponse
from devinops.model.grouping import grouped
from devinops.model.kind import ApiVersion, Kind, Lifecycle
from devinops.model.objects import Live

Item: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Listed:
    """An object of a list: its kind, the API that it is from, and its members as there.

    `label` names it if it has no name; `address` is its name in a Terraform state.
    """

    kind: Kind
    api: ApiVersion
    item: Item
    label: str = ""
    address: str = ""


def read_objects(listed: Iterable[Listed], viewpoint: Viewpoint) -> Contents:
    """Return objects with their values in files, and those that cannot be imported.

    Objects that must exist and that nothing creates, such as folders, only give others their names.
    """
    groups = grouped(((entry.kind.noun, entry.api), entry) for entry in listed)
    names = _names(groups)
    found: list[ForeignObject | Omission] = []
    for (noun, api), group in groups.items():
        kind = KINDS[noun]
        if kind.lifecycle is not Lifecycle.REQUIRED:
            unknown = unknown_fields(kind, api, [entry.item for entry in group])
            found += (_read(entry, names, viewpoint, unknown) for entry in group)
    items = tuple(each for each in found if isinstance(each, ForeignObject))
    omissions = tuple(each for each in found if isinstance(each, Omission))
    return Contents(items, omissions, names=names)


def _read(
    listed: Listed, names: Names, viewpoint: Viewpoint, unknown: frozenset[str]
) -> ForeignObject | Omission:
    try:
        live = decode(listed.kind, listed.api, listed.item, names, viewpoint, unknown)
    except BadResponse as error:
        return Omission(listed.label, str(error).partition("): ")[2])
    if live.ours:
        return _foreign(live, listed)
    holder = f" ({live.holder})" if live.access != "org" or live.owner else ""
    why = f"it does not belong to this organization{holder}"
    return Omission(f"{live.kind.noun} {quote(live.key.name)}", why)


def _names(groups: Mapping[tuple[str, ApiVersion], Iterable[Listed]]) -> Names:
    """Return noun → id → how files spell a reference to that object."""
    names: dict[str, dict[str, str]] = {}
    for (noun, api), group in groups.items():
        if noun in KINDS.referred:
            # If the list is damaged, only the ids are known.
            with suppress(BadResponse):
                spelled = spellings(KINDS[noun], api, [entry.item for entry in group])
                names.setdefault(noun, {}).update(spelled)
    return names


def _foreign(live: Live, listed: Listed) -> ForeignObject:
    kind, values, remarks = live.kind, {}, []
    for name, value in live.resource.items():
        attribute = kind.by_name[name]
        is_usual = value is None or value in (attribute.default, attribute.usual)
        # Every entry has these fields, even of a kind that the API only deletes.
        if attribute.required or name in kind.identity.fields:
            values[name] = value
        elif is_usual and not attribute.with_value:
            continue
        elif attribute.writes(listed.api):
            values[name] = value
        else:
            remarks.append(f"not carried over: {name} {value}: API {listed.api} cannot set it")
    unnamed = dict(_unnamed(live, listed.api))
    return ForeignObject(kind.noun, values, live.id, listed.address, unnamed, tuple(remarks))


def _unnamed(live: Live, api: ApiVersion) -> Iterator[tuple[str, str]]:
    """Yield each field that has the id of what it refers to, and not its name."""
    for name, id in live.ids.items():
        referred = KINDS[live.kind.by_name[name].ref or ""]
        names = (referred.by_name[field].reads(api) for field in referred.identity.fields)
        if getattr(live.resource, name) == id and referred.apis[api].id not in names:
            yield name, id


def required_members(kind: Kind, api: ApiVersion) -> set[str]:
    """Return the members that every object of a kind has in the responses of an API."""
    fields = (a.reads(api) for a in kind.attributes if a.required)
    return {name for name in fields if name}
