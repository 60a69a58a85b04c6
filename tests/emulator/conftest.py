"""Real HTTP on loopback against an emulator in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from devinops.emulator import Emulator, middleware
from tests.testing.emulator_api import Api
from tests.testing.waiting import LONG_S


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Generating requests takes seconds, even if their tests are deselected afterwards."""
    left_out = "not matrix" in config.getoption("markexpr")
    return True if left_out and collection_path.name == "test_generated_requests.py" else None


@pytest.fixture
def start() -> Iterator[Callable[..., Api]]:
    """Return a function that starts an emulator and returns its clients; all ends with the test."""
    with ExitStack() as stack:

        def client(url: str, key: str) -> httpx.Client:
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            return stack.enter_context(
                # Plain HTTP: without `verify=False` each client would read all certificates first.
                httpx.Client(
                    base_url=url,
                    headers=headers,
                    trust_env=False,
                    timeout=LONG_S,
                    verify=False,
                    # Above its limit of idle connections, httpcore closes one that another thread has
                    # just been given.
                    limits=httpx.Limits(max_keepalive_connections=None),
                )
            )

        def begin(seed: dict[str, Any] | None = None, **options: Any) -> Api:
            return Api(stack.enter_context(Emulator(seed, **options)), client)

        yield begin


@pytest.fixture
def api(start: Callable[..., Api]) -> Api:
    """An emulator without anything in it."""
    return start()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The milliseconds that emulators of this process would have been slow on purpose; none of them pass."""
    found: list[float] = []

    async def pause(milliseconds: float) -> None:
        found.append(milliseconds)

    monkeypatch.setattr(middleware, "pause", pause)
    return found
