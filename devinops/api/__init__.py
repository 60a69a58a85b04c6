"""The REST client: one snapshot to plan from, five calls to apply with.

`open_reader` gives plan a client that has nothing but GET; `open_writer` gives apply one with the rest. Both
are driven by the kinds' data, and importing this package stays cheap: httpx comes with the first connection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from devinops import signals
from devinops.api.connection import Connection
from devinops.model.client import Reader, Writer, ignore


def open_reader(connection: Connection, log: Callable[[str], None] = ignore) -> Reader:
    """Return a client that can only read. `log` gets one line for each request. Raises ConfigError."""
    with signals.deferred():
        from devinops.api.client import ReadingClient
        from devinops.api.http import Getter

    about = _with_enterprise_key(connection)
    about_organization = Getter(about, log) if about else None
    return ReadingClient(Getter(connection, log), connection, about_organization)


def open_writer(connection: Connection, log: Callable[[str], None] = ignore) -> Writer:
    """Return a client that can read and write. `log` gets one line for each request. Raises ConfigError."""
    with signals.deferred():
        from devinops.api.client import WritingClient
        from devinops.api.http import Sender

    about = _with_enterprise_key(connection)
    about_organization = Sender(about, log) if about else None
    return WritingClient(Sender(connection, log), connection, about_organization)


def _with_enterprise_key(connection: Connection) -> Connection | None:
    """Return the same connection with the key of the enterprise, None without that key."""
    key = connection.enterprise_key
    return replace(connection, key=key) if key else None
