"""Reads and writes kinds with one object in each organization, stored in one or more resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devinops.api.codec import as_api_expects
from devinops.api.failures import checked_object
from devinops.api.http_client import Call, Getter, Sender
from devinops.api.listing import Reading, read_list
from devinops.api.v3_paths_and_self import ENTERPRISE_PATH, organization_segment
from devinops.model.client_protocols import BeforeAgain, ignore
from devinops.model.errors import FORBIDDEN, ApiError
from devinops.model.keys import Key
from devinops.model.kind import Api, Kind, Paging, Part, Resource


def read(http: Getter, kind: Kind, api: Api, org_id: str | None) -> Reading:
    """Return the only object of a kind, assembled from its parts, as a list of one.

    It lacks the parts that the key may not read. Raises ApiError.
    """
    item: dict[str, Any] = {api.id: kind.noun}
    for part in api.parts:
        try:
            item[part.field] = _value(http, api, part, org_id)
        except ApiError as error:
            if error.is_missing and "{org_id}" not in part.path:
                off = f"{kind.plural} are probably switched off in this enterprise"
                raise ApiError(f"{error}; {off}", status=error.status) from error
            if error.status != FORBIDDEN or not part.permission:
                raise
    return Reading([item])


def _value(http: Getter, api: Api, part: Part, org_id: str | None) -> Any:
    permission = part.permission or api.read_permission
    call = Call("GET", _path(part.path, org_id), permission=permission)
    if not part.items:
        return checked_object(call, http.get(call)).get(part.member)
    criteria = {name: value.format(org_id=org_id) for name, value in part.where.items()}
    listed = Api(path=part.path, items=part.items, paging=Paging.CURSOR)
    for item in read_list(http, call, listed, ignore, verify=False).items:
        if all(item.get(name) == value for name, value in criteria.items()):
            return item.get(part.member)
    return None


def write(
    http: Sender,
    api: Api,
    org_id: str | None,
    before: Resource,
    after: Resource,
    ids: Mapping[Key, str],
    *,
    before_again: BeforeAgain | None = None,
) -> None:
    """Set the parts whose value changes, in the order of the kind.

    `ids` has what the values refer to.
    `before_again` is called only until the first part is written: it checks that the object is
    unchanged, which it no longer is. Raises ApiError, which is `doubtful` if an earlier part was
    written.
    """
    has_written = False
    for part in api.parts:
        old, new = getattr(before, part.field), getattr(after, part.field)
        if old == new:
            continue
        value = as_api_expects(after.kind, after.kind.by_name[part.field], new, old, ids)
        try:
            _set(http, api, part, org_id, value, None if has_written else before_again)
        except ApiError as error:
            error.doubtful = error.doubtful or has_written
            raise
        has_written = True


def _set(
    http: Sender,
    api: Api,
    part: Part,
    org_id: str | None,
    value: Any,
    before_again: BeforeAgain | None,
) -> None:
    path, permission = _path(part.write or part.path, org_id), part.permission
    permission = permission or api.write_permission
    if value == part.empty:
        _clear(http, Call("DELETE", path, permission=permission, before_again=before_again))
    else:
        body = {part.write_member or part.member: value}
        call = Call(part.verb, path, body=body, permission=permission, before_again=before_again)
        http.send(call)


def _clear(http: Sender, call: Call) -> None:
    """Send a DELETE; 404 means that there is nothing to clear."""
    try:
        http.delete(call)
    except ApiError as error:
        if not error.is_missing:
            raise


def _path(path: str, org_id: str | None) -> str:
    """Return the path of a part, below the enterprise.

    Raises ConfigError if it needs an organization and none is known.
    """
    if "{org_id}" in path:
        path = path.format(org_id=organization_segment(org_id))
    return f"{ENTERPRISE_PATH}/{path}"
