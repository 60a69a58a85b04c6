"""A server on loopback that answers whatever a test wants, and clients that are quick to give up."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from devinops.api import Connection
from devinops.model.target import Target

KEY = "cog_canary_key_0123456789"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name}_proxy".upper(), raising=False)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


@dataclass
class Reply:
    """An answer; `raw`, bytes or pieces of them, goes out as it is, and the connection is closed behind it."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | Iterable[bytes] | None = None


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answer: Callable[[Asked], Reply]) -> None:
        self.answer, self.asked = answer, []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        scheme = "https" if hasattr(self.socket, "context") else "http"
        return f"{scheme}://127.0.0.1:{self.server_port}"

    @property
    def lines(self) -> list[str]:
        return [f"{asked.method} {asked.path}" for asked in self.asked]

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        asked = Asked(self.command, self.path, dict(self.headers), self.rfile.read(length))
        self.server.asked.append(asked)
        reply = self.server.answer(asked)
        if reply.raw is not None:
            for piece in [reply.raw] if isinstance(reply.raw, bytes) else reply.raw:
                self.wfile.write(piece)
            self.close_connection = True
            return
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **reply.headers,
        }
        self.send_response(reply.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = _any

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _running(answer: Callable[[Asked], Reply], tls: Any) -> Iterator[Server]:
    with Server(answer) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def serve():
    """serve(answer) starts a server; `answer` is a function, or a list of replies of which the last stays."""
    with ExitStack() as stack:

        def start(answer: Any, tls: Any = None) -> Server:
            if isinstance(answer, Reply):
                answer = [answer]
            if isinstance(answer, list):
                answer = _in_turn(answer)
            return stack.enter_context(_running(answer, tls))

        yield start


def _in_turn(replies: list[Reply]) -> Callable[[Asked], Reply]:
    lock, left = threading.Lock(), list(replies)

    def answer(_: Asked) -> Reply:
        with lock:
            return left.pop(0) if len(left) > 1 else left[0]

    return answer


@pytest.fixture
def free_port():
    """A port at which nobody listens. It stays taken, so that nobody else does so meanwhile."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def connect():
    """connect(url, **changes) makes a Connection with a canary key and hardly any patience."""

    def make(url: str, **changes: Any) -> Connection:
        facts = {"key": KEY, "timeout_s": 5, "backoff_s": 0.001, **changes}
        place = {"api": facts.pop("api", "v3"), "org_id": facts.pop("org_id", "org-1")}
        return Connection(Target("default", url, **place), **facts)

    return make


@pytest.fixture
def reply():
    return Reply
