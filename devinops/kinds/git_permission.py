"""Git permissions: which repositories an organization reaches. Only an enterprise key may ask.

Source: the vendor's Terraform provider (`git_permission_resource.go`): exactly one member holds the
path, only `read_only` changes in place, and the API stores a group with a `/` at its end. Each is
created alone: the calls that replace or clear all permissions are never sent. Those of Perforce
(`depot_path`) are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from devinops.kinds._nested import switch, text
from devinops.kinds._reference import Item, referring
from devinops.model.kind import (
    Api,
    Composite,
    Hazard,
    Kind,
    Omitted,
    Paging,
    Resource,
    Scope,
    Terraform,
    Update,
    attribute,
    everywhere,
    fixed,
)
from devinops.model.values import Unset

_MEMBERS: Final = {"repo": "repo_path", "group": "group_prefix", "prefix": "prefix_path"}
"""What is matched → the member with the path."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GitPermission(Resource):
    connection: str | Unset = referring(
        "Name or id of a Git connection.",
        "GitHub",
        ref="git_connection",
        names=fixed("git_connection_id"),
    )
    match: str | Unset = attribute(
        schema={
            "enum": [*_MEMBERS],
            "description": "What path is: one repository, all of a group, or all whose path begins "
            "so.",
            "example": "repo",
        },
        required=True,
        names={"v3": fixed("match")},
    )
    path: str | Unset = attribute(
        schema=text(
            "owner/repo or owner[/group], without the host; of a prefix as the API shows it.",
            pattern=r"^[^/\s]\S*$",
            example="acme/api",
        ),
        required=True,
        names={"v3": fixed("path")},
    )
    read_only: bool | Unset = attribute(
        schema=switch("true: sessions cannot push. Missing: a new one lets them.", example=True),
        usual=False,
        names={"v3": everywhere("read_only")},
    )


def _check(permission: GitPermission) -> Iterator[tuple[str, str]]:
    path = str(permission.path)
    if permission.match == "repo" and "/" not in path.strip("/"):
        yield "path", f'"{path}" is not a repository: write owner/repo, or match: group'
    elif permission.match != "prefix" and path.endswith("/"):
        yield "path", 'remove the "/" at the end'


def _reduced(item: Item, _: str | None) -> Item | None:
    """Return a permission with `match` and `path`; None if it is none of a known form."""
    rest = {name: value for name, value in item.items() if name not in _MEMBERS.values()}
    for match, member in _MEMBERS.items():
        path = item.get(member)
        if isinstance(path, str):
            path = path.rstrip("/") if match == "group" else path
            return {"read_only": False, **rest, "match": match, "path": path}
    return None


def _wrapped(body: Item) -> Item:
    rest = {name: value for name, value in body.items() if name not in ("match", "path")}
    return {"permissions": [{**rest, _MEMBERS[body["match"]]: body["path"]}]}


def _gives(before: GitPermission | None, after: GitPermission) -> str:
    return "" if before else f"lets the organization {_verb(after)} {after.path}"


def _changes(before: GitPermission | None, after: GitPermission | None) -> str:
    if before and after is None:
        return f"no longer lets the organization {_verb(before)} {before.path}"
    is_wider = before and after and before.read_only and not after.read_only
    return f"lets the organization {_verb(after)} {after.path}" if is_wider and after else ""


def _verb(permission: GitPermission) -> str:
    return "read" if permission.read_only is True else "read and write"


KIND = Kind(
    noun="git_permission",
    singular="Git permission",
    section="git_permissions",
    title="What an organization reaches of a Git connection: a repository, a group or a prefix.",
    resource=GitPermission,
    identity=Composite(("connection", "match", "path")),
    only_named=True,
    terraform=Terraform("devin_git_permission"),
    check=_check,
    hazards=(Hazard("", _gives), Hazard("access", _changes, sees_deletes=True)),
    apis={
        "v3": Api(
            path="git-providers/permissions",
            id="git_permission_id",
            scopes=frozenset({Scope.ABOUT_ORGANIZATION}),
            paging=Paging.CURSOR,
            update=Update(verb="PATCH", omitted=Omitted.KEPT),
            reduced=_reduced,
            wrapped=_wrapped,
            read_permission="ManageGitIntegrations",
            write_permission="ManageGitIntegrations",
        )
    },
)
