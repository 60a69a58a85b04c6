"""The parts of one emulator: its store with the seed or the state file, and the application."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI

from devinops.emulator import callers, control_routes, pages, plugins, resources, unserved
from devinops.emulator.fault_rules import Script
from devinops.emulator.faults import Faults
from devinops.emulator.middleware import Call, Gate, Layer, RateLimit, RequestLog, latency
from devinops.emulator.reported import AsReported, Report
from devinops.emulator.response_sending import Reply
from devinops.emulator.responses import EXCEPTION_HANDLERS, error_response
from devinops.emulator.seed import Seed
from devinops.emulator.state import StateFile
from devinops.emulator.store import Store
from devinops.model.errors import ConfigError


class Setup:
    """A store with its seed and its state file, and the application over it.

    `rate_limit` is in requests a second over all keys. `layers` come innermost, right before the
    handlers; the fault script comes before them. `host` is the name or address that the application
    listens on. With a `report` of doctor, its key sees what the reporter saw. Raises ConfigError
    for a state file or a number that cannot be used.
    """

    def __init__(
        self,
        seed: Seed,
        state: Path | None = None,
        *,
        latency_ms: float = 0,
        rate_limit: float | None = None,
        faults: Script | None = None,
        layers: Sequence[Layer] = (),
        host: str = "",
        report: Report | None = None,
    ) -> None:
        if rate_limit is not None and rate_limit <= 0:
            raise ConfigError("rate limit: expected more than 0 requests a second")
        if latency_ms < 0:
            raise ConfigError("latency: expected 0 or more milliseconds")
        self.seed, self.host = seed, host
        holder = {report.key: report.principal} if report else {}
        self.store = Store(seed.quirks, {**seed.keys, **holder})
        self.file = StateFile(state, self.store) if state is not None else None
        if self.file is None or not self.file.load():
            seed.add_to(self.store)
            self.save()
        self.log = RequestLog()
        self.faults = Faults(self.store, faults)
        self._layers: list[Layer] = [self.log]
        if latency_ms:
            self._layers.append(latency(latency_ms))
        if rate_limit is not None:
            self._layers.append(
                RateLimit(rate_limit, self._refuse, lambda: self.store.quirks.retry_after)
            )
        self._layers.append(self.faults)
        if self.file is not None:
            # Before the other layers: a change is saved even if one of them replaces the response.
            self._layers.append(self.file)
        self._layers += layers
        if report is not None:
            self._layers.append(AsReported(report, self.store))

    def save(self) -> None:
        """Write the state file, if there is one, after a change that a person makes."""
        if self.file is not None:
            self.file.save()

    def reset(self) -> None:
        """Go back to the seed, not to the state file, and to the start of the fault script."""
        with self.store.lock:
            self.store.clear()
            self.seed.add_to(self.store)
        self.faults.rewind()
        self.save()

    def app(self) -> FastAPI:
        """Return the application: routes, layers and error handlers put together."""
        # `include_router` would analyze every route again for each emulator.
        routers = (callers.router, resources.router, plugins.router, control_routes.router)
        routes = [route for router in routers for route in router.routes]
        app = FastAPI(
            title="Devin API emulator",
            version="3",
            summary="Stands in for the Devin API",
            routes=[*routes, *unserved.ROUTES, *pages.ROUTES],
            docs_url=None,
            redoc_url=None,
            exception_handlers=EXCEPTION_HANDLERS,
        )
        app.state.store = self.store
        app.state.log = self.log
        app.state.faults = self.faults
        app.state.reset = self.reset
        app.state.save = self.save
        app.state.host = self.host
        app.add_middleware(Gate, layers=self._layers)
        return app

    def _refuse(self, call: Call, headers: dict[str, str]) -> Reply:
        detail = "Rate limit exceeded"
        return Reply.of(error_response(self.store, call.path, 429, detail, headers))
