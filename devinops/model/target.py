"""Which organization, or which enterprise, a command works on."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from devinops.model.kind import ApiVersion, Scope

_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Target:
    """One organization, or an enterprise: its name in devinops.yaml, its address and its id.

    `org_id` is None if it is not known, which is always so on API v1, and for an enterprise, which has no id.
    `emulator` tells that an emulator answered instead of the service.
    """

    name: str
    api_url: str
    api: ApiVersion
    org_id: str | None
    emulator: bool = False
    enterprise: bool = False

    @property
    def scope(self) -> Scope:
        return Scope.ENTERPRISE if self.enterprise else Scope.ORGANIZATION

    @property
    def owner(self) -> str:
        """Whose objects these are, in words for people."""
        if self.enterprise:
            return "the enterprise"
        return f"organization {self.org_id}" if self.org_id else "the key's organization"

    @property
    def host(self) -> str:
        """The host of the API, with its port if one is given. Raises ValueError for an address that is none."""
        return urlsplit(self.api_url).netloc.lower()

    @property
    def identity(self) -> tuple[str, ...]:
        """What a digest is bound to: host, API version and organization or enterprise.

        An enterprise has no id, and on API v1 no organization has one: the name of the target stands for it. On this
        machine the port does not count, since an emulator has another one each time.
        """
        url = urlsplit(self.api_url)
        name, usual = url.hostname or "", {"https": 443, "http": 80}.get(url.scheme)
        port = "" if url.port in (None, usual) or name in _THIS_MACHINE else f":{url.port}"
        place = ("target", self.name) if self.org_id is None else ("organization", self.org_id)
        if self.enterprise:
            place = ("enterprise", self.name)
        return (f"{name}{port}", self.api, *place)

    def differences(self, other: Target) -> str:
        """Describe how this target differs from `other`; empty if it does not."""
        facts = (
            ("target", self.name, other.name),
            ("API host", self.host, other.host),
            ("API version", self.api, other.api),
            ("organization", self.org_id, other.org_id)
            if self.scope is other.scope
            else ("scope", self.scope, other.scope),
        )
        return ", ".join(
            f"{fact} {mine or '(unknown)'}, not {theirs or '(unknown)'}"
            for fact, mine, theirs in facts
            if mine != theirs
        )
