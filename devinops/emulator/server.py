"""The HTTP server: in the foreground (`serve`), or in a thread for tests and demos (`Emulator`)."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from devinops import signals
from devinops.emulator import web_edits
from devinops.emulator.access import DEFAULT_ORG
from devinops.emulator.app import Setup
from devinops.emulator.fault_rules import parse_faults, read_faults
from devinops.emulator.middleware import Layer
from devinops.emulator.records import SECTIONS, JsonObject, Kind
from devinops.emulator.reported import Report, read_report
from devinops.emulator.resources import show
from devinops.emulator.response_sending import CONNECTION, MARK
from devinops.emulator.seed import parse_seed, read_seed
from devinops.model.errors import ConfigError

_START_S = 60  # long, for a machine that is busy
_STOP_S = 0.5  # how much longer requests can run after the server is told to stop
_KEEP_ALIVE_S = 120  # long, so that a slow test's next request never meets a closing connection


class _Connection(H11Protocol):
    """A connection that the application can break; an endless response does not delay a stop."""

    endless = False
    broken = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, CONNECTION: self}

    def shutdown(self) -> None:
        if self.endless:
            self.transport.abort()
        else:
            super().shutdown()


class Server(uvicorn.Server):
    """A server that calls `started` when it listens, stops without delay, and stops on a signal."""

    def __init__(self, app: FastAPI, started: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http=_Connection,
            ws="none",
            lifespan="off",
            log_config=None,  # the default would bind this process's logging to the current stderr
            log_level="warning",
            access_log=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            headers=[MARK],
        )
        super().__init__(config)
        self._started = started
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self._started()

    async def main_loop(self) -> None:
        """Tick every 0.1 s, which the date header needs, and end when `stop` is called."""
        counter = 0
        while not await self.on_tick(counter):
            counter += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), 0.1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, close idle connections, and let running requests end.

        The base class does the same with fixed pauses, which add up over hundreds of tests.
        """
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if not await self._wait_until_idle(_STOP_S):
            for task in list(self.server_state.tasks):
                task.cancel()
            await self._wait_until_idle(_STOP_S)

    async def _wait_until_idle(self, seconds: float) -> bool:
        """Wait until no request and no connection is left, and return whether that was in time."""
        end = time.monotonic() + seconds
        while self.server_state.connections or self.server_state.tasks:
            if time.monotonic() > end:
                return False
            await asyncio.sleep(0.002)
        return True

    def stop(self) -> None:
        """Ask the server to end; can be called from any thread and from a signal handler."""
        self.should_exit = True
        if self._loop is not None:
            # The loop can have ended already: its tick sees `should_exit` too.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._woken.set)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on a signal; unlike the base class, do not raise it again afterwards."""
        before = signals.take_over(self._on_signal)
        try:
            yield
        finally:
            signals.give_back(before)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stop()


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes any free one. Raises ConfigError."""
    if not 0 <= port <= 65535:
        raise ConfigError(f"port {port}: expected 0 to 65535")
    # asyncio turns Nagle's algorithm off only if the socket names TCP as its protocol. With the
    # algorithm, every response waits 40 ms for the client's delayed acknowledgement.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if not host:
            raise UnicodeError("an empty name would mean every address of this machine")
        if os.name == "posix":  # elsewhere this lets two servers listen on one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(512)
    except (OSError, UnicodeError) as error:
        listener.close()
        reason = _reason(host, port, error)
        raise ConfigError(f"cannot listen on {_address(host, port)}: {reason}") from None
    return listener


def _reason(host: str, port: int, error: OSError | UnicodeError) -> str:
    """Return why nothing can listen there, and what to do."""
    if isinstance(error, UnicodeError | socket.gaierror):
        hint = "127.0.0.1 is this machine"
        return f'--host "{host}" is neither an address nor a name that resolves; {hint}'
    if error.errno == errno.EADDRINUSE:
        return "another program already listens there; stop it, or take any free port with --port 0"
    if error.errno in (errno.EACCES, errno.EPERM):
        hint = "take one above 1023, or any free one with --port 0"
        return f"you are not allowed to use port {port}; {hint}"
    if error.errno == errno.EADDRNOTAVAIL:
        hint = "--host 127.0.0.1 is for this machine only"
        return f"{host} is not an address of this machine; {hint}"
    return error.strerror or str(error)


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def url_of(host: str, listener: socket.socket) -> str:
    return f"http://{_address(host, listener.getsockname()[1])}"


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 8484,
    seed: Path | None = None,
    state: Path | None = None,
    latency_ms: float = 0,
    rate_limit: float | None = None,
    faults: Path | None = None,
    quirks: Mapping[str, str] | None = None,
    report: Path | None = None,
) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP; print `listening on URL` when requests are accepted.

    At a terminal, a second line tells people to open it in a browser.

    Raises ConfigError for a seed, state file, fault script, report, address or number that cannot
    be used.
    """
    reported = read_report(report) if report is not None else None
    answers = reported.quirks if reported else {}
    start = read_seed(seed, {**answers, **(quirks or {})})
    script = read_faults(faults) if faults is not None else None
    # Listen first: the state file can be that of an emulator that already listens there.
    with listen(host, port) as listener:

        def announce() -> None:
            sys.stdout.write(f"listening on {url_of(host, listener)}\n")
            sys.stdout.flush()
            if sys.stderr.isatty():
                sys.stderr.write("Open this address in a browser to see and edit what it serves.\n")

        setup = Setup(
            start,
            state,
            latency_ms=latency_ms,
            rate_limit=rate_limit,
            faults=script,
            host=host,
            report=reported,
        )
        Server(setup.app(), announce).run(sockets=[listener])


class Emulator:
    """The emulator in a background thread, on a loopback port of its own.

    with Emulator({"enterprise": {"folders": [{"path": "Backend"}]}}) as emulator:
        httpx.get(f"{emulator.url}/v3/self", headers={"Authorization": "Bearer cog_emulator"})

    The seed has the shape of a seed file; `quirks` override those in it. `faults` is a fault
    script, see `fault_rules`; `layers` can change requests and responses, see `middleware`. Methods
    that change an object act as a person in the web app.
    """

    def __init__(
        self,
        seed: Mapping[str, object] | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        state: Path | None = None,
        latency_ms: float = 0,
        rate_limit: float | None = None,
        quirks: Mapping[str, object] | None = None,
        faults: object = (),
        layers: Sequence[Layer] = (),
        report: Report | None = None,
    ) -> None:
        parsed = parse_seed(seed, quirks=quirks)
        self._setup = Setup(
            parsed,
            state,
            latency_ms=latency_ms,
            rate_limit=rate_limit,
            faults=parse_faults(faults),
            layers=layers,
            host=host,
            report=report,
        )
        self._address = (host, port)
        self._listening = threading.Event()
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self.store = self._setup.store
        self.url = ""

    def __enter__(self) -> Emulator:
        listener = listen(*self._address)
        self.url = url_of(self._address[0], listener)
        self._server = server = Server(self._setup.app(), self._listening.set)
        self._thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="emulator", daemon=True
        )
        self._thread.start()
        if not self._listening.wait(_START_S):
            raise RuntimeError(f"the emulator did not start within {_START_S} seconds")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        assert self._thread is not None
        self._server.stop()
        self._thread.join(_START_S)

    # -- reading

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The API requests so far, each `{method, path, body, status}`; `path` has the query.

        `status` is None if there was no response; `fault` is the name of a request's fault, if any.
        """
        return self._setup.log.entries()

    def clear_requests(self) -> None:
        self._setup.log.clear()

    @property
    def faults(self) -> JsonObject:
        """The fault script and, per rule, `counts` of requests: `matched` and `faulted`."""
        return self._setup.faults.show()

    @faults.setter
    def faults(self, script: object) -> None:
        """Start another fault script; an empty list ends all faults. Raises ConfigError."""
        self._setup.faults.use(parse_faults(script))

    def objects(self, kind: str, org: str | None = DEFAULT_ORG) -> list[JsonObject]:
        """Return the objects of `org` (None: the enterprise) as v3 shows them, sorted by id."""
        known = _kind(kind)
        with self.store.lock:
            ids = sorted(record.id for record in self.store.table(known).of(org))
            return [show(self.store, known, record_id) for record_id in ids]

    def knowledge(self, org: str | None = DEFAULT_ORG) -> list[JsonObject]:
        return self.objects("knowledge", org)

    def playbooks(self, org: str | None = DEFAULT_ORG) -> list[JsonObject]:
        return self.objects("playbook", org)

    def secrets(self, org: str | None = DEFAULT_ORG) -> list[JsonObject]:
        return self.objects("secret", org)

    def automations(self, org: str | None = DEFAULT_ORG) -> list[JsonObject]:
        return self.objects("automation", org)

    def folders(self, org: str | None = DEFAULT_ORG) -> list[JsonObject]:
        return self.objects("folder", org)

    # -- acting as a person

    def add_folder(self, path: str, org: str | None = DEFAULT_ORG) -> str:
        """Create the missing folders of a path, and return the id of the last one."""
        folder_id = web_edits.folder_at(self.store, org, path)
        self._setup.save()
        return folder_id

    def add(self, kind: str, *, org: str | None = DEFAULT_ORG, **fields: object) -> str:
        """Add an object with the fields of a seed, and return its id. Raises InvalidObject."""
        record_id = web_edits.add(self.store, _kind(kind), org, fields)
        self._setup.save()
        return record_id

    def edit(self, kind: str, id: str, **fields: object) -> None:
        """Change some fields of an object. Raises KeyError for an unknown id, and InvalidObject."""
        web_edits.edit(self.store, _kind(kind), id, fields)
        self._setup.save()

    def remove(self, kind: str, id: str) -> None:
        """Delete an object. Raises KeyError for an unknown id."""
        web_edits.remove(self.store, _kind(kind), id)
        self._setup.save()

    def promote(self, kind: str, id: str) -> str:
        """Move a note or a playbook to the enterprise, and return its id there.

        Raises KeyError for an unknown id, and InvalidObject for what cannot be promoted.
        """
        promoted_id = web_edits.promote(self.store, _kind(kind), id)
        self._setup.save()
        return promoted_id

    def reset(self) -> None:
        """Go back to the seed."""
        self._setup.reset()


def _kind(name: str) -> Kind:
    """Return the kind that a name means: a kind, or its section in a seed."""
    for section, kind in SECTIONS.items():
        if name in (section, kind):
            return kind
    raise ValueError(f"{name!r} is not a kind: expected one of {', '.join(SECTIONS.values())}")
