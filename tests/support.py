"""Small builders that tests share."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from devinops.cli import main
from devinops.emulator.gate import Call, Next, Reply
from devinops.kinds import KINDS
from devinops.model.keys import ROOT, Key, folder_path, join_folder
from devinops.model.objects import Access, Live, Snapshot

LIVE = ("id", "created_at", "updated_at", "created_by", "updated_by", "folder_id")


def live(kind: str, **facts: Any) -> Live:
    """Build a live object from flat facts: the kind's fields, and those of `Live`."""
    own = {name: facts.pop(name) for name in LIVE if name in facts}
    access = Access(facts.pop("access", "org"))
    ours = facts.pop("ours", access is Access.ORG)
    if kind == "knowledge":
        facts = {"trigger": "t", "body": "b"} | facts
        facts["folder"] = folder_path(facts["folder"]) if facts.get("folder") else ROOT
    if kind == "folder":
        facts["path"] = join_folder(facts["path"].split("/"))
    if kind == "playbook":
        facts = {"body": "b"} | facts
    resource = KINDS[kind].resource(**facts)
    key = KINDS[kind].key(resource)
    return Live(
        key, own.pop("id", f"{kind}-{key.place}"), resource, ours=ours, access=access, **own
    )


def snapshot(objects: Iterable[Mapping[str, Any]]) -> Snapshot:
    """Build a snapshot from `{kind: …, fields …}` mappings."""
    return Snapshot.of(live(**dict(one)) for one in objects)


LONG_S = 60.0
"""How long a test waits for another thread or process: a hang ends then, and no slow machine needs as long."""


def until(condition: Callable[[], object]) -> None:
    """Wait for what another thread or process does."""
    end = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.005)


class Door:
    """A layer of an emulator that holds the requests that `wanted` names, until it is opened."""

    def __init__(self, wanted: Callable[[Call], bool]) -> None:
        self.wanted = wanted
        self.methods: list[str] = []
        """Of all requests, in the order in which they came."""
        self._knocked, self._opened = threading.Event(), threading.Event()

    async def __call__(self, call: Call, ask: Next) -> Reply:
        held = self.wanted(call)
        self.methods.append(call.method)
        while held and not self._opened.is_set():
            self._knocked.set()
            await asyncio.sleep(0.005)
        return await ask(call)

    def wait(self) -> None:
        """Wait until a request is held."""
        assert self._knocked.wait(LONG_S), "no such request came"

    def open(self) -> None:
        self._opened.set()


def key(text: str) -> Key:
    return Key.parse(text)


def run_quietly(argv: Sequence[str], environ: Mapping[str, str]) -> tuple[int, str, str]:
    """Run the command line in this process with more environment variables; return exit code, stdout and stderr."""
    before = dict(os.environ)
    os.environ.update(environ)
    out, err = io.StringIO(), io.StringIO()
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = main(argv)
    finally:
        os.environ.clear()
        os.environ.update(before)
    return code, out.getvalue(), err.getvalue()


# --- a server that answers whatever a test wants --------------------------------------------------------------


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answered:
    """An answer; status 0: the connection is cut."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


Answer = Callable[[Asked], Answered]


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that has read enough: the traceback would stand amid what a test looks at."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def server(answer: Answer) -> Iterator[str]:
    """Serve on loopback; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found = answer(Asked(self.command, self.path, dict(self.headers), body))
            if not found.status:
                return
            self.send_response_only(found.status)
            length = {"Content-Type": "application/json", "Content-Length": str(len(found.body))}
            for name, value in (length | found.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(found.body)

        do_GET = do_POST = do_PUT = do_DELETE = _any

        def log_message(self, *_: object) -> None:
            pass

    with _Server(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_port}"
        finally:
            running.shutdown()
            thread.join()
