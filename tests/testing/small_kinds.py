"""Kinds for the tests of single modules, each with what no real kind has. They are in no registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from devinops.model.kind import (
    Api,
    FieldNames,
    Kind,
    Lifecycle,
    Named,
    Resource,
    attribute,
    everywhere,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Crate(Resource):
    """Lives in a folder, and refers to something else before that."""

    name: Any = attribute(
        required=True, schema={"type": "string"}, names={"v3": everywhere("name")}
    )
    playbook: Any = attribute(
        schema={"type": "string"}, ref="playbook", names={"v3": everywhere("playbook_id")}
    )
    folder: Any = attribute(
        schema={"type": "string"}, ref="folder", names={"v3": everywhere("folder_id")}
    )


CRATE = Kind(
    noun="crate",
    section="crates",
    title="A crate.",
    resource=Crate,
    identity=Named("name"),
    parent="folder",
    apis={"v3": Api(path="crates", id="id")},
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Permit(Resource):
    """A contract of the simplest kind: no value, no version, no age."""

    name: Any = attribute(
        required=True, schema={"type": "string"}, names={"v3": everywhere("name")}
    )


PERMIT = Kind(
    noun="permit",
    section="permits",
    title="A permit.",
    resource=Permit,
    identity=Named("name"),
    lifecycle=Lifecycle.CONTRACT,
    apis={"v3": Api(path="permits", id="id")},
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plaque(Resource):
    """Has three fields that can be read and not sent, two of them with a value."""

    name: Any = attribute(
        required=True, schema={"type": "string"}, names={"v3": everywhere("name")}
    )
    size: Any = attribute(schema={"type": "string"}, names={"v3": FieldNames(read="size")})
    color: Any = attribute(schema={"type": "string"}, names={"v3": FieldNames(read="color")})
    motto: Any = attribute(schema={"type": "string"}, names={"v3": FieldNames(read="motto")})


PLAQUE = Kind(
    noun="plaque",
    section="plaques",
    title="A plaque.",
    resource=Plaque,
    identity=Named("name"),
    apis={"v3": Api(path="plaques", id="id")},
)
