"""How a response goes out over a connection: whole, or broken as networks break it.

The ways other than `send_whole` reach below the application, to the connection that the emulator's
own server puts into the scope. Under another server they raise RuntimeError.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from devinops import __version__

MARK = ("Devinops-Emulator", __version__)
"""The header of every response, by which a client can tell the emulator from the service."""

CONNECTION = "devinops.connection"
"""The key in the scope's `state` under which the connection is."""


class ClientConnection(Protocol):
    """A client's connection.

    `endless`: a response is going on that never ends by itself; a server that stops does not wait.
    `broken`: the next request on the connection is dropped.
    """

    transport: asyncio.Transport
    endless: bool
    broken: bool


class Client:
    """The way back to the client of one request."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.connection: ClientConnection | None = scope.get("state", {}).get(CONNECTION)
        self._receive, self._send = receive, send

    def require_connection(self) -> ClientConnection:
        """Return the connection. Raises RuntimeError under another server than the emulator's."""
        if self.connection is None:
            raise RuntimeError("connections can be broken only behind the emulator's own server")
        return self.connection

    async def send_head(self, reply: Reply) -> None:
        status = 500 if reply.status is None else reply.status
        headers = list(reply.headers)
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def send_body(self, chunk: bytes, *, more: bool = False) -> None:
        await self._send({"type": "http.response.body", "body": chunk, "more_body": more})

    async def wait_for_end(self) -> None:
        """Wait until the connection is closed on either side."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def abort(self, *, reset: bool = False) -> None:
        """Close without sending what is buffered; with `reset` the client sees a reset."""
        self._transport(reset).abort()

    def close(self, *, reset: bool = False) -> None:
        """Close after everything buffered is sent."""
        self._transport(reset).close()

    def _transport(self, reset: bool) -> asyncio.Transport:
        """Return the transport; with `reset`, closing its socket is a reset."""
        transport = self.require_connection().transport
        if reset:
            linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
            connected = transport.get_extra_info("socket")
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        return transport


Sender = Callable[[Client, "Reply"], Awaitable[None]]


async def send_whole(client: Client, reply: Reply) -> None:
    """Send the response as it should be."""
    await client.send_head(reply)
    await client.send_body(reply.body)


@dataclass(frozen=True)
class Reply:
    """A whole response; `headers` in ASGI's form. `status` None: nothing is sent.

    `send` is the way it goes out, `fault` the name of the fault that changed it.
    """

    status: int | None
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    send: Sender = send_whole
    fault: str | None = None

    @classmethod
    def of(cls, response: Response) -> Reply:
        return cls(response.status_code, response.raw_headers, bytes(response.body))


async def send_and_close(client: Client, reply: Reply) -> None:
    """Send the response, and close the connection that should have been kept."""
    await send_whole(client, reply)
    client.close()


async def send_and_break(client: Client, reply: Reply) -> None:
    """Send the response on a connection whose next request is dropped."""
    client.require_connection().broken = True
    await send_whole(client, reply)


def send_nothing(*, reset: bool = False) -> Sender:
    """Close the connection without a response."""

    async def send(client: Client, reply: Reply) -> None:
        client.abort(reset=reset)
        await client.wait_for_end()

    return send


def send_half(*, reset: bool = False) -> Sender:
    """Announce the whole response, send half of its body and close the connection."""

    async def send(client: Client, reply: Reply) -> None:
        await client.send_head(reply)
        await client.send_body(reply.body[: len(reply.body) // 2], more=True)
        client.close(reset=reset)
        await client.wait_for_end()

    return send


async def stay_silent(client: Client, reply: Reply) -> None:
    """Send nothing until the client gives up or the server stops."""
    client.require_connection().endless = True
    try:
        await client.wait_for_end()
    except asyncio.CancelledError:
        client.abort()
        await client.wait_for_end()


def send_slowly(part: str, pause_s: float) -> Sender:
    """Send the `headers` or the `body` byte by byte, and close the connection at the end."""

    async def send(client: Client, reply: Reply) -> None:
        client.require_connection().endless = True
        try:
            await _write_slowly(client, _chunks(part, reply), pause_s)
        except asyncio.CancelledError:
            client.abort()
        client.close()
        await client.wait_for_end()

    return send


def _chunks(part: str, reply: Reply) -> Iterator[bytes]:
    """Cut the response, as it looks on the connection, into what is sent at once."""
    if part == "headers":
        yield from _bytes(_head(reply))
        yield reply.body
    else:
        yield _head(reply)
        yield from _bytes(reply.body)


def _bytes(content: bytes) -> Iterator[bytes]:
    return (content[index : index + 1] for index in range(len(content)))


def _head(reply: Reply) -> bytes:
    status = 500 if reply.status is None else reply.status
    lines = [f"HTTP/1.1 {status} {reason_phrase(status)}".encode()]
    lines += [name + b": " + value for name, value in reply.headers]
    lines.append(": ".join(MARK).encode())
    return b"\r\n".join([*lines, b"connection: close", b"", b""])


async def _write_slowly(client: Client, chunks: Iterator[bytes], pause_s: float) -> None:
    """Write the chunks with a pause after each, until the connection ends."""
    for chunk in chunks:
        client.require_connection().transport.write(chunk)
        try:
            await asyncio.wait_for(client.wait_for_end(), pause_s)
        except TimeoutError:
            continue
        return


def reason_phrase(status: int) -> str:
    """Return the name of a status, empty for one that HTTP does not define."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
