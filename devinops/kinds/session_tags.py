"""The session tags that an organization allows, and the one that a session gets by default.

Source: the vendor's Terraform provider (`org_tags_resource.go`): the set is stored sorted, PUT of
the set removes a default that is not in it, and DELETE of the set removes both. Only an enterprise
key reads or writes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from devinops.kinds._nested import set_of, text
from devinops.model.kind import (
    Kind,
    Lifecycle,
    OnlyObject,
    Part,
    Resource,
    Scope,
    Terraform,
    attribute,
    everywhere,
    settings_api,
)
from devinops.model.values import Unset


def _without_null(tags: Any) -> Any:
    """Return an empty set for null, because both allow no tag."""
    return [] if tags is None else tags


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionTags(Resource):
    tags: list[str] | Unset = attribute(
        schema=set_of(
            "The tags that a session may have, in any order. [] or null: none.",
            text("A tag.", minLength=1, example="backend"),
            nullable=True,
        ),
        is_set=True,
        normalize=_without_null,
        names={"v3": everywhere("tags")},
    )
    default: str | None | Unset = attribute(
        schema=text(
            "The tag of a session that has none; it must be one of the tags. null: none.",
            nullable=True,
            minLength=1,
            example="backend",
        ),
        names={"v3": everywhere("default")},
    )


def _from_terraform(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**attributes, "default": attributes.get("default_tag")}


def _check(settings: SessionTags) -> Iterator[tuple[str, str]]:
    tags, default = settings.tags, settings.default
    if isinstance(tags, list) and isinstance(default, str) and default not in tags:
        remedy = "add it to them, or set another default (null: none)"
        yield "default", f'the default "{default}" is not one of the tags: {remedy}'


KIND = Kind(
    noun="session_tags",
    singular="set of session tags",
    section="session_tags",
    title="The session tags that an organization allows. One entry for each target.",
    resource=SessionTags,
    identity=OnlyObject(),
    lifecycle=Lifecycle.WHOLE,
    terraform=Terraform("devin_org_tags", shown=_from_terraform),
    check=_check,
    apis={
        "v3": settings_api(
            Scope.ABOUT_ORGANIZATION,
            Part("tags", "organizations/{org_id}/tags", "tags", empty=[]),
            Part(
                "default",
                "organizations/{org_id}/tags/default",
                "default_tag",
                write_member="tag",
            ),
            read="ManageEnterpriseSettings",
        )
    },
)
