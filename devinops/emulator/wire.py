"""How an answer goes out over a connection: whole, or broken in one of the ways in which networks break.

The ways other than `whole` reach below the application, to the connection that the emulator's own server
puts into the scope; elsewhere they are a RuntimeError.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from starlette.types import Receive, Scope, Send

from devinops import __version__

if TYPE_CHECKING:
    from devinops.emulator.gate import Reply

MARK = ("Devinops-Emulator", __version__)
"""The header of every answer, by which a client can tell the emulator from the service."""

CONNECTION = "devinops.connection"  # where in the scope's `state` the connection is


class Connection(Protocol):
    """A client's connection.

    `stuck`: whatever is going on will not end by itself, so that a server that stops need not wait.
    `doomed`: the next request finds it dead.
    """

    transport: asyncio.Transport
    stuck: bool
    doomed: bool


class Wire:
    """The way back to the client of one request."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.connection: Connection | None = scope.get("state", {}).get(CONNECTION)
        self._receive, self._send = receive, send

    def below(self) -> Connection:
        """Return the connection. RuntimeError where there is none."""
        if self.connection is None:
            raise RuntimeError("connections can be broken only behind the emulator's own server")
        return self.connection

    async def head(self, reply: Reply) -> None:
        status = 500 if reply.status is None else reply.status
        await self._send(
            {"type": "http.response.start", "status": status, "headers": list(reply.headers)}
        )

    async def body(self, chunk: bytes, *, more: bool = False) -> None:
        await self._send({"type": "http.response.body", "body": chunk, "more_body": more})

    async def gone(self) -> None:
        """Wait until the client has closed the connection, or the connection is closed on this side."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def abort(self, *, reset: bool = False) -> None:
        """Close without sending what may be waiting; `reset`: the client sees a reset, not an end."""
        if reset:
            self._linger()
        self.below().transport.abort()

    def close(self, *, reset: bool = False) -> None:
        """Close once everything so far is sent."""
        if reset:
            self._linger()
        self.below().transport.close()

    def _linger(self) -> None:
        """Make closing the socket a reset."""
        connected = self.below().transport.get_extra_info("socket")
        linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


Sending = Callable[[Wire, "Reply"], Awaitable[None]]


async def whole(wire: Wire, reply: Reply) -> None:
    """Send the answer as it should be."""
    await wire.head(reply)
    await wire.body(reply.body)


async def closed(wire: Wire, reply: Reply) -> None:
    """Send the answer, and close the connection that the client was to keep."""
    await whole(wire, reply)
    wire.close()


async def doomed(wire: Wire, reply: Reply) -> None:
    """Send the answer on a connection that the next request will find dead."""
    wire.below().doomed = True
    await whole(wire, reply)


def dropped(*, reset: bool = False) -> Sending:
    """Close the connection without an answer."""

    async def send(wire: Wire, reply: Reply) -> None:
        wire.abort(reset=reset)
        await wire.gone()

    return send


def halved(*, reset: bool = False) -> Sending:
    """Announce the whole answer, send half of its body and close the connection."""

    async def send(wire: Wire, reply: Reply) -> None:
        await wire.head(reply)
        await wire.body(reply.body[: len(reply.body) // 2], more=True)
        wire.close(reset=reset)
        await wire.gone()

    return send


async def silence(wire: Wire, reply: Reply) -> None:
    """Send nothing until the client gives up, or the server stops."""
    wire.below().stuck = True
    try:
        await wire.gone()
    except asyncio.CancelledError:
        wire.abort()
        await wire.gone()


def dripped(part: str, pause_s: float) -> Sending:
    """Send the head or the body byte by byte, and close the connection at the end."""

    async def send(wire: Wire, reply: Reply) -> None:
        wire.below().stuck = True
        try:
            await _drip(wire, _pieces(part, reply), pause_s)
        except asyncio.CancelledError:
            wire.abort()
        wire.close()
        await wire.gone()

    return send


def _pieces(part: str, reply: Reply) -> Iterator[bytes]:
    """Cut the answer, as it looks on the wire, into what is sent at once."""
    slow, fast = (_head(reply), reply.body) if part == "headers" else (reply.body, _head(reply))
    drops = (slow[place : place + 1] for place in range(len(slow)))
    if part == "headers":
        yield from drops
        yield fast
    else:
        yield fast
        yield from drops


def _head(reply: Reply) -> bytes:
    status = 500 if reply.status is None else reply.status
    lines = [f"HTTP/1.1 {status} {phrase(status)}".encode()]
    lines += [name + b": " + value for name, value in reply.headers]
    lines.append(": ".join(MARK).encode())
    return b"\r\n".join([*lines, b"connection: close", b"", b""])


async def _drip(wire: Wire, pieces: Iterator[bytes], pause_s: float) -> None:
    """Send the pieces with a pause after each, until the connection ends."""
    for piece in pieces:
        wire.below().transport.write(piece)
        try:
            await asyncio.wait_for(wire.gone(), pause_s)
        except TimeoutError:
            continue
        return


def phrase(status: int) -> str:
    """Return a status' name, empty for one that HTTP does not know."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
