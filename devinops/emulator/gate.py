"""What every API request passes on its way in and out.

A *layer* is called with the request and with a function that asks the rest; it may answer by itself, ask and
look at the answer, or replace it. Latency, the rate limit, the request log, the fault script and the saving of
the state are layers, and so is anything else that has to meddle with answers. Requests to paths outside `/v1`,
`/v3` and `/v3beta1` pass no layer.
"""

from __future__ import annotations

import asyncio
import json
import math
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import partial
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from devinops.emulator.wire import Connection, Sending, Wire, whole

API_PATHS = ("/v1/", "/v3/", "/v3beta1/")
_HIDDEN = "***"


@dataclass(frozen=True)
class Call:
    """A request with its whole body. `target` is the path with the query string as sent.

    A layer may ask for another query string. `key` is the bearer token; `connection` None: no server of ours.
    """

    method: str
    path: str
    target: str
    body: bytes
    key: str = field(default="", repr=False)
    connection: Connection | None = field(default=None, repr=False, compare=False)

    @property
    def json(self) -> Any:
        """The parsed body; None without one or when it is not JSON."""
        try:
            return json.loads(self.body) if self.body else None
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True)
class Reply:
    """A whole answer; `headers` as ASGI has them. `status` None: nothing is answered.

    `sending` is the way it goes out, `fault` the name of the fault that it shows.
    """

    status: int | None
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    sending: Sending = whole
    fault: str | None = None


_STOPPING = Reply(
    503, [(b"content-type", b"application/json")], b'{"detail":"The emulator is stopping"}'
)

Next = Callable[[Call], Awaitable[Reply]]
Layer = Callable[[Call, Next], Awaitable[Reply]]


class Gate:
    """ASGI middleware that leads API requests through layers, the first one outermost."""

    def __init__(self, app: ASGIApp, layers: Sequence[Layer]) -> None:
        self.app = app
        self.layers = layers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(API_PATHS):
            await self.app(scope, receive, send)
            return
        wire = Wire(scope, receive, send)
        call = await _read(scope, receive, wire.connection)
        if call is None:
            return
        ask: Next = partial(_ask, self.app, scope)
        for layer in reversed(self.layers):
            ask = partial(_through, layer, ask)
        try:
            reply = await ask(call)
        except asyncio.CancelledError:
            # Only a server that stops cancels a request: an answer is better than a traceback.
            reply = _STOPPING
        await reply.sending(wire, reply)


async def _through(layer: Layer, ask: Next, call: Call) -> Reply:
    return await layer(call, ask)


async def _read(scope: Scope, receive: Receive, connection: Connection | None) -> Call | None:
    """Return the request; None when the client went away before it was complete."""
    chunks = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    raw_path = scope.get("raw_path") or scope["path"].encode()
    query = scope.get("query_string", b"")
    target = (raw_path + (b"?" + query if query else b"")).decode("latin-1")
    return Call(
        scope["method"], scope["path"], target, b"".join(chunks), _bearer(scope), connection
    )


def _bearer(scope: Scope) -> str:
    """Return the key, empty without one."""
    value: bytes = next(
        (value for name, value in scope["headers"] if name == b"authorization"), b""
    )
    scheme, _, key = value.decode("latin-1").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


async def _ask(app: ASGIApp, scope: Scope, call: Call) -> Reply:
    """Hand the request to the application and collect its answer."""
    status, headers, chunks = 500, [], []

    async def receive() -> Message:
        return {"type": "http.request", "body": call.body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], list(message.get("headers", ()))
        else:
            chunks.append(message.get("body", b""))

    query = call.target.partition("?")[2].encode("latin-1")
    await app({**scope, "query_string": query}, receive, send)
    return Reply(status, headers, b"".join(chunks))


class RequestLog:
    """Keeps what was asked and how it was answered, secret values hidden."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[dict[str, Any]] = []

    async def __call__(self, call: Call, ask: Next) -> Reply:
        try:
            reply = await ask(call)
        except BaseException as error:
            # What the server, or the gate, makes of an exception.
            self._keep(call, 503 if isinstance(error, asyncio.CancelledError) else 500)
            raise
        self._keep(call, reply.status, reply.fault)
        return reply

    def _keep(self, call: Call, status: int | None, fault: str | None = None) -> None:
        entry = {
            "method": call.method,
            "path": call.target,
            "body": loggable(call),
            "status": status,
        }
        if fault is not None:
            entry["fault"] = fault
        with self._lock:
            self._entries.append(entry)

    def entries(self) -> list[dict[str, Any]]:
        """Return the requests in the order in which they were answered."""
        with self._lock:
            return [dict(entry) for entry in self._entries]

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()


def loggable(call: Call) -> Any:
    """Return the parsed body; on the paths of secrets every `value` in it is hidden.

    Elsewhere nothing is hidden, so that a value sent to a place where it does not belong can be found.
    """
    data = call.json
    if "secrets" not in call.path.split("/") or data is None:
        return data
    return _hide(data) if isinstance(data, dict | list) else _HIDDEN


def _hide(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _HIDDEN if name == "value" else _hide(item) for name, item in data.items()}
    if isinstance(data, list):
        return [_hide(item) for item in data]
    return data


async def pause(milliseconds: float) -> None:
    """Let other requests go on for so long: the one place where the emulator is slow on purpose, for tests."""
    await asyncio.sleep(milliseconds / 1000)


def latency(milliseconds: float) -> Layer:
    """Answer each request so much later; requests wait side by side."""

    async def layer(call: Call, ask: Next) -> Reply:
        await pause(milliseconds)
        return await ask(call)

    return layer


class RateLimit:
    """A token bucket: `rate` requests a second, and as many at once, at least one.

    A request without a token is answered with 429. How Retry-After looks is up to the `retry_after` quirk.
    """

    def __init__(
        self,
        rate: float,
        refuse: Callable[[Call, dict[str, str]], Reply],
        style: Callable[[], str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rate, self.size = rate, max(1.0, rate)
        self._refuse, self._style = refuse, style
        self._tokens, self._clock, self._seen = self.size, clock, clock()

    async def __call__(self, call: Call, ask: Next) -> Reply:
        self._refill()
        if self._tokens < 1:
            return self._refuse(call, self._headers())
        self._tokens -= 1
        return await ask(call)

    def _refill(self) -> None:
        now = self._clock()
        self._tokens = min(self.size, self._tokens + (now - self._seen) * self.rate)
        self._seen = now

    def _headers(self) -> dict[str, str]:
        """Say when the next token is there, rounded up to whole seconds."""
        seconds = max(1, math.ceil((1 - self._tokens) / self.rate))
        shown = {"seconds": str(seconds), "date": formatdate(time.time() + seconds, usegmt=True)}
        return {"Retry-After": shown[style]} if (style := self._style()) in shown else {}
