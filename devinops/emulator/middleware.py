"""The layers that every API request passes through on its way in and out.

A *layer* is called with the request and with a function that passes the request on. It may answer
by itself, or pass the request on and read or replace the response. Latency, the rate limit, the
request log, the fault script and the state file are layers, and so is anything else that changes
requests or responses. Requests to paths outside `/v1`, `/v3` and `/v3beta1` skip them.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import partial
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from devinops.emulator.response_sending import Client, ClientConnection, Reply

API_PATHS = ("/v1/", "/v3/", "/v3beta1/")
_REDACTED = "***"
_READABLE = ("key", "type", "note", "is_sensitive", "sensitive")
"""The members of a request for a secret that show nothing of its value."""
_LIST_PARAMETERS = ("after", "first")
_STAYS_ENCODED = re.compile("%(25|2[Ff])")


@dataclass(frozen=True)
class Call:
    """A request with its whole body. `target` is the path with the query string as sent.

    `path` is decoded, except for a slash and a percent sign (`%2F`, `%25`): with a decoded slash,
    an id would be two segments. A layer may pass the request on with another query string. `key` is
    the bearer token. `connection` is None under another server than the emulator's.
    """

    method: str
    path: str
    target: str
    body: bytes
    key: str = field(default="", repr=False)
    connection: ClientConnection | None = field(default=None, repr=False, compare=False)

    @property
    def json(self) -> Any:
        """The parsed body; None without a body or if it is not JSON."""
        try:
            return json.loads(self.body) if self.body else None
        except (ValueError, RecursionError):
            return None


_STOPPING = Reply(
    503, [(b"content-type", b"application/json")], b'{"detail":"The emulator is stopping"}'
)

Next = Callable[[Call], Awaitable[Reply]]
Layer = Callable[[Call, Next], Awaitable[Reply]]


class Gate:
    """ASGI middleware that passes API requests through layers, the first one outermost."""

    def __init__(self, app: ASGIApp, layers: Sequence[Layer]) -> None:
        self.app = app
        self.layers = layers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(API_PATHS):
            await self.app(scope, receive, send)
            return
        client = Client(scope, receive, send)
        call = await _read(scope, receive, client.connection)
        if call is None:
            return
        ask: Next = partial(_ask, self.app, scope)
        for layer in reversed(self.layers):
            ask = partial(_pass_through, layer, ask)
        try:
            reply = await ask(call)
        except asyncio.CancelledError:
            # Only a server that stops cancels a request: a response is better than a traceback.
            reply = _STOPPING
        await reply.send(client, reply)


async def _pass_through(layer: Layer, ask: Next, call: Call) -> Reply:
    return await layer(call, ask)


async def _read(scope: Scope, receive: Receive, connection: ClientConnection | None) -> Call | None:
    """Return the request; None if the client went away before it was complete."""
    chunks = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    target = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    path = unquote(_STAYS_ENCODED.sub(lambda match: f"%25{match[1].upper()}", target))
    if query := scope.get("query_string", b""):
        target += "?" + query.decode("latin-1")
    return Call(
        scope["method"],
        path,
        target,
        b"".join(chunks),
        _bearer_token(scope),
        connection,
    )


def _bearer_token(scope: Scope) -> str:
    """Return the key, empty without one."""
    values: list[bytes] = [value for name, value in scope["headers"] if name == b"authorization"]
    if not values:
        return ""
    scheme, _, key = values[0].decode("latin-1").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


async def _ask(app: ASGIApp, scope: Scope, call: Call) -> Reply:
    """Pass the request to the application and collect its response."""
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
    await app({**scope, "path": call.path, "query_string": query}, receive, send)
    return Reply(status, headers, b"".join(chunks))


@dataclass(frozen=True)
class Requests:
    """Entries of the log, numbered from 1 without a gap.

    `cleared` is the last number that was cleared, `last` that of the newest request.
    """

    cleared: int
    last: int
    entries: list[tuple[int, dict[str, Any]]]


class RequestLog:
    """Records requests and how they were answered, with secret values redacted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[dict[str, Any]] = []
        self._cleared = 0

    async def __call__(self, call: Call, ask: Next) -> Reply:
        try:
            reply = await ask(call)
        except BaseException as error:
            # The gate answers 503 for a canceled request, the server 500 for an error.
            self._add(call, 503 if isinstance(error, asyncio.CancelledError) else 500)
            raise
        self._add(call, reply.status, reply.fault)
        return reply

    def _add(self, call: Call, status: int | None, fault: str | None = None) -> None:
        entry = {
            "method": call.method,
            "path": loggable_target(call),
            "body": loggable_body(call),
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

    def since(self, number: int) -> Requests:
        """Return the requests after the one with this number."""
        with self._lock:
            start = max(number, self._cleared)
            rest = self._entries[start - self._cleared :]
            last = self._cleared + len(self._entries)
            return Requests(self._cleared, last, list(enumerate(rest, start + 1)))

    def clear(self) -> None:
        with self._lock:
            self._cleared += len(self._entries)
            self._entries.clear()


def loggable_body(call: Call) -> Any:
    """Return the parsed body; on the paths of secrets, without what may be a value.

    A member with a misspelled name can hold the value. Elsewhere nothing is redacted, so that a
    value sent to the wrong place can be found.
    """
    return _redact(call.json) if _is_about_secrets(call) else call.json


def loggable_target(call: Call) -> str:
    """Return the path with the query; on the paths of secrets, only that of a list is left."""
    path, mark, query = call.target.partition("?")
    if not mark or not _is_about_secrets(call):
        return call.target
    pairs = query.split("&")
    shown = (pair if pair.partition("=")[0] in _LIST_PARAMETERS else _REDACTED for pair in pairs)
    return f"{path}?{'&'.join(shown)}"


def _is_about_secrets(call: Call) -> bool:
    """Return whether a path leads to secrets, or is meant to."""
    return any(part.lower().startswith("secret") for part in call.path.split("/"))


def _redact(data: Any) -> Any:
    if isinstance(data, dict):
        return {
            name: item if name in _READABLE and isinstance(item, str | bool) else _redact(item)
            for name, item in data.items()
        }
    if isinstance(data, list):
        return [_redact(item) for item in data]
    return data if data is None or isinstance(data, bool) else _REDACTED


async def pause(milliseconds: float) -> None:
    """Wait while other requests run; the only place where the emulator is slow on purpose."""
    await asyncio.sleep(milliseconds / 1000)


def latency(milliseconds: float) -> Layer:
    """Return a layer that delays each request; concurrent requests wait at the same time."""

    async def layer(call: Call, ask: Next) -> Reply:
        await pause(milliseconds)
        return await ask(call)

    return layer


class RateLimit:
    """A token bucket of `rate` requests a second that can hold one second's tokens, at least one.

    A request without a token gets a 429. The `retry_after` quirk decides its Retry-After.
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
        self._tokens, self._clock, self._refilled_at = self.size, clock, clock()

    async def __call__(self, call: Call, ask: Next) -> Reply:
        now = self._clock()
        added = (now - self._refilled_at) * self.rate
        self._tokens, self._refilled_at = min(self.size, self._tokens + added), now
        if self._tokens < 1:
            seconds = max(1, math.ceil((1 - self._tokens) / self.rate))
            return self._refuse(call, retry_after(self._style(), seconds))
        self._tokens -= 1
        return await ask(call)


def retry_after(style: str, seconds: int) -> dict[str, str]:
    """Return the Retry-After header: `seconds`, a `date`, `absent`, or any other text as it is."""
    if style == "absent":
        return {}
    date = formatdate(time.time() + seconds, usegmt=True)
    return {"Retry-After": {"seconds": str(seconds), "date": date}.get(style, style)}
