"""Organizations, the session tags that each allows, and their ACU limits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from devinops.emulator import access
from devinops.emulator.models import NUMBER, Answer, NonEmpty, RequestBody, Text
from devinops.emulator.records import AcuLimit, ApiError, JsonObject, Organization
from devinops.emulator.resource import (
    ABOUT_ORGANIZATION,
    ENTERPRISE,
    NO_CONTENT,
    Create,
    Delete,
    Listing,
    Mount,
    Omitted,
    RequestContext,
    Resource,
    Update,
    id_of,
    operation,
    view_of,
)
from devinops.emulator.store import Store

# What the server fills in for a limit that is left out; the figure is the emulator's own.
SESSION_ACU_LIMIT = 10
# Tags that the service reserves; only this one is documented.
RESERVED_TAGS = frozenset({"security-code-scan"})

Limit = Annotated[int, NUMBER]


class OrganizationCreate(RequestBody):
    """Create an organization. A session limit that is left out becomes the server's default."""

    name: Text
    max_cycle_acu_limit: Limit | None = None
    max_session_acu_limit: Limit | None = None


class OrganizationPatch(RequestBody):
    """Change an organization. Null clears `max_cycle_acu_limit` and keeps the other fields."""

    name: Text | None = None
    max_cycle_acu_limit: Limit | None = None
    max_session_acu_limit: Limit | None = None


class OrganizationAnswer(Answer):
    org_id: str
    name: str
    max_cycle_acu_limit: int | None
    max_session_acu_limit: int | None
    created_at: int
    updated_at: int


_view_organization = view_of(OrganizationAnswer, org_id=id_of)


def _view_settings(store: Store, organization: Organization) -> JsonObject:
    """Return an organization with what a person sees of its settings."""
    settings = {"tags": sorted(organization.tags), "default_tag": organization.default_tag}
    return {**_view_organization(store, organization), **settings}


def _create(context: RequestContext, fields: JsonObject) -> Organization:
    if fields["max_session_acu_limit"] is None:
        fields["max_session_acu_limit"] = SESSION_ACU_LIMIT
    store, actor = context.store, context.caller.actor
    return store.create_organization(store.new_id("organization"), actor, fields)


def _without_ignored_nulls(context: RequestContext, fields: JsonObject) -> JsonObject:
    return {
        name: value
        for name, value in fields.items()
        if value is not None or name == "max_cycle_acu_limit"
    }


ORGANIZATIONS = Resource(
    kind="organization",
    nouns=("organization", "organizations"),
    path="/organizations",
    mounts=(Mount(ENTERPRISE, access.ORGANIZATIONS, access.ORGANIZATIONS),),
    id_field="org_id",
    view=_view_organization,
    answer=OrganizationAnswer,
    create=Create(body=OrganizationCreate, make=_create),
    update=Update(
        method="PATCH",
        body=OrganizationPatch,
        omitted=Omitted.KEEPS,
        clean=_without_ignored_nulls,
    ),
    delete=Delete(),
    view_as_person=_view_settings,
)


# -- limits that groups of organizations share


class GroupWrite(BaseModel):
    """The organizations of a group, and their limit for a billing cycle; null: none."""

    org_ids: list[Text]
    max_cycle_acus: Annotated[int, Field(ge=0), NUMBER] | None = None


class GroupsWrite(RequestBody):
    """All groups by name."""

    groups: dict[NonEmpty, GroupWrite]


class Group(Answer):
    org_ids: list[str]
    max_cycle_acus: int | None


class Groups(Answer):
    groups: dict[str, Group]


_view_group = view_of(Group)


@operation("GET", "", "get org_groups", Groups, refusals=(404,))
def _get_groups(context: RequestContext) -> JsonObject:
    """Read all groups."""
    store = context.store
    if store.quirks.org_groups == "off":
        raise ApiError(404, "Groups of organizations are not enabled")
    return {"groups": {group.id: _view_group(store, group) for group in store.table("org_group")}}


@operation("PUT", "", "replace org_groups", Groups, body=GroupsWrite, refusals=(404,))
def _replace_groups(context: RequestContext) -> object:
    """Replace all groups. An organization can be in one of them only."""
    _get_groups(context)
    store, actor = context.store, context.caller.actor
    groups = context.body.model_dump()["groups"]
    members = [org for group in groups.values() for org in group["org_ids"]]
    if len(members) > len(set(members)) or set(members) - store.organizations:
        raise ApiError(400, "Expected organizations, each in one group at most")
    store.delete_all("org_group", None, actor)
    for name, group in groups.items():
        store.insert("org_group", None, actor, {"id": name, **group})
    return _get_groups(context)


ORG_GROUPS = Resource(
    kind="org_group",
    nouns=("org_group", "org_groups"),
    path="/org-group-limits",
    mounts=(Mount(ENTERPRISE, access.ORGANIZATIONS, access.ORGANIZATIONS),),
    id_field="name",
    view=_view_group,
    answer=Groups,
    listing=None,
    readable=False,
    extra=(_get_groups, _replace_groups),
)


# -- allowed session tags


class TagsWrite(RequestBody):
    """Tags for the sessions of an organization."""

    tags: list[NonEmpty]


class DefaultTagWrite(RequestBody):
    """The tag of a session without one; it must be allowed."""

    tag: NonEmpty


class Tags(Answer):
    tags: list[str]


class DefaultTag(Answer):
    default_tag: str | None


@operation("GET", "", "list tags", Tags)
def _tags(context: RequestContext) -> JsonObject:
    """Read the allowed session tags, sorted."""
    return {"tags": sorted(_organization(context).tags)}


@operation("GET", "/default", "get default_tag", DefaultTag)
def _default(context: RequestContext) -> JsonObject:
    """Read the default tag."""
    return {"default_tag": _organization(context).default_tag}


def _organization(context: RequestContext) -> Organization:
    """Return the organization; a 404 if the enterprise has no session tags."""
    if context.store.quirks.session_tags == "off":
        raise ApiError(404, "Session tags are not enabled")
    return context.store.organization(context.caller.organization)


def _set_tags(context: RequestContext, tags: set[str]) -> object:
    """Set the allowed tags; clear the default tag unless it is one of them."""
    if reserved := sorted(tags & RESERVED_TAGS):
        raise ApiError(400, f"The tag {reserved[0]} is reserved")
    organization = _organization(context)
    default = organization.default_tag if organization.default_tag in tags else None
    _change_settings(context, organization, {"tags": sorted(tags), "default_tag": default})
    return _tags(context)


def _change_settings(
    context: RequestContext, organization: Organization, fields: JsonObject
) -> None:
    actor = context.caller.actor
    context.store.change("organization", organization, actor, fields, action="update_org_settings")


def _set_default(context: RequestContext, tag: str | None) -> object:
    organization = _organization(context)
    if tag is not None and tag not in organization.tags:
        raise ApiError(400, "The default tag must be one of the allowed tags")
    _change_settings(context, organization, {"default_tag": tag})
    return _default(context)


@operation("PUT", "", "replace tags", Tags, body=TagsWrite)
def _replace_tags(context: RequestContext) -> object:
    """Replace the allowed tags. A default that is not one of them is cleared."""
    return _set_tags(context, set(context.body.tags))


@operation("POST", "", "add tags", Tags, body=TagsWrite)
def _add_tags(context: RequestContext) -> object:
    """Add allowed tags."""
    return _set_tags(context, {*_organization(context).tags, *context.body.tags})


@operation("DELETE", "", "clear tags", Tags)
def _clear_tags(context: RequestContext) -> object:
    """Remove all tags and the default."""
    return _set_tags(context, set())


@operation("PUT", "/default", "set default_tag", DefaultTag, body=DefaultTagWrite)
def _put_default(context: RequestContext) -> object:
    """Set the default tag, which must be allowed."""
    return _set_default(context, context.body.tag)


@operation("DELETE", "/default", "clear default_tag", DefaultTag)
def _clear_default(context: RequestContext) -> object:
    """Clear the default tag."""
    return _set_default(context, None)


@operation("DELETE", "/{tag}", "remove tag", Tags)
def _remove_tag(context: RequestContext) -> object:
    """Remove a tag; if it is the default, clear that too."""
    tags = set(_organization(context).tags)
    if context.id not in tags:
        raise ApiError(404, "Tag not found")
    return _set_tags(context, tags - {context.id})


TAGS = Resource(
    kind="organization",
    nouns=("tag", "tags"),
    path="/tags",
    mounts=(Mount(ABOUT_ORGANIZATION, access.SETTINGS, access.SETTINGS),),
    id_field="tag",
    view=_view_organization,
    answer=Tags,
    listing=None,
    readable=False,
    extra=(
        _tags,
        _replace_tags,
        _add_tags,
        _clear_tags,
        _default,
        _put_default,
        _clear_default,
        _remove_tag,
    ),
)


# -- ACU limits


class AcuLimitWrite(RequestBody):
    """The limit of an organization for a billing cycle; 0 stops all its work."""

    cycle_acu_limit: Annotated[int, Field(ge=0), NUMBER]


class AcuLimitAnswer(Answer):
    scope: Literal["enterprise", "org", "user"]
    cycle_acu_limit: int
    org_id: str | None
    user_id: str | None


def _scope(_: Store, limit: AcuLimit) -> str:
    return limit.scope if limit.org is None else "org"


_view_acu_limit = view_of(AcuLimitAnswer, scope=_scope, org_id=lambda _, limit: limit.org)


def _limits(context: RequestContext) -> list[AcuLimit]:
    """Return the limits of the enterprise and of people, and those that organizations have."""
    store, name = context.store, _limit_field(context)
    own = [
        _limit_of(organization, getattr(organization, name))
        for organization in store.table("organization")
        if getattr(organization, name) is not None
    ]
    return sorted([*store.table("acu_limit"), *own], key=lambda limit: limit.seq)


def _limit_field(context: RequestContext) -> str:
    shared = context.store.quirks.acu_limit == "shared"
    return "max_cycle_acu_limit" if shared else "acu_limit"


def _limit_of(organization: Organization, figure: int) -> AcuLimit:
    return AcuLimit(
        id=organization.id,
        org=organization.id,
        seq=organization.seq,
        created_at=organization.created_at,
        updated_at=organization.updated_at,
        created_by=organization.created_by,
        scope="enterprise",
        cycle_acu_limit=figure,
    )


def _set_limit(context: RequestContext, figure: int | None) -> None:
    organization = context.store.organization(context.id)
    _change_settings(context, organization, {_limit_field(context): figure})


_ONE_LIMIT = "/organizations/{org_id}"


@operation("PUT", _ONE_LIMIT, "set acu_limit", None, body=AcuLimitWrite, status=NO_CONTENT)
def _put_limit(context: RequestContext) -> None:
    """Set the limit of an organization."""
    _set_limit(context, context.body.cycle_acu_limit)


@operation("DELETE", _ONE_LIMIT, "delete acu_limit", None, status=NO_CONTENT)
def _delete_limit(context: RequestContext) -> None:
    """Remove the limit of an organization."""
    _set_limit(context, None)


ACU_LIMITS = Resource(
    kind="acu_limit",
    nouns=("acu_limit", "acu_limits"),
    path="/consumption/acu-limits/devin",
    mounts=(Mount(ENTERPRISE, access.READ_ACU_LIMITS, access.WRITE_ACU_LIMITS),),
    id_field="org_id",
    view=_view_acu_limit,
    answer=AcuLimitAnswer,
    listing=Listing(order="created", rows=_limits),
    readable=False,
    extra=(_put_limit, _delete_limit),
)
