"""What a new limit allows that the old one did not."""

from __future__ import annotations

from typing import Any


def raised(old: Any, new: Any) -> str:
    """Return that a limit is raised or removed, as a verb; empty if it is neither.

    A limit that is not a number is none.
    """
    if not isinstance(old, int) or (isinstance(new, int) and new <= old):
        return ""
    return f"is raised from {old} to {new}" if isinstance(new, int) else f"is removed; it was {old}"
