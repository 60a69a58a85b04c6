"""What an inventory is bound to."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Header:
    """The organization that an inventory is bound to. `org_id` is None on v1, where a key has just one."""

    api_host: str
    org_id: str | None
    target: str

    @classmethod
    def of(cls, api_url: str, org_id: str | None, target: str) -> Header:
        return cls(urlsplit(api_url).netloc.lower(), org_id, target)
