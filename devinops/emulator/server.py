"""Running the emulator: in a background thread for tests and demos, or in the foreground until stopped."""

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
from typing import Any, cast

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from devinops import signals
from devinops.emulator import person, views, webapp
from devinops.emulator.access import DEFAULT_ORG
from devinops.emulator.app import create_app
from devinops.emulator.fault_rules import Script, parse_faults, read_faults
from devinops.emulator.faults import Faults
from devinops.emulator.gate import Layer, RequestLog
from devinops.emulator.records import SECTIONS, JsonObject, Kind
from devinops.emulator.seed import Seed, parse_seed, read_seed
from devinops.emulator.state import StateFile
from devinops.emulator.store import Store
from devinops.emulator.wire import CONNECTION, MARK
from devinops.errors import ConfigError

_START_S = 60  # long, for a machine that is busy
_STOP_S = 0.5  # how long requests that are still running may take when the server stops
_KEEP_ALIVE_S = (
    120  # long, so that a slow test's next request never meets a connection being closed
)


class _Setup:
    """A store with its seed and its file, and the application over it."""

    def __init__(
        self,
        seed: Seed,
        state: Path | None,
        *,
        latency_ms: float,
        rate_limit: float | None,
        faults: Script,
        layers: Sequence[Layer] = (),
    ) -> None:
        if rate_limit is not None and rate_limit <= 0:
            raise ConfigError("rate limit: expected more than 0 requests a second")
        if latency_ms < 0:
            raise ConfigError("latency: expected 0 or more milliseconds")
        self.seed = seed
        self.store = Store(seed.quirks, seed.keys)
        self.file = StateFile(state, self.store) if state is not None else None
        if self.file is None or not self.file.load():
            seed.plant(self.store)
            self.save()
        self.log = RequestLog()
        self.faults = Faults(self.store, faults)
        self._latency_ms, self._rate_limit = latency_ms, rate_limit
        # The file comes outside: what a layer lets through is saved even if the layer then spoils the answer.
        self._layers: list[Layer] = [*([self.file] if self.file is not None else []), *layers]

    def save(self) -> None:
        if self.file is not None:
            self.file.save()

    def reset(self) -> None:
        """Go back to the seed, whatever the state file said, and to the beginning of the fault script."""
        with self.store.lock:
            self.store.clear()
            self.seed.plant(self.store)
        self.faults.rewind()
        self.save()

    def app(self) -> FastAPI:
        return create_app(
            self.store,
            log=self.log,
            latency_ms=self._latency_ms,
            rate_limit=self._rate_limit,
            faults=self.faults,
            layers=self._layers,
            reset=self.reset,
            save=self.save,
        )


class _Connection(H11Protocol):
    """Shows itself to the application, which may break it, and does not wait for what never ends."""

    stuck = False
    doomed = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, CONNECTION: self}

    def shutdown(self) -> None:
        if self.stuck:
            self.transport.abort()
        else:
            super().shutdown()


class _Server(uvicorn.Server):
    """A server that calls back when it listens, wakes at once to stop, and treats a signal as a plain stop."""

    def __init__(self, app: FastAPI, started: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http=_Connection,
            ws="none",
            lifespan="off",
            log_config=None,  # the default would bind this process's logging to the present stderr
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
        """Tick every tenth of a second, as the date header needs it, and stop the moment `stop` is called."""
        counter = 0
        while not await self.on_tick(counter):
            counter += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), 0.1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, close idle connections at once, and give running requests a moment.

        Does what the base class does without its fixed pauses, which add up over hundreds of tests.
        """
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if not await self._quiet(_STOP_S):
            for task in list(self.server_state.tasks):
                task.cancel()
            await self._quiet(_STOP_S)

    async def _quiet(self, seconds: float) -> bool:
        """Wait until no request and no connection is left; False when the time is up before."""
        end = time.monotonic() + seconds
        while self.server_state.connections or self.server_state.tasks:
            if time.monotonic() > end:
                return False
            await asyncio.sleep(0.002)
        return True

    def stop(self) -> None:
        """Ask the server to end; from any thread, and from a signal handler."""
        self.should_exit = True
        if self._loop is not None:
            # A tick of the loop sees `should_exit` too, and may have ended it: then there is nothing to wake.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._woken.set)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGINT and SIGTERM without raising them again afterwards, as the base class would."""
        before = signals.take_over(self._on_signal)
        try:
            yield
        finally:
            signals.give_back(before)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stop()


def _listen(host: str, port: int) -> socket.socket:
    """Open the listening socket; port 0 takes any free one. Raises ConfigError when it cannot be had."""
    if not 0 <= port <= 65535:
        raise ConfigError(f"port {port}: expected 0 to 65535")
    # The protocol is named because asyncio turns Nagle's algorithm off only where it sees TCP, and without
    # that every answer waits 40 ms for the client's delayed acknowledgement.
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
        raise ConfigError(
            f"cannot listen on {_place(host, port)}: {_why_not(host, port, error)}"
        ) from None
    return listener


def _why_not(host: str, port: int, error: OSError | UnicodeError) -> str:
    """Say why nothing can listen there, and what to do."""
    if isinstance(error, UnicodeError | socket.gaierror):
        return f'--host "{host}" is neither an address nor a name that resolves; 127.0.0.1 is this machine'
    if error.errno == errno.EADDRINUSE:
        return "something already listens there; stop it, or take any free port with --port 0"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"you are not allowed to use port {port}; take one above 1023, or any free one with --port 0"
    if error.errno == errno.EADDRNOTAVAIL:
        return (
            f"{host} is not an address of this machine; --host 127.0.0.1 is for this machine only"
        )
    return error.strerror or str(error)


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _url(host: str, listener: socket.socket) -> str:
    return f"http://{_place(host, listener.getsockname()[1])}"


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 8484,
    seed: Path | None = None,
    state: Path | None = None,
    latency_ms: float = 0,
    rate_limit: float | None = None,
    faults: Path | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM. Prints `listening on URL` on stdout once requests are accepted.

    Raises ConfigError for a seed, a state file, a fault script, an address or a number that cannot be used.
    """
    planted = read_seed(seed) if seed is not None else Seed()
    script = read_faults(faults) if faults is not None else Script()
    with _listen(
        host, port
    ) as listener:  # first: the state file may be that of the emulator that listens there

        def announce() -> None:
            sys.stdout.write(f"listening on {_url(host, listener)}\n")
            sys.stdout.flush()

        setup = _Setup(planted, state, latency_ms=latency_ms, rate_limit=rate_limit, faults=script)
        _Server(setup.app(), announce).run(sockets=[listener])


class Emulator:
    """The emulator in a background thread, on a loopback port of its own.

    with Emulator({"organizations": {"org-emulator": {"folders": [{"path": "Backend"}]}}}) as emulator:
        httpx.get(f"{emulator.url}/v3/self", headers={"Authorization": "Bearer cog_emulator"})

    The seed has the shape of a seed file; `quirks` win over those in it. `faults` is a fault script, see
    `fault_rules`; `layers` may meddle with requests and answers, see `gate`. Methods that change something act
    as a person in the web app.
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
    ) -> None:
        parsed = parse_seed(seed, quirks=quirks)
        self._setup = _Setup(
            parsed,
            state,
            latency_ms=latency_ms,
            rate_limit=rate_limit,
            faults=parse_faults(faults),
            layers=layers,
        )
        self._address = (host, port)
        self._listening = threading.Event()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self.store = self._setup.store
        self.url = ""

    def __enter__(self) -> Emulator:
        listener = _listen(*self._address)
        self.url = _url(self._address[0], listener)
        self._server = server = _Server(self._setup.app(), self._listening.set)
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

    # -- looking

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The API requests so far, each `{method, path, body, status}`; `path` with its query string.

        `status` is None where nothing was answered; `fault` names the fault of a request that had one.
        """
        return self._setup.log.entries()

    def clear_requests(self) -> None:
        self._setup.log.clear()

    @property
    def faults(self) -> JsonObject:
        """The fault script with, per rule, `counts` of the requests that `matched` and that were `faulted`."""
        return self._setup.faults.show()

    @faults.setter
    def faults(self, script: object) -> None:
        """Replace the fault script from its beginning; an empty list ends all faults. Raises ConfigError."""
        self._setup.faults.use(parse_faults(script))

    def knowledge(self, org: str | None = DEFAULT_ORG) -> list[JsonObject]:
        """The live notes as v3 shows them, sorted by id; None: those of the enterprise."""
        return self._live("knowledge", org)

    def playbooks(self, org: str | None = DEFAULT_ORG) -> list[JsonObject]:
        return self._live("playbook", org)

    def secrets(self, org: str | None = DEFAULT_ORG) -> list[JsonObject]:
        return self._live("secret", org)

    def automations(self, org: str | None = DEFAULT_ORG) -> list[JsonObject]:
        return self._live("automation", org)

    def folders(self, org: str | None = DEFAULT_ORG) -> list[JsonObject]:
        with self.store.lock:
            folders = cast("list[JsonObject]", views.folder_tree(self.store, org)["folders"])
            return sorted(folders, key=lambda folder: str(folder["folder_id"]))

    def _live(self, kind: Kind, org: str | None) -> list[JsonObject]:
        with self.store.lock:
            ids = sorted(record.id for record in self.store.table(kind) if record.org == org)
            return [webapp.show(self.store, kind, record_id) for record_id in ids]

    # -- acting as a person

    def add_folder(self, path: str, org: str | None = DEFAULT_ORG) -> str:
        """Make the folders of a path that are missing, and return the id of the last."""
        folder_id = person.folder_at(self.store, org, path)
        self._setup.save()
        return folder_id

    def add(self, kind: str, *, org: str | None = DEFAULT_ORG, **fields: object) -> str:
        """Add an object with the fields of a seed entry, and return its id."""
        record_id = person.plant(self.store, _kind(kind), org, fields)
        self._setup.save()
        return record_id

    def edit(self, kind: str, id: str, **fields: object) -> None:
        """Change some fields of an object. KeyError for an unknown id."""
        person.edit(self.store, _kind(kind), id, fields)
        self._setup.save()

    def remove(self, kind: str, id: str) -> None:
        """Delete an object. KeyError for an unknown id."""
        person.remove(self.store, _kind(kind), id)
        self._setup.save()

    def reset(self) -> None:
        """Go back to the seed."""
        self._setup.reset()


def _kind(name: str) -> Kind:
    for section, kind in SECTIONS.items():
        if name in (section, kind):
            return kind
    raise ValueError(f"{name!r} is no kind: expected one of {', '.join(SECTIONS.values())}")
