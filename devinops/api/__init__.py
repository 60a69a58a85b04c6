"""The REST client: reads a snapshot for a plan and sends the writes of an apply.

`open_reader` returns a client that can only send GET, for plan; `open_writer` returns one that can
also write, for apply. The kinds' data drives both. Importing this package is cheap, because httpx
is imported only when a client is opened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from devinops import signals
from devinops.api.connection import Connection
from devinops.model.client import Reader, Writer, ignore


def open_reader(connection: Connection, log: Callable[[str], None] = ignore) -> Reader:
    """Return a client that can only read; `log` gets one line for each request.

    Raises ConfigError.
    """
    with signals.deferred():
        from devinops.api.client import ReadingClient
        from devinops.api.http_client import Getter

    about = _with_enterprise_key(connection)
    about_organization = Getter(about, log) if about else None
    return ReadingClient(Getter(connection, log), connection, about_organization)


def open_writer(connection: Connection, log: Callable[[str], None] = ignore) -> Writer:
    """Return a client that can read and write; `log` gets one line for each request.

    Raises ConfigError.
    """
    with signals.deferred():
        from devinops.api.client import WritingClient
        from devinops.api.http_client import Sender

    about = _with_enterprise_key(connection)
    about_organization = Sender(about, log) if about else None
    return WritingClient(Sender(connection, log), connection, about_organization)


def _with_enterprise_key(connection: Connection) -> Connection | None:
    """Return the same connection with the enterprise key; None if there is no such key."""
    key = connection.enterprise_key
    return replace(connection, key=key) if key else None
