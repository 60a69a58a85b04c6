"""Serves an ASGI application as a slow server would be, and counts what it is asked.

A response leaves `latency_ms` after its request arrived, or later if the application itself takes
longer. So two applications of different speed are equally slow, and a ratio compares the clients.

The process prints `listening on URL`. It then reads lines from stdin: `latency MS`,
`slows-beyond N`, `reset`, and `counts`, which prints a line of JSON and starts to count again. It
ends when stdin is closed.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import uvicorn

from devinops.emulator.server import listen, url_of

Message = dict[str, Any]
Application = Callable[[Any, Any, Any], Awaitable[None]]
Answer = tuple[int, Any]
"""Status and JSON."""


@dataclass
class Counts:
    """What was asked: requests, those answered 429, and those that came before Retry-After."""

    requests: int = 0
    refused: int = 0
    too_early: int = 0
    lists: int = 0
    """Requests to read."""
    _not_before: dict[bytes, float] = field(default_factory=dict)

    def asked(self, method: str, request: bytes, now: float) -> None:
        self.requests += 1
        self.lists += method == "GET"
        self.too_early += now < self._not_before.pop(request, now)

    def answered(self, request: bytes, status: int, retry_after_s: float, now: float) -> None:
        if status == 429:
            self.refused += 1
            self._not_before[request] = now + retry_after_s

    def show(self) -> str:
        return json.dumps(
            {name: value for name, value in vars(self).items() if not name.startswith("_")}
        )


class Slow:
    """ASGI middleware that delays and counts; it holds a response until its time has come."""

    def __init__(self, app: Application, clock: Callable[[], float] = time.monotonic) -> None:
        self.app = app
        self.clock = clock
        self.latency_ms = 0.0
        self.slows_beyond = math.inf
        """With twice as many requests in flight, each takes four times as long."""
        self._in_flight = 0
        self.counts = Counts()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self._in_flight += 1
        try:
            await self._delay(scope, receive, send)
        finally:
            self._in_flight -= 1

    async def _delay(self, scope: Any, receive: Any, send: Any) -> None:
        arrived = self.clock()
        slowdown = max(1, self._in_flight / self.slows_beyond) ** 2
        body = await _body(receive)
        request = b" ".join(
            (scope["method"].encode(), scope["raw_path"], scope["query_string"], body)
        )
        self.counts.asked(scope["method"], request, arrived)
        messages = await _answer(self.app, scope, body)
        self.counts.answered(request, *_status(messages[0]), self.clock())
        if (rest := arrived + self.latency_ms / 1000 * slowdown - self.clock()) > 0:
            await asyncio.sleep(rest)
        for message in messages:
            await send(message)


async def _body(receive: Any) -> bytes:
    chunks, more = [], True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(chunks)


async def _answer(app: Application, scope: Any, body: bytes) -> list[Message]:
    """Return all messages of the response."""
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, send)
    return messages


def _status(start: Message) -> tuple[int, float]:
    """Return the status of a response, and the seconds of its Retry-After."""
    headers = {name.lower(): value for name, value in start.get("headers", ())}
    return start["status"], float(headers.get(b"retry-after", b"0"))


def json_application(
    answer: Callable[[str, str, dict[str, str], Any], Answer],
) -> Application:
    """Return an application that passes method, path, query and the parsed body to `answer`."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = await _body(receive)
        query = dict(parse_qsl(scope["query_string"].decode()))
        parsed = json.loads(body) if body else None
        status, response = answer(scope["method"], scope["path"], query, parsed)
        content = json.dumps(response).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(content)).encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    return app


def serve(app: Application, reset: Callable[[], None]) -> None:
    """Serve the application until stdin is closed; `reset` makes it forget what was written."""
    slow = Slow(app)
    config = uvicorn.Config(
        slow, http="h11", ws="none", lifespan="off", log_level="warning", access_log=False
    )
    server = uvicorn.Server(config)
    with listen("127.0.0.1", 0) as listener:
        print(f"listening on {url_of('127.0.0.1', listener)}", flush=True)
        threading.Thread(target=_obey, args=(server, slow, reset), daemon=True).start()
        server.run(sockets=[listener])


def _obey(server: uvicorn.Server, slow: Slow, reset: Callable[[], None]) -> None:
    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "latency":
            slow.latency_ms = float(arguments[0])
        elif command == "slows-beyond":
            slow.slows_beyond = float(arguments[0])
        elif command == "reset":
            reset()
        elif command == "counts":
            shown, slow.counts = slow.counts.show(), Counts()
            print(shown, flush=True)
    server.should_exit = True
