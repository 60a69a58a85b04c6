"""The organization or enterprise that a command works on."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from devinops.model.kind import ApiVersion, Scope


@dataclass(frozen=True, slots=True)
class Target:
    """One organization, or an enterprise: its name in devinops.yaml, its address and its id.

    `org_id` is None if it is not known, always on API v1, and for an enterprise, which has no id.
    `emulator` is True if an emulator responded instead of the service. `previously` are old names,
    newest first.
    """

    name: str
    api_url: str
    api: ApiVersion
    org_id: str | None
    emulator: bool = False
    enterprise: bool = False
    previously: tuple[str, ...] = ()

    @property
    def scope(self) -> Scope:
        return Scope.ENTERPRISE if self.enterprise else Scope.ORGANIZATION

    @property
    def owner(self) -> str:
        """Whose objects these are, as text for people."""
        if self.enterprise:
            return "the enterprise"
        return f"organization {self.org_id}" if self.org_id else "the key's organization"

    @property
    def full_name(self) -> str:
        """The name of the target and whose objects these are, as text for people."""
        return f"{self.name} ({self.owner})"

    @property
    def host(self) -> str:
        """The host of the API, with its port if the address has one.

        Raises ValueError for a bad address.
        """
        return urlsplit(self.api_url).netloc.lower()

    @property
    def identity(self) -> tuple[str, ...]:
        """What a digest is bound to: host, API version, and organization or enterprise.

        If there is no id, as for an enterprise and on API v1, the name of the target is used. On
        this machine the port does not count, because an emulator uses a new one each time.
        """
        url = urlsplit(self.api_url)
        name, default_port = url.hostname or "", {"https": 443, "http": 80}.get(url.scheme)
        port = "" if url.port in (None, default_port) or is_loopback(name) else f":{url.port}"
        owner = ("target", self.name) if self.org_id is None else ("organization", self.org_id)
        if self.enterprise:
            owner = ("enterprise", self.name)
        return (f"{name}{port}", self.api, *owner)

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


class TargetState(StrEnum):
    """What became of one of the targets of a run: it was planned, or why nothing is written in it.

    A target is stale if its plan is not the reviewed one.
    """

    PLANNED = "planned"
    HELD = "held"
    BUSY = "busy"
    STALE = "stale"
    FAILED = "failed"


class WaveState(StrEnum):
    """Where a rollout is with the targets of a wave."""

    DONE = "done"
    SOAKING = "soaking"
    READY = "ready"
    WAITING = "waiting"
    STOPPED = "stopped"


def is_loopback(host: str) -> bool:
    """Return whether a host name or address can only mean this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
