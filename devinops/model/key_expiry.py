"""When the key of a service user expires, as text for people. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

REPLACE: Final = "store the key of another service user in its place"
"""What to do about a key that expires soon."""

_DAY_S: Final = 24 * 3600
_SOON_S: Final = 14 * _DAY_S
_YEAR_6000: Final = 127_174_492_800


def shown_expiry(value: Any) -> int | None:
    """Return when a key expires, in epoch seconds; None if an answer does not tell that.

    A time after the year 6000 is in other units.
    """
    return value if type(value) is int and 0 <= value < _YEAR_6000 else None


def expiry(at: int, now: float) -> tuple[str, bool]:
    """Return when a key expires, and whether that is soon. Both times are in epoch seconds."""
    days = max(0, int(at - now)) // _DAY_S
    is_soon = at - now < _SOON_S
    left = f", in {days} {'day' if days == 1 else 'days'}" if is_soon else ""
    return f"expires on {datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M UTC}{left}", is_soon
