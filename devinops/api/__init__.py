"""The REST client: one snapshot to plan from, five calls to apply with.

`open_reader` gives plan a client that has nothing but GET; `open_writer` gives apply one with the rest. Both
are driven by the kinds' data, and importing this package stays cheap: httpx comes with the first connection.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from devinops import signals
from devinops.model.client import Reader, Writer, ignore
from devinops.model.kind import ApiVersion


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
    """Where to call and as whom. Times in seconds; `retries` come after the first attempt.

    `ca_bundle` is a PEM file that replaces the usual certificate authorities. The key shows in no repr.
    With `enterprise` the objects are those of the enterprise instead of an organization. `owner` is the value of the
    label that marks what devinops manages, on kinds that have labels.
    """

    api_url: str
    api: ApiVersion
    key: str = field(repr=False)
    org_id: str | None = None
    timeout_s: float = 60
    parallelism: int = 8
    ca_bundle: Path | None = None
    retries: int = 4
    backoff_s: float = 0.5
    enterprise: bool = False
    owner: str = ""


def open_reader(connection: Connection, log: Callable[[str], None] = ignore) -> Reader:
    """Return a client that can only read. `log` gets one line for each request. Raises ConfigError."""
    with signals.deferred():
        from devinops.api.client import ReadingClient
        from devinops.api.http import Getter

    return ReadingClient(Getter(connection, log), connection)


def open_writer(connection: Connection, log: Callable[[str], None] = ignore) -> Writer:
    """Return a client that can read and write. `log` gets one line for each request. Raises ConfigError."""
    with signals.deferred():
        from devinops.api.client import WritingClient
        from devinops.api.http import Sender

    return WritingClient(Sender(connection, log), connection)
