"""Real answers of both APIs, as the emulator gives them, and clients that are answered without a network."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx

from devinops.api.client import WritingClient
from devinops.api.connection import Connection
from devinops.api.http_client import Sender
from devinops.emulator import Emulator
from devinops.model.errors import ApiError, ConfigError, DevinopsError
from devinops.model.kind import ApiVersion
from devinops.model.target import Target
from tests.testing.damage import one_line

KEY = "cog_canary_key_0123456789"
ORG = "org-emulator"
KEYS = {"v1": "apk_emulator", "v3": "cog_emulator"}
BASE = {"v1": "/v1", "v3": f"/v3/organizations/{ORG}"}
LISTS: Mapping[ApiVersion, Mapping[str, str]] = {
    "v1": {"/v1/knowledge": "knowledge", "/v1/playbooks": "playbook", "/v1/secrets": "secret"},
    "v3": {
        f"{BASE['v3']}/knowledge/folders": "folder",
        f"{BASE['v3']}/knowledge/notes": "knowledge",
        f"{BASE['v3']}/playbooks": "playbook",
        f"{BASE['v3']}/secrets": "secret",
    },
}
SEED: dict[str, Any] = {
    "organizations": {
        ORG: {
            "folders": [{"path": "F", "id": "folder-1"}, {"path": "F/G", "id": "folder-2"}],
            "knowledge": [
                {"id": "note-1", "name": "A", "trigger": "t", "body": "one\n", "folder": "F"},
                {
                    "id": "note-2",
                    "name": "B",
                    "trigger": "t",
                    "body": "two",
                    "macro": "!b",
                    "folder": "F/G",
                },
                {
                    "id": "note-3",
                    "name": "C",
                    "trigger": "t",
                    "body": "three",
                    "pinned_repo": "acme/api",
                },
            ],
            "playbooks": [
                {"id": "playbook-1", "title": "P", "body": "steps", "macro": "!p"},
                {
                    "id": "playbook-2",
                    "title": "Q",
                    "body": "b",
                    "structured_output_schema": {"type": "object"},
                },
            ],
            "secrets": [{"id": "secret-1", "key": "K", "type": "key-value", "note": "n"}],
        }
    },
    "enterprise": {"knowledge": [{"id": "note-9", "name": "Theirs", "trigger": "t", "body": "b"}]},
    "quirks": {"enterprise_notes_in_org_list": "true"},
}
for _objects in (*SEED["organizations"][ORG].values(), SEED["enterprise"]["knowledge"]):
    for _object in _objects:
        # the same in every run, so that an example that was found can be found again
        _object |= (
            {} if "path" in _object else {"created_at": 1_700_000_000, "updated_at": 1_700_000_001}
        )
NOTE = {"name": "N", "body": "b", "folder_id": "folder-1"}
PLAYBOOK = {"title": "P", "body": "b", "macro": None}
WRITES: Mapping[tuple[ApiVersion, str, str], tuple[str, str, Any]] = {
    ("v3", "create", "knowledge"): ("POST", "/knowledge/notes", NOTE | {"trigger": "t", "pinned_repo": None}),
    ("v3", "update", "knowledge"): ("PUT", "/knowledge/notes/note-1", NOTE | {"trigger": "t", "pinned_repo": None}),
    ("v3", "read", "knowledge"): ("GET", "/knowledge/notes/note-1", None),
    ("v3", "create", "playbook"): ("POST", "/playbooks", PLAYBOOK),
    ("v3", "update", "playbook"): ("PUT", "/playbooks/playbook-1", PLAYBOOK),
    ("v3", "read", "playbook"): ("GET", "/playbooks/playbook-2", None),
    ("v3", "create", "secret"): ("POST", "/secrets", {"key": "NEW", "value": "v", "type": "key-value"}),
    ("v1", "create", "knowledge"): ("POST", "/knowledge", NOTE | {"trigger_description": "t", "parent_folder_id": None}),
    ("v1", "update", "knowledge"): ("PUT", "/knowledge/note-1", NOTE | {"trigger_description": "t"}),
    ("v1", "create", "playbook"): ("POST", "/playbooks", {"title": "P", "body": "b"}),
    ("v1", "update", "playbook"): ("PUT", "/playbooks/playbook-1", {"title": "P", "body": "b"}),
    ("v1", "read", "playbook"): ("GET", "/playbooks/playbook-1", None),
    ("v1", "create", "secret"): (
        "POST",
        "/secrets",
        {"key": "NEW1", "value": "v", "type": "key-value", "sensitive": True, "note": ""},
    ),
}  # fmt: skip


@cache
def lists() -> Mapping[ApiVersion, Mapping[str, Any]]:
    """Return API → path → what the emulator answers there."""
    with Emulator(SEED) as emulator:
        return {
            api: {path: _answered(emulator, api, "GET", path) for path in paths}
            for api, paths in LISTS.items()
        }


@cache
def writes() -> Mapping[tuple[ApiVersion, str, str], Any]:
    """Return (API, verb, kind) → what the emulator answers to that."""
    found = {}
    for call, (method, path, body) in WRITES.items():
        with Emulator(SEED) as emulator:
            found[call] = _answered(emulator, call[0], method, BASE[call[0]] + path, body)
    return found


def _answered(emulator: Emulator, api: str, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {KEYS[api]}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(emulator.url + path, data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def refused(error: DevinopsError) -> None:
    """What an error must be like."""
    assert isinstance(error, ApiError | ConfigError)
    assert one_line(str(error)), repr(str(error))
    assert KEY not in str(error)
    assert len(str(error)) < 1000


# --- clients ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """An answer."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] | None = None


class _Pieces(httpx.SyncByteStream):
    """A body that httpx does not look into before anybody asks."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def __iter__(self) -> Iterator[bytes]:
        for at in range(0, len(self.body), 1000):
            yield self.body[at : at + 1000]


class _Transport(httpx.BaseTransport):
    def __init__(self, answer: Callable[[str, str], Said]) -> None:
        self.answer = answer

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().partition("?")[0]
        said = self.answer(request.method, path)
        headers = {"Content-Type": "application/json", **(said.headers or {})}
        return httpx.Response(said.status, headers=headers, stream=_Pieces(said.body))


@cache
def _sender(api: ApiVersion) -> Sender:
    # one at a time: threads would make every example slow
    connection = Connection(
        Target("default", "http://127.0.0.1:1", api, ORG if api == "v3" else None),
        KEY,
        retries=0,
        parallelism=1,
    )
    return Sender(connection, lambda line: None)


def client(api: ApiVersion, answer: Callable[[str, str], Said]) -> WritingClient:
    """Return a client of this API whose requests get these answers."""
    sender = _sender(api)
    sender._client._transport = _Transport(answer)
    return WritingClient(sender, sender._connection)


def close() -> None:
    for api in KEYS:
        with closing(_sender(api)):
            pass
    _sender.cache_clear()
