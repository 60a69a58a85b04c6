"""HTML responses."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from devinops.emulator.pages.owners import url_of
from devinops.emulator.pages.views import badges

if TYPE_CHECKING:
    from jinja2 import Environment

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
