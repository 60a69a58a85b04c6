"""The signs of a plan and a report, the same in every format for people."""

from __future__ import annotations

from typing import Final

from devinops.model.changes import Action, Outcome
from devinops.render.terminal import Look, Sign

SIGNS: Final = {
    Action.CREATE: Sign("+", Look.ADDED, "create"),
    Action.UPDATE: Sign("~", Look.CHANGED, "update"),
    Action.RENAME: Sign(">", Look.MOVED, "rename"),
    Action.ADOPT: Sign("<=", Look.MOVED, "adopt"),
    Action.REPLACE: Sign("±", Look.REPLACED, "replace"),
    Action.DELETE: Sign("-", Look.REMOVED, "delete"),
    Action.RELEASE: Sign("=>", Look.MOVED, "release"),
    Action.FORGET: Sign("/", Look.DIM, "forget"),
}
BLOCKED: Final = Sign("!", Look.WAITING, "blocked")
REFUSED: Final = Sign("!", Look.ERROR, "refused")
OUTSIDE: Final = Sign("@", Look.MOVED, "changed outside devinops")
FAILED: Final = Sign("x", Look.ERROR, "failed")
NOTICED: Final = Sign("*", Look.DIM, "for your information")
OUTCOMES: Final = {
    Outcome.FAILED: FAILED,
    Outcome.BLOCKED: BLOCKED,
    Outcome.SKIPPED: Sign("!", Look.WAITING, "skipped"),
    Outcome.DONE: Sign("✓", Look.GOOD, "done"),
}
"""Outcome → its sign, in the order of a report: what is not done first."""
