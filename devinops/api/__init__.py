"""The REST client: reads a snapshot for a plan and sends the writes of an apply.

`open_reader` returns a client that can only send GET, for plan; `open_writer` returns one that can
also write, for apply. The kinds' data drives both. Importing this package is cheap, because httpx
is imported only when a client is opened.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from devinops import signals
from devinops.api.connection import Connection
from devinops.model.client_protocols import Reader, Writer, ignore

if TYPE_CHECKING:
    from devinops.api.http_client import Getter

T = TypeVar("T", bound="Getter")
Log = Callable[[str], None]


class SharedHttp:
    """What the clients of many targets share: connections, rate and retries of each API and key.

    Threads may share it. It is closed instead of the clients.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened: dict[tuple[str, str], Any] = {}
        self._active = 0
        self._unplanned: dict[str, tuple[str, str]] = {}
        """Name → API and key of each target that is still to be planned."""
        self._have_several_keys = False

    def http(self, http: Callable[..., T], connection: Connection, log: Log) -> T:
        """Return what sends the requests to an API with a key. Raises ConfigError."""
        place = _place(connection)
        with self._lock:
            if place not in self._opened:
                active, is_last = lambda: self._active, partial(self._is_last, place)
                self._opened[place] = http(connection, log, active, is_last)
            opened: T = self._opened[place]
            return opened

    @contextmanager
    def used(self) -> Iterator[None]:
        """Count a target whose requests are being sent, so that each gets its share of them."""
        with self._lock:
            self._active += 1
        try:
            yield
        finally:
            with self._lock:
                self._active -= 1

    def expect(self, targets: Mapping[str, Connection]) -> None:
        """Say which targets are to be planned, before anything is written in any of them."""
        with self._lock:
            self._unplanned = {name: _place(connection) for name, connection in targets.items()}
            self._have_several_keys = len({*self._unplanned.values()}) > 1

    def ended(self, target: str) -> None:
        """Say that a target was planned, or failed."""
        with self._lock:
            self._unplanned.pop(target, None)

    def _is_last(self, place: tuple[str, str]) -> bool:
        """Return whether all targets with other keys are planned, and wait for this key only."""
        with self._lock:
            return self._have_several_keys and {*self._unplanned.values()} == {place}

    def why_rejected(self, connection: Connection) -> str:
        """Return how the API rejected a key; empty if it did not."""
        opened = self._opened.get(_place(connection))
        return opened.rejected if opened else ""

    def close(self) -> None:
        """Wake all waiting threads, which then fail, and close the connections."""
        for opened in self._opened.values():
            opened.close()


def _place(connection: Connection) -> tuple[str, str]:
    return connection.target.api_url, connection.key


def open_reader(
    connection: Connection,
    log: Log = ignore,
    *,
    reads_again: bool = False,
    shared: SharedHttp | None = None,
) -> Reader:
    """Return a client that can only read; `log` gets one line for each request.

    `reads_again` saves time if lists are read twice, and takes memory. A client with `shared` is
    not closed. Raises ConfigError.
    """
    with signals.deferred():
        from devinops.api.client import ReadingClient
        from devinops.api.http_client import Getter

    return ReadingClient(*_opened(Getter, connection, log, shared), reads_again=reads_again)


def open_writer(
    connection: Connection, log: Log = ignore, *, shared: SharedHttp | None = None
) -> Writer:
    """Return a client that can read and write; `log` gets one line for each request.

    A client with `shared` is not closed. Raises ConfigError.
    """
    with signals.deferred():
        from devinops.api.client import WritingClient
        from devinops.api.http_client import Sender

    return WritingClient(*_opened(Sender, connection, log, shared))


def _opened(
    http: Callable[..., T], connection: Connection, log: Log, shared: SharedHttp | None
) -> tuple[T, Connection, T | None]:
    """Return what a client is made of; the last one has the enterprise key, if there is one."""
    key = connection.enterprise_key
    opened = partial(shared.http, http) if shared else http
    enterprise_http = opened(replace(connection, key=key), log) if key else None
    return opened(connection, log), connection, enterprise_http
