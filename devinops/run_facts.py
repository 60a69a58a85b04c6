"""What this process has done so far: how long it has run, its requests, and its waits for limits.

It is about the command that began last, and any thread may add to it.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

from devinops import waiting


@dataclass
class RunFacts:
    """The facts about a run of a command, in seconds of `waiting.now`."""

    command: str = ""
    start: float = field(default_factory=lambda: waiting.now())
    requests: Counter[str] = field(default_factory=Counter)
    """Status → number of requests; `none` is that of a request without a response."""
    limited_s: float = 0.0
    """How long requests had to wait because of a limit of their rate."""


_facts = RunFacts()
_lock = threading.Lock()


def begin(command: str) -> None:
    """Forget what was before this command."""
    global _facts
    _facts = RunFacts(command)


def current() -> RunFacts:
    """Return the facts so far."""
    return _facts


def count_request(status: int | None) -> None:
    with _lock:
        _facts.requests[str(status or "none")] += 1


def count_limited(seconds: float) -> None:
    with _lock:
        _facts.limited_s += seconds
