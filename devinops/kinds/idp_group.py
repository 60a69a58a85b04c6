"""Groups of the identity provider that the enterprise knows. Each is registered alone.

Source: the vendor's Terraform provider (`idp_group_resource.go`): the name is the id, registering a
known group changes nothing, and a group with roles or members may not be deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from devinops.kinds._nested import text
from devinops.kinds._reference import Item
from devinops.model.kind import (
    Api,
    Hazard,
    Kind,
    Named,
    Paging,
    Resource,
    Scope,
    Terraform,
    attribute,
    fixed,
)
from devinops.model.values import Unset


@dataclass(frozen=True, kw_only=True, slots=True)
class IdpGroup(Resource):
    name: str | Unset = attribute(
        schema=text(
            "Name of the group at the identity provider.",
            minLength=1,
            example="engineering/platform",
        ),
        required=True,
        names={"v3": fixed("idp_group_name")},
    )


def _wrapped(body: Item) -> Item:
    return {"idp_group_names": [body["idp_group_name"]]}


def _from_terraform(attributes: Item) -> Item:
    return {"idp_group_name": attributes.get("name")}


def _unregistered(_: Any, after: IdpGroup | None) -> str:
    return "is unregistered, and its members lose what it gives them" if after is None else ""


KIND = Kind(
    noun="idp_group",
    singular="group",
    section="idp_groups",
    title="A group of the identity provider that the enterprise knows; for an enterprise target.",
    resource=IdpGroup,
    identity=Named("name"),
    only_named=True,
    of_principals=True,
    terraform=Terraform(enterprise="devin_idp_group", shown=_from_terraform),
    hazards=(Hazard("access", _unregistered, sees_deletes=True),),
    apis={
        "v3": Api(
            path="idp-groups",
            id="idp_group_name",
            scopes=frozenset({Scope.ENTERPRISE}),
            paging=Paging.CURSOR,
            update=None,
            wrapped=_wrapped,
            read_permission="ManageAccountMembership",
            write_permission="ManageAccountMembership",
        )
    },
)
