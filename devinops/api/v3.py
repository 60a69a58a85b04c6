"""What is particular to API v3: paths below an organization, and `/v3/self` to ask which.

Source: docs.devin.ai, v3 self; the shapes differ by principal, and more types of principal exist than are
documented, so only names that are there are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from devinops.api.error_text import clean
from devinops.api.http import Call, Getter, segment
from devinops.model.client import Identity
from devinops.model.errors import BadAnswer, ConfigError

_SELF: Final = Call("GET", "/v3/self", permission="ReadAccountMeta")
_NAMES: Final = (
    "service_user_name",
    "user_name",
    "api_key_name",
    "service_user_id",
    "user_id",
    "api_key_id",
)


def identity(http: Getter) -> Identity:
    """Ask who the key belongs to. Raises ApiError."""
    answer = http.get(_SELF)
    if not isinstance(answer, Mapping):
        raise BadAnswer(f"{_SELF}: the answer is not an object")
    kind = _text(answer, "principal_type")
    names = [_text(answer, name) for name in _NAMES]
    shown = (clean(name or "", 100) for name in (*names, kind))
    return Identity(next(filter(None, shown), "unnamed"), _text(answer, "org_id"), kind)


ENTERPRISE: Final = "/v3/enterprise"


def organization(org_id: str | None) -> str:
    """Return the path of an organization's own objects. Raises ConfigError without an organization."""
    return f"/v3/organizations/{quoted(org_id)}"


def about_organization(org_id: str | None) -> str:
    """Return the path of what the enterprise keeps about an organization. Raises ConfigError without one."""
    return f"{ENTERPRISE}/organizations/{quoted(org_id)}"


def quoted(org_id: str | None) -> str:
    """Return an organization's id as one segment of a path. Raises ConfigError without one."""
    if org_id is None:
        raise ConfigError(
            "the key belongs to no single organization: set org_id in devinops.yaml or DEVIN_ORG_ID"
        )
    return segment(org_id, "org_id")


def _text(answer: Mapping[str, Any], name: str) -> str | None:
    found = answer.get(name)
    if found is not None and not isinstance(found, str):
        raise BadAnswer(f"{_SELF}: {name} is not a text")
    return found or None
