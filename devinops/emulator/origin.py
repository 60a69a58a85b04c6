"""Keeps pages of other sites from using the emulator's.

Pages and the paths below `/_emulator` need no key. Without these checks, a page of another site in
the same browser could post to them, or read the emulator's pages under a name of its own that leads
to this machine (DNS rebinding). Programs other than browsers send no Origin.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from fastapi import Request

from devinops.emulator.records import ApiError


def check_host(request: Request) -> None:
    """Raise a 403 unless the request's Host is the emulator's own, or one that no site can have.

    These are addresses and names without a dot, such as localhost or that of a container.
    """
    name = _name(request.headers.get("host", ""))
    own = request.app.state.host.lower()
    if not name or not ("." not in name or _is_address(name) or name == own):
        expected = "open it as localhost or by its IP address"
        raise ApiError(403, f'"{name}" is not a name of this emulator; {expected}')


def check_origin(request: Request) -> None:
    """Raise a 403 for a request that a page of another site sends."""
    origin = request.headers.get("origin")
    if origin is None:
        return
    check_host(request)
    if origin != f"{request.url.scheme}://{request.headers['host']}":
        raise ApiError(403, "A page of another site cannot use the emulator")


def _name(host: str) -> str:
    """Return the name in a Host header, in lower case; empty for one that has none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
