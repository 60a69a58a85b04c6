"""A server on loopback that answers whatever a test wants, and clients that are quick to give up."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from devinops.api import client, codec, open_reader, open_writer
from devinops.api.connection import Connection
from devinops.kinds import Registry
from devinops.model.target import Target
from tests.testing.replies import Connect, Reply, Serve, Server, in_turn, running
from tests.testing.settings_kinds import BUDGET, GATE
from tests.testing.toy_kinds import BADGE, MANUAL, ROBOT

KEY = "cog_canary_key_0123456789"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name}_proxy".upper(), raising=False)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """serve(answer) starts a server; `answer` is a function, or a list of replies of which the last stays."""
    with ExitStack() as stack:

        def start(answer: Any, tls: Any = None) -> Server:
            if isinstance(answer, Reply):
                answer = [answer]
            if isinstance(answer, list):
                answer = in_turn(answer)
            return stack.enter_context(running(answer, tls))

        yield start


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port at which nobody listens. It stays in use, so that nobody else does so meanwhile."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        yield listener.getsockname()[1]


@pytest.fixture
def connect() -> Connect:
    """connect(url, **changes) makes a Connection with a canary key and hardly any patience."""

    def make(url: str, **changes: Any) -> Connection:
        facts = {"key": KEY, "timeout_s": 5, "backoff_s": 0.001, **changes}
        target = {"api": facts.pop("api", "v3"), "org_id": facts.pop("org_id", "org-1")}
        target["enterprise"] = facts.pop("enterprise", False)
        return Connection(Target("default", url, **target), **facts)

    return make


@pytest.fixture
def reply() -> type[Reply]:
    return Reply


@pytest.fixture
def writer(connect):
    """writer(server, **changes) opens a client of the server that can write."""
    with ExitStack() as stack:
        yield lambda server, **changes: stack.enter_context(
            open_writer(connect(server.url, **changes))
        )


@pytest.fixture
def snapshot(connect):
    """snapshot(server, kinds, **changes) reads everything with a client that is closed again."""

    def take(server, kinds=None, **changes):
        with open_reader(connect(server.url, **changes)) as reader:
            return reader.snapshot(kinds)

    return take


@pytest.fixture
def toy_kinds(monkeypatch):
    """The client knows the toy kinds and no other."""
    kinds = Registry((BADGE, BUDGET, GATE, MANUAL, ROBOT))
    for module in (client, codec):
        monkeypatch.setattr(module, "KINDS", kinds)


@pytest.fixture
def toy_api(serve, reply, toy_kinds):
    """toy_api({"GET /path": answer}) serves answers by method and path, else an empty list."""

    def start(answers=None):
        def answer(asked):
            line = f"{asked.method} {asked.path.partition('?')[0]}"
            found = (answers or {}).get(line, {"items": [], "has_next_page": False})
            return found if isinstance(found, Reply) else reply(body=found)

        return serve(answer)

    return start
