"""What the API documents and the emulator does not serve: it returns 501 and names the operation.

The key is checked first, so that a client sees its own mistakes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from devinops.emulator.callers import identify_by_header
from devinops.emulator.records import ApiError

_TABLE = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")
OPERATIONS = tuple(tuple(row.split()) for row in _TABLE.splitlines()[1:])


def _refusal(method: str, path: str, name: str) -> Callable[[Request], Awaitable[Response]]:
    api = "v1" if path.startswith("/v1/") else "v3"

    async def refuse(request: Request) -> Response:
        await identify_by_header(request, api)
        shown = path.replace(":path}", "}")
        raise ApiError(501, f"The emulator does not serve {name} ({method} {shown})")

    return refuse


ROUTES = [
    Route(path, _refusal(method, path, name), methods=[method], name=name)
    for method, path, name in OPERATIONS
]
