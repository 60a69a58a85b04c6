"""The paths of API v3, which name an organization, and `GET /v3/self`, which tells whose key it is.

Source: docs.devin.ai, v3 self. The response differs by type of principal, and there are more types
than are documented, so every name is optional.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from devinops.api.error_messages import clean
from devinops.api.failures import checked_object
from devinops.api.http_client import Call, Getter, segment
from devinops.model.client_protocols import KeyOwner
from devinops.model.errors import FORBIDDEN, ApiError, BadResponse, ConfigError
from devinops.model.key_expiry import shown_expiry

_SELF: Final = Call("GET", "/v3/self", permission="ReadAccountMeta")
_NAMES: Final = (
    "service_user_name user_name api_key_name service_user_id user_id api_key_id".split()
)


def identity(http: Getter) -> KeyOwner:
    """Return who the key belongs to. Raises ApiError."""
    response = checked_object(_SELF, http.get(_SELF))
    kind = _text(response, "principal_type")
    names = [_text(response, name) for name in _NAMES]
    labels = (clean(name or "", 100) for name in (*names, kind))
    name, org_id = next(filter(None, labels), "unnamed"), _text(response, "org_id")
    ids = _text(response, "service_user_id"), _text(response, "user_id")
    return KeyOwner(name, org_id, kind, *ids)


def with_expiry(owner: KeyOwner, http: Getter) -> KeyOwner:
    """Return an owner with when it expires, if it is a service user and the key may read that."""
    if not owner.service_user_id:
        return owner
    id = segment(owner.service_user_id, "the id")
    try:
        found = http.get(Call("GET", f"{ENTERPRISE_PATH}/members/service-users/{id}"))
    except ApiError:
        return owner
    at = found.get("expires_at") if isinstance(found, Mapping) else None
    return owner._replace(expires_at=shown_expiry(at))


def principals(owner: KeyOwner, members: Getter) -> frozenset[str] | None:
    """Return the id of a key's owner and the names of the groups that give the owner roles.

    `members` may read the people of the enterprise. Returns None if these are not known. Raises
    ApiError.
    """
    if owner.service_user_id or not owner.user_id:
        return frozenset({owner.service_user_id}) if owner.service_user_id else None
    path = f"{ENTERPRISE_PATH}/members/users/{segment(owner.user_id, 'the id')}"
    try:
        person = members.get(Call("GET", path, permission="ViewAccountMembership"))
        groups = [str(each["idp_group_name"]) for each in person["idp_role_assignments"]]
        is_other = person["user_id"] != owner.user_id
    except (KeyError, TypeError):
        return None
    except ApiError as error:
        if error.status == FORBIDDEN or error.is_missing:
            return None
        raise
    return None if is_other else frozenset({owner.user_id, *groups})


ENTERPRISE_PATH: Final = "/v3/enterprise"


def organization_path(org_id: str | None) -> str:
    """Return the path of an organization's own objects. Raises ConfigError without an id."""
    return f"/v3/organizations/{organization_segment(org_id)}"


def about_organization_path(org_id: str | None) -> str:
    """Return the path of what the enterprise stores about an organization.

    Raises ConfigError without an id.
    """
    return f"{ENTERPRISE_PATH}/organizations/{organization_segment(org_id)}"


def organization_segment(org_id: str | None) -> str:
    """Return an organization's id as one segment of a path. Raises ConfigError without an id."""
    if org_id is None:
        raise ConfigError(
            "the key does not belong to one organization: set org_id in devinops.yaml, "
            "or DEVIN_ORG_ID"
        )
    return segment(org_id, "org_id")


def _text(response: Mapping[str, Any], name: str) -> str | None:
    value = response.get(name)
    if value is not None and not isinstance(value, str):
        raise BadResponse(f"{_SELF}: {name} is not text")
    return value or None
