"""The REST client: reads a snapshot for a plan and sends the writes of an apply.

`open_reader` returns a client that can only send GET, for plan; `open_writer` returns one that can
also write, for apply. The kinds' data drives both. Importing this package is cheap, because httpx
is imported only when a client is opened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from devinops import signals
from devinops.api.connection import Connection
from devinops.model.client_protocols import Reader, Writer, ignore

T = TypeVar("T")
Log = Callable[[str], None]


def open_reader(connection: Connection, log: Log = ignore, *, reads_again: bool = False) -> Reader:
    """Return a client that can only read; `log` gets one line for each request.

    `reads_again` saves time if lists are read twice, and takes memory. Raises ConfigError.
    """
    with signals.deferred():
        from devinops.api.client import ReadingClient
        from devinops.api.http_client import Getter

    return ReadingClient(*_opened(Getter, connection, log), reads_again=reads_again)


def open_writer(connection: Connection, log: Log = ignore) -> Writer:
    """Return a client that can read and write; `log` gets one line for each request.

    Raises ConfigError.
    """
    with signals.deferred():
        from devinops.api.client import WritingClient
        from devinops.api.http_client import Sender

    return WritingClient(*_opened(Sender, connection, log))


def _opened(
    http: Callable[[Connection, Log], T], connection: Connection, log: Log
) -> tuple[T, Connection, T | None]:
    """Return what a client is made of; the last one has the enterprise key, if there is one."""
    key = connection.enterprise_key
    enterprise_http = http(replace(connection, key=key), log) if key else None
    return http(connection, log), connection, enterprise_http
