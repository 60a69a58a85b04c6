"""Where to call, and as whom."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from devinops.model.target import Target


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can only mean this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Connection:
    """Which organization or enterprise to call and as whom. Times in seconds; `retries` come after the first attempt.

    `ca_bundle` is a PEM file that replaces the usual certificate authorities. The key shows in no repr.
    `owner` is the value of the label that marks what devinops manages, on kinds that have labels. `enterprise_key`
    reads and writes what only a key of the enterprise can, and `enterprise_key_env` names the variable that it was
    looked for in.
    """

    target: Target
    key: str = field(repr=False)
    timeout_s: float = 60
    parallelism: int = 8
    ca_bundle: Path | None = None
    retries: int = 4
    backoff_s: float = 0.5
    owner: str = ""
    enterprise_key: str | None = field(default=None, repr=False)
    enterprise_key_env: str | None = None
