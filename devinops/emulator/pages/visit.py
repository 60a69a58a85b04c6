"""A request for a page, and its way to the function that handles it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.responses import Response
from starlette.routing import Route

from devinops.emulator.middleware import RequestLog
from devinops.emulator.origin import check_host, check_origin
from devinops.emulator.pages.rendering import render
from devinops.emulator.records import ApiError
from devinops.emulator.response_sending import reason_phrase
from devinops.emulator.responses import store_of
from devinops.emulator.store import Store
from devinops.model.errors import ConfigError


@dataclass(frozen=True)
class Visit:
    """A request by a browser; the store's lock is held. `form` is empty unless it is a POST."""

    request: Request
    store: Store
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_post(self) -> bool:
        return self.request.method == "POST"

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query_params

    @property
    def log(self) -> RequestLog:
        return cast("RequestLog", self.request.app.state.log)

    def part(self, name: str) -> str:
        """Return a part of the path."""
        return str(self.request.path_params[name])

    def number(self, name: str) -> int:
        """Return a number of the query, 0 without one that is usable."""
        text = self.query.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0

    def save(self) -> None:
        """Write the state file after a change. Raises ConfigError."""
        self.request.app.state.save()


Handler = Callable[[Visit], Response]


def route(path: str, handle: Handler, *methods: str) -> Route:
    """Return the route of a page. Errors become pages too."""

    async def endpoint(request: Request) -> Response:
        try:
            check_host(request)
            check_origin(request)
            form = await _form(request) if request.method == "POST" else {}
            store = store_of(request)
            with store.lock:
                return handle(Visit(request, store, form))
        except ApiError as error:
            return error_page(error.status, f"{error.detail}.")
        except ConfigError as error:
            return error_page(500, str(error))

    return Route(path, cast("Callable[[Request], Awaitable[Response]]", endpoint), methods=methods)


def error_page(status: int, message: str) -> Response:
    return render("error.html", status, title=reason_phrase(status), status=status, message=message)


async def _form(request: Request) -> dict[str, str]:
    """Return what a form sends; of a name that occurs twice, as for a checkbox, the last value."""
    body = (await request.body()).decode("utf-8", "replace")
    return dict(parse_qsl(body, keep_blank_values=True))
