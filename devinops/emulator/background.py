"""The emulator in a background thread, for tests and demos."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from devinops.emulator import web_edits
from devinops.emulator.access import DEFAULT_ORG
from devinops.emulator.fault_rules import parse_faults
from devinops.emulator.locations import show
from devinops.emulator.middleware import Layer
from devinops.emulator.records import SECTIONS, JsonObject, Kind
from devinops.emulator.seed import parse_seed
from devinops.emulator.server import Server, listen, url_of
from devinops.emulator.setup import Setup

_START_S = 60  # long, for a machine that is busy


class Emulator:
    """The emulator in a background thread, on a loopback port of its own.

    with Emulator({"enterprise": {"folders": [{"path": "Backend"}]}}) as emulator:
        httpx.get(f"{emulator.url}/v3/self", headers={"Authorization": "Bearer cog_emulator"})

    The seed has the shape of a seed file; `quirks` override those in it. `faults` is a fault
    script, see `fault_rules`; `layers` can change requests and responses, see `gate`. Methods that
    change an object act as a person in the web app.
    """

    def __init__(
        self,
        seed: Mapping[str, object] | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        state: Path | None = None,
        latency_ms: float = 0,
        rate_limit: float | None = None,
        quirks: Mapping[str, object] | None = None,
        faults: object = (),
        layers: Sequence[Layer] = (),
    ) -> None:
        parsed = parse_seed(seed, quirks=quirks)
        self._setup = Setup(
            parsed,
            state,
            latency_ms=latency_ms,
            rate_limit=rate_limit,
            faults=parse_faults(faults),
            layers=layers,
            host=host,
        )
        self._address = (host, port)
        self._listening = threading.Event()
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self.store = self._setup.store
        self.url = ""

    def __enter__(self) -> Emulator:
        listener = listen(*self._address)
        self.url = url_of(self._address[0], listener)
        self._server = server = Server(self._setup.app(), self._listening.set)
        self._thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="emulator", daemon=True
        )
        self._thread.start()
        if not self._listening.wait(_START_S):
            raise RuntimeError(f"the emulator did not start within {_START_S} seconds")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        assert self._thread is not None
        self._server.stop()
        self._thread.join(_START_S)

    # -- reading

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The API requests so far, each `{method, path, body, status}`; `path` has the query.

        `status` is None if there was no response; `fault` is the name of a request's fault, if any.
        """
        return self._setup.log.entries()

    def clear_requests(self) -> None:
        self._setup.log.clear()

    @property
    def faults(self) -> JsonObject:
        """The fault script and, per rule, `counts` of requests: `matched` and `faulted`."""
        return self._setup.faults.show()

    @faults.setter
    def faults(self, script: object) -> None:
        """Start another fault script; an empty list ends all faults. Raises ConfigError."""
        self._setup.faults.use(parse_faults(script))

    def objects(self, kind: str, org: str | None = DEFAULT_ORG) -> list[JsonObject]:
        """Return the objects of `org` (None: the enterprise) as v3 shows them, sorted by id."""
        known = _kind(kind)
        with self.store.lock:
            ids = sorted(record.id for record in self.store.table(known) if record.org == org)
            return [show(self.store, known, record_id) for record_id in ids]

    def knowledge(self, org: str | None = DEFAULT_ORG) -> list[JsonObject]:
        return self.objects("knowledge", org)

    def playbooks(self, org: str | None = DEFAULT_ORG) -> list[JsonObject]:
        return self.objects("playbook", org)

    def secrets(self, org: str | None = DEFAULT_ORG) -> list[JsonObject]:
        return self.objects("secret", org)

    def automations(self, org: str | None = DEFAULT_ORG) -> list[JsonObject]:
        return self.objects("automation", org)

    def folders(self, org: str | None = DEFAULT_ORG) -> list[JsonObject]:
        return self.objects("folder", org)

    # -- acting as a person

    def add_folder(self, path: str, org: str | None = DEFAULT_ORG) -> str:
        """Create the missing folders of a path, and return the id of the last one."""
        folder_id = web_edits.folder_at(self.store, org, path)
        self._setup.save()
        return folder_id

    def add(self, kind: str, *, org: str | None = DEFAULT_ORG, **fields: object) -> str:
        """Add an object with the fields of a seed, and return its id. Raises InvalidObject."""
        record_id = web_edits.add(self.store, _kind(kind), org, fields)
        self._setup.save()
        return record_id

    def edit(self, kind: str, id: str, **fields: object) -> None:
        """Change some fields of an object. Raises KeyError for an unknown id, and InvalidObject."""
        web_edits.edit(self.store, _kind(kind), id, fields)
        self._setup.save()

    def remove(self, kind: str, id: str) -> None:
        """Delete an object. Raises KeyError for an unknown id."""
        web_edits.remove(self.store, _kind(kind), id)
        self._setup.save()

    def reset(self) -> None:
        """Go back to the seed."""
        self._setup.reset()


def _kind(name: str) -> Kind:
    """Return the kind that a name means: a kind, or its section in a seed."""
    for section, kind in SECTIONS.items():
        if name in (section, kind):
            return kind
    raise ValueError(f"{name!r} is not a kind: expected one of {', '.join(SECTIONS.values())}")
