"""A request for a page, its way to the function that handles it, and the HTML response."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.responses import Response
from starlette.routing import Route

from devinops.emulator.middleware import RequestLog
from devinops.emulator.origin import check_host, check_origin
from devinops.emulator.pages.views import badges, url_of
from devinops.emulator.records import ApiError
from devinops.emulator.response_sending import reason_phrase
from devinops.emulator.responses import store_of
from devinops.emulator.store import Store
from devinops.model.errors import ConfigError

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True)
class PageRequest:
    """A request by a browser; the store's lock is held. `form` is empty unless it is a POST."""

    http: Request
    store: Store
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_post(self) -> bool:
        return self.http.method == "POST"

    @property
    def query(self) -> Mapping[str, str]:
        return self.http.query_params

    @property
    def log(self) -> RequestLog:
        return cast("RequestLog", self.http.app.state.log)

    def part(self, name: str) -> str:
        """Return a part of the path."""
        return str(self.http.path_params[name])

    def number(self, name: str) -> int:
        """Return a number of the query, 0 without one that is usable."""
        text = self.query.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0

    def save(self) -> None:
        """Write the state file after a change. Raises ConfigError."""
        self.http.app.state.save()


Handler = Callable[[PageRequest], Response]


def route(path: str, handle: Handler, *methods: str) -> Route:
    """Return the route of a page. Errors become pages too."""

    async def endpoint(request: Request) -> Response:
        try:
            check_host(request)
            check_origin(request)
            form = await _form(request) if request.method == "POST" else {}
            store = store_of(request)
            with store.lock:
                return handle(PageRequest(request, store, form))
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


# -- HTML responses

HEADERS = {
    # A page has no script or style of its own, and no other site can frame it.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    # With `no-referrer`, browsers would send forms with `Origin: null`.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("devinops.emulator.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "badges": badges,
        "count": _count,
        "iso": _iso,
        "size": _size,
        "time": _time,
        "url": url_of,
    }
    return environment


def render(template: str, status: int = 200, /, **content: Any) -> Response:
    """Return a page. Characters that UTF-8 cannot express become question marks."""
    html = _environment().get_template(template).render(**content)
    return Response(html.encode("utf-8", "replace"), status, HEADERS, "text/html")


def redirect(url: str) -> Response:
    """Return the response to a form: the browser gets another page, which can be loaded again."""
    return Response(status_code=303, headers={**HEADERS, "Location": url})


def _moment(seconds: int) -> datetime | None:
    """Return a time; None if it is outside of the calendar."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _time(seconds: int, precision: str = "%H:%M:%S") -> str:
    moment = _moment(seconds)
    return moment.strftime(f"%Y-%m-%d {precision} UTC") if moment else f"{seconds} s"


def _iso(seconds: int) -> str:
    moment = _moment(seconds)
    return moment.isoformat() if moment else ""


def _size(number: int) -> str:
    """Return a number of bytes in words."""
    return f"{number} B" if number < 1000 else f"{number / 1000:.1f} kB"


def _count(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {noun if number == 1 else noun + 's'}"
