"""Bytes over a real connection that are no HTTP, or HTTP that lies: an error of one line, or the true answer."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.api.connection import Connection
from devinops.api.http_client import Call, Sender
from devinops.model.errors import ApiError
from devinops.model.target import Target
from tests.testing.answers import KEY, refused
from tests.testing.damage import damaged, fuzz

TRUE = {"items": [{"secret_id": "s", "key": "K", "note": "é" * 40}], "has_next_page": False}
BODY = json.dumps(TRUE).encode()


class Wire:
    """A server that sends the bytes it is told to, and hangs up."""

    def __init__(self) -> None:
        self.sent = b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        connection = Connection(
            Target("default", f"http://127.0.0.1:{self.listener.getsockname()[1]}", "v3", "o"),
            KEY,
            timeout_s=60,
            retries=0,
        )
        self.client = Sender(connection, lambda line: None)
        # the server hangs up behind each answer; whether the client has seen that would be a matter of luck
        transport: Any = self.client._client._transport
        transport._pool._max_keepalive_connections = 0
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            # a client that hangs up is what these tests are about
            with closing(connection), suppress(OSError):
                asked = b""
                while b"\r\n\r\n" not in asked and (more := connection.recv(65536)):
                    asked += more
                connection.sendall(self.sent)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass

    def ask(self, call: Call, sent: bytes) -> object:
        self.sent = sent
        return self.client.get(call) if call.method == "GET" else self.client.send(call)

    def close(self) -> None:
        self.client.close()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)


@cache
def wire() -> Wire:
    return Wire()


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    yield
    wire().close()
    wire.cache_clear()


def chunked(body: bytes, size: int = 7) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


PACKED: dict[bytes, Callable[[bytes], bytes]] = {
    b"": bytes,
    b"Content-Encoding: gzip\r\n": gzip.compress,
    b"Content-Encoding: br\r\n": bytes,
    b"Content-Encoding: gzip, gzip\r\n": lambda body: gzip.compress(gzip.compress(body)),
}
LINES = [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 200\r\n", b"HTTP/1.1 299 \xff\r\n", b"HTTP/2 200 OK\r\n",
         b"HTTP/1.1 000 OK\r\n", b"HTTP/1.1 99999 OK\r\n", b"HTTP/1.1 422 No\r\n", b"HTTP/1.1 503 No\r\n", b"HTTP/1.1 301 Moved\r\n",
         b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", b"HTTP/1.1 101 Switching\r\n", b"HTTP/1.1 204 No\r\n", b"ICY 200 OK\r\n", b""]  # fmt: skip
HEADERS = [b"Content-Length: -1\r\n", b"Content-Length: 5\r\nContent-Length: 6\r\n", b"Content-Length: 1e3\r\n", b"Content-Length: 99999999999999999999\r\n",
           b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"Transfer-Encoding: x\r\n", b": x\r\n", b"no colon\r\n",
           b"X: a\r\n  folded\r\n", b"X: \x00\r\n", b"X: " + b"y" * 200_000 + b"\r\n", b"Location: http://[\r\n", b"Retry-After: x\r\n",
           b"Set-Cookie: a=b; Domain=x; Expires=Thu, 99 Foo\r\n", b"Content-Type: text/html\r\n", b"Connection: upgrade\r\nUpgrade: h2c\r\n", b"\x1b[2J: x\r\n"]  # fmt: skip


@st.composite
def responses(draw: st.DrawFn) -> bytes:
    """What looks like a response, with the true answer somewhere in it."""
    coding = draw(st.sampled_from(list(PACKED)))
    body = PACKED[coding](BODY)
    framing = draw(st.sampled_from(["length", "chunked", "close", "long", "short", "both"]))
    length = {"long": len(body) + 10, "short": draw(st.integers(0, len(body)))}.get(
        framing, len(body)
    )
    head = draw(st.sampled_from(LINES[:3]) | st.sampled_from(LINES)) + coding
    head += b"".join(draw(st.lists(st.sampled_from(HEADERS), max_size=2)))
    if framing in ("length", "long", "short", "both"):
        head += b"Content-Length: %d\r\n" % length
    if framing in ("chunked", "both"):
        head += b"Transfer-Encoding: chunked\r\n"
        body = chunked(body, draw(st.integers(1, 200)))
    return head + b"\r\n" + body


calls = st.sampled_from(
    [Call("GET", "/v3/secrets"), Call("POST", "/v3/secrets", body={"key": "K"})]
)


def held(call: Call, sent: bytes) -> object:
    """Ask; return the answer, None for an error that is as errors must be."""
    try:
        return wire().ask(call, sent)
    except ApiError as error:
        refused(error)
        return None


@fuzz()
@given(calls, responses())
def test_a_response_that_lies_is_refused_or_the_true_answer(call: Call, sent: bytes) -> None:
    assert held(call, sent) in (TRUE, None)


@fuzz(0.5)
@given(
    calls,
    st.binary(max_size=300)
    | damaged(st.just(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n[1,2]")),
)
def test_bytes_that_are_no_http(call: Call, sent: bytes) -> None:
    held(call, sent)


@fuzz(0.5)
@given(calls, st.integers(0, len(BODY) + 60))
def test_a_response_that_was_cut_is_refused(call: Call, cut: int) -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
    found = held(call, whole[:cut])
    assert found == TRUE if cut >= len(whole) else found is None


@fuzz(0.5)
@given(st.data())
def test_a_response_that_was_cut_anywhere_in_its_chunks_is_refused(data: st.DataObject) -> None:
    whole = (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
        + chunked(gzip.compress(BODY), 50)
    )
    cut = data.draw(st.integers(0, len(whole)))
    found = held(Call("GET", "/v3/x"), whole[:cut])
    assert found == TRUE if cut == len(whole) else found is None


def test_true_answers_are_read() -> None:
    for body in (BODY, gzip.compress(BODY)):
        coding = b"" if body is BODY else b"Content-Encoding: gzip\r\n"
        for framed in (
            b"Content-Length: %d\r\n\r\n" % len(body) + body,
            b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body),
            b"\r\n" + body,
        ):
            assert held(Call("GET", "/v3/x"), b"HTTP/1.1 200 OK\r\n" + coding + framed) == TRUE
