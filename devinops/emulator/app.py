"""The FastAPI application: routers, layers and error handlers put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi import FastAPI

from devinops.emulator import control_routes, identity, resources, unserved
from devinops.emulator.faults import Faults
from devinops.emulator.middleware import Call, Gate, Layer, RateLimit, RequestLog, latency
from devinops.emulator.pages.routes import ROUTES as PAGES
from devinops.emulator.response_sending import Reply
from devinops.emulator.responses import EXCEPTION_HANDLERS, error_response
from devinops.emulator.store import Store


def create_app(
    store: Store,
    *,
    log: RequestLog | None = None,
    latency_ms: float = 0,
    rate_limit: float | None = None,
    faults: Faults | None = None,
    layers: Sequence[Layer] = (),
    reset: Callable[[], None] | None = None,
    save: Callable[[], None] = lambda: None,
    host: str = "",
) -> FastAPI:
    """Return the application over a store.

    `rate_limit` is in requests a second over all keys. `layers` come innermost, right before the
    handlers; `faults` come before them. `reset` is what `POST /_emulator/reset` does; without it
    the store is emptied. `save` is called after each change that a person makes. `host` is the
    name or address that it listens on.
    """
    # `include_router` would analyze every route again for each emulator.
    modules = (identity, resources, control_routes)
    routes = [route for module in modules for route in module.router.routes]
    routes += [*unserved.ROUTES, *PAGES]
    app = FastAPI(
        title="Devin API emulator",
        version="3",
        summary="Stands in for the Devin API",
        routes=routes,
        docs_url=None,
        redoc_url=None,
        exception_handlers=EXCEPTION_HANDLERS,
    )
    app.state.store = store
    app.state.log = log = log or RequestLog()
    app.state.faults = faults = faults or Faults(store)
    app.state.reset = reset or store.clear
    app.state.save = save
    app.state.host = host
    outer = _outer_layers(store, log, latency_ms, rate_limit)
    app.add_middleware(Gate, layers=[*outer, faults, *layers])
    return app


def _outer_layers(
    store: Store, log: RequestLog, latency_ms: float, rate_limit: float | None
) -> list[Layer]:
    layers: list[Layer] = [log]
    if latency_ms:
        layers.append(latency(latency_ms))
    if rate_limit is not None:
        layers.append(_rate_limit(store, rate_limit))
    return layers


def _rate_limit(store: Store, rate: float) -> RateLimit:
    def refuse(call: Call, headers: dict[str, str]) -> Reply:
        return Reply.of(error_response(store, call.path, 429, "Rate limit exceeded", headers))

    return RateLimit(rate, refuse, lambda: store.quirks.retry_after)
