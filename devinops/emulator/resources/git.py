"""Git connections, and what each organization can reach through them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import BaseModel, Field, StrictBool

from devinops.emulator import access
from devinops.emulator.models import Answer, NonEmpty, RequestBody
from devinops.emulator.records import ApiError, GitConnection, GitPermission, JsonObject
from devinops.emulator.resource import (
    ABOUT_ORGANIZATION,
    ENTERPRISE,
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
    view_of_each,
)
from devinops.emulator.router import Cursor

PATHS = ("repo_path", "group_prefix", "prefix_path", "depot_path")


class GitConnectionAnswer(Answer):
    """A connection; connections are made in the web app. The API adds types of providers."""

    git_connection_id: str
    git_provider_type: str
    host: str
    name: str | None
    created_at: int


class ConnectionRepository(Answer):
    git_connection_id: str
    git_connection_host: str
    provider_repository_id: str
    repo_path: str
    repo_name: str
    repo_description: str | None
    repo_language: str | None
    last_updated_at: int | None


@dataclass
class RepositoryQuery(Cursor):
    """The query of a connection's repositories.

    `filter_name` is a part of the path in any case; the documentation does not say how it matches.
    """

    first: Annotated[int, Field(ge=1, le=100)] = 100
    filter_name: str | None = None


class GitPermissionWrite(BaseModel):
    """A permission; it has exactly one of the paths."""

    git_connection_id: NonEmpty
    repo_path: NonEmpty | None = None
    group_prefix: NonEmpty | None = None
    prefix_path: NonEmpty | None = None
    depot_path: NonEmpty | None = None
    read_only: StrictBool = False


class GitPermissionBulk(RequestBody):
    """Permissions to add, or to replace all with."""

    permissions: Annotated[list[GitPermissionWrite], Field(max_length=200)]


class GitPermissionPatch(RequestBody):
    """Nothing else of a permission can be changed. Null keeps it."""

    read_only: StrictBool | None = None


class GitPermissionAnswer(Answer):
    git_permission_id: str
    git_connection_id: str
    repo_path: str | None
    group_prefix: str | None
    prefix_path: str | None
    depot_path: str | None
    read_only: bool
    created_at: int | None


def _repositories(context: RequestContext) -> list[GitConnection]:
    """Return one copy of the connection, named by the path, for each repository."""
    connection: GitConnection = context.store.find("git_connection", None, context.id)
    part = (context.page.filter_name or "").casefold()
    paths = sorted(path for path in {*connection.repositories} if part in path.casefold())
    return [replace(connection, name=path) for path in paths]


def _view_repository(_: object, named: GitConnection) -> JsonObject:
    """Return a repository; what only its Git server knows is null."""
    return {
        **dict.fromkeys(ConnectionRepository.model_fields),
        "git_connection_id": named.id,
        "git_connection_host": named.host,
        "provider_repository_id": f"{named.id}:{named.name}",
        "repo_path": named.name,
        "repo_name": named.label.rpartition("/")[2],
    }


_view_permission = view_of(GitPermissionAnswer, git_permission_id=id_of)
_view_all = view_of_each(_view_permission)


def _checked(context: RequestContext, fields: JsonObject) -> JsonObject:
    """Return one permission's fields, a group without the slash at its end."""
    if sum(fields[name] is not None for name in PATHS) != 1:
        detail = f"Expected exactly one of {', '.join(PATHS)}"
        raise ApiError(422, detail, ("body", "permissions"), fields)
    if fields["git_connection_id"] not in context.store.table("git_connection"):
        raise ApiError(404, "Git connection not found")
    group = fields["group_prefix"]
    return {**fields, "group_prefix": group and group.rstrip("/")}


def _twin(context: RequestContext, fields: JsonObject) -> GitPermission | None:
    """Return the organization's permission for the same path, if there is one."""
    own = context.store.table("git_permission").of(context.org)
    names = ("git_connection_id", *PATHS)
    return next((row for row in own if all(getattr(row, n) == fields[n] for n in names)), None)


def _add(context: RequestContext, body: JsonObject) -> list[GitPermission]:
    """Add permissions: all, or none if one is refused."""
    store, actor = context.store, context.caller.actor
    wanted = [_checked(context, fields) for fields in body["permissions"]]
    duplicate = store.quirks.duplicate_permission
    if duplicate == "409" and any(_twin(context, fields) for fields in wanted):
        raise ApiError(409, "The organization has a permission for this path")
    return [
        (duplicate == "kept" and _twin(context, fields))
        or store.insert("git_permission", context.org, actor, fields)
        for fields in wanted
    ]


_Permissions = list[GitPermissionAnswer]


@operation("DELETE", "", "clear git_permissions", _Permissions)
def _clear(context: RequestContext) -> list[JsonObject]:
    """Take all permissions of the organization away."""
    store, actor = context.store, context.caller.actor
    return _view_all(store, store.delete_all("git_permission", context.org, actor))


@operation("PUT", "", "replace git_permissions", _Permissions, body=GitPermissionBulk)
def _replace(context: RequestContext) -> list[JsonObject]:
    """Replace all permissions of the organization."""
    body = context.body.model_dump()
    for fields in body["permissions"]:
        _checked(context, fields)
    _clear(context)
    return _view_all(context.store, _add(context, body))


GIT = (
    Resource(
        kind="git_connection",
        nouns=("git_connection", "git_connections"),
        path="/git-providers/connections",
        mounts=(Mount(ENTERPRISE, access.GIT),),
        id_field="git_connection_id",
        view=view_of(GitConnectionAnswer, git_connection_id=id_of),
        answer=GitConnectionAnswer,
        listing=Listing(order="created"),
        readable=False,
    ),
    Resource(
        kind="git_connection",
        nouns=("connection_repository", "connection_repositories"),
        path="/git-providers/connections/{connection_id}/repositories",
        mounts=(Mount(ENTERPRISE, access.GIT),),
        id_field="connection_id",
        view=_view_repository,
        answer=ConnectionRepository,
        listing=Listing(page=RepositoryQuery, order="name", rows=_repositories),
        readable=False,
    ),
    Resource(
        kind="git_permission",
        nouns=("git_permission", "git_permissions"),
        path="/git-providers/permissions",
        mounts=(Mount(ABOUT_ORGANIZATION, access.GIT, access.GIT),),
        id_field="git_permission_id",
        view=_view_permission,
        answer=GitPermissionAnswer,
        listing=Listing(order="created"),
        readable=False,
        create=Create(
            body=GitPermissionBulk,
            bulk="permissions",
            make=_add,
            view=_view_all,
            answer=_Permissions,
        ),
        update=Update(
            method="PATCH",
            body=GitPermissionPatch,
            omitted=Omitted.KEEPS,
            clean=lambda _, fields: {} if fields.get("read_only") is None else fields,
        ),
        delete=Delete(),
        extra=(_replace, _clear),
    ),
)
