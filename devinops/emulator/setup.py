"""The parts of one emulator: its store with the seed or the state file, and the application."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI

from devinops.emulator.app import create_app
from devinops.emulator.fault_rules import Script
from devinops.emulator.faults import Faults
from devinops.emulator.middleware import Layer, RequestLog
from devinops.emulator.seed import Seed
from devinops.emulator.state import StateFile
from devinops.emulator.store import Store
from devinops.model.errors import ConfigError


class Setup:
    """A store with its seed and its state file, and the application over it.

    Raises ConfigError for a state file or a number that cannot be used.
    """

    def __init__(
        self,
        seed: Seed,
        state: Path | None,
        *,
        latency_ms: float,
        rate_limit: float | None,
        faults: Script,
        layers: Sequence[Layer] = (),
        host: str = "",
    ) -> None:
        if rate_limit is not None and rate_limit <= 0:
            raise ConfigError("rate limit: expected more than 0 requests a second")
        if latency_ms < 0:
            raise ConfigError("latency: expected 0 or more milliseconds")
        self.seed = seed
        self.store = Store(seed.quirks, seed.keys)
        self.file = StateFile(state, self.store) if state is not None else None
        if self.file is None or not self.file.load():
            seed.add_to(self.store)
            self.save()
        self.log = RequestLog()
        self.faults = Faults(self.store, faults)
        self._host = host
        self._latency_ms, self._rate_limit = latency_ms, rate_limit
        # The file comes first: a change is saved even if a later layer replaces the response.
        files: list[Layer] = [] if self.file is None else [self.file]
        self._layers = [*files, *layers]

    def save(self) -> None:
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
        return create_app(
            self.store,
            log=self.log,
            latency_ms=self._latency_ms,
            rate_limit=self._rate_limit,
            faults=self.faults,
            layers=self._layers,
            reset=self.reset,
            save=self.save,
            host=self._host,
        )
