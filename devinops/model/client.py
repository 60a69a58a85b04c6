"""What planning and applying need of an API client."""

from __future__ import annotations

from collections.abc import Callable

BeforeAgain = Callable[[int | None], None]
"""Called before a write is sent again, with the status that was answered, None for none; may raise to end it."""
