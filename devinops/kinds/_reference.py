"""Kinds that entries only refer to, by name or by id. They are made in the web app."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from devinops.kinds._nested import text
from devinops.model.kind import (
    Api,
    FieldNames,
    Kind,
    Lifecycle,
    Named,
    Paging,
    Resource,
    Scope,
    Terraform,
    attribute,
)
from devinops.model.values import Unset

ABOUT_MEMBERS = frozenset({Scope.ABOUT_ORGANIZATION, Scope.ENTERPRISE})
"""What an enterprise has for itself and for each of its organizations; only its key may ask."""

Item = Mapping[str, Any]


def referring(
    description: str,
    example: str,
    *,
    ref: str,
    names: FieldNames,
    normalize: Callable[[Any], Any] = str,
) -> Any:
    """Declare a field that must name an object of the kind `ref`, by its name or id."""
    return attribute(
        schema=text(description, minLength=1, example=example),
        required=True,
        ref=ref,
        normalize=normalize,
        names={"v3": names},
    )


def reference(
    noun: str,
    title: str,
    *,
    singular: str = "",
    member: str = "name",
    path: str,
    permission: str,
    remedy: str,
    reduced: Callable[[Item, str | None], Item | None] = lambda item, _: item,
    id: str = "",
    named_by: tuple[str, ...] = (),
) -> Kind:
    """Return a kind that is read once for all targets of an enterprise, and never written.

    Entries name it by the `member` of a response, or by its id, which is the member `id` or
    `NOUN_id`. `singular` is the noun in words if it is empty. `permission` is for reading;
    `remedy`, `reduced` and `named_by` are those of `Kind`, `Api` and `Terraform`.
    """

    @dataclass(frozen=True, kw_only=True, slots=True)
    class Referred(Resource):
        name: str | Unset = attribute(
            schema=text(title), required=True, names={"v3": FieldNames(read=member)}
        )

    return Kind(
        noun=noun,
        singular=singular or noun.replace("_", " "),
        section="",
        title=title,
        resource=Referred,
        identity=Named("name"),
        lifecycle=Lifecycle.REQUIRED,
        remedy=remedy,
        only_named=True,
        terraform=Terraform(named_by=named_by or (f"devin_{noun}s",)),
        apis={
            "v3": Api(
                path=path,
                id=id or f"{noun}_id",
                scopes=ABOUT_MEMBERS,
                paging=Paging.CURSOR,
                is_shared=True,
                reduced=reduced,
                creates=False,
                update=None,
                deletes=False,
                read_permission=permission,
            )
        },
    )
