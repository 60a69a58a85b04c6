"""Problems of loading. Their codes stay stable: people search docs/troubleshooting.md for them."""

from __future__ import annotations

from devinops.model.credentials import starred
from devinops.model.objects import Problem, Severity, Source

WARNINGS = frozenset(
    ["empty-file", "nothing-overridden", "placeholder", "unknown-word", "unread", "unused-ignore"]
)


def problem(source: Source, code: str, message: str) -> Problem:
    """Return a problem with the severity of its code.

    What the message quotes from a file is shown without secrets.
    """
    message = starred(message)
    return Problem(source, code, message, Severity.WARNING if code in WARNINGS else Severity.ERROR)
