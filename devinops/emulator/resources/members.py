"""Roles, and who has them: people, service users and groups of the identity provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from fastapi import Query

from devinops.emulator import access
from devinops.emulator.models import Answer
from devinops.emulator.records import ApiError, IdpGroup, JsonObject, Role, ServiceUser, User
from devinops.emulator.resource import (
    ABOUT_ORGANIZATION,
    ENTERPRISE,
    Filters,
    Listing,
    Mount,
    RequestContext,
    Resource,
    id_of,
    operation,
    view_of,
)
from devinops.emulator.store import Store


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


class UserAnswer(Answer):
    user_id: str
    email: str | None
    name: str | None
    role_assignments: list[RoleAssignment]


class UserWithIdpRoles(UserAnswer):
    idp_role_assignments: list[IdpRoleAssignment]


class IdpUser(Answer):
    user_id: str
    email: str | None
    name: str | None
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
        return user.email == self.email


@dataclass
class ServiceUserFilters(Filters):
    """Which service users to list."""

    include_inactive: Annotated[bool, Query()] = False

    def are_used(self, context: RequestContext) -> bool:
        """Return whether some are left out."""
        return not self.include_inactive

    def shows(self, context: RequestContext, service_user: ServiceUser) -> bool:
        expires_at = service_user.expires_at
        expired = expires_at is not None and expires_at <= context.store.now()
        return service_user.deleted_at is None and not expired


def _members(
    context: RequestContext, kind: Literal["user", "service_user", "idp_group"]
) -> list[Any]:
    """Return all of the enterprise, or those with a role in the organization."""
    rows = context.store.listing(kind, None, "created")
    return [row for row in rows if context.org is None or context.org in row.roles]


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
    return group


_BOTH = (Mount(ENTERPRISE, access.MEMBERS), Mount(ABOUT_ORGANIZATION, access.MEMBERS))

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

USERS = Resource(
    kind="user",
    nouns=("user", "users"),
    path="/members/users",
    mounts=(Mount(ENTERPRISE, access.MEMBERS),),
    id_field="user_id",
    view=_view_user,
    answer=UserAnswer,
    listing=Listing(order="created", filters=UserFilters),
    readable=False,
    extra=(_user_detail,),
)

ORGANIZATION_USERS = replace(
    USERS,
    mounts=(Mount(ABOUT_ORGANIZATION, access.MEMBERS),),
    listing=Listing(
        order="created", filters=UserFilters, rows=lambda context: _members(context, "user")
    ),
    extra=(),
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

GROUP_ROLES = Resource(
    kind="idp_group",
    nouns=("group_role", "group_roles"),
    path="/members/idp-groups",
    mounts=_BOTH,
    id_field="idp_group_name",
    view=_view_group,
    answer=IdpGroupAnswer,
    listing=Listing(order="created", rows=_groups_with_roles),
    find=_group,
)

SERVICE_USERS = Resource(
    kind="service_user",
    nouns=("service_user", "service_users"),
    path="/members/service-users",
    mounts=(Mount(ENTERPRISE, access.SERVICE_USERS),),
    id_field="service_user_id",
    view=_view_service_user,
    answer=ServiceUserAnswer,
    listing=Listing(
        order="created",
        filters=ServiceUserFilters,
        rows=lambda context: _members(context, "service_user"),
    ),
)

ORGANIZATION_SERVICE_USERS = replace(
    SERVICE_USERS, mounts=(Mount(ABOUT_ORGANIZATION, access.SERVICE_USERS),), readable=False
)

IDP_GROUPS = Resource(
    kind="idp_group",
    nouns=("idp_group", "idp_groups"),
    path="/idp-groups",
    mounts=(Mount(ENTERPRISE, access.ROLES),),
    id_field="idp_group_name",
    view=view_of(IdpGroupName, idp_group_name=id_of),
    answer=IdpGroupName,
    listing=Listing(order="created"),
    readable=False,
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
