"""Objects as the API returns them, turned into the values that files have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from devinops.api.codec import Names, Viewpoint, decode, spellings, unknown_fields
from devinops.ingest.import_form import Contents, ForeignObject, Omission, quote
from devinops.kinds import KINDS
from devinops.model.errors import BadResponse
from devinops.model.grouping import grouped
from devinops.model.kind import ApiVersion, Attribute, Kind, Lifecycle
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


@dataclass
class _Reading:
    """Collects what the objects of a source become."""

    names: Names
    viewpoint: Viewpoint
    items: list[ForeignObject] = field(default_factory=list)
    omissions: list[Omission] = field(default_factory=list)

    def read(self, listed: Listed, unknown: frozenset[str]) -> None:
        try:
            live = decode(
                listed.kind, listed.api, listed.item, self.names, self.viewpoint, unknown=unknown
            )
        except BadResponse as error:
            self.omissions.append(Omission(listed.label, str(error).partition("): ")[2]))
            return
        if not live.ours:
            why = "it does not belong to this organization"
            why += f" ({live.holder})" if live.access != "org" or live.owner else ""
            self.omissions.append(Omission(f"{live.kind.noun} {quote(live.key.name)}", why))
            return
        self.items.append(self.foreign(live, listed))

    def foreign(self, live: Live, listed: Listed) -> ForeignObject:
        values, remarks = {}, []
        for name, value in live.resource.items():
            attribute = live.kind.by_name[name]
            if not _is_written(live.kind, attribute, value):
                continue
            if not (attribute.writes(listed.api) or _is_always_written(live.kind, attribute)):
                remarks.append(f"not carried over: {name} {value}: API {listed.api} cannot set it")
                continue
            values[name] = value
        unnamed = {
            name: id
            for name, id in live.ids.items()
            if getattr(live.resource, name) == id and not _is_name(live.kind, name, listed.api)
        }
        return ForeignObject(
            live.kind.noun,
            values,
            id=live.id,
            address=listed.address,
            unnamed=unnamed,
            remarks=tuple(remarks),
        )


def _is_name(kind: Kind, name: str, api: ApiVersion) -> bool:
    """Return whether the id in a field is also the name of what the field refers to."""
    referred = KINDS[kind.by_name[name].ref or ""]
    names = (referred.by_name[field].reads(api) for field in referred.identity.fields)
    return referred.apis[api].id in names


def _is_written(kind: Kind, attribute: Attribute, value: Any) -> bool:
    """Return whether a value is written: not null, and not what most objects have anyway."""
    if _is_always_written(kind, attribute) or attribute.with_value:
        return True
    return value is not None and value not in (attribute.default, attribute.usual)


def _is_always_written(kind: Kind, attribute: Attribute) -> bool:
    """Return whether every entry has a field, even of a kind that the API only deletes."""
    return attribute.required or attribute.name in kind.identity.fields


def read_objects(listed: Sequence[Listed], viewpoint: Viewpoint) -> Contents:
    """Return objects with their values in files, and those that cannot be imported.

    Objects that must exist and that nothing creates, such as folders, only give others their names.
    """
    reading = _Reading(_names(listed), viewpoint)
    for (noun, api), group in _grouped(listed).items():
        kind = KINDS[noun]
        if kind.lifecycle is Lifecycle.REQUIRED:
            continue
        unknown = unknown_fields(kind, api, [entry.item for entry in group])
        for entry in group:
            reading.read(entry, unknown)
    return Contents(tuple(reading.items), tuple(reading.omissions), names=reading.names)


def _grouped(listed: Iterable[Listed]) -> dict[tuple[str, ApiVersion], list[Listed]]:
    return grouped(((entry.kind.noun, entry.api), entry) for entry in listed)


def _names(listed: Iterable[Listed]) -> Names:
    """Return noun → id → how files spell a reference to that object."""
    names: dict[str, dict[str, str]] = {}
    for (noun, api), group in _grouped(listed).items():
        if noun not in KINDS.referred:
            continue
        try:
            spelled = spellings(KINDS[noun], api, [entry.item for entry in group])
        except BadResponse:
            continue
        names.setdefault(noun, {}).update(spelled)
    return names


def required_members(kind: Kind, api: ApiVersion) -> set[str]:
    """Return the members that every object of a kind has in the responses of an API."""
    fields = (a.reads(api) for a in kind.attributes if a.required)
    return {name for name in fields if name}
