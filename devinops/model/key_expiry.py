"""When the key of a service user expires, as text for people. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

REPLACE: Final = "store the key of another service user in its place"
"""What to do about a key that expires soon."""

_DAY_S: Final = 24 * 3600
_SOON_S: Final = 14 * _DAY_S


def expiry(at: int, now: float) -> tuple[str, bool]:
    """Return when a key expires, and whether that is soon. Both times are in epoch seconds."""
    days = max(0, int(at - now)) // _DAY_S
    is_soon = at - now < _SOON_S
    left = f", in {days} {'day' if days == 1 else 'days'}" if is_soon else ""
    return f"expires on {datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M UTC}{left}", is_soon
