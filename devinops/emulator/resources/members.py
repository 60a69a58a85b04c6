"""Roles, and who has them: people, service users and groups of the identity provider.

Each has at most one role in the enterprise and one in each organization.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, cast

from fastapi import Query
from pydantic import Field

from devinops.emulator import access
from devinops.emulator.models import Answer, NonEmpty, RequestBody
from devinops.emulator.records import ApiError, IdpGroup, JsonObject, Kind, Role, ServiceUser, User
from devinops.emulator.resource import (
    ABOUT_ORGANIZATION,
    ENTERPRISE,
    Create,
    Delete,
    Filters,
    Listing,
    Mount,
    Operation,
    RequestContext,
    Resource,
    id_of,
    operation,
    view_of,
    view_of_each,
)
from devinops.emulator.store import Store


class RoleChoice(RequestBody):
    """The role to give."""

    role_id: NonEmpty


class UserInvite(RequestBody):
    """Invite people by e-mail, all with the same role."""

    emails: Annotated[list[NonEmpty], Field(max_length=100)]
    enterprise_role_id: NonEmpty


class IdpGroupRegistration(RequestBody):
    """Register groups; those that are registered stay as they are."""

    idp_group_names: Annotated[list[NonEmpty], Field(min_length=1, max_length=100)]


class RoleAnswer(Answer):
    role_id: str
    role_name: str
    role_type: Literal["enterprise", "org"]


class RoleDetail(RoleAnswer):
    permissions: list[str]


class RoleAssignment(Answer):
    """A role in an organization; `org_id` is null for a role of the enterprise."""

    org_id: str | None
    role: RoleAnswer


class IdpRoleAssignment(RoleAssignment):
    """A role that a person has through a group."""

    idp_group_name: str


class Person(Answer):
    user_id: str
    email: str | None
    name: str | None


class UserAnswer(Person):
    role_assignments: list[RoleAssignment]


class UserWithIdpRoles(UserAnswer):
    idp_role_assignments: list[IdpRoleAssignment]


class IdpUser(Person):
    idp_role_assignments: list[IdpRoleAssignment]


class ServiceUserAnswer(Answer):
    service_user_id: str
    name: str
    role_assignments: list[RoleAssignment]
    expires_at: int | None
    deleted_at: int | None


class IdpGroupAnswer(Answer):
    idp_group_name: str
    role_assignments: list[RoleAssignment]


class IdpGroupName(Answer):
    idp_group_name: str


# -- views


_view_role = view_of(RoleAnswer, role_id=id_of, role_name=lambda _, role: role.name)


@operation("GET", "/{role_id}", "get role", RoleDetail)
def _role_detail(context: RequestContext) -> JsonObject:
    """Read a role with its permissions."""
    role: Role = context.store.find("role", None, context.id)
    return {**_view_role(context.store, role), "permissions": role.permissions}


def _assignments(store: Store, roles: Mapping[str, str]) -> list[JsonObject]:
    rows = store.table("role")
    assigned = [(org or None, rows.get(role_id)) for org, role_id in roles.items()]
    return [
        {"org_id": org, "role": _view_role(store, role)}
        for org, role in assigned
        if role is not None
    ]


def _assignments_through_groups(store: Store, user: User) -> list[JsonObject]:
    groups = [store.table("idp_group").get(name) for name in user.groups]
    return [
        {"idp_group_name": group.id, **assignment}
        for group in groups
        if group is not None
        for assignment in _assignments(store, group.roles)
    ]


def _own_assignments(store: Store, record: User | ServiceUser | IdpGroup) -> list[JsonObject]:
    return _assignments(store, record.roles)


_view_user = view_of(UserAnswer, user_id=id_of, role_assignments=_own_assignments)
_view_user_detail = view_of(
    UserWithIdpRoles,
    user_id=id_of,
    role_assignments=_own_assignments,
    idp_role_assignments=_assignments_through_groups,
)
_view_idp_user = view_of(IdpUser, user_id=id_of, idp_role_assignments=_assignments_through_groups)
_view_service_user = view_of(
    ServiceUserAnswer, service_user_id=id_of, role_assignments=_own_assignments
)
_view_group = view_of(IdpGroupAnswer, idp_group_name=id_of, role_assignments=_own_assignments)


@operation("GET", "/{user_id}", "get user", UserWithIdpRoles)
def _user_detail(context: RequestContext) -> JsonObject:
    """Read a person with all roles."""
    return _view_user_detail(context.store, context.store.find("user", None, context.id))


# -- lists


@dataclass
class UserFilters(Filters):
    """Which people to list."""

    email: Annotated[str | None, Query()] = None

    def shows(self, context: RequestContext, user: User) -> bool:
        return (user.email or "").casefold() == (self.email or "").casefold()


@dataclass
class ServiceUserFilters(Filters):
    """Which service users to list."""

    include_inactive: Annotated[bool, Query()] = False

    def are_used(self, context: RequestContext) -> bool:
        """Return whether some are left out."""
        return not self.include_inactive

    def shows(self, context: RequestContext, service_user: ServiceUser) -> bool:
        return service_user.is_active(context.store.now())


def _members(context: RequestContext, kind: Kind) -> list[Any]:
    """Return all of the enterprise, or those with a role in the organization."""
    rows = context.store.listing(kind, None, "created")
    return [_seen(context, row) for row in rows if context.org in (None, *row.roles)]


def _seen(context: RequestContext, record: Any) -> Any:
    """Return the record with the roles that the path shows: all, or those of its organization."""
    if context.org is None or context.store.quirks.other_roles_in_org == "shown":
        return record
    own = {org: role_id for org, role_id in record.roles.items() if org == context.org}
    return replace(record, roles=own)


def _groups_with_roles(context: RequestContext) -> list[Any]:
    return [group for group in _members(context, "idp_group") if group.roles]


def _idp_users(context: RequestContext) -> list[Any]:
    """Return the people with a role through a group: any role, or one in the organization."""
    store, org = context.store, context.org
    return [
        user
        for user in store.listing("user", None, "created")
        if any(
            org in (None, assignment["org_id"])
            for assignment in _assignments_through_groups(store, user)
        )
    ]


def _group(context: RequestContext) -> IdpGroup:
    """Return the group that a path leads to; on an organization's path, only with a role there."""
    group: IdpGroup = context.store.find("idp_group", None, context.id)
    if not group.roles or (context.org is not None and context.org not in group.roles):
        raise ApiError(404, "Group not found")
    return cast("IdpGroup", _seen(context, group))


# -- writes


def _assign(context: RequestContext, record: Any) -> dict[str, str]:
    """Give the first role there."""
    quirks, scope = context.store.quirks, context.org or ""
    if isinstance(record, IdpGroup) and scope and not record.roles:
        raise ApiError(int(quirks.first_group_role), "The first role must be of the enterprise")
    if scope in record.roles and quirks.second_role != "replaced":
        raise ApiError(int(quirks.second_role), "There is a role; PATCH changes it")
    return {**record.roles, scope: _role_to_give(context, context.body.role_id)}


def _change(context: RequestContext, record: Any) -> dict[str, str]:
    """Give another role than the one there."""
    # A seed can have people without a role in the enterprise; POST invites there.
    if context.org is not None or not isinstance(record, User):
        _without_role(context, record)
    return {**record.roles, context.org or "": _role_to_give(context, context.body.role_id)}


def _without_role(context: RequestContext, record: Any) -> dict[str, str]:
    """Take the role there away."""
    roles = dict(record.roles)
    if roles.pop(context.org or "", None) is None:
        raise ApiError(404, "There is no role")
    return roles


_ROLE_WRITES = {
    "POST": ("assign", _assign),
    "PATCH": ("change", _change),
    "DELETE": ("remove", _without_role),
}


def _with_role_writes(resource: Resource, *methods: str, **changes: Any) -> Resource:
    """Add the operations that write the role in the enterprise or organization of the path.

    `changes` are other fields of the resource.
    """

    def make(method: str) -> Operation:
        verb, roles_after = _ROLE_WRITES[method]

        def work(context: RequestContext) -> JsonObject:
            store = context.store
            record = store.find(resource.kind, None, context.id)
            if getattr(record, "deleted_at", None) is not None:
                raise ApiError(404, "Service user not found")
            roles = roles_after(context, record)
            store.change(resource.kind, record, context.caller.actor, {"roles": roles})
            return resource.view(store, _seen(context, record))

        work.__doc__ = roles_after.__doc__
        name, suffix = f"{verb} {resource.kind}_role", f"/{{{resource.id_field}}}"
        body = None if method == "DELETE" else RoleChoice
        return operation(method, suffix, name, resource.answer, body=body, refusals=(409,))(work)

    return replace(resource, extra=(*resource.extra, *map(make, methods)), **changes)


def _role_to_give(context: RequestContext, role_id: str) -> str:
    """Return the id of a role of the type that the path needs."""
    role: Role = context.store.find("role", None, role_id)
    if role.role_type != ("org" if context.org else "enterprise"):
        raise ApiError(400, f"The role {role.name} has the type {role.role_type}")
    return role.id


def _invite(context: RequestContext, body: JsonObject) -> list[User]:
    """Add the people that are not there yet."""
    store, users = context.store, context.store.table("user")
    roles = {"": _role_to_give(context, body["enterprise_role_id"])}
    known = {user.email.casefold(): user for user in users if user.email}
    return [
        known.get(email.casefold())
        or store.insert("user", None, context.caller.actor, {"email": email, "roles": roles})
        for email in dict.fromkeys(body["emails"])
    ]


@operation("DELETE", "/{service_user_id}", "delete service_user", ServiceUserAnswer)
def _delete_service_user(context: RequestContext) -> JsonObject:
    """Delete the service user itself; its keys stop working."""
    store = context.store
    record = store.find("service_user", None, context.id)
    store.change("service_user", record, context.caller.actor, {"deleted_at": store.now()})
    return _view_service_user(store, record)


def _register(context: RequestContext, body: JsonObject) -> list[IdpGroup]:
    store, groups = context.store, context.store.table("idp_group")
    return [
        groups.get(name) or store.insert("idp_group", None, context.caller.actor, {"id": name})
        for name in dict.fromkeys(body["idp_group_names"])
    ]


def _unregistered(context: RequestContext) -> IdpGroup:
    """Return the group to delete; one with roles or members may be refused."""
    store = context.store
    group: IdpGroup = store.find("idp_group", None, context.id)
    in_use = bool(group.roles) or any(group.id in user.groups for user in store.table("user"))
    if in_use and store.quirks.group_in_use != "deleted":
        raise ApiError(int(store.quirks.group_in_use), "The group has roles or members")
    return group


# -- resources


_BOTH = (
    Mount(ENTERPRISE, access.MEMBERS, access.ROLES),
    Mount(ABOUT_ORGANIZATION, access.MEMBERS, access.ROLES),
)

ROLES = Resource(
    kind="role",
    nouns=("role", "roles"),
    path="/roles",
    mounts=(Mount(ENTERPRISE, access.ROLES),),
    id_field="role_id",
    view=_view_role,
    answer=RoleAnswer,
    readable=False,
    extra=(_role_detail,),
)

_USERS = Resource(
    kind="user",
    nouns=("user", "users"),
    path="/members/users",
    mounts=(Mount(ENTERPRISE, access.MEMBERS, access.ROLES),),
    id_field="user_id",
    view=_view_user,
    answer=UserAnswer,
    listing=Listing(order="created", filters=UserFilters),
    readable=False,
)

USERS = _with_role_writes(
    replace(_USERS, extra=(_user_detail,)),
    "PATCH",
    create=Create(
        body=UserInvite, make=_invite, view=view_of_each(_view_user), answer=list[UserAnswer]
    ),
    delete=Delete(),
)

ORGANIZATION_USERS = _with_role_writes(
    _USERS,
    *_ROLE_WRITES,
    mounts=(Mount(ABOUT_ORGANIZATION, access.MEMBERS, access.ROLES),),
    listing=Listing(
        order="created", filters=UserFilters, rows=lambda context: _members(context, "user")
    ),
)

IDP_USERS = Resource(
    kind="user",
    nouns=("idp_user", "idp_users"),
    path="/members/idp-users",
    mounts=_BOTH,
    id_field="user_id",
    view=_view_idp_user,
    answer=IdpUser,
    listing=Listing(order="created", filters=UserFilters, rows=_idp_users),
    readable=False,
)

GROUP_ROLES = _with_role_writes(
    Resource(
        kind="idp_group",
        nouns=("group_role", "group_roles"),
        path="/members/idp-groups",
        mounts=_BOTH,
        id_field="idp_group_name",
        view=_view_group,
        answer=IdpGroupAnswer,
        listing=Listing(order="created", rows=_groups_with_roles),
        find=_group,
    ),
    *_ROLE_WRITES,
)

_SERVICE_USERS = Resource(
    kind="service_user",
    nouns=("service_user", "service_users"),
    path="/members/service-users",
    mounts=(Mount(ENTERPRISE, access.SERVICE_USERS, access.SERVICE_USERS),),
    id_field="service_user_id",
    view=_view_service_user,
    answer=ServiceUserAnswer,
    listing=Listing(
        order="created",
        filters=ServiceUserFilters,
        rows=lambda context: _members(context, "service_user"),
    ),
)

SERVICE_USERS = _with_role_writes(
    replace(_SERVICE_USERS, extra=(_delete_service_user,)), "POST", "PATCH"
)

ORGANIZATION_SERVICE_USERS = _with_role_writes(
    _SERVICE_USERS,
    *_ROLE_WRITES,
    mounts=(Mount(ABOUT_ORGANIZATION, access.SERVICE_USERS, access.SERVICE_USERS),),
    readable=False,
)

_view_name = view_of(IdpGroupName, idp_group_name=id_of)
IDP_GROUPS = Resource(
    kind="idp_group",
    nouns=("idp_group", "idp_groups"),
    path="/idp-groups",
    mounts=(Mount(ENTERPRISE, access.ROLES, access.ROLES),),
    id_field="idp_group_name",
    view=_view_name,
    answer=IdpGroupName,
    listing=Listing(order="created"),
    readable=False,
    create=Create(
        body=IdpGroupRegistration,
        make=_register,
        view=view_of_each(_view_name),
        answer=list[IdpGroupName],
    ),
    delete=Delete(find=_unregistered, refusals=(400, 409)),
)

MEMBERS = (
    ROLES,
    USERS,
    ORGANIZATION_USERS,
    IDP_USERS,
    GROUP_ROLES,
    SERVICE_USERS,
    ORGANIZATION_SERVICE_USERS,
    IDP_GROUPS,
)
